// What vk_products.h has that is the same for all instruction sets, and the choice between them.
#include "products_table.h"
#include "vector_philox.h"

#include <stdatomic.h>

static int has(vk_instructions instructions) {
#ifdef VK_PRODUCTS_X86
  switch (instructions) {
    case vk_avx512:
      return __builtin_cpu_supports("x86-64-v4");
    case vk_avx2:
      return __builtin_cpu_supports("x86-64-v3");
    case vk_baseline:
      return 1;
  }
#endif
  return instructions == vk_baseline;
}

// One more than the instructions in use; 0 before the first product.
static atomic_int chosen;

vk_instructions vk_product_instructions(void) {
  int now = atomic_load_explicit(&chosen, memory_order_relaxed);
  if (now == 0) {
    now = 1 + (int)(has(vk_avx512) ? vk_avx512 : has(vk_avx2) ? vk_avx2 : vk_baseline);
    atomic_store_explicit(&chosen, now, memory_order_relaxed);
  }
  return (vk_instructions)(now - 1);
}

int vk_use_product_instructions(vk_instructions instructions) {
  if (!has(instructions)) return 0;
  atomic_store_explicit(&chosen, 1 + (int)instructions, memory_order_relaxed);
  return 1;
}

static const vk_product_table *table(void) {
#ifdef VK_PRODUCTS_X86
  switch (vk_product_instructions()) {
    case vk_avx512:
      return &vk_products_avx512;
    case vk_avx2:
      return &vk_products_avx2;
    case vk_baseline:
      break;
  }
#endif
  return &vk_products_baseline;
}

// Rows of each chunk in the order of their counts: neighbours run as long as each other, so that the
// ends of loops are foreseen.
static void sort_by_count(const vk_lists *lists) {
  for (size_t c = 0; c < lists->chunks; c++) {
    const uint16_t *counts = lists->counts + c * lists->rows;
    uint16_t *order = lists->order + c * lists->rows;
    uint32_t starts[vk_longest_list + 2] = {0};
    for (size_t r = 0; r < lists->rows; r++) starts[counts[r] + 1]++;
    for (size_t n = 0; n <= lists->chunk; n++) starts[n + 1] += starts[n];
    for (size_t r = 0; r < lists->rows; r++) order[starts[counts[r]]++] = (uint16_t)r;
  }
}

static void clear_lists(const vk_lists *lists) {
  memset(lists->counts, 0, lists->rows * lists->chunks * sizeof *lists->counts);
}

// Fills the last group of each row up, and finds which groups begin in which chunk.
static void finish_live(const vk_live *live) {
  for (size_t r = 0; r < live->rows; r++) {
    uint32_t *offsets = live->offsets + r * live->capacity;
    const size_t n = live->counts[r], groups = (n + 15) / 16;
    for (size_t i = n; i < 16 * groups; i++) offsets[i] = offsets[n - 1];
    size_t c = 0;
    for (size_t g = 0; g < groups; g++) {
      const size_t begins = offsets[16 * g] / 256 / live->chunk;
      while (c <= begins) live->bounds[c++ * live->rows + r] = (uint16_t)g;
    }
    while (c <= live->chunks) live->bounds[c++ * live->rows + r] = (uint16_t)groups;
  }
}

void vk_rectify_panels(float *x, size_t panel_stride, size_t rows, size_t width,
                       const uint64_t *kept, float scale, const vk_lists *lists,
                       const vk_live *live) {
  if (lists) clear_lists(lists);
  if (live) memset(live->counts, 0, live->rows * sizeof *live->counts);
  table()->rectify_panels(x, panel_stride, rows, width, kept, scale, lists, live);
  if (lists) sort_by_count(lists);
  if (live) finish_live(live);
}

void vk_list_rows(const float *x, size_t rows, size_t width, const vk_lists *lists) {
  clear_lists(lists);
  table()->list_rows(x, rows, width, lists);
  sort_by_count(lists);
}

