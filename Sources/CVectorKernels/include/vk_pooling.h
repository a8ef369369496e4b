// Max pooling with 3x3 windows and stride 2, on images whose channels lie in blocks side by side:
// [image, channels / block, rows, columns, block].
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct {
  // Channels side by side, 8 or 16.
  size_t block;
  size_t rows, columns;
  size_t pooled_rows, pooled_columns;
  // What the windows stick out by above and to the left; what lies outside is no part of a window.
  size_t above, left;
} vk_pooling;

// The maxima of `count` blocks of one image each. `taps` gets which of the window's nine elements, row by
// row, is the first that is the largest, one byte for each element of `pooled`.
void vk_max_pool(const vk_pooling *pooling, size_t count, const float *images, float *pooled,
                 uint8_t *taps);

// The gradient of `images` from that of `pooled`; those of windows that share an element are added row by row.
void vk_max_pool_backward(const vk_pooling *pooling, size_t count, const float *pooled_gradient,
                          const uint8_t *taps, float *gradient);
