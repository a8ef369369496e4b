// The products of vk_products.h for one instruction set; included once for each. `WIDTH` floats make
// a vector, `ROWS` rows are taken together so that there are eight chains or more, `VARIANT` is the
// name of the table.
#include "products_table.h"

#define INLINE static inline __attribute__((always_inline))
typedef float vec __attribute__((vector_size(4 * WIDTH)));
typedef float vec_in_memory __attribute__((vector_size(4 * WIDTH), aligned(4), may_alias));
typedef int32_t vec_bits __attribute__((vector_size(4 * WIDTH)));
typedef _Bool vec_mask __attribute__((ext_vector_type(WIDTH)));

enum { vectors = vk_panel / WIDTH };

#define READ(p) ((vec) * (const vec_in_memory *)(p))
#define WRITE(p, v) (*(vec_in_memory *)(p) = (v))
#define ALL(x) ((vec){0} + (x))
#define MULTIPLY_ADD(a, b, c) __builtin_elementwise_fma(a, b, c)
#define UNROLL _Pragma("clang loop unroll(full)")

INLINE const float *row_at(const float *panel, uint32_t offset) {
  return (const float *)((const char *)panel + offset);
}

// Where x is not 0, as bits; NaN is not 0.
INLINE uint64_t nonzero_bits(const float *x) {
  uint64_t bits = 0;
  UNROLL for (int v = 0; v < vectors; v++) {
    const vec_mask mask = __builtin_convertvector(READ(x + v * WIDTH) != 0.0f, vec_mask);
    uint64_t some = 0;
    memcpy(&some, &mask, WIDTH / 8);
    bits |= some << (v * WIDTH);
  }
  return bits;
}

// Those of 64 columns from `column` on whose bits are set, appended to the lists of row r.
INLINE void append(const vk_lists *lists, const vk_live *live, size_t r, size_t column,
                   const float *x, uint64_t bits) {
  const size_t list = column / lists->chunk * lists->rows + r;
  const size_t n = lists->counts[list], m = live ? live->counts[r] : 0;
  uint32_t *offsets = lists->offsets + list * lists->capacity + n;
  float *values = lists->values + list * lists->capacity + n;
  uint32_t *live_offsets = live ? live->offsets + r * live->capacity + m : NULL;
  const uint32_t found = (uint32_t)__builtin_popcountll(bits);
  for (uint32_t i = 0; i < found; i++, bits &= bits - 1) {
    const uint32_t k = (uint32_t)__builtin_ctzll(bits), offset = 256 * ((uint32_t)column + k);
    offsets[i] = offset;
    values[i] = x[k];
    if (live) live_offsets[i] = offset;
  }
  lists->counts[list] = (uint16_t)(n + found);
  if (live) live->counts[r] = (uint32_t)m + found;
}

INLINE uint64_t bits_at(const uint64_t *bits, size_t i) {
  const uint64_t low = bits[i / 64] >> (i % 64);
  return i % 64 == 0 ? low : low | bits[i / 64 + 1] << (64 - i % 64);
}

static void rectify_panels(float *x, size_t panel_stride, size_t rows, size_t width,
                           const uint64_t *kept, float scale, const vk_lists *lists,
                           const vk_live *live) {
  for (size_t column = 0; column < width; column += vk_panel) {
    float *panel = x + column / vk_panel * panel_stride;
    const uint64_t used =
        width - column < vk_panel ? ((uint64_t)1 << (width - column)) - 1 : ~(uint64_t)0;
    for (size_t r = 0; r < rows; r++) {
      float *at = panel + r * vk_panel;
      const uint64_t bits = kept ? bits_at(kept, r * width + column) : 0;
      UNROLL for (int v = 0; v < vectors; v++) {
        vec y = READ(at + v * WIDTH);
        y = (vec)(~(y < 0.0f) & (vec_bits)y);
        if (kept) {
          const uint64_t part = bits >> (v * WIDTH);
          vec_mask mask;
          memcpy(&mask, &part, WIDTH / 8);
          y = y * (vec)(-__builtin_convertvector(mask, vec_bits) & (vec_bits)ALL(scale));
        }
        WRITE(at + v * WIDTH, y);
      }
      // What pads the last panel is NaN where the input was infinite: no column of the matrix.
      if (lists) append(lists, live, r, column, at, nonzero_bits(at) & used);
    }
  }
}

static void list_rows(const float *x, size_t rows, size_t width, const vk_lists *lists) {
  for (size_t r = 0; r < rows; r++) {
    for (size_t column = 0; column < width; column += vk_panel) {
      const float *at = x + r * width + column;
      float last[vk_panel] = {0};
      if (width - column < vk_panel) {
        memcpy(last, at, (width - column) * sizeof *at);
        at = last;
      }
      append(lists, NULL, r, column, at, nonzero_bits(at));
    }
  }
}

