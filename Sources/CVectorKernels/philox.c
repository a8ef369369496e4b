// Philox4x32-10: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
#include "vector_kernels.h"

typedef struct {
  uint32_t word[4];
} block;

static inline __attribute__((always_inline)) block philox(uint32_t c0, uint32_t c1, uint32_t c2,
                                                         uint32_t c3, uint32_t k0, uint32_t k1) {
#pragma clang loop unroll(full)
  for (int round = 0; round < 10; round++) {
    const uint64_t p0 = (uint64_t)UINT32_C(0xD2511F53) * c0;
    const uint64_t p1 = (uint64_t)UINT32_C(0xCD9E8D57) * c2;
    c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
    c1 = (uint32_t)p1;
    c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
    c3 = (uint32_t)p0;
    k0 += UINT32_C(0x9E3779B9);
    k1 += UINT32_C(0xBB67AE85);
  }
  return (block){{c0, c1, c2, c3}};
}

VECTOR_KERNEL void vk_philox_fill(uint32_t *restrict out, size_t n, uint64_t key,
                                  const uint32_t counter[4]) {
  const uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
  const uint32_t first = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
  const size_t blocks = n / 4;
  for (size_t i = 0; i < blocks; i++) {
    const block b = philox(first + (uint32_t)i, c1, c2, c3, k0, k1);
    out[4 * i] = b.word[0];
    out[4 * i + 1] = b.word[1];
    out[4 * i + 2] = b.word[2];
    out[4 * i + 3] = b.word[3];
  }
  if (n % 4 != 0) {
    const block b = philox(first + (uint32_t)blocks, c1, c2, c3, k0, k1);
    for (size_t j = 0; j < n % 4; j++) out[4 * blocks + j] = b.word[j];
  }
}
