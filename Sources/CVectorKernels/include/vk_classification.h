// Softmax cross-entropy, and multinomial logistic regression as one fused kernel.
#pragma once
#include <stddef.h>
#include <stdint.h>

// The sum of the cross-entropies of `count` examples, row i of `logits` (rows `stride` apart,
// `classes` valid elements) against labels[i].
//
// If `delta` is not NULL, it gets the gradient: factor * (softmax - one-hot label), rows `stride`
// apart; it may be `logits` itself. `wrong`, if not NULL, gets the number of examples whose largest
// logit (the first of equal ones) is not the label's. Rows of at least 16 elements may be read and
// written beyond the classes, up to the 16th.
double vk_softmax_cross_entropy(const float *logits, size_t count, size_t classes, size_t stride,
                                const uint8_t *labels, float factor, float *delta, size_t *wrong);

// Examples of a linear classifier: row r has `stride` features, a multiple of 16 that is filled up
// with zeros; bytes or floats, the other pointer is NULL.
typedef struct {
  const uint8_t *bytes;
  const float *floats;
  // A bit for each block of 16 features of a row, set if one of them is not zero; rows are
  // `words` = ceil(stride / 16 / 64) apart.
  const uint64_t *occupied;
  size_t stride;
  // What a stored feature is multiplied by.
  float scale;
} vk_rows;

size_t vk_rows_words(size_t stride);
// Fills `occupied` for `count` rows.
void vk_rows_occupied(const vk_rows *rows, size_t count, uint64_t *occupied);

// logits[b][c] = bias[c] + sum_i weights[c][i] x[b][i]; weights are rows of `stride` elements,
// logits rows of `logit_stride`, whose rest is not written. Example b is row indices[b], or row
// first + b if `indices` is NULL.
void vk_linear_forward(const vk_rows *rows, const int32_t *indices, size_t first, size_t count,
                       const float *weights, const float *bias, size_t classes,
                       size_t logit_stride, float *logits);

// weights_gradient[c][i] = sum_b delta[b][c] x[b][i] + l2 * weights[c][i],
// bias_gradient[c] = sum_b delta[b][c]. Returns the sum of the squares of the weights.
// `delta_stride` is a multiple of 16. `columns` is scratch for stride / 16 * ceil(count / 64) words (rounded up to whole groups of 64
// blocks).
double vk_linear_backward(const vk_rows *rows, const int32_t *indices, size_t count,
                          const float *delta, size_t delta_stride, const float *weights, float l2,
                          size_t classes, uint64_t *columns, float *weights_gradient,
                          float *bias_gradient);
