// Products with a tall matrix of few columns, the basis of a subspace, which is read from memory once
// a call.
//
// The matrix is stored in blocks of vk_subspace_rows rows. Each block holds its `capacity` columns one
// after the other; the rows that the last block has beyond n are 0.
#pragma once
#include <stddef.h>

enum { vk_subspace_rows = 512 };

// coefficients[k] = <column k, v> for the first `used` columns; n elements of v. Each block is added
// up in single precision, the blocks in double.
void vk_subspace_coefficients(const float *basis, size_t capacity, size_t used, const float *v,
                              size_t n, double *coefficients);

// In one pass over the first `used` columns: residual = factor * residual - basis * coefficients, and
// position += basis * step with theta the position in single precision. Either part is left out where
// its vectors are NULL. Returns the squared norm of the residual.
double vk_subspace_combine(const float *basis, size_t capacity, size_t used, size_t n,
                           const float *coefficients, float factor, float *residual,
                           const float *step, double *position, float *theta);

// column `column` = factor * v; position += step * that, theta the position in single precision,
// where `position` is not NULL.
void vk_subspace_set_column(float *basis, size_t capacity, size_t column, const float *v, size_t n,
                            float factor, double step, double *position, float *theta);
