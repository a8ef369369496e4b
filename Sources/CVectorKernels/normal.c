// Uniform and normal numbers from random words. Only operations that IEEE 754 rounds correctly, in
// a fixed order: every instruction set gives the same bits.
#include <math.h>
#include <string.h>

#include "vector_kernels.h"

static inline __attribute__((always_inline)) uint32_t bits_of(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

static inline __attribute__((always_inline)) float float_of(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

VECTOR_KERNEL void vk_uniform(float *restrict out, const uint32_t *restrict words, size_t n) {
  for (size_t i = 0; i < n; i++) out[i] = (float)(int32_t)(words[i] >> 8) * 0x1p-24f;
}

// The natural logarithm of a normal positive number: x = 2^e f with f in [sqrt(1/2), sqrt(2)), and
// the minimax polynomial of Cephes' logf for log(f).
static inline __attribute__((always_inline)) float log_of(float x) {
  // Adding the distance from sqrt(1/2) to 1 makes the exponent field step at sqrt(2), not at 2.
  const uint32_t shifted = bits_of(x) + (UINT32_C(0x3f800000) - UINT32_C(0x3f3504f3));
  const float e = (float)((int32_t)(shifted >> 23) - 127);
  const float f = float_of((shifted & UINT32_C(0x007fffff)) + UINT32_C(0x3f3504f3));
  const float r = f - 1.0f;
  const float r2 = r * r;
  float p = 7.0376836292e-2f;
  p = p * r - 1.1514610310e-1f;
  p = p * r + 1.1676998740e-1f;
  p = p * r - 1.2420140846e-1f;
  p = p * r + 1.4249322787e-1f;
  p = p * r - 1.6668057665e-1f;
  p = p * r + 2.0000714765e-1f;
  p = p * r - 2.4999993993e-1f;
  p = p * r + 3.3333331174e-1f;
  p = p * r * r2;
  // log(2) in two parts: e times the first is exact.
  p = p - 2.12194440e-4f * e;
  p = p - 0.5f * r2;
  return r + p + 0.693359375f * e;
}

VECTOR_KERNEL void vk_normal_pairs(float *restrict out, const uint32_t *restrict words,
                                   size_t pairs) {
  for (size_t i = 0; i < pairs; i++) {
    const uint32_t radius_word = words[2 * i];
    const uint32_t angle_word = words[2 * i + 1];

    // (0, 1]: half a step above zero, so that the logarithm is finite.
    const float u = ((float)radius_word + 0.5f) * 0x1p-32f;
    const float radius = sqrtf(fabsf(-2.0f * log_of(u)));

    // The angle is angle_word of 2^32 parts of a turn: the nearest quarter and a rest within an
    // eighth of a turn, both exact.
    const uint32_t quarter = (angle_word + UINT32_C(0x20000000)) >> 30;
    const int32_t rest = (int32_t)(angle_word - (quarter << 30));
    const float x = (float)rest * 1.4629180792671596e-9f;  // 2 pi / 2^32
    const float x2 = x * x;
    float s = -1.9515295891e-4f;
    s = s * x2 + 8.3321608736e-3f;
    s = s * x2 - 1.6666654611e-1f;
    s = s * x2 * x + x;
    float c = 2.443315711809948e-5f;
    c = c * x2 - 1.388731625493765e-3f;
    c = c * x2 + 4.166664568298827e-2f;
    c = c * x2 * x2 - 0.5f * x2 + 1.0f;

    const uint32_t odd = quarter & 1u;
    const float cosine = odd ? s : c;
    const float sine = odd ? c : s;
    const uint32_t cosine_sign = ((quarter + 1u) & 2u) << 30;
    const uint32_t sine_sign = (quarter & 2u) << 30;
    out[2 * i] = radius * float_of(bits_of(cosine) ^ cosine_sign);
    out[2 * i + 1] = radius * float_of(bits_of(sine) ^ sine_sign);
  }
}