INLINE void load_row(vec a[vectors], const float *p) {
  UNROLL for (int v = 0; v < vectors; v++) a[v] = p ? READ(p + v * WIDTH) : ALL(0.0f);
}

INLINE void store_row(float *p, const vec a[vectors]) {
  UNROLL for (int v = 0; v < vectors; v++) WRITE(p + v * WIDTH, a[v]);
}

INLINE void add_row(vec a[vectors], float factor, const float *p) {
  UNROLL for (int v = 0; v < vectors; v++)
    a[v] = MULTIPLY_ADD(ALL(factor), READ(p + v * WIDTH), a[v]);
}

// One row of one chunk; `from` is where its sums begin.
INLINE void product_row(const uint32_t *offsets, const float *values, size_t n, const float *dense,
                        const float *from, float *out) {
  vec a[vectors];
  load_row(a, from);
  for (size_t i = 0; i < n; i++) add_row(a, values[i], row_at(dense, offsets[i]));
  store_row(out, a);
}

// Two rows, the second of which has as many entries or more.
INLINE void product_two_rows(const uint32_t *offsets[2], const float *values[2], const size_t n[2],
                             const float *dense, const float *from[2], float *out[2]) {
  vec a[vectors], b[vectors];
  load_row(a, from[0]);
  load_row(b, from[1]);
  size_t i = 0;
  for (; i < n[0]; i++) {
    add_row(a, values[0][i], row_at(dense, offsets[0][i]));
    add_row(b, values[1][i], row_at(dense, offsets[1][i]));
  }
  store_row(out[0], a);
  for (; i < n[1]; i++) add_row(b, values[1][i], row_at(dense, offsets[1][i]));
  store_row(out[1], b);
}

// What the next chunk reads of the dense operand comes while this one is worked on: lists visit its
// rows in no order that a processor foresees.
typedef struct {
  const char *next, *end;
  size_t bytes_a_row;
} vk_ahead;

// Of chunk c of `chunk` of `columns`, for lists of so many rows; behind the last one, of the panel
// that begins at `next_panel`, or nothing if that is NULL.
INLINE vk_ahead next_chunk(const float *panel, const float *next_panel, size_t columns, size_t chunk,
                           size_t c, size_t rows) {
  const size_t from = (c + 1) * chunk < columns ? (c + 1) * chunk : 0;
  if (from == 0) panel = next_panel;
  if (!panel) return (vk_ahead){NULL, NULL, 0};
  const size_t count = columns - from < chunk ? columns - from : chunk;
  const char *next = (const char *)(panel + from * vk_panel);
  const size_t lines = 4 * count, a_row = (lines + rows - 1) / rows;
  return (vk_ahead){next, next + 64 * lines, 64 * a_row};
}

INLINE void fetch(vk_ahead *ahead, size_t rows) {
  for (const char *to = ahead->next + rows * ahead->bytes_a_row;
       ahead->next < to && ahead->next < ahead->end; ahead->next += 64)
    __builtin_prefetch(ahead->next, 0, 2);
}

// What a row begins with: lists and sums do not stay in the first cache beside a chunk's rows, and
// a row's beginning waits for them.
INLINE void fetch_floats(const void *first, size_t n) {
  for (size_t i = 0; i < n; i += 16) __builtin_prefetch((const float *)first + i, 0, 3);
}

INLINE void fetch_to_write(float *row) {
  UNROLL for (int i = 0; i < vk_panel; i += 16) __builtin_prefetch(row + i, 1);
}

