#include "vector_math.h"
#include "vk_products.h"

// Softmax

// Transposes the matrix whose rows are 16 vectors.
VECTOR_INLINE void transpose(floats v[lanes]) {
  floats w[lanes];
  for (int i = 0; i < 8; i++) {
    w[2 * i] = __builtin_shufflevector(v[2 * i], v[2 * i + 1], 0, 16, 2, 18, 4, 20, 6, 22, 8, 24,
                                       10, 26, 12, 28, 14, 30);
    w[2 * i + 1] = __builtin_shufflevector(v[2 * i], v[2 * i + 1], 1, 17, 3, 19, 5, 21, 7, 23, 9,
                                           25, 11, 27, 13, 29, 15, 31);
  }
  for (int i = 0; i < lanes; i += 4) {
    for (int j = 0; j < 2; j++) {
      v[i + j] = __builtin_shufflevector(w[i + j], w[i + j + 2], 0, 1, 16, 17, 4, 5, 20, 21, 8, 9,
                                         24, 25, 12, 13, 28, 29);
      v[i + j + 2] = __builtin_shufflevector(w[i + j], w[i + j + 2], 2, 3, 18, 19, 6, 7, 22, 23, 10,
                                             11, 26, 27, 14, 15, 30, 31);
    }
  }
  for (int i = 0; i < lanes; i += 8) {
    for (int j = 0; j < 4; j++) {
      w[i + j] = __builtin_shufflevector(v[i + j], v[i + j + 4], 0, 1, 2, 3, 16, 17, 18, 19, 8, 9,
                                         10, 11, 24, 25, 26, 27);
      w[i + j + 4] = __builtin_shufflevector(v[i + j], v[i + j + 4], 4, 5, 6, 7, 20, 21, 22, 23, 12,
                                             13, 14, 15, 28, 29, 30, 31);
    }
  }
  for (int j = 0; j < 8; j++) {
    v[j] = __builtin_shufflevector(w[j], w[j + 8], 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21,
                                   22, 23);
    v[j + 8] = __builtin_shufflevector(w[j], w[j + 8], 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27,
                                       28, 29, 30, 31);
  }
}

// Up to 16 classes: 16 examples at once, one in each lane. `classes` is a constant where that
// matters.
VECTOR_INLINE double few_classes(const float *logits, size_t count, int classes, size_t stride,
                                 const uint8_t *labels, float factor, float *delta,
                                 size_t *misses) {
  double total = 0;
  for (size_t group = 0; group < count; group += lanes) {
    const size_t members = count - group < lanes ? count - group : lanes;
    const int whole = stride >= lanes && members == lanes;
    floats v[lanes];
    float rows[lanes][lanes], costs[lanes];
    int32_t label_lanes[lanes] = {0};
    for (size_t m = 0; m < members; m++) label_lanes[m] = labels[group + m];
    ints label;
    memcpy(&label, label_lanes, sizeof label);
    if (whole) {
      for (size_t m = 0; m < lanes; m++) v[m] = LOAD(logits + (group + m) * stride);
    } else {
      memset(rows, 0, sizeof rows);
      for (size_t m = 0; m < members; m++)
        memcpy(rows[m], logits + (group + m) * stride, sizeof(float) * (size_t)classes);
      for (size_t m = 0; m < lanes; m++) v[m] = LOAD(rows[m]);
    }
    transpose(v);
    floats top = v[0];
    for (int c = 1; c < classes; c++) top = MAX(v[c], top);
    floats own = SPLAT(0.0f), sum = SPLAT(0.0f);
    ints first = (ints){0} - 1;
    for (int c = classes - 1; c >= 0; c--) {
      own = SELECT(label == c, v[c], own);
      const ints is_top = v[c] == top;
      first = (is_top & c) | (~is_top & first);
    }
    for (int c = 0; c < classes; c++) {
      v[c] = v[c] - top;
      vector_exp(&v[c]);
      sum = sum + v[c];
    }
    if (delta) {
      const floats scale = factor / sum;
      for (int c = 0; c < classes; c++)
        v[c] = v[c] * scale - SELECT(label == c, SPLAT(factor), SPLAT(0.0f));
      for (int c = classes; c < lanes; c++) v[c] = SPLAT(0.0f);
      transpose(v);
      if (whole) {
        for (size_t m = 0; m < lanes; m++) STORE(delta + (group + m) * stride, v[m]);
      } else {
        for (size_t m = 0; m < lanes; m++) STORE(rows[m], v[m]);
        for (size_t m = 0; m < members; m++)
          memcpy(delta + (group + m) * stride, rows[m], sizeof(float) * (size_t)classes);
      }
    }
    vector_log(&sum);
    STORE(costs, sum - (own - top));
    int32_t first_lanes[lanes];
    memcpy(first_lanes, &first, sizeof first);
    for (size_t m = 0; m < members; m++) {
      total += (double)costs[m];
      *misses += first_lanes[m] != label_lanes[m];
    }
  }
  return total;
}

