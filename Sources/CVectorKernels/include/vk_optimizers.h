// One update of every optimizer, each a single pass over its n parameters. The methods are
// described beside their Swift types; here stand the operations and their order.
//
// Squares of gradients are held in single precision. They are right for gradients of about 1e-15 to
// 1e18, and below that where epsilon outweighs the root. Sums of squares stay at FLT_MAX when they get
// there, so that larger gradients make steps of a wrong size but no NaN; smaller ones, with epsilon
// near 0, make none. The kernels do not look: optimizer-trace does, in double precision beside them.
#pragma once
#include <stddef.h>
#include <stdint.h>

// The coefficients of x <- beta x + (1 - beta) y. beta is held as the sum of two floats: one float
// is 1e-8 off 0.999, which after 1000 steps has moved x by 1e-5.
typedef struct {
  float decay;
  float decay_rest;
  float gain;
} vk_average;

static inline vk_average vk_average_of(double beta) {
  vk_average a;
  a.decay = (float)beta;
  a.decay_rest = (float)(beta - (double)a.decay);
  a.gain = (float)(1.0 - beta);
  return a;
}

// theta -= alpha g
void vk_sgd(float *theta, const float *gradient, size_t n, float alpha);

// b <- momentum b + g; theta -= alpha b
void vk_momentum(float *theta, const float *gradient, float *b, size_t n, float alpha,
                 float momentum);

// w <- momentum w - alpha g; theta += w
void vk_heavy_ball(float *theta, const float *gradient, float *w, size_t n, float alpha,
                   float momentum);

// b <- momentum b + g; theta -= alpha (g + momentum b)
void vk_nesterov(float *theta, const float *gradient, float *b, size_t n, float alpha,
                 float momentum);

// w <- momentum w - alpha g; theta += momentum w - alpha g
void vk_nesterov_sutskever(float *theta, const float *gradient, float *w, size_t n, float alpha,
                           float momentum);

// v += g^2; theta -= alpha g / (sqrt(v) + epsilon)
void vk_adagrad(float *theta, const float *gradient, float *v, size_t n, float alpha,
                float epsilon);

// v += g^2; theta -= alpha g / sqrt(v + epsilon)
void vk_adagrad_epsilon_inside(float *theta, const float *gradient, float *v, size_t n,
                               float alpha, float epsilon);

// v <- rho v + (1 - rho) g^2; theta -= alpha g / (sqrt(v) + epsilon)
void vk_rmsprop(float *theta, const float *gradient, float *v, size_t n, vk_average rho,
                float alpha, float epsilon);

// v <- rho v + (1 - rho) g^2; theta -= alpha g / sqrt(v + epsilon)
void vk_rmsprop_epsilon_inside(float *theta, const float *gradient, float *v, size_t n,
                               vk_average rho, float alpha, float epsilon);

// s <- rho s + rho (1 - rho) (g - m)^2; m <- rho m + (1 - rho) g;
// w <- momentum w - alpha g / sqrt(s + epsilon); theta += w
void vk_rmsprop_momentum(float *theta, const float *gradient, float *m, float *s, float *w,
                         size_t n, vk_average rho, float spread, float alpha, float momentum,
                         float epsilon);

// v <- rho v + (1 - rho) g^2; d = sqrt(u + epsilon) / sqrt(v + epsilon) g;
// u <- rho u + (1 - rho) d^2; theta -= alpha d
void vk_adadelta(float *theta, const float *gradient, float *v, float *u, size_t n, vk_average rho,
                 float alpha, float epsilon);

// m <- beta1 m + (1 - beta1) g; v <- beta2 v + (1 - beta2) g^2;
// theta -= stepsize m / (sqrt(v_correction v) + epsilon)
void vk_adam(float *theta, const float *gradient, float *m, float *v, size_t n, vk_average beta1,
             vk_average beta2, float stepsize, float v_correction, float epsilon);

// As vk_adam, then with the old theta: theta -= decay theta
void vk_adamw(float *theta, const float *gradient, float *m, float *v, size_t n, vk_average beta1,
              vk_average beta2, float stepsize, float v_correction, float epsilon, float decay);

// m, v as vk_adam; vmax <- max(vmax, v); theta -= stepsize m / (sqrt(v_correction vmax) + epsilon)
void vk_amsgrad(float *theta, const float *gradient, float *m, float *v, float *vmax, size_t n,
                vk_average beta1, vk_average beta2, float stepsize, float v_correction,
                float epsilon);

// m, v as vk_adam; theta -= (m_stepsize m + g_stepsize g) / (sqrt(v_correction v) + epsilon)
void vk_nadam(float *theta, const float *gradient, float *m, float *v, size_t n, vk_average beta1,
              vk_average beta2, float m_stepsize, float g_stepsize, float v_correction,
              float epsilon);

// m <- beta1 m + (1 - beta1) g; u <- max(beta2 u, |g|); theta -= stepsize m / u where u > 0
void vk_adamax(float *theta, const float *gradient, float *m, float *u, size_t n, vk_average beta1,
               float beta2, float stepsize);

// mean <- beta mean + (1 - beta) theta
void vk_average_update(float *mean, const float *theta, size_t n, vk_average beta);

// mean += gain (theta - mean)
void vk_mean_update(float *mean, const float *theta, size_t n, float gain);

// out = factor x
void vk_scaled(float *out, const float *x, size_t n, float factor);
