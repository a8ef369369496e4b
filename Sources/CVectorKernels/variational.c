#include "vector_philox.h"

// e^-|x|: the only exponential that softplus and the logistic function need, never above 1.
VECTOR_INLINE void exp_of_minus_abs(floats *y, const floats *x) {
  *y = (floats)((ints)*x | (int32_t)0x80000000);
  vector_exp(y);
}

VECTOR_INLINE void softplus_and_sigmoid(const floats *x, floats *softplus, floats *sigmoid) {
  floats y;
  exp_of_minus_abs(&y, x);
  *sigmoid = SELECT(*x >= 0.0f, SPLAT(1.0f), y) / (y + 1.0f);
  log1p_of_unit(&y);
  *softplus = SELECT(*x > 0.0f, *x, SPLAT(0.0f)) + y;
}

// Runs `BODY` on whole vectors and then on a last one that is filled up with zeros; `v` is loaded
// from `x` and stored back.
#define IN_PLACE(x, n, BODY)                 \
  do {                                       \
    size_t i = 0;                            \
    for (; i + lanes <= (n); i += lanes) {   \
      floats v = LOAD((x) + i);              \
      BODY;                                  \
      STORE((x) + i, v);                     \
    }                                        \
    if (i < (n)) {                           \
      floats v;                              \
      load_part(&v, (x) + i, (n) - i, 0);    \
      BODY;                                  \
      store_part((x) + i, &v, (n) - i);      \
    }                                        \
  } while (0)

VECTOR_KERNEL void vk_exponential(float *x, size_t n) { IN_PLACE(x, n, vector_exp(&v)); }

VECTOR_KERNEL void vk_sigmoid(float *x, size_t n) {
  IN_PLACE(x, n, {
    floats y;
    exp_of_minus_abs(&y, &v);
    v = SELECT(v >= 0.0f, SPLAT(1.0f), y) / (y + 1.0f);
  });
}

VECTOR_KERNEL void vk_softplus(float *x, float *derivative, size_t n) {
  if (derivative) {
    IN_PLACE(x, n, {
      floats softplus;
      floats sigmoid;
      softplus_and_sigmoid(&v, &softplus, &sigmoid);
      v = softplus;
      if (i + lanes <= n)
        STORE(derivative + i, sigmoid);
      else
        store_part(derivative + i, &sigmoid, n - i);
    });
  } else {
    IN_PLACE(x, n, {
      floats softplus;
      floats sigmoid;
      softplus_and_sigmoid(&v, &softplus, &sigmoid);
      v = softplus;
    });
  }
}

VECTOR_KERNEL void vk_multiply(float *restrict x, const float *restrict factor, size_t n) {
  for (size_t i = 0; i < n; i++) x[i] *= factor[i];
}

VECTOR_KERNEL void vk_binarise(float *x, size_t n, uint64_t key, const uint32_t counter[4]) {
  enum { group_size = 8 * lanes };
  const floats one = SPLAT(1.0f), zero = SPLAT(0.0f);
  for (size_t from = 0; from < n; from += group_size) {
    words random[4];
    vector_philox(random, key, counter, counter[0] + (uint32_t)(from / 8));
    float last[group_size];
    const size_t left = n - from < group_size ? n - from : group_size;
    float *p = x + from;
    if (left < group_size) {
      for (size_t i = 0; i < group_size; i++) last[i] = i < left ? p[i] : 0;
      p = last;
    }
    for (int w = 0; w < 4; w++) {
      const floats low = __builtin_convertvector((ints)(random[w] & 0xffffu), floats);
      const floats high = __builtin_convertvector((ints)(random[w] >> 16), floats);
      float *q = p + 2 * w * lanes;
      STORE(q, SELECT(low < LOAD(q) * 65536.0f, one, zero));
      STORE(q + lanes, SELECT(high < LOAD(q + lanes) * 65536.0f, one, zero));
    }
    if (left < group_size)
      for (size_t i = 0; i < left; i++) x[from + i] = last[i];
  }
}

VECTOR_KERNEL double vk_bernoulli(float *logits, const float *targets, size_t n, float factor) {
  // Short runs of float sums, added up in double, so that the total keeps its digits.
  enum { run = 64 * lanes };
  double total = 0;
  for (size_t from = 0; from < n; from += run) {
    const size_t to = n - from < run ? n : from + run;
    floats sums = SPLAT(0.0f);
    for (size_t i = from; i < to; i += lanes) {
      const size_t left = to - i;
      floats x, t;
      if (left >= lanes) {
        x = LOAD(logits + i);
        t = LOAD(targets + i);
      } else {
        load_part(&x, logits + i, left, -200);  // adds nothing: log(1 + e^-200) is 0
        load_part(&t, targets + i, left, 0);
      }
      floats y;
      exp_of_minus_abs(&y, &x);
      const floats gradient = (SELECT(x >= 0.0f, SPLAT(1.0f), y) / (y + 1.0f) - t) * factor;
      log1p_of_unit(&y);
      // The first two terms cancel exactly where the target is 1.
      sums = sums + (FMA(-t, x, SELECT(x > 0.0f, x, SPLAT(0.0f))) + y);
      if (factor != 0) {
        if (left >= lanes)
          STORE(logits + i, gradient);
        else
          store_part(logits + i, &gradient, left);
      }
    }
    total += (double)lane_sum(&sums);
  }
  return total;
}

VECTOR_KERNEL double vk_latent_sample(const float *latent, const float *noise, size_t count,
                                      size_t size, float *deviation, float *sample) {
  double total = 0;
  for (size_t b = 0; b < count; b++) {
    const float *mean = latent + 2 * b * size, *log_variance = mean + size;
    floats sums = SPLAT(0.0f);
    for (size_t i = 0; i < size; i += lanes) {
      const size_t left = size - i < lanes ? size - i : lanes, at = b * size + i;
      floats m, l, e;
      load_part(&m, mean + i, left, 0);
      load_part(&l, log_variance + i, left, 0);
      load_part(&e, noise + at, left, 0);
      floats s = l * 0.5f;
      vector_exp(&s);
      const floats z = FMA(s, e, m);
      store_part(deviation + at, &s, left);
      store_part(sample + at, &z, left);
      sums = sums + (FMA(m, m, s * s) - (l + 1.0f));
    }
    total += 0.5 * (double)lane_sum(&sums);
  }
  return total;
}

VECTOR_KERNEL void vk_latent_backward(const float *restrict latent, const float *restrict noise,
                                      const float *restrict deviation,
                                      const float *restrict sample_gradient, size_t count,
                                      size_t size, float factor, float *restrict latent_gradient) {
  for (size_t b = 0; b < count; b++) {
    const float *mean = latent + 2 * b * size;
    float *mean_gradient = latent_gradient + 2 * b * size;
    float *log_variance_gradient = mean_gradient + size;
    for (size_t i = 0; i < size; i++) {
      const size_t at = b * size + i;
      const float s = deviation[at], g = sample_gradient[at];
      mean_gradient[i] = g + factor * mean[i];
      log_variance_gradient[i] = 0.5f * (g * noise[at] * s + factor * (s * s - 1.0f));
    }
  }
}
