// Only operations that IEEE 754 rounds correctly, in the order written: every instruction set gives
// the same bits.
#include <float.h>
#include <math.h>

#include "vector_kernels.h"

#define INLINE static inline __attribute__((always_inline))

// The next value of an exponential moving average.
INLINE float averaged(float old, float new, vk_average beta) {
  return beta.decay * old + (beta.decay_rest * old + beta.gain * new);
}

// Sums of squares stay at FLT_MAX when they get there: infinity would stop theta for good, or turn
// into NaN. NaN stays NaN.
INLINE float saturated(float v) { return FLT_MAX < v ? FLT_MAX : v; }

// The next value of an exponential moving average of squares.
INLINE float averaged_square(float old, float x, vk_average beta) {
  return saturated(beta.decay * old + (beta.decay_rest * old + beta.gain * x * x));
}

// x / d, and 0 where d is 0: with epsilon = 0 a parameter stays until it has had a gradient.
INLINE float quotient(float x, float d) {
  const float q = x / d;
  return d == 0.0f ? 0.0f : q;
}

enum {
  // What a block fetches lies so many elements ahead; a block has whole lines of the cache.
  vk_block = 64,
  vk_ahead_of_block = 1024,
  // From so many parameters on blocks are fetched ahead: between 20,000, whose arrays are in the second cache, where
  // asking costs a fifth, and 1.8 million, whose arrays are not in the last one when two runs share it.
  vk_streamed = 1 << 19,
};

// Where the block that begins at `from` ends; what stays in the cache is one block.
INLINE size_t block_end(size_t from, size_t n) {
  return n < vk_streamed || n - from < vk_block ? n : from + vk_block;
}

// Asks for the memory of a block to come, `written` to be written. Processors foresee reading, but take a
// line for writing late: two runs at once lose a quarter of Adam's speed by it.
INLINE void fetch_ahead(size_t from, size_t n, const float *gradient, const float *const *written,
                        size_t count) {
  if (n < vk_streamed || n - from < vk_ahead_of_block + vk_block) return;
  for (size_t i = from + vk_ahead_of_block; i < from + vk_ahead_of_block + vk_block; i += 16) {
    __builtin_prefetch(gradient + i, 0);
    for (size_t k = 0; k < count; k++) __builtin_prefetch(written[k] + i, 1);
  }
}

// Goes through n parameters block by block, [from, to); the arguments are what is written.
#define IN_BLOCKS(...)                                                                        \
  for (size_t from = 0, to; from < n; from = to)                                              \
    if (to = block_end(from, n),                                                              \
        fetch_ahead(from, n, gradient, (const float *const[]){__VA_ARGS__},                   \
                    sizeof((const float *const[]){__VA_ARGS__}) / sizeof(const float *)),     \
        1)

// Two vectors at a time: one's root and quotient are on their way while the other's products are made.
#define IN_PAIRS _Pragma("clang loop interleave_count(2)")

VECTOR_KERNEL void vk_sgd(float *restrict theta, const float *restrict gradient, size_t n,
                          float alpha) {
  IN_BLOCKS(theta)
  for (size_t i = from; i < to; i++) theta[i] -= alpha * gradient[i];
}

VECTOR_KERNEL void vk_momentum(float *restrict theta, const float *restrict gradient,
                               float *restrict b, size_t n, float alpha, float momentum) {
  IN_BLOCKS(theta, b)
  for (size_t i = from; i < to; i++) {
    b[i] = momentum * b[i] + gradient[i];
    theta[i] -= alpha * b[i];
  }
}

VECTOR_KERNEL void vk_heavy_ball(float *restrict theta, const float *restrict gradient,
                                 float *restrict w, size_t n, float alpha, float momentum) {
  IN_BLOCKS(theta, w)
  for (size_t i = from; i < to; i++) {
    w[i] = momentum * w[i] - alpha * gradient[i];
    theta[i] += w[i];
  }
}

