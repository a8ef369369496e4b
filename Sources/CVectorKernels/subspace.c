#include "vk_subspace.h"

#include "vector_math.h"

enum { rows = vk_subspace_rows, vectors = rows / lanes };

// The elements of v that belong to a block, in `copy` where the block has fewer than `rows` of them.
VECTOR_INLINE const float *block_of(const float *v, size_t first, size_t n, float *copy) {
  if (n - first >= rows) return v + first;
  memset(copy, 0, rows * sizeof *copy);
  memcpy(copy, v + first, (n - first) * sizeof *copy);
  return copy;
}

VECTOR_KERNEL void vk_subspace_coefficients(const float *basis, size_t capacity, size_t used,
                                            const float *v, size_t n, double *coefficients) {
  float copy[rows];
  for (size_t k = 0; k < used; k++) coefficients[k] = 0;
  for (size_t first = 0; first < n; first += rows) {
    const float *block = basis + first * capacity;
    const float *part = block_of(v, first, n, copy);
    size_t k = 0;
    for (; k + 4 <= used; k += 4) {
      const float *columns = block + k * rows;
      floats a = SPLAT(0.0f), b = SPLAT(0.0f), c = SPLAT(0.0f), d = SPLAT(0.0f);
      for (int i = 0; i < vectors; i++) {
        const floats x = LOAD(part + i * lanes);
        a = FMA(LOAD(columns + i * lanes), x, a);
        b = FMA(LOAD(columns + rows + i * lanes), x, b);
        c = FMA(LOAD(columns + 2 * rows + i * lanes), x, c);
        d = FMA(LOAD(columns + 3 * rows + i * lanes), x, d);
      }
      coefficients[k] += lane_sum(&a);
      coefficients[k + 1] += lane_sum(&b);
      coefficients[k + 2] += lane_sum(&c);
      coefficients[k + 3] += lane_sum(&d);
    }
    for (; k < used; k++) {
      floats a = SPLAT(0.0f);
      for (int i = 0; i < vectors; i++)
        a = FMA(LOAD(block + k * rows + i * lanes), LOAD(part + i * lanes), a);
      coefficients[k] += lane_sum(&a);
    }
  }
}

// residual -= column * coefficient and move += column * step for `count` columns of a block.
VECTOR_INLINE void combine(const float *columns, int count, const float *coefficients,
                           float *residual, const float *step, float *move) {
  for (int i = 0; i < vectors; i++) {
    floats r = residual ? LOAD(residual + i * lanes) : SPLAT(0.0f);
    floats m = move ? LOAD(move + i * lanes) : SPLAT(0.0f);
    for (int k = 0; k < count; k++) {
      const floats x = LOAD(columns + k * rows + i * lanes);
      if (residual) r = FMA(x, SPLAT(-coefficients[k]), r);
      if (move) m = FMA(x, SPLAT(step[k]), m);
    }
    if (residual) STORE(residual + i * lanes, r);
    if (move) STORE(move + i * lanes, m);
  }
}

VECTOR_INLINE void combine_block(const float *block, size_t used, const float *coefficients,
                                 float *residual, const float *step, float *move) {
  size_t k = 0;
  for (; k + 4 <= used; k += 4)
    combine(block + k * rows, 4, residual ? coefficients + k : NULL, residual,
            move ? step + k : NULL, move);
  for (; k < used; k++)
    combine(block + k * rows, 1, residual ? coefficients + k : NULL, residual,
            move ? step + k : NULL, move);
}

VECTOR_KERNEL double vk_subspace_combine(const float *basis, size_t capacity, size_t used, size_t n,
                                         const float *coefficients, float factor, float *residual,
                                         const float *step, double *position, float *theta) {
  float left[rows], move[rows];
  double squares = 0;
  for (size_t first = 0; first < n; first += rows) {
    const size_t count = n - first < rows ? n - first : rows;
    const float *block = basis + first * capacity;
    if (residual) {
      memset(left, 0, sizeof left);
      for (size_t i = 0; i < count; i++) left[i] = factor * residual[first + i];
    }
    if (position) memset(move, 0, sizeof move);
    if (residual && position) {
      combine_block(block, used, coefficients, left, step, move);
    } else if (residual) {
      combine_block(block, used, coefficients, left, NULL, NULL);
    } else {
      combine_block(block, used, NULL, NULL, step, move);
    }
    if (residual) {
      floats sum = SPLAT(0.0f);
      for (int i = 0; i < vectors; i++) {
        const floats x = LOAD(left + i * lanes);
        sum = FMA(x, x, sum);
      }
      squares += lane_sum(&sum);
      memcpy(residual + first, left, count * sizeof *left);
    }
    if (position) {
      for (size_t i = 0; i < count; i++) {
        position[first + i] += (double)move[i];
        theta[first + i] = (float)position[first + i];
      }
    }
  }
  return squares;
}

VECTOR_KERNEL void vk_subspace_set_column(float *basis, size_t capacity, size_t column,
                                          const float *v, size_t n, float factor, double step,
                                          double *position, float *theta) {
  for (size_t first = 0; first < n; first += rows) {
    const size_t count = n - first < rows ? n - first : rows;
    float *target = basis + first * capacity + column * rows;
    memset(target, 0, rows * sizeof *target);
    for (size_t i = 0; i < count; i++) target[i] = factor * v[first + i];
    if (position) {
      for (size_t i = 0; i < count; i++) {
        position[first + i] += step * (double)target[i];
        theta[first + i] = (float)position[first + i];
      }
    }
  }
}