// More classes: one example after the other, its classes in the lanes.
VECTOR_INLINE double many_classes(const float *logits, size_t count, size_t classes, size_t stride,
                                  const uint8_t *labels, float factor, float *delta,
                                  size_t *misses) {
  const size_t whole = classes / lanes * lanes, rest = classes - whole;
  double total = 0;
  for (size_t b = 0; b < count; b++) {
    const float *row = logits + b * stride;
    const size_t label = labels[b];
    floats last;
    load_part(&last, row + whole, rest, -__builtin_inff());
    floats top = last;
    for (size_t k = 0; k < whole; k += lanes) {
      const floats v = LOAD(row + k);
      top = MAX(v, top);
    }
    const float maximum = lane_maximum(&top), own = row[label];
    size_t first = 0;
    while (first < classes && row[first] != maximum) first++;
    *misses += first != label;
    floats sums = last - maximum;
    vector_exp(&sums);
    for (size_t k = 0; k < whole; k += lanes) {
      floats v = LOAD(row + k) - maximum;
      vector_exp(&v);
      sums = sums + v;
    }
    floats logarithm = SPLAT(lane_sum(&sums));
    const float scale = factor / logarithm[0];
    if (delta) {
      float *out = delta + b * stride;
      last = last - maximum;
      vector_exp(&last);
      last = last * scale;
      for (size_t k = 0; k < whole; k += lanes) {
        floats v = LOAD(row + k) - maximum;
        vector_exp(&v);
        STORE(out + k, v * scale);
      }
      store_part(out + whole, &last, rest);
      out[label] -= factor;
    }
    vector_log(&logarithm);
    total += (double)(logarithm[0] - (own - maximum));
  }
  return total;
}

VECTOR_KERNEL double vk_softmax_cross_entropy(const float *logits, size_t count, size_t classes,
                                              size_t stride, const uint8_t *labels, float factor,
                                              float *delta, size_t *wrong) {
  size_t misses = 0;
  const double total =
      classes == 10
          ? few_classes(logits, count, 10, stride, labels, factor, delta, &misses)
      : classes <= lanes
          ? few_classes(logits, count, (int)classes, stride, labels, factor, delta, &misses)
          : many_classes(logits, count, classes, stride, labels, factor, delta, &misses);
  if (wrong) *wrong = misses;
  return total;
}

// Linear classifier
//
// Most blocks of 16 pixels of a digit are blank, so both passes walk over the occupied blocks only,
// by the set bits of `occupied`; a dense row costs no more than without.

size_t vk_rows_words(size_t stride) { return (stride / lanes + 63) / 64; }

VECTOR_KERNEL void vk_rows_occupied(const vk_rows *rows, size_t count, uint64_t *occupied) {
  const size_t blocks = rows->stride / lanes, words = vk_rows_words(rows->stride);
  for (size_t r = 0; r < count; r++) {
    for (size_t w = 0; w < words; w++) {
      uint64_t mask = 0;
      for (size_t k = 0; k < 64 && w * 64 + k < blocks; k++) {
        const size_t at = r * rows->stride + (w * 64 + k) * lanes;
        uint64_t any = 0;
        if (rows->bytes) {
          uint64_t half[2];
          memcpy(half, rows->bytes + at, sizeof half);
          any = half[0] | half[1];
        } else {
          for (size_t i = 0; i < lanes; i++) any |= rows->floats[at + i] != 0;
        }
        mask |= (uint64_t)(any != 0) << k;
      }
      occupied[r * words + w] = mask;
    }
  }
}