VECTOR_KERNEL void vk_nesterov(float *restrict theta, const float *restrict gradient,
                               float *restrict b, size_t n, float alpha, float momentum) {
  IN_BLOCKS(theta, b)
  for (size_t i = from; i < to; i++) {
    const float g = gradient[i];
    b[i] = momentum * b[i] + g;
    theta[i] -= alpha * (g + momentum * b[i]);
  }
}

VECTOR_KERNEL void vk_nesterov_sutskever(float *restrict theta, const float *restrict gradient,
                                         float *restrict w, size_t n, float alpha,
                                         float momentum) {
  IN_BLOCKS(theta, w)
  for (size_t i = from; i < to; i++) {
    const float descent = alpha * gradient[i];
    w[i] = momentum * w[i] - descent;
    theta[i] += momentum * w[i] - descent;
  }
}

VECTOR_KERNEL void vk_adagrad(float *restrict theta, const float *restrict gradient,
                              float *restrict v, size_t n, float alpha, float epsilon) {
  IN_BLOCKS(theta, v)
  IN_PAIRS for (size_t i = from; i < to; i++) {
    const float g = gradient[i];
    v[i] = saturated(v[i] + g * g);
    theta[i] -= alpha * quotient(g, sqrtf(v[i]) + epsilon);
  }
}

VECTOR_KERNEL void vk_adagrad_epsilon_inside(float *restrict theta,
                                             const float *restrict gradient, float *restrict v,
                                             size_t n, float alpha, float epsilon) {
  IN_BLOCKS(theta, v)
  IN_PAIRS for (size_t i = from; i < to; i++) {
    const float g = gradient[i];
    v[i] = saturated(v[i] + g * g);
    theta[i] -= alpha * quotient(g, sqrtf(v[i] + epsilon));
  }
}

VECTOR_KERNEL void vk_rmsprop(float *restrict theta, const float *restrict gradient,
                              float *restrict v, size_t n, vk_average rho, float alpha,
                              float epsilon) {
  IN_BLOCKS(theta, v)
  IN_PAIRS for (size_t i = from; i < to; i++) {
    const float g = gradient[i];
    v[i] = averaged_square(v[i], g, rho);
    theta[i] -= alpha * quotient(g, sqrtf(v[i]) + epsilon);
  }
}

VECTOR_KERNEL void vk_rmsprop_epsilon_inside(float *restrict theta,
                                             const float *restrict gradient, float *restrict v,
                                             size_t n, vk_average rho, float alpha,
                                             float epsilon) {
  IN_BLOCKS(theta, v)
  IN_PAIRS for (size_t i = from; i < to; i++) {
    const float g = gradient[i];
    v[i] = averaged_square(v[i], g, rho);
    theta[i] -= alpha * quotient(g, sqrtf(v[i] + epsilon));
  }
}

VECTOR_KERNEL void vk_rmsprop_momentum(float *restrict theta, const float *restrict gradient,
                                       float *restrict m, float *restrict s, float *restrict w,
                                       size_t n, vk_average rho, float spread, float alpha,
                                       float momentum, float epsilon) {
  IN_BLOCKS(theta, m, s, w)
  IN_PAIRS for (size_t i = from; i < to; i++) {
    const float g = gradient[i];
    const float d = g - m[i];
    s[i] = saturated(rho.decay * s[i] + (rho.decay_rest * s[i] + spread * d * d));
    m[i] = averaged(m[i], g, rho);
    w[i] = momentum * w[i] - alpha * quotient(g, sqrtf(s[i] + epsilon));
    theta[i] += w[i];
  }
}

VECTOR_KERNEL void vk_adadelta(float *restrict theta, const float *restrict gradient,
                               float *restrict v, float *restrict u, size_t n, vk_average rho,
                               float alpha, float epsilon) {
  IN_BLOCKS(theta, v, u)
  IN_PAIRS for (size_t i = from; i < to; i++) {
    const float g = gradient[i];
    v[i] = averaged_square(v[i], g, rho);
    const float d = sqrtf(u[i] + epsilon) * quotient(g, sqrtf(v[i] + epsilon));
    u[i] = averaged_square(u[i], d, rho);
    theta[i] -= alpha * d;
  }
}

