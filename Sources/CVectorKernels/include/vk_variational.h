// What a variational auto-encoder needs around its matrix products. No finite input overflows
// except where the exact result does.
#pragma once
#include <stddef.h>
#include <stdint.h>

// x = e^x, within 1 ulp.
void vk_exponential(float *x, size_t n);

// x = log(1 + e^x) and, unless it is NULL, derivative = 1 / (1 + e^-x), within 2 ulp.
void vk_softplus(float *x, float *derivative, size_t n);

// x = 1 / (1 + e^-x), within 2 ulp.
void vk_sigmoid(float *x, size_t n);

// x *= factor, element by element.
void vk_multiply(float *x, const float *factor, size_t n);

// x = 1 with probability x, else 0, for x in [0, 1]: where a number of 16 random bits is below
// 65536 x. The numbers are those of dropout masks, see vk_dense.h.
void vk_binarise(float *x, size_t n, uint64_t key, const uint32_t counter[4]);

// The sum of log(1 + e^logit) - target * logit, i.e. the negative log-likelihood of Bernoulli
// variables; logits = factor * (sigmoid(logit) - target), its gradient, unless factor is 0: then the
// logits stay.
double vk_bernoulli(float *logits, const float *targets, size_t n, float factor);

// Rows of `latent` are `size` means and then `size` logarithms of variances.
//
// deviation = e^(log variance / 2), sample = mean + deviation * noise, rows of `size`. Returns the sum
// of the divergences KL(N(mean, variance) || N(0, 1)).
double vk_latent_sample(const float *latent, const float *noise, size_t count, size_t size,
                        float *deviation, float *sample);

// The gradient with respect to `latent`: from the sample's gradient, and factor times that of the
// divergences.
void vk_latent_backward(const float *latent, const float *noise, const float *deviation,
                        const float *sample_gradient, size_t count, size_t size, float factor,
                        float *latent_gradient);