// The lane sums of 16 vectors, in v[0], by a tree that is the same for every lane.
VECTOR_INLINE void sums_of_16(floats v[lanes]) {
  for (int i = 0; i < 8; i++)
    v[i] = __builtin_shufflevector(v[2 * i], v[2 * i + 1], 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10,
                                   26, 12, 28, 14, 30) +
           __builtin_shufflevector(v[2 * i], v[2 * i + 1], 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11,
                                   27, 13, 29, 15, 31);
  for (int i = 0; i < 4; i++)
    v[i] = __builtin_shufflevector(v[2 * i], v[2 * i + 1], 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25,
                                   12, 13, 28, 29) +
           __builtin_shufflevector(v[2 * i], v[2 * i + 1], 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26,
                                   27, 14, 15, 30, 31);
  for (int i = 0; i < 2; i++)
    v[i] = __builtin_shufflevector(v[2 * i], v[2 * i + 1], 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11,
                                   24, 25, 26, 27) +
           __builtin_shufflevector(v[2 * i], v[2 * i + 1], 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14,
                                   15, 28, 29, 30, 31);
  v[0] = __builtin_shufflevector(v[0], v[1], 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22,
                                 23) +
         __builtin_shufflevector(v[0], v[1], 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29,
                                 30, 31);
}

// How many rows ahead of the one in work the cache lines are asked for.
enum { ahead = 8 };

// Asks for the cache lines of a row from its first to its last occupied block: the rows of a
// minibatch are scattered over a data set that is larger than the caches.
VECTOR_INLINE void prefetch_row(const vk_rows *rows, int are_bytes, size_t row) {
  const size_t words = vk_rows_words(rows->stride);
  const size_t size = lanes * (are_bytes ? sizeof(uint8_t) : sizeof(float));
  const char *base = are_bytes ? (const char *)(rows->bytes + row * rows->stride)
                               : (const char *)(rows->floats + row * rows->stride);
  for (size_t w = 0; w < words; w++) {
    const uint64_t mask = rows->occupied[row * words + w];
    if (!mask) continue;
    const char *from = base + (w * 64 + (size_t)__builtin_ctzll(mask)) * size;
    const char *to = base + (w * 64 + 64 - (size_t)__builtin_clzll(mask)) * size;
    for (; from < to; from += 64) __builtin_prefetch(from);
    __builtin_prefetch(to - 1);
  }
}

// In 16 registers of 8 floats the sums of ten classes have room half a vector at a time (forward),
// or half of the classes at a time (backward), for a second walk. The bits are the same.
static int has_few_registers(void) { return vk_product_instructions() != vk_avx512; }

typedef float half_floats __attribute__((vector_size(32)));
typedef uint8_t bytes8 __attribute__((vector_size(8)));
typedef float unaligned_half_floats __attribute__((vector_size(32), aligned(4), may_alias));
typedef uint8_t unaligned_bytes8 __attribute__((vector_size(8), aligned(1), may_alias));

enum { half = lanes / 2 };

#define LOAD_HALF(p) ((half_floats) * (const unaligned_half_floats *)(p))
#define LOAD_HALF_BYTES(p) \
  __builtin_convertvector((bytes8) * (const unaligned_bytes8 *)(p), half_floats)

// Goes through the occupied blocks of row `row` of `rows`; `block` is the first feature of one.
#define FOR_EACH_BLOCK(block)                                                                \
  for (size_t words = vk_rows_words(rows->stride), w = 0; w < words; w++)                    \
    for (uint64_t mask = rows->occupied[row * words + w], block;                             \
         mask && (block = (w * 64 + (uint64_t)__builtin_ctzll(mask)) * lanes, 1); mask &= mask - 1)

// The products of a row's occupied blocks with the weights, a vector a class.
VECTOR_INLINE void forward_row(const vk_rows *rows, int are_bytes, size_t row,
                               const float *weights, int classes, floats sums[lanes]) {
  const size_t stride = rows->stride;
  FOR_EACH_BLOCK(block) {
    const floats x = are_bytes ? LOAD_BYTES(rows->bytes + row * stride + block)
                               : LOAD(rows->floats + row * stride + block);
    for (int c = 0; c < classes; c++)
      sums[c] = FMA(x, LOAD(weights + (size_t)c * stride + block), sums[c]);
  }
}

// The same for half of each vector, the one that `rows` and `weights` begin with.
VECTOR_INLINE void forward_half_row(const vk_rows *rows, int are_bytes, size_t row,
                                    const float *weights, int classes, half_floats sums[lanes]) {
  const size_t stride = rows->stride;
  FOR_EACH_BLOCK(block) {
    const half_floats x = are_bytes ? LOAD_HALF_BYTES(rows->bytes + row * stride + block)
                                    : LOAD_HALF(rows->floats + row * stride + block);
    for (int c = 0; c < classes; c++)
      sums[c] = FMA(x, LOAD_HALF(weights + (size_t)c * stride + block), sums[c]);
  }
}

