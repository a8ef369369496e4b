#define _GNU_SOURCE
#include "vector_math.h"
#ifdef __linux__
#include <sched.h>
#endif

void vk_pin_thread(int processor) {
#ifdef __linux__
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor, &set);
  sched_setaffinity(0, sizeof set, &set);
#else
  (void)processor;
#endif
}

VECTOR_KERNEL float vk_fma_rounds(size_t rounds) {
  floats sums[24];
  const floats factor = SPLAT(0.999f), summand = SPLAT(0.1f);
  for (int i = 0; i < 24; i++) sums[i] = SPLAT((float)i);
  for (size_t r = 0; r < rounds; r++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < 24; i++) sums[i] = FMA(sums[i], factor, summand);
  }
  for (int i = 1; i < 24; i++) sums[0] = sums[0] + sums[i];
  return lane_sum(&sums[0]);
}