static void listed_product(const vk_lists *lists, const float *dense, size_t dense_stride,
                           const float *bias, float *out, size_t out_stride, size_t panels) {
  const size_t rows = lists->rows;
  for (size_t p = 0; p < panels; p++, dense += dense_stride, out += out_stride) {
    const float *const first = bias ? bias + p * vk_panel : NULL;
    for (size_t c = 0; c < lists->chunks; c++) {
      const uint16_t *order = lists->order + c * rows, *counts = lists->counts + c * rows;
      vk_ahead ahead = next_chunk(dense, p + 1 < panels ? dense + dense_stride : NULL,
                                  lists->columns, lists->chunk, c, rows);
      size_t q = 0;
      while (c > 0 && q < rows && counts[order[q]] == 0) q++;
      while (q < rows) {
        const size_t take = ROWS == 2 && (rows - q) % 2 == 0 ? 2 : 1;
        fetch(&ahead, take);
        if (c == 0 && q + 8 < rows) fetch_to_write(out + order[q + 8] * vk_panel);
        if (ROWS == 1 && q + 2 < rows) {
          const size_t r = order[q + 2], list = (c * rows + r) * lists->capacity;
          fetch_floats(lists->offsets + list, counts[r]);
          fetch_floats(lists->values + list, counts[r]);
          if (c > 0) fetch_floats(out + r * vk_panel, vk_panel);
        }
        const uint32_t *offsets[2];
        const float *values[2], *from[2];
        float *to[2];
        size_t n[2];
        for (size_t i = 0; i < take; i++) {
          const size_t r = order[q + i], list = (c * rows + r) * lists->capacity;
          offsets[i] = lists->offsets + list;
          values[i] = lists->values + list;
          n[i] = counts[r];
          to[i] = out + r * vk_panel;
          from[i] = c > 0 ? to[i] : first;
        }
        if (take == 2)
          product_two_rows(offsets, values, n, dense, from, to);
        else
          product_row(offsets[0], values[0], n[0], dense, from[0], to[0]);
        q += take;
      }
    }
  }
}

// Dot products have sixteen chains whatever the width, lane by lane over the columns of two panels,
// and then sums of lanes 8 apart, 4, 2 and 1. Sixteen (or eight) of them at once share the shuffles;
// `letters` tell which entry is put where so that the sums come out in order.
#define PICK(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)

#if WIDTH == 16
enum { letters = 16 };
#define LETTER(t) (4 * ((t) & 3) + ((t) >> 2))

