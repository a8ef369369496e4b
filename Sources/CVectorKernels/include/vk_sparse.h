// Kernels on rows of a matrix in compressed row storage.
#pragma once
#include <stddef.h>
#include <stdint.h>

// A matrix in compressed row storage: row r owns the entries offsets[r] ..< offsets[r + 1].
typedef struct {
  const int32_t *offsets;
  const int32_t *columns;
  const float *values;
} vk_sparse_matrix;

// The number of entries of the `count` rows that `rows` lists.
size_t vk_sparse_entry_count(vk_sparse_matrix matrix, const int32_t *rows, size_t count);

// products[i] = <row rows[i], vector>, for rows taken from `first` on if `rows` is null.
void vk_sparse_products(vk_sparse_matrix matrix, const int32_t *rows, size_t first, size_t count,
                        const float *vector, float *products);

// Dropout and product in one pass. Entry k of the listed rows, counted over all of them, becomes
// kept[k] = draws[k] >= threshold ? factor * value : 0; products[i] = <kept row i, vector>.
void vk_sparse_dropout_products(vk_sparse_matrix matrix, const int32_t *rows, size_t count,
                                const uint16_t *draws, uint32_t threshold, float factor,
                                const float *vector, float *kept, float *products);

// target += sum over the listed rows of factors[i] * row i. `kept` replaces the matrix's values,
// entry by entry of the listed rows, unless it is null.
void vk_sparse_accumulate(vk_sparse_matrix matrix, const int32_t *rows, size_t count,
                          const float *kept, const float *factors, float *target);

// target = factor * source; returns the sum of the squares of source.
double vk_scaled_copy(float *target, const float *source, float factor, size_t n);

// The logistic cost of labels in {0, 1}: the sum over i of log(1 + exp(z)) - label * z at the logit
// z = factor * products[i] + bias, and, unless null, residuals[i] = weight * (sigmoid(z) - label),
// the derivative of `weight` times that. Example i has the label labels[rows[i]], or
// labels[first + i] if `rows` is null. Adds the number of labels that the sign of z misses to
// `errors` unless it is null; z = 0 stands for label 0.
double vk_logistic_cost(const float *products, float factor, float bias, const uint8_t *labels,
                        const int32_t *rows, size_t first, size_t count, float weight,
                        float *residuals, size_t *errors);