void vk_list_columns(const vk_lists *source, const vk_lists *target) {
  clear_lists(target);
  for (size_t c = 0; c < source->chunks; c++) {
    for (size_t r = 0; r < source->rows; r++) {
      const size_t list = c * source->rows + r;
      const uint32_t *offsets = source->offsets + list * source->capacity;
      const float *values = source->values + list * source->capacity;
      const size_t first = r / target->chunk * target->rows;
      for (size_t i = 0; i < source->counts[list]; i++) {
        const size_t into = first + offsets[i] / 256;
        const size_t at = into * target->capacity + target->counts[into]++;
        target->offsets[at] = 256 * (uint32_t)r;
        target->values[at] = values[i];
      }
    }
  }
  sort_by_count(target);
}

void vk_listed_product(const vk_lists *lists, const float *dense, size_t dense_stride,
                       const float *bias, float *out, size_t out_stride, size_t panels) {
  table()->listed_product(lists, dense, dense_stride, bias, out, out_stride, panels);
}

void vk_live_products(const vk_live *live, const float *weights, size_t weights_stride,
                      const float *delta, size_t delta_stride, size_t panels) {
  table()->live_products(live, weights, weights_stride, delta, delta_stride, panels);
}

void vk_spread_live(const vk_live *live, float scale, float *out, size_t out_stride, size_t panels,
                    float *sums) {
  for (size_t p = 0; p < panels; p++)
    memset(out + p * out_stride, 0, live->rows * vk_panel * sizeof *out);
  for (size_t r = 0; r < live->rows; r++) {
    const uint32_t *offsets = live->offsets + r * live->capacity;
    const float *numbers = live->numbers + r * live->capacity;
    for (size_t i = 0; i < live->counts[r]; i++) {
      const size_t column = offsets[i] / 256;
      out[column / vk_panel * out_stride + r * vk_panel + column % vk_panel] = scale * numbers[i];
    }
  }
  for (size_t p = 0; p < panels; p++)
    table()->column_sums(out + p * out_stride, live->rows, sums + p * vk_panel);
}

void vk_rows_to_panels(const float *rows_of, size_t rows, size_t width, const float *activation,
                       float scale, float *out, size_t panel_stride, float *sums) {
  table()->rows_to_panels(rows_of, rows, width, activation, scale, out, panel_stride, sums);
}

void vk_panels_to_rows(const float *panels, size_t panel_stride, size_t rows, size_t width,
                       float *out) {
  for (size_t column = 0; column < width; column += vk_panel) {
    const float *panel = panels + column / vk_panel * panel_stride;
    const size_t used = width - column < vk_panel ? width - column : vk_panel;
    for (size_t r = 0; r < rows; r++)
      memcpy(out + r * width + column, panel + r * vk_panel, used * sizeof *out);
  }
}

VECTOR_KERNEL void vk_kept_bits(uint64_t *bits, size_t n, const vk_dropout *dropout) {
  typedef _Bool mask __attribute__((ext_vector_type(16)));
  const int32_t threshold = (int32_t)dropout->threshold;
  for (size_t g = 0; g * 128 < n; g++) {
    words random[4];
    vector_philox(random, dropout->key, dropout->counter, dropout->counter[0] + (uint32_t)(16 * g));
    uint16_t kept[8];
    for (int w = 0; w < 4; w++) {
      const ints low = (ints)(random[w] & 0xffffu), high = (ints)(random[w] >> 16);
      const mask first = __builtin_convertvector(low >= threshold, mask);
      const mask second = __builtin_convertvector(high >= threshold, mask);
      memcpy(kept + 2 * w, &first, 2);
      memcpy(kept + 2 * w + 1, &second, 2);
    }
    memcpy(bits + 2 * g, kept, sizeof kept);
  }
}

VECTOR_KERNEL int vk_is_finite(const float *x, size_t n) {
  uint32_t broken = 0;
  for (size_t i = 0; i < n; i++) {
    uint32_t bits;
    memcpy(&bits, x + i, sizeof bits);
    broken |= (bits & 0x7f800000u) == 0x7f800000u;
  }
  return !broken;
}