INLINE void fold(vec *sums, const vec a[16]) {
  vec b[8], c[4], d[2];
  UNROLL for (int i = 0; i < 8; i++) b[i] =
      PICK(a[2 * i], a[2 * i + 1], 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +
      PICK(a[2 * i], a[2 * i + 1], 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
  UNROLL for (int i = 0; i < 4; i++) c[i] =
      PICK(b[2 * i], b[2 * i + 1], 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27) +
      PICK(b[2 * i], b[2 * i + 1], 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
  UNROLL for (int i = 0; i < 2; i++) d[i] =
      PICK(c[2 * i], c[2 * i + 1], 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29) +
      PICK(c[2 * i], c[2 * i + 1], 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
  *sums = PICK(d[0], d[1], 0, 2, 16, 18, 4, 6, 20, 22, 8, 10, 24, 26, 12, 14, 28, 30) +
          PICK(d[0], d[1], 1, 3, 17, 19, 5, 7, 21, 23, 9, 11, 25, 27, 13, 15, 29, 31);
}

// `pieces` of 16 columns, four to a panel.
INLINE void dot_products(vec *sums, const uint32_t *offsets, const float *weights,
                         size_t weights_stride, const float *delta, size_t delta_stride,
                         int pieces) {
  vec a[letters];
  UNROLL for (int t = 0; t < letters; t++) {
    const float *w = row_at(weights, offsets[LETTER(t)]);
    a[t] = READ(delta) * READ(w);
    UNROLL for (int j = 1; j < pieces; j++) {
      const size_t panel = (size_t)j / 4, column = (size_t)j % 4 * 16;
      a[t] = MULTIPLY_ADD(READ(delta + panel * delta_stride + column),
                          READ(w + panel * weights_stride + column), a[t]);
    }
  }
  fold(sums, a);
}
#else
enum { letters = 8 };
#define LETTER(t) (4 * ((t) & 1) + ((t) >> 1))

// Letters t to t + 3: as many as there are registers for.
INLINE void four_products(vec c[2], int t, const uint32_t *offsets, const float *weights,
                          size_t weights_stride, const float *delta, size_t delta_stride,
                          int pieces) {
  const float *w[4];
  vec low[4], high[4];
  UNROLL for (int i = 0; i < 4; i++) w[i] = row_at(weights, offsets[LETTER(t + i)]);
  UNROLL for (int j = 0; j < pieces; j++) {
    const size_t panel = (size_t)j / 4, column = (size_t)j % 4 * 16;
    const float *d = delta + panel * delta_stride + column;
    const vec d0 = READ(d), d1 = READ(d + 8);
    UNROLL for (int i = 0; i < 4; i++) {
      const float *at = w[i] + panel * weights_stride + column;
      low[i] = j == 0 ? d0 * READ(at) : MULTIPLY_ADD(d0, READ(at), low[i]);
      high[i] = j == 0 ? d1 * READ(at + 8) : MULTIPLY_ADD(d1, READ(at + 8), high[i]);
    }
  }
  UNROLL for (int i = 0; i < 4; i++) low[i] = low[i] + high[i];
  UNROLL for (int i = 0; i < 2; i++) c[i] =
      PICK(low[2 * i], low[2 * i + 1], 0, 1, 2, 3, 8, 9, 10, 11) +
      PICK(low[2 * i], low[2 * i + 1], 4, 5, 6, 7, 12, 13, 14, 15);
}

INLINE void dot_products(vec *sums, const uint32_t *offsets, const float *weights,
                         size_t weights_stride, const float *delta, size_t delta_stride,
                         int pieces) {
  vec c[4], e[2];
  four_products(c, 0, offsets, weights, weights_stride, delta, delta_stride, pieces);
  four_products(c + 2, 4, offsets, weights, weights_stride, delta, delta_stride, pieces);
  UNROLL for (int i = 0; i < 2; i++) e[i] =
      PICK(c[2 * i], c[2 * i + 1], 0, 1, 8, 9, 4, 5, 12, 13) +
      PICK(c[2 * i], c[2 * i + 1], 2, 3, 10, 11, 6, 7, 14, 15);
  *sums = PICK(e[0], e[1], 0, 2, 8, 10, 4, 6, 12, 14) + PICK(e[0], e[1], 1, 3, 9, 11, 5, 7, 13, 15);
}
#endif

// The dot products of one row's entries with one or two panels; added to what there is if `adds`.
INLINE void live_row(const uint32_t *offsets, float *numbers, size_t from, size_t to,
                     const float *weights, size_t weights_stride, const float *delta,
                     size_t delta_stride, int pieces, int adds) {
  for (size_t i = from; i < to; i += letters) {
    vec sums;
    dot_products(&sums, offsets + i, weights, weights_stride, delta, delta_stride, pieces);
    WRITE(numbers + i, adds ? READ(numbers + i) + sums : sums);
  }
}

static void live_products(const vk_live *live, const float *weights, size_t weights_stride,
                          const float *delta, size_t delta_stride, size_t panels) {
  const size_t rows = live->rows;
  for (size_t p = 0; p < panels; p += 2) {
    const float *w = weights + p * weights_stride;
    for (size_t c = 0; c < live->chunks; c++) {
      vk_ahead ahead[2];
      for (size_t i = 0; i < 2; i++)
        ahead[i] = next_chunk(p + i < panels ? w + i * weights_stride : NULL,
                              p + i + 2 < panels ? w + (i + 2) * weights_stride : NULL,
                              live->columns, live->chunk, c, rows);
      for (size_t r = 0; r < rows; r++) {
        fetch(&ahead[0], 1);
        fetch(&ahead[1], 1);
        const size_t from = 16 * (size_t)live->bounds[c * rows + r];
        const size_t to = 16 * (size_t)live->bounds[(c + 1) * rows + r];
        const uint32_t *offsets = live->offsets + r * live->capacity;
        float *numbers = live->numbers + r * live->capacity;
        const float *d = delta + p * delta_stride + r * vk_panel;
        if (p + 1 < panels)
          live_row(offsets, numbers, from, to, w, weights_stride, d, delta_stride, 8, p > 0);
        else
          live_row(offsets, numbers, from, to, w, weights_stride, d, delta_stride, 4, p > 0);
      }
    }
  }
}

static void column_sums(const float *panel, size_t rows, float *sums) {
  vec s[vectors];
  load_row(s, NULL);
  for (size_t r = 0; r < rows; r++)
    UNROLL for (int v = 0; v < vectors; v++) s[v] = s[v] + READ(panel + r * vk_panel + v * WIDTH);
  store_row(sums, s);
}

static void rows_to_panels(const float *rows_of, size_t rows, size_t width, const float *activation,
                           float scale, float *out, size_t panel_stride, float *sums) {
  for (size_t column = 0; column < width; column += vk_panel) {
    const size_t used = width - column < vk_panel ? width - column : vk_panel;
    const size_t panel = column / vk_panel;
    float *to = out + panel * panel_stride;
    for (size_t r = 0; r < rows; r++) {
      const float *at = rows_of + r * width + column;
      float last[vk_panel] = {0};
      if (used < vk_panel) {
        memcpy(last, at, used * sizeof *at);
        at = last;
      }
      const float *unit = activation ? activation + panel * panel_stride + r * vk_panel : NULL;
      UNROLL for (int v = 0; v < vectors; v++) {
        vec y = READ(at + v * WIDTH);
        if (unit) y = (vec)((READ(unit + v * WIDTH) > 0.0f) & (vec_bits)(y * ALL(scale)));
        WRITE(to + r * vk_panel + v * WIDTH, y);
      }
    }
    if (sums) column_sums(to, rows, sums + column);
  }
}

const vk_product_table VARIANT = {
    rectify_panels, list_rows, listed_product, live_products, column_sums, rows_to_panels,
};
