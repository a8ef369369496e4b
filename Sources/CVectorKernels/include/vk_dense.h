// What a dense network needs around its matrix products: gathering, dropout, rectifiers.
//
// Dropout masks are numbers of 16 bits from Philox4x32-10. Element i of the masked array belongs to
// group i / 128; lane j of group g takes the block at counter[0] + 16 g + j, and element e of the
// group is half e / 16 of lane e % 16, low halves first. An element is dropped if its number is
// below `threshold`, i.e. with probability threshold / 65536; 0 drops none.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct {
  uint64_t key;
  uint32_t counter[4];
  uint32_t threshold;
  // What kept elements are multiplied by.
  float scale;
} vk_dropout;

// out[b][i] = scale * rows[indices[b]][i], rows of `width`; `indices` may be NULL: row first + b.
// One of `bytes` and `floats` is NULL. `dropout` may be NULL; then the scale is its own times
// `scale`, and the mask runs over the count * width elements of `out`.
void vk_gather(const uint8_t *bytes, const float *floats, size_t width, const int32_t *indices,
               size_t first, size_t count, float scale, const vk_dropout *dropout, float *out);

// x = dropout->scale * x where the mask keeps, else 0.
void vk_drop(float *x, size_t n, const vk_dropout *dropout);

// x = dropout->scale * max(0, x) where the mask keeps, else 0; a NaN stays, so that it is seen in the
// cost. `dropout` may be NULL: then all are kept, at scale 1.
void vk_rectify(float *x, size_t n, const vk_dropout *dropout);

// gradient = activation > 0 ? scale * gradient : 0. With dropped activations this is the gradient
// through dropout and rectifier: what is 0 was dropped or not active.
void vk_rectifier_backward(float *gradient, const float *activation, size_t n, float scale);

// target += factor * source; returns the sum of the squares of `source`.
double vk_add_scaled_squares(float *target, const float *source, float factor, size_t n);