VECTOR_INLINE void forward_two_halves(const vk_rows *rows, int are_bytes, size_t row,
                                      const float *weights, int classes, floats sums[lanes]) {
  vk_rows upper = *rows;
  if (are_bytes)
    upper.bytes += half;
  else
    upper.floats += half;
  half_floats low[lanes], high[lanes];
  for (int c = 0; c < classes; c++) low[c] = high[c] = (half_floats){0};
  forward_half_row(rows, are_bytes, row, weights, classes, low);
  forward_half_row(&upper, are_bytes, row, weights + half, classes, high);
  for (int c = 0; c < classes; c++)
    sums[c] = __builtin_shufflevector(low[c], high[c], 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
                                      14, 15);
}

// `classes` <= 16, `are_bytes` and `in_halves` are constants at every call, so the sums stay in
// registers.
VECTOR_INLINE void forward_group(const vk_rows *rows, int are_bytes, int in_halves,
                                 const int32_t *indices, size_t first, size_t count,
                                 const float *weights, const float *bias, int classes,
                                 size_t logit_stride, float *logits) {
  floats offsets;
  load_part(&offsets, bias, (size_t)classes, 0);
  for (size_t b = 0; b < ahead && b < count; b++)
    prefetch_row(rows, are_bytes, indices ? (size_t)indices[b] : first + b);
  for (size_t b = 0; b < count; b++) {
    const size_t row = indices ? (size_t)indices[b] : first + b;
    if (b + ahead < count)
      prefetch_row(rows, are_bytes, indices ? (size_t)indices[b + ahead] : row + ahead);
    floats sums[lanes];
    for (int c = 0; c < lanes; c++) sums[c] = SPLAT(0.0f);
    if (in_halves)
      forward_two_halves(rows, are_bytes, row, weights, classes, sums);
    else
      forward_row(rows, are_bytes, row, weights, classes, sums);
    sums_of_16(sums);
    const floats result = FMA(sums[0], SPLAT(rows->scale), offsets);
    memcpy(logits + b * logit_stride, &result, sizeof(float) * (size_t)classes);
  }
}

#define FOR_EACH_GROUP(GROUP)  \
  size_t c = 0;                \
  while (c < classes) {        \
    if (classes - c >= 10) {   \
      GROUP(10);               \
      c += 10;                 \
    } else if (classes - c >= 5) { \
      GROUP(5);                \
      c += 5;                  \
    } else {                   \
      GROUP(1);                \
      c += 1;                  \
    }                          \
  }

#define FORWARD(N)                                                                          \
  if (rows->bytes)                                                                          \
    forward_group(rows, 1, in_halves && N > 7, indices, first, count,                       \
                  weights + c * rows->stride, bias + c, N, logit_stride, logits + c);       \
  else                                                                                      \
    forward_group(rows, 0, in_halves && N > 7, indices, first, count,                       \
                  weights + c * rows->stride, bias + c, N, logit_stride, logits + c)

VECTOR_KERNEL static void forward_whole(const vk_rows *rows, const int32_t *indices, size_t first,
                                        size_t count, const float *weights, const float *bias,
                                        size_t classes, size_t logit_stride, float *logits) {
  enum { in_halves = 0 };
  FOR_EACH_GROUP(FORWARD)
}

VECTOR_KERNEL static void forward_in_halves(const vk_rows *rows, const int32_t *indices,
                                            size_t first, size_t count, const float *weights,
                                            const float *bias, size_t classes,
                                            size_t logit_stride, float *logits) {
  enum { in_halves = 1 };
  FOR_EACH_GROUP(FORWARD)
}

void vk_linear_forward(const vk_rows *rows, const int32_t *indices, size_t first, size_t count,
                       const float *weights, const float *bias, size_t classes,
                       size_t logit_stride, float *logits) {
  (has_few_registers() ? forward_in_halves : forward_whole)(rows, indices, first, count, weights,
                                                            bias, classes, logit_stride, logits);
}

// In place: bit j of word i becomes bit i of word j.
VECTOR_INLINE void transpose_bits(uint64_t m[64]) {
  uint64_t low = 0x00000000ffffffffull;
  for (int width = 32; width; width >>= 1, low ^= low << width) {
    for (int i = 0; i < 64; i = (i + width + 1) & ~width) {
      const uint64_t t = ((m[i] >> width) ^ m[i + width]) & low;
      m[i] ^= t << width;
      m[i + width] ^= t;
    }
  }
}

