#define _GNU_SOURCE
#include <math.h>

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

// As many independent chains as hide the latency of a fused operation and fit into the registers:
// 12 of the 32 of AVX-512, two halves for each of 6 of the 16 of AVX2. More would be spilled, and the
// time would be that of loads and stores.
#define FMA_CHAINS(count)                                        \
  do {                                                           \
    floats sums[count];                                          \
    for (int i = 0; i < count; i++) sums[i] = SPLAT((float)i);   \
    for (size_t r = 0; r < rounds * (24 / count); r++) {         \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < count; i++) \
        sums[i] = FMA(sums[i], factor, summand);                 \
    }                                                            \
    for (int i = 1; i < count; i++) sums[0] = sums[0] + sums[i]; \
    return lane_sum(&sums[0]);                                   \
  } while (0)

VECTOR_KERNEL static float wide_fma_rounds(size_t rounds) {
  const floats factor = SPLAT(0.999f), summand = SPLAT(0.1f);
  FMA_CHAINS(12);
}

VECTOR_KERNEL static float narrow_fma_rounds(size_t rounds) {
  const floats factor = SPLAT(0.999f), summand = SPLAT(0.1f);
  FMA_CHAINS(6);
}

float vk_fma_rounds(size_t rounds) {
#if defined(__x86_64__)
  if (!__builtin_cpu_supports("avx512f")) return narrow_fma_rounds(rounds);
#endif
  return wide_fma_rounds(rounds);
}

VECTOR_KERNEL void vk_roots_and_quotients(float *restrict out, const float *restrict x, size_t n) {
  for (size_t i = 0; i < n; i++) out[i] = x[i] / (sqrtf(x[i]) + 1e-8f);
}
