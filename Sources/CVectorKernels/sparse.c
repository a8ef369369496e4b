#include "vk_sparse.h"
#include "vector_kernels.h"

#include <math.h>

// Sixteen partial sums whatever the instruction set, so that every clone adds in the same order.
enum { LANES = 16, ROWS_AHEAD = 3, ENTRIES_A_LINE = 16 };

#define INLINED static inline __attribute__((always_inline))

INLINED float sum_of_lanes(float *lanes) {
  for (int width = LANES / 2; width > 0; width /= 2) {
    for (int j = 0; j < width; j++) lanes[j] += lanes[j + width];
  }
  return lanes[0];
}

INLINED float row_product(const int32_t *restrict columns, const float *restrict values, size_t n,
                          const float *restrict vector) {
  float lanes[LANES] = {0};
  size_t k = 0;
  for (; k + LANES <= n; k += LANES) {
    for (int j = 0; j < LANES; j++) lanes[j] += values[k + j] * vector[columns[k + j]];
  }
  for (int j = 0; k < n; k++, j++) lanes[j] += values[k] * vector[columns[k]];
  return sum_of_lanes(lanes);
}

// Minibatches visit rows in random order, which no hardware prefetcher foresees.
INLINED void prefetch_row(vk_sparse_matrix matrix, int32_t row) {
  for (int32_t k = matrix.offsets[row]; k < matrix.offsets[row + 1]; k += ENTRIES_A_LINE) {
    __builtin_prefetch(matrix.columns + k);
    __builtin_prefetch(matrix.values + k);
  }
}

size_t vk_sparse_entry_count(vk_sparse_matrix matrix, const int32_t *rows, size_t count) {
  size_t entries = 0;
  for (size_t i = 0; i < count; i++) {
    entries += (size_t)(matrix.offsets[rows[i] + 1] - matrix.offsets[rows[i]]);
  }
  return entries;
}

VECTOR_KERNEL void vk_sparse_products(vk_sparse_matrix matrix, const int32_t *rows, size_t first,
                                      size_t count, const float *restrict vector,
                                      float *restrict products) {
  for (size_t i = 0; i < count; i++) {
    if (rows && i + ROWS_AHEAD < count) prefetch_row(matrix, rows[i + ROWS_AHEAD]);
    const size_t row = rows ? (size_t)rows[i] : first + i;
    const int32_t begin = matrix.offsets[row];
    const size_t n = (size_t)(matrix.offsets[row + 1] - begin);
    products[i] = row_product(matrix.columns + begin, matrix.values + begin, n, vector);
  }
}

VECTOR_KERNEL void vk_sparse_dropout_products(vk_sparse_matrix matrix, const int32_t *rows,
                                              size_t count, const uint16_t *restrict draws,
                                              uint32_t threshold, float factor,
                                              const float *restrict vector, float *restrict kept,
                                              float *restrict products) {
  for (size_t i = 0; i < count; i++) {
    if (i + ROWS_AHEAD < count) prefetch_row(matrix, rows[i + ROWS_AHEAD]);
    const int32_t begin = matrix.offsets[rows[i]];
    const size_t n = (size_t)(matrix.offsets[rows[i] + 1] - begin);
    const float *restrict values = matrix.values + begin;
    for (size_t k = 0; k < n; k++) kept[k] = draws[k] >= threshold ? factor * values[k] : 0.0f;
    products[i] = row_product(matrix.columns + begin, kept, n, vector);
    draws += n;
    kept += n;
  }
}

void vk_sparse_accumulate(vk_sparse_matrix matrix, const int32_t *rows, size_t count,
                          const float *restrict kept, const float *restrict factors,
                          float *restrict target) {
  for (size_t i = 0; i < count; i++) {
    const int32_t begin = matrix.offsets[rows[i]];
    const size_t n = (size_t)(matrix.offsets[rows[i] + 1] - begin);
    const int32_t *restrict columns = matrix.columns + begin;
    const float *restrict values = kept ? kept : matrix.values + begin;
    const float factor = factors[i];
    for (size_t k = 0; k < n; k++) target[columns[k]] += factor * values[k];
    if (kept) kept += n;
  }
}

double vk_logistic_cost(const float *products, float factor, float bias, const uint8_t *labels,
                        const int32_t *rows, size_t first, size_t count, float weight,
                        float *residuals, size_t *errors) {
  double cost = 0;
  size_t missed = 0;
  for (size_t i = 0; i < count; i++) {
    const uint8_t label = labels[rows ? (size_t)rows[i] : first + i];
    const double z = factor * products[i] + bias;
    // The exponent is never positive, so that nothing overflows.
    const double e = exp(-fabs(z));
    cost += fmax(z, 0) + log1p(e) - (label ? z : 0);
    if (residuals) {
      const double sigmoid = (z >= 0 ? 1 : e) / (1 + e);
      residuals[i] = (float)(weight * (sigmoid - label));
    }
    missed += (z > 0) != (label != 0);
  }
  if (errors) *errors += missed;
  return cost;
}

VECTOR_KERNEL double vk_scaled_copy(float *restrict target, const float *restrict source,
                                    float factor, size_t n) {
  double lanes[LANES] = {0};
  size_t i = 0;
  for (; i + LANES <= n; i += LANES) {
    for (int j = 0; j < LANES; j++) {
      target[i + j] = factor * source[i + j];
      lanes[j] += (double)source[i + j] * (double)source[i + j];
    }
  }
  for (int j = 0; i < n; i++, j++) {
    target[i] = factor * source[i];
    lanes[j] += (double)source[i] * (double)source[i];
  }
  for (int width = LANES / 2; width > 0; width /= 2) {
    for (int j = 0; j < width; j++) lanes[j] += lanes[j + width];
  }
  return lanes[0];
}