// The classes are taken in `parts` parts.
VECTOR_INLINE double backward_group(const vk_rows *rows, int are_bytes, int parts,
                                    const int32_t *indices, size_t groups, const float *delta,
                                    size_t delta_stride, const float *weights, float l2,
                                    int classes, const uint64_t *columns, float *gradient) {
  const size_t stride = rows->stride, blocks = stride / lanes;
  double squares[4] = {0};
  for (size_t k = 0; k < blocks; k++) {
    floats sums[lanes];
    for (int c = 0; c < classes; c++) sums[c] = SPLAT(0.0f);
    for (int part = 0; part < parts; part++) {
      const int from = classes * part / parts, to = classes * (part + 1) / parts;
      for (size_t g = 0; g < groups; g++) {
        uint64_t mask = columns[k * groups + g];
        while (mask) {
          const size_t b = g * 64 + (size_t)__builtin_ctzll(mask);
          mask &= mask - 1;
          const size_t at = (size_t)indices[b] * stride + k * lanes;
          const floats x = are_bytes ? LOAD_BYTES(rows->bytes + at) : LOAD(rows->floats + at);
          const float *d = delta + b * delta_stride;
          for (int c = from; c < to; c++) sums[c] = FMA(SPLAT(d[c]), x, sums[c]);
        }
      }
    }
    floats square = SPLAT(0.0f);
    for (int c = 0; c < classes; c++) {
      const size_t at = (size_t)c * stride + k * lanes;
      const floats w = LOAD(weights + at);
      square = FMA(w, w, square);
      STORE(gradient + at, FMA(SPLAT(rows->scale), sums[c], w * l2));
    }
    squares[k % 4] += (double)lane_sum(&square);
  }
  return (squares[0] + squares[1]) + (squares[2] + squares[3]);
}

#define BACKWARD(N)                                                                           \
  squares += rows->bytes                                                                      \
                 ? backward_group(rows, 1, N > 7 ? parts : 1, indices, groups, delta + c,     \
                                  delta_stride, weights + c * rows->stride, l2, N, columns,   \
                                  weights_gradient + c * rows->stride)                        \
                 : backward_group(rows, 0, N > 7 ? parts : 1, indices, groups, delta + c,     \
                                  delta_stride, weights + c * rows->stride, l2, N, columns,   \
                                  weights_gradient + c * rows->stride)

VECTOR_KERNEL static double backward_whole(const vk_rows *rows, const int32_t *indices,
                                           size_t groups, const float *delta, size_t delta_stride,
                                           const float *weights, float l2, size_t classes,
                                           const uint64_t *columns, float *weights_gradient) {
  enum { parts = 1 };
  double squares = 0;
  FOR_EACH_GROUP(BACKWARD)
  return squares;
}

VECTOR_KERNEL static double backward_in_halves(const vk_rows *rows, const int32_t *indices,
                                               size_t groups, const float *delta,
                                               size_t delta_stride, const float *weights, float l2,
                                               size_t classes, const uint64_t *columns,
                                               float *weights_gradient) {
  enum { parts = 2 };
  double squares = 0;
  FOR_EACH_GROUP(BACKWARD)
  return squares;
}

VECTOR_KERNEL double vk_linear_backward(const vk_rows *rows, const int32_t *indices, size_t count,
                                        const float *delta, size_t delta_stride,
                                        const float *weights, float l2, size_t classes,
                                        uint64_t *columns, float *weights_gradient,
                                        float *bias_gradient) {
  const size_t words = vk_rows_words(rows->stride), groups = (count + 63) / 64;
  const size_t blocks = rows->stride / lanes;
  for (size_t g = 0; g < groups; g++) {
    for (size_t w = 0; w < words; w++) {
      uint64_t tile[64] = {0};
      for (size_t i = 0; i < 64 && g * 64 + i < count; i++)
        tile[i] = rows->occupied[(size_t)indices[g * 64 + i] * words + w];
      transpose_bits(tile);
      for (size_t i = 0; i < 64 && w * 64 + i < blocks; i++)
        columns[(w * 64 + i) * groups + g] = tile[i];
    }
  }
  const double squares = (has_few_registers() ? backward_in_halves : backward_whole)(
      rows, indices, groups, delta, delta_stride, weights, l2, classes, columns, weights_gradient);
  for (size_t from = 0; from < classes; from += lanes) {
    const size_t n = classes - from < lanes ? classes - from : lanes;
    floats sums = SPLAT(0.0f);
    for (size_t b = 0; b < count; b++) sums = sums + LOAD(delta + b * delta_stride + from);
    store_part(bias_gradient + from, &sums, n);
  }
  return squares;
}