VECTOR_KERNEL void vk_adam(float *restrict theta, const float *restrict gradient,
                           float *restrict m, float *restrict v, size_t n, vk_average beta1,
                           vk_average beta2, float stepsize, float v_correction, float epsilon) {
  IN_BLOCKS(theta, m, v)
  IN_PAIRS for (size_t i = from; i < to; i++) {
    const float g = gradient[i];
    m[i] = averaged(m[i], g, beta1);
    v[i] = averaged_square(v[i], g, beta2);
    theta[i] -= stepsize * quotient(m[i], sqrtf(v_correction * v[i]) + epsilon);
  }
}

VECTOR_KERNEL void vk_adamw(float *restrict theta, const float *restrict gradient,
                            float *restrict m, float *restrict v, size_t n, vk_average beta1,
                            vk_average beta2, float stepsize, float v_correction, float epsilon,
                            float decay) {
  IN_BLOCKS(theta, m, v)
  IN_PAIRS for (size_t i = from; i < to; i++) {
    const float g = gradient[i];
    m[i] = averaged(m[i], g, beta1);
    v[i] = averaged_square(v[i], g, beta2);
    const float ratio = quotient(m[i], sqrtf(v_correction * v[i]) + epsilon);
    theta[i] -= stepsize * ratio + decay * theta[i];
  }
}

VECTOR_KERNEL void vk_amsgrad(float *restrict theta, const float *restrict gradient,
                              float *restrict m, float *restrict v, float *restrict vmax,
                              size_t n, vk_average beta1, vk_average beta2, float stepsize,
                              float v_correction, float epsilon) {
  IN_BLOCKS(theta, m, v, vmax)
  IN_PAIRS for (size_t i = from; i < to; i++) {
    const float g = gradient[i];
    m[i] = averaged(m[i], g, beta1);
    v[i] = averaged_square(v[i], g, beta2);
    vmax[i] = vmax[i] > v[i] ? vmax[i] : v[i];
    theta[i] -= stepsize * quotient(m[i], sqrtf(v_correction * vmax[i]) + epsilon);
  }
}

VECTOR_KERNEL void vk_nadam(float *restrict theta, const float *restrict gradient,
                            float *restrict m, float *restrict v, size_t n, vk_average beta1,
                            vk_average beta2, float m_stepsize, float g_stepsize,
                            float v_correction, float epsilon) {
  IN_BLOCKS(theta, m, v)
  IN_PAIRS for (size_t i = from; i < to; i++) {
    const float g = gradient[i];
    m[i] = averaged(m[i], g, beta1);
    v[i] = averaged_square(v[i], g, beta2);
    const float direction = m_stepsize * m[i] + g_stepsize * g;
    theta[i] -= quotient(direction, sqrtf(v_correction * v[i]) + epsilon);
  }
}

VECTOR_KERNEL void vk_adamax(float *restrict theta, const float *restrict gradient,
                             float *restrict m, float *restrict u, size_t n, vk_average beta1,
                             float beta2, float stepsize) {
  IN_BLOCKS(theta, m, u)
  for (size_t i = from; i < to; i++) {
    const float g = gradient[i];
    const float decayed = beta2 * u[i];
    const float magnitude = fabsf(g);
    m[i] = averaged(m[i], g, beta1);
    // Written so that a NaN gradient wins.
    u[i] = decayed > magnitude ? decayed : magnitude;
    theta[i] -= stepsize * quotient(m[i], u[i]);
  }
}

VECTOR_KERNEL void vk_average_update(float *restrict mean, const float *restrict theta, size_t n,
                                     vk_average beta) {
  for (size_t i = 0; i < n; i++) mean[i] = averaged(mean[i], theta[i], beta);
}

VECTOR_KERNEL void vk_mean_update(float *restrict mean, const float *restrict theta, size_t n,
                                  float gain) {
  for (size_t i = 0; i < n; i++) mean[i] = mean[i] + gain * (theta[i] - mean[i]);
}

VECTOR_KERNEL void vk_scaled(float *restrict out, const float *restrict x, size_t n,
                             float factor) {
  for (size_t i = 0; i < n; i++) out[i] = factor * x[i];
}
