#include "vector_philox.h"

enum { group_size = 8 * lanes };

// The factors of group `g`: scale or 0, eight vectors.
VECTOR_INLINE void mask_factors(floats factors[8], const vk_dropout *dropout, size_t g,
                                float scale) {
  words random[4];
  vector_philox(random, dropout->key, dropout->counter, dropout->counter[0] + (uint32_t)(16 * g));
  const floats kept = SPLAT(scale), dropped = SPLAT(0.0f);
  const int32_t threshold = (int32_t)dropout->threshold;
  for (int w = 0; w < 4; w++) {
    const ints low = (ints)(random[w] & 0xffffu), high = (ints)(random[w] >> 16);
    factors[2 * w] = SELECT(low >= threshold, kept, dropped);
    factors[2 * w + 1] = SELECT(high >= threshold, kept, dropped);
  }
}

VECTOR_INLINE void drop(float *x, size_t n, const vk_dropout *dropout, int rectify) {
  floats factors[8];
  for (size_t g = 0; g * group_size < n; g++) {
    mask_factors(factors, dropout, g, dropout->scale);
    float *p = x + g * group_size, last[group_size];
    const size_t left = n - g * group_size;
    if (left < group_size) {
      memset(last, 0, sizeof last);
      memcpy(last, p, left * sizeof *last);
      p = last;
    }
    for (int w = 0; w < 8; w++) {
      floats v = LOAD(p + w * lanes);
      if (rectify) v = SELECT(v < 0.0f, SPLAT(0.0f), v);
      STORE(p + w * lanes, v * factors[w]);
    }
    if (left < group_size) memcpy(x + g * group_size, last, left * sizeof *last);
  }
}

VECTOR_KERNEL void vk_drop(float *x, size_t n, const vk_dropout *dropout) { drop(x, n, dropout, 0); }

VECTOR_KERNEL void vk_rectify(float *x, size_t n, const vk_dropout *dropout) {
  if (dropout) {
    drop(x, n, dropout, 1);
  } else {
    for (size_t i = 0; i < n; i++) x[i] = x[i] < 0 ? 0 : x[i];
  }
}

VECTOR_INLINE void gather(const uint8_t *bytes, const float *reals, size_t width,
                          const int32_t *indices, size_t first, size_t count, float scale,
                          float *out) {
  const size_t vectors = width / lanes;
  const size_t size = bytes ? sizeof *bytes : sizeof *reals;
  const char *base = bytes ? (const char *)bytes : (const char *)reals;
  for (size_t b = 0; b < count; b++) {
    const size_t row = indices ? (size_t)indices[b] : first + b;
    if (indices && b + 4 < count) {
      const char *next = base + (size_t)indices[b + 4] * width * size;
      for (size_t k = 0; k < width * size; k += 64) __builtin_prefetch(next + k);
    }
    float *to = out + b * width;
    for (size_t k = 0; k < vectors; k++) {
      const size_t at = row * width + k * lanes;
      const floats x = bytes ? LOAD_BYTES(bytes + at) : LOAD(reals + at);
      STORE(to + k * lanes, x * scale);
    }
    for (size_t i = vectors * lanes; i < width; i++)
      to[i] = (bytes ? (float)bytes[row * width + i] : reals[row * width + i]) * scale;
  }
}

VECTOR_KERNEL void vk_gather(const uint8_t *bytes, const float *reals, size_t width,
                             const int32_t *indices, size_t first, size_t count, float scale,
                             const vk_dropout *dropout, float *out) {
  if (bytes)
    gather(bytes, NULL, width, indices, first, count, scale, out);
  else
    gather(NULL, reals, width, indices, first, count, scale, out);
  if (dropout) vk_drop(out, count * width, dropout);
}

VECTOR_KERNEL void vk_rectifier_backward(float *restrict gradient,
                                         const float *restrict activation, size_t n, float scale) {
  for (size_t i = 0; i < n; i++) gradient[i] = activation[i] > 0 ? gradient[i] * scale : 0;
}

VECTOR_KERNEL double vk_add_scaled_squares(float *restrict target, const float *restrict source,
                                           float factor, size_t n) {
  // Short runs of float sums, added up in double, so that the total keeps its digits.
  enum { run = 64 * lanes };
  double total = 0;
  size_t from = 0;
  for (; from + lanes <= n; from += run) {
    const size_t to = n - from < run ? n - (n - from) % lanes : from + run;
    floats sums = SPLAT(0.0f);
    for (size_t i = from; i < to; i += lanes) {
      const floats x = LOAD(source + i);
      sums = FMA(x, x, sums);
      STORE(target + i, FMA(x, SPLAT(factor), LOAD(target + i)));
    }
    total += (double)lane_sum(&sums);
  }
  for (size_t i = n - n % lanes; i < n; i++) {
    total += (double)source[i] * source[i];
    target[i] = __builtin_fmaf(source[i], factor, target[i]);
  }
  return total;
}
