// What products_body.h has of each instruction set, see vk_products.h.
#pragma once
#include <string.h>

#include "vk_products.h"

typedef struct {
  void (*rectify_panels)(float *x, size_t panel_stride, size_t rows, size_t width,
                         const uint64_t *kept, float scale, const vk_lists *lists,
                         const vk_live *live);
  void (*list_rows)(const float *x, size_t rows, size_t width, const vk_lists *lists);
  void (*listed_product)(const vk_lists *lists, const float *dense, size_t dense_stride,
                         const float *bias, float *out, size_t out_stride, size_t panels);
  void (*live_products)(const vk_live *live, const float *weights, size_t weights_stride,
                        const float *delta, size_t delta_stride, size_t panels);
  void (*column_sums)(const float *panel, size_t rows, float *sums);
  void (*rows_to_panels)(const float *rows_of, size_t rows, size_t width, const float *activation,
                         float scale, float *out, size_t panel_stride, float *sums);
} vk_product_table;

extern const vk_product_table vk_products_baseline, vk_products_avx2, vk_products_avx512;

#if defined(__x86_64__)
#define VK_PRODUCTS_X86 1
#endif
