// Products of matrices most of whose elements are exactly 0, and what makes and joins their operands.
//
// A matrix in panels holds `columns` columns as panels of 64: element (row, column) is at
// (column / 64) * panel_stride + row * 64 + column % 64. The last panel is filled up with zeros.
// Weights are panels [input][64], activations and their gradients panels [example][64], so that
// either is the dense operand of a product without being transposed.
//
// Every element of a product is one chain of fused multiplications and additions in ascending order,
// or a fixed tree of such chains: all instruction sets give the same bits. 0 times an infinity or
// NaN is left out, so whoever needs to know looks for those with vk_is_finite.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "vk_dense.h"

enum {
  vk_panel = 64,
  // The most columns that a chunk has, and so entries of a list.
  vk_longest_list = 256,
};

// What is not 0 in the rows of a matrix, by chunks of its columns. Of row r and chunk c there are
// counts[c * rows + r] entries, ascending, from position (c * rows + r) * capacity on: `offsets` is
// 256 times the column, i.e. the bytes to that row of a panel; order[c * rows ...] are the rows from
// the shortest list to the longest.
typedef struct {
  size_t rows, columns, chunks, capacity;
  // The columns of a chunk, a multiple of 64.
  size_t chunk;
  uint32_t *offsets;
  float *values;
  uint16_t *counts, *order;
} vk_lists;

// The columns of vk_lists again, of all chunks behind each other, and room for a number of each: row r
// has counts[r] from position r * capacity on. `bounds`, (chunks + 1) * rows of them, tell which
// groups of 16 begin in which chunk of columns.
typedef struct {
  size_t rows, columns, chunks, capacity;
  // The columns of a chunk.
  size_t chunk;
  uint32_t *offsets, *counts;
  uint16_t *bounds;
  float *numbers;
} vk_live;

typedef enum { vk_baseline, vk_avx2, vk_avx512 } vk_instructions;

// The instructions that the products of this process use: the newest that there are.
vk_instructions vk_product_instructions(void);

// Makes all products use `instructions`, for tests and measurements; returns 0 if the processor has
// them not. The bits are the same.
int vk_use_product_instructions(vk_instructions instructions);

// x = dropout * max(0, x) in panels of `rows` rows, as vk_rectify: where bit row * width + column of
// `kept` is set, times `scale`, else times 0. `kept` may be NULL: all, at scale 1. What is not 0 then
// is listed. `lists` may be NULL: nothing is; `live` too.
void vk_rectify_panels(float *x, size_t panel_stride, size_t rows, size_t width,
                       const uint64_t *kept, float scale, const vk_lists *lists,
                       const vk_live *live);

// Lists what is not 0 in rows of `width` elements.
void vk_list_rows(const float *x, size_t rows, size_t width, const vk_lists *lists);

// The lists of the transposed matrix: of column k of `source`, which has `rows` rows, row k of
// `target`.
void vk_list_columns(const vk_lists *source, const vk_lists *target);

// out = bias + listed matrix * dense, both in panels; `bias` has whole panels, or is NULL: 0.
void vk_listed_product(const vk_lists *lists, const float *dense, size_t dense_stride,
                       const float *bias, float *out, size_t out_stride, size_t panels);

// numbers(r, i) = the dot product of row r of `delta` and the row of `weights` that the offset of
// entry i of row r says.
void vk_live_products(const vk_live *live, const float *weights, size_t weights_stride,
                      const float *delta, size_t delta_stride, size_t panels);

// out = scale * numbers at the live columns, else 0, in panels; sums, whole panels, the sum of each
// column.
void vk_spread_live(const vk_live *live, float scale, float *out, size_t out_stride, size_t panels,
                    float *sums);

// From rows of `width` to panels of rows, and the sums of the columns unless NULL. Where `activation`,
// in panels too, is not NULL, only what is above 0 there is taken, times `scale`.
void vk_rows_to_panels(const float *rows_of, size_t rows, size_t width, const float *activation,
                       float scale, float *out, size_t panel_stride, float *sums);

// From panels to rows of `width`.
void vk_panels_to_rows(const float *panels, size_t panel_stride, size_t rows, size_t width,
                       float *out);

// Bit i tells whether element i is kept, see vk_dense.h; whole groups of 128 bits are written, and a
// word more is read.
void vk_kept_bits(uint64_t *bits, size_t n, const vk_dropout *dropout);

// Whether none of n elements is infinite or NaN.
int vk_is_finite(const float *x, size_t n);
