// Elementary functions on vectors of 16 floats, as inline code for the kernels of this target.
//
// The vectors are the compiler's: a clone for AVX-512 has one register for each, AVX2 two. Every
// operation is exactly rounded and in a fixed order, so all clones give the same bits. Functions
// take vectors by address, since the convention to pass them by value differs between clones.
#pragma once
#include "vector_kernels.h"
#include <string.h>

#define VECTOR_INLINE static inline __attribute__((always_inline, unused))

enum { lanes = 16 };
typedef float floats __attribute__((vector_size(64)));
typedef int32_t ints __attribute__((vector_size(64)));
typedef uint8_t bytes16 __attribute__((vector_size(16)));
// The same in memory, at any address.
typedef float unaligned_floats __attribute__((vector_size(64), aligned(4), may_alias));
typedef uint8_t unaligned_bytes16 __attribute__((vector_size(16), aligned(1), may_alias));

#define LOAD(p) ((floats) * (const unaligned_floats *)(p))
#define STORE(p, v) (*(unaligned_floats *)(p) = (v))
#define LOAD_BYTES(p) \
  __builtin_convertvector((bytes16) * (const unaligned_bytes16 *)(p), floats)
#define SPLAT(x)                                                                \
  ({                                                                            \
    const float s_ = (x);                                                       \
    (floats){s_, s_, s_, s_, s_, s_, s_, s_, s_, s_, s_, s_, s_, s_, s_, s_};   \
  })
#define FMA(a, b, c) __builtin_elementwise_fma(a, b, c)
// `condition` is a comparison of vectors.
#define SELECT(condition, a, b) \
  ((floats)(((condition) & (ints)(a)) | (~(condition) & (ints)(b))))
// The second operand where one is NaN.
#define MAX(a, b) SELECT((a) > (b), a, b)

// The first n < 16 elements; the others are `rest`.
VECTOR_INLINE void load_part(floats *v, const float *p, size_t n, float rest) {
  float all[lanes];
  for (size_t i = 0; i < lanes; i++) all[i] = rest;
  for (size_t i = 0; i < n; i++) all[i] = p[i];
  *v = LOAD(all);
}

VECTOR_INLINE void store_part(float *p, const floats *v, size_t n) {
  float all[lanes];
  STORE(all, *v);
  for (size_t i = 0; i < n; i++) p[i] = all[i];
}

#define HALVES(v) __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7)
#define QUARTERS(v) \
  __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11)
#define PAIRS(v) __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13)

// The sum of the lanes, always by the same tree.
VECTOR_INLINE float lane_sum(const floats *v) {
  floats w = *v + HALVES(*v);
  w = w + QUARTERS(w);
  w = w + PAIRS(w);
  return w[0] + w[1];
}

VECTOR_INLINE float lane_maximum(const floats *v) {
  floats w = MAX(*v, HALVES(*v));
  w = MAX(w, QUARTERS(w));
  w = MAX(w, PAIRS(w));
  return w[0] > w[1] ? w[0] : w[1];
}

// e^x: at most 1 ulp from the exact value for any float; infinity above 88.72, 0 below -103.97.
//
// x = n ln 2 + r with |r| <= ln 2 / 2, a polynomial of degree 7 in r, and 2^n in two factors so that
// subnormal results are rounded once.
VECTOR_INLINE void vector_exp(floats *v) {
  floats x = SELECT(*v > 89.0f, SPLAT(89.0f), *v);
  x = SELECT(x < -105.0f, SPLAT(-105.0f), x);
  const floats magic = SPLAT(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer
  const floats shifted = FMA(x, SPLAT(1.44269504088896341f), magic);
  const floats n = shifted - magic;
  floats r = FMA(n, SPLAT(-0.693145751953125f), x);
  r = FMA(n, SPLAT(-1.428606765330187045e-06f), r);
  floats p = SPLAT(1.0f / 5040);
  p = FMA(p, r, SPLAT(1.0f / 720));
  p = FMA(p, r, SPLAT(1.0f / 120));
  p = FMA(p, r, SPLAT(1.0f / 24));
  p = FMA(p, r, SPLAT(1.0f / 6));
  p = FMA(p, r, SPLAT(0.5f));
  p = FMA(p, r * r, r);
  p = p + 1.0f;
  const ints exponent = (ints)shifted - (ints)magic;
  const ints half = exponent >> 1;
  const floats first = (floats)((half + 127) << 23);
  const floats second = (floats)((exponent - half + 127) << 23);
  *v = p * first * second;
}

// log(1 + f) for -0.2929 <= f <= 0.4143, the polynomial of Cephes' logf.
VECTOR_INLINE void log1p_near_zero(floats *v) {
  const floats f = *v;
  floats p = SPLAT(7.0376836292e-2f);
  p = FMA(p, f, SPLAT(-1.1514610310e-1f));
  p = FMA(p, f, SPLAT(1.1676998740e-1f));
  p = FMA(p, f, SPLAT(-1.2420140846e-1f));
  p = FMA(p, f, SPLAT(1.4249322787e-1f));
  p = FMA(p, f, SPLAT(-1.6668057665e-1f));
  p = FMA(p, f, SPLAT(2.0000714765e-1f));
  p = FMA(p, f, SPLAT(-2.4999993993e-1f));
  p = FMA(p, f, SPLAT(3.3333331174e-1f));
  const floats square = f * f;
  *v = f + FMA(p * f, square, SPLAT(-0.5f) * square);
}

// log(1 + y) for 0 <= y <= 1.
VECTOR_INLINE void log1p_of_unit(floats *v) {
  const ints large = *v > 0.41421354f;
  floats f = SELECT(large, (*v - 1.0f) * 0.5f, *v);
  log1p_near_zero(&f);
  *v = f + SELECT(large, SPLAT(0.69314718f), SPLAT(0.0f));
}

// log(x) for finite x > 0 that is not subnormal, and for NaN.
VECTOR_INLINE void vector_log(floats *v) {
  const floats x = *v;
  const ints bits = (ints)x;
  const ints exponent = (bits - 0x3f3504f3) >> 23;  // leaves a mantissa in [sqrt(1/2), sqrt(2))
  floats f = (floats)(bits - (exponent << 23)) - 1.0f;
  log1p_near_zero(&f);
  const floats n = __builtin_convertvector(exponent, floats);
  f = FMA(n, SPLAT(0.693145751953125f), FMA(n, SPLAT(1.428606765330187045e-06f), f));
  *v = SELECT(x == x, f, x);
}
