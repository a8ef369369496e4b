// Philox4x32-10 on 16 blocks at once.
#pragma once
#include "vector_math.h"

typedef uint32_t words __attribute__((vector_size(64)));
typedef uint64_t wide_words __attribute__((vector_size(128)));

#define PRODUCT(a, b) \
  (__builtin_convertvector(a, wide_words) * (uint64_t)(b))
#define HIGH(p) __builtin_convertvector((p) >> 32, words)
#define LOW(p) __builtin_convertvector(p, words)

// The blocks at `counter` with `first`, `first + 1`, ... in place of counter[0].
VECTOR_INLINE void vector_philox(words result[4], uint64_t key, const uint32_t counter[4],
                                 uint32_t first) {
  const words iota = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const words zero = {0};
  words c0 = iota + first, c1 = zero + counter[1], c2 = zero + counter[2], c3 = zero + counter[3];
  uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
#pragma clang loop unroll(full)
  for (int round = 0; round < 10; round++) {
    const wide_words p0 = PRODUCT(c0, UINT32_C(0xD2511F53));
    const wide_words p1 = PRODUCT(c2, UINT32_C(0xCD9E8D57));
    c0 = HIGH(p1) ^ c1 ^ k0;
    c1 = LOW(p1);
    c2 = HIGH(p0) ^ c3 ^ k1;
    c3 = LOW(p0);
    k0 += UINT32_C(0x9E3779B9);
    k1 += UINT32_C(0xBB67AE85);
  }
  result[0] = c0;
  result[1] = c1;
  result[2] = c2;
  result[3] = c3;
}
