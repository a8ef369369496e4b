// The passes in vectors of LANES channels. Included once for every instruction set: code for 8 and
// for 16 lanes gives the same bits, since every lane adds in the same order and fused operations are
// spelled out. PANEL_BLOCKS is how many vectors of a product's
// row the registers hold, four rows at a time.
#include "fourier_internal.h"
#include <math.h>

#define INLINE static inline __attribute__((always_inline, unused))
#define NOINLINE static __attribute__((noinline))
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 18")
#endif

typedef float lanes __attribute__((vector_size(4 * LANES), may_alias));
typedef int lane_bits __attribute__((vector_size(4 * LANES)));

#if LANES == 16
#define SPLAT(x) \
  ((lanes){(x), (x), (x), (x), (x), (x), (x), (x), (x), (x), (x), (x), (x), (x), (x), (x)})
#else
#define SPLAT(x) ((lanes){(x), (x), (x), (x), (x), (x), (x), (x)})
#endif

#if defined(__has_builtin) && __has_builtin(__builtin_elementwise_fma)
#define FMA(a, b, c) __builtin_elementwise_fma(a, b, c)
#else
INLINE lanes FMA(lanes a, lanes b, lanes c) {
  for (int i = 0; i < LANES; i++) c[i] = __builtin_fmaf(a[i], b[i], c[i]);
  return c;
}
#endif

#define LOAD(p) (*(const lanes *)(p))
#define STORE(p, v) (*(lanes *)(p) = (v))
// The next plane's spectrum lies on the next lines: on the way into the cache while this one is computed.
#define PREFETCH_LOAD(p) __builtin_prefetch(p, 0, 3)
#define PREFETCH_STORE(p) __builtin_prefetch(p, 1, 3)

enum { most_points = 18, row_floats = 2 * LANES, line_floats = 64 / sizeof(float) };

// Transforms of a few points, e^(-i) being the root of unity; a point is a complex number in every
// lane.

typedef struct {
  lanes re, im;
} point;

INLINE point plus(point a, point b) { return (point){a.re + b.re, a.im + b.im}; }
INLINE point minus(point a, point b) { return (point){a.re - b.re, a.im - b.im}; }
// factor a + b
INLINE point scaled_plus(float factor, point a, point b) {
  const lanes f = SPLAT(factor);
  return (point){FMA(f, a.re, b.re), FMA(f, a.im, b.im)};
}
// a - i factor b
INLINE point minus_turned(point a, float factor, point b) {
  return (point){FMA(SPLAT(factor), b.im, a.re), FMA(SPLAT(-factor), b.re, a.im)};
}
// (cosine - i sine) a
INLINE point turned(float cosine, float sine, point a) {
  const lanes c = SPLAT(cosine);
  return (point){FMA(SPLAT(sine), a.im, c * a.re), FMA(SPLAT(-sine), a.re, c * a.im)};
}

INLINE void transform_3(point *x) {
  const float sine = 0.86602540378443865f;
  const point sum = plus(x[1], x[2]), difference = minus(x[1], x[2]);
  const point middle = scaled_plus(-0.5f, sum, x[0]);
  x[0] = plus(x[0], sum);
  x[1] = minus_turned(middle, sine, difference);
  x[2] = minus_turned(middle, -sine, difference);
}

INLINE void transform_5(point *x) {
  const float root = 0.55901699437494742f;  // sqrt(5) / 4
  const float sine_1 = 0.95105651629515357f, sine_2 = 0.58778525229247313f;
  const point outer = plus(x[1], x[4]), inner = plus(x[2], x[3]);
  const point outer_odd = minus(x[1], x[4]), inner_odd = minus(x[2], x[3]);
  const point sum = plus(outer, inner), difference = minus(outer, inner);
  const point middle = scaled_plus(-0.25f, sum, x[0]);
  const point even_1 = scaled_plus(root, difference, middle);
  const point even_2 = scaled_plus(-root, difference, middle);
  const lanes s1 = SPLAT(sine_1), s2 = SPLAT(sine_2);
  const point odd_1 = scaled_plus(sine_2, inner_odd, (point){s1 * outer_odd.re, s1 * outer_odd.im});
  const point odd_2 =
      scaled_plus(-sine_1, inner_odd, (point){s2 * outer_odd.re, s2 * outer_odd.im});
  x[0] = plus(x[0], sum);
  x[1] = minus_turned(even_1, 1, odd_1);
  x[4] = minus_turned(even_1, -1, odd_1);
  x[2] = minus_turned(even_2, 1, odd_2);
  x[3] = minus_turned(even_2, -1, odd_2);
}

// 3 x 3 points.
INLINE void transform_9(point *x) {
  point third[3][3];
  UNROLL for (int r = 0; r < 3; r++) {
    UNROLL for (int i = 0; i < 3; i++) third[r][i] = x[3 * i + r];
    transform_3(third[r]);
  }
  // Turned by 1, 2 and 4 ninths of a circle.
  third[1][1] = turned(0.76604444311897804f, 0.64278760968653933f, third[1][1]);
  third[1][2] = turned(0.17364817766693035f, 0.98480775301220806f, third[1][2]);
  third[2][1] = turned(0.17364817766693035f, 0.98480775301220806f, third[2][1]);
  third[2][2] = turned(-0.93969262078590838f, 0.34202014332566873f, third[2][2]);
  UNROLL for (int k = 0; k < 3; k++) {
    point out[3] = {third[0][k], third[1][k], third[2][k]};
    transform_3(out);
    UNROLL for (int j = 0; j < 3; j++) x[k + 3 * j] = out[j];
  }
}

// 2 x 9 or 2 x 5 points, by the Chinese remainder theorem (Good and Thomas): no factors between.
INLINE void transform(int points, const point *x, point *y) {
  const int half = points / 2;
  point part[2][most_points / 2];
  UNROLL for (int a = 0; a < 2; a++) {
    UNROLL for (int b = 0; b < half; b++) part[a][b] = x[(half * a + 2 * b) % points];
    if (half == 9) transform_9(part[a]);
    else transform_5(part[a]);
  }
  UNROLL for (int b = 0; b < half; b++) {
    y[(half + 1) * b % points] = plus(part[0][b], part[1][b]);
    y[(half + (half + 1) * b) % points] = minus(part[0][b], part[1][b]);
  }
}

INLINE point swapped(point a) { return (point){a.im, a.re}; }

// Transforms of planes: `side` x `side` real numbers, whose first row and column have the circular
// place `place` among `points`; the others are 0. `pixel` and `row` are the floats from one number to
// the next one and from one row to the next.

// Spectra are twice what the definition says: it saves halving them.
INLINE void transform_plane(int points, int side, int place, const float *plane, long pixel, long row,
                            float *spectrum, long frequency) {
  const int half = points / 2;
  const lanes zero = SPLAT(0.0f);
  point columns[most_points / 2 + 1][most_points];
  point x[most_points], y[most_points];
  // Two real rows make one complex one, whose transform is then taken apart.
  for (int r = 0; r < side; r += 2) {
    const float *first = plane + r * row, *second = first + row;
    const bool is_pair = r + 1 < side;
    UNROLL for (int j = 0; j < points; j++) x[j] = (point){zero, zero};
    UNROLL for (int j = 0; j < side; j++)
      x[(place + j) % points] =
          (point){LOAD(first + j * pixel), is_pair ? LOAD(second + j * pixel) : zero};
    transform(points, x, y);
    UNROLL for (int k = 0; k <= half; k++) {
      const point a = y[k], b = y[(points - k) % points];
      columns[k][r] = (point){a.re + b.re, a.im - b.im};
      columns[k][r + 1] = (point){a.im + b.im, b.re - a.re};
    }
  }
  for (int k = 1; k < half; k++) {
    UNROLL for (int j = 0; j < points; j++) x[j] = (point){zero, zero};
    UNROLL for (int r = 0; r < side; r++) x[(place + r) % points] = columns[k][r];
    transform(points, x, y);
    float *out = spectrum + (k - 1) * points * frequency;
    UNROLL for (int j = 0; j < points; j++) {
      STORE(out + j * frequency, y[j].re);
      STORE(out + j * frequency + LANES, y[j].im);
      PREFETCH_STORE(out + j * frequency + row_floats);
    }
  }
  // Columns 0 and points / 2 are real and make one complex column.
  UNROLL for (int j = 0; j < points; j++) x[j] = (point){zero, zero};
  UNROLL for (int r = 0; r < side; r++)
    x[(place + r) % points] = (point){columns[0][r].re, columns[half][r].re};
  transform(points, x, y);
  const lanes one_half = SPLAT(0.5f);
  float *out = spectrum + (half - 1) * points * frequency;
  float *last = out + (half + 1) * frequency;
  UNROLL for (int j = 0; j <= half; j++) {
    const point a = y[j], b = y[(points - j) % points];
    STORE(out + j * frequency, one_half * (a.re + b.re));
    STORE(out + j * frequency + LANES, one_half * (a.im - b.im));
    STORE(last + j * frequency, one_half * (a.im + b.im));
    STORE(last + j * frequency + LANES, one_half * (b.re - a.re));
    PREFETCH_STORE(out + j * frequency + row_floats);
    PREFETCH_STORE(last + j * frequency + row_floats);
  }
}

// What becomes of the numbers of an inverse transform: max(floor, number + bias), and `fault` is NaN
// as soon as one is not finite.
typedef struct {
  lanes bias, floor, fault;
} ending;

INLINE void finish(float *out, const lanes *number, float scale, ending *how) {
  const lanes sum = FMA(SPLAT(scale), *number, how->bias);
  how->fault = FMA(SPLAT(0.0f), sum, how->fault);
  const lane_bits is_low = sum < how->floor;
  STORE(out, (lanes)((is_low & (lane_bits)how->floor) | (~is_low & (lane_bits)sum)));
}

// The part of a plane that `transform_plane` takes, from a product of two such spectra; the inverse
// transform is the transform with real and imaginary parts exchanged.
INLINE void invert_plane(int points, int side, int place, const float *spectrum, long frequency,
                         float *plane, long pixel, long row, ending *result) {
  ending how = *result;
  const int half = points / 2;
  point columns[most_points][most_points / 2 + 1];
  point x[most_points], y[most_points];
  for (int k = 1; k < half; k++) {
    const float *in = spectrum + (k - 1) * points * frequency;
    UNROLL for (int j = 0; j < points; j++) {
      x[j] = (point){LOAD(in + j * frequency + LANES), LOAD(in + j * frequency)};
      PREFETCH_LOAD(in + j * frequency + row_floats);
    }
    transform(points, x, y);
    UNROLL for (int r = 0; r < side; r++) columns[r][k] = swapped(y[(place + r) % points]);
  }
  const float *in = spectrum + (half - 1) * points * frequency;
  const float *last = in + (half + 1) * frequency;
  // Columns 0 and points / 2 are those of real numbers: a + i b is inverted, and its real part and
  // imaginary part are what a and b alone would give.
  UNROLL for (int j = 0; j <= half; j++) {
    const point a = {LOAD(in + j * frequency), LOAD(in + j * frequency + LANES)};
    const point b = {LOAD(last + j * frequency), LOAD(last + j * frequency + LANES)};
    PREFETCH_LOAD(in + j * frequency + row_floats);
    PREFETCH_LOAD(last + j * frequency + row_floats);
    x[j] = swapped((point){a.re - b.im, a.im + b.re});
    if (j > 0 && j < half) x[points - j] = swapped((point){a.re + b.im, b.re - a.im});
  }
  transform(points, x, y);
  UNROLL for (int r = 0; r < side; r++) {
    columns[r][0].re = y[(place + r) % points].im;
    columns[r][half].re = y[(place + r) % points].re;
  }
  // Both factors were doubled.
  const float scale = 0.25f / (float)(points * points);
  for (int r = 0; r < side; r += 2) {
    const bool is_pair = r + 1 < side;
    const point *a = columns[r], *b = columns[is_pair ? r + 1 : r];
    x[0] = (point){b[0].re, a[0].re};
    x[half] = (point){b[half].re, a[half].re};
    UNROLL for (int k = 1; k < half; k++) {
      x[k] = swapped((point){a[k].re - b[k].im, a[k].im + b[k].re});
      x[points - k] = swapped((point){a[k].re + b[k].im, b[k].re - a[k].im});
    }
    transform(points, x, y);
    float *first = plane + r * row, *second = first + row;
    UNROLL for (int j = 0; j < side; j++) {
      finish(first + j * pixel, &y[(place + j) % points].im, scale, &how);
      if (is_pair) finish(second + j * pixel, &y[(place + j) % points].re, scale, &how);
    }
  }
  result->fault = how.fault;
}

// The planes of images and of filters, whose taps stand about the circular place 0.

NOINLINE void transform_image(int size, const float *image, long pixel, float *spectrum,
                              long frequency) {
  if (size == 16) transform_plane(18, 16, 0, image, pixel, 16 * pixel, spectrum, frequency);
  else transform_plane(10, 8, 0, image, pixel, 8 * pixel, spectrum, frequency);
}

NOINLINE void invert_image(int size, const float *spectrum, long frequency, float *image, long pixel,
                           ending *how) {
  if (size == 16) invert_plane(18, 16, 0, spectrum, frequency, image, pixel, 16 * pixel, how);
  else invert_plane(10, 8, 0, spectrum, frequency, image, pixel, 8 * pixel, how);
}

NOINLINE void transform_filter(int size, const float *filter, long tap, float *spectrum,
                               long frequency) {
  if (size == 16) transform_plane(18, 5, 16, filter, tap, 5 * tap, spectrum, frequency);
  else transform_plane(10, 5, 8, filter, tap, 5 * tap, spectrum, frequency);
}

NOINLINE void invert_filter(int size, const float *spectrum, long frequency, float *filter, long tap,
                            ending *how) {
  if (size == 16) invert_plane(18, 5, 16, spectrum, frequency, filter, tap, 5 * tap, how);
  else invert_plane(10, 5, 8, spectrum, frequency, filter, tap, 5 * tap, how);
}

// Complex products of one frequency, C = A B.
//
// The depth comes in `segments` of `depth` steps, the last of `last_depth`. All offsets are in floats.
typedef struct {
  const float *first;
  long count;
} run;

typedef struct {
  const float *a, *b;
  float *c;
  int segments, depth, last_depth;
  // From a segment to the next one.
  long a_segment, b_segment;
  // From LANES columns to the next ones.
  long b_block, c_block;
  // From LANES rows to the next ones, where rows of A are channels.
  long a_block;
  // What the next product reads and writes, to be fetched during this one.
  run ahead[3];
} product;

// What a product multiplies: rows of A are images or channels, and B is conjugated or not.
typedef enum { images_by_conjugate, images_by_filters, channels_by_conjugate } product_kind;

// Four rows of sums hide the latency of the additions and leave registers for the operands.
enum { most_rows = 4 };

INLINE long row_of_a(product_kind kind, const product *p, int row) {
  if (kind != channels_by_conjugate) return (long)row * row_floats;
  return row / LANES * p->a_block + row % LANES;
}

// The first of the lines to fetch while a block is multiplied, PANEL_BLOCKS at every step of its depth.
INLINE const float *take_lines_ahead(product *p) {
  const long steps = (p->segments - 1) * p->depth + p->last_depth;
  const long count = steps * PANEL_BLOCKS * line_floats;
  for (int i = 0; i < 3; i++)
    if (p->ahead[i].count > 0) {
      const float *first = p->ahead[i].first;
      p->ahead[i].first += count;
      p->ahead[i].count -= count;
      return first;
    }
  return p->a;
}

// `rows` rows from `row` on of `blocks` times LANES columns: as many as the registers hold.
INLINE void multiply_block(product_kind kind, product *p, int row, int rows, int blocks,
                           const float *b, float *c) {
  const float *ahead = take_lines_ahead(p);
  const long step = kind == channels_by_conjugate ? row_floats : 1;
  const float *a[most_rows];
  lanes re[most_rows][2], im[most_rows][2];
  UNROLL for (int r = 0; r < rows; r++) {
    a[r] = p->a + row_of_a(kind, p, row + r);
    UNROLL for (int j = 0; j < blocks; j++) re[r][j] = im[r][j] = SPLAT(0.0f);
  }
  for (int s = 0; s < p->segments; s++) {
    const int depth = s + 1 < p->segments ? p->depth : p->last_depth;
    const float *line = b + s * p->b_segment;
    const long first = s * p->a_segment;
    for (int k = 0; k < depth; k++) {
      lanes b_re[2], b_im[2];
      UNROLL for (int j = 0; j < blocks; j++) {
        b_re[j] = LOAD(line + j * p->b_block);
        b_im[j] = LOAD(line + j * p->b_block + LANES);
      }
      line += row_floats;
      UNROLL for (int i = 0; i < PANEL_BLOCKS; i++, ahead += line_floats)
        __builtin_prefetch(ahead, 0, 2);
      UNROLL for (int r = 0; r < rows; r++) {
        const float *number = a[r] + first + k * step;
        const lanes a_re = SPLAT(number[0]), a_im = SPLAT(number[LANES]);
        UNROLL for (int j = 0; j < blocks; j++) {
          re[r][j] = FMA(a_re, b_re[j], re[r][j]);
          im[r][j] = FMA(a_im, b_re[j], im[r][j]);
        }
        UNROLL for (int j = 0; j < blocks; j++) {
          if (kind == images_by_filters) {
            re[r][j] = FMA(-a_im, b_im[j], re[r][j]);
            im[r][j] = FMA(a_re, b_im[j], im[r][j]);
          } else {
            re[r][j] = FMA(a_im, b_im[j], re[r][j]);
            im[r][j] = FMA(-a_re, b_im[j], im[r][j]);
          }
        }
      }
    }
  }
  UNROLL for (int r = 0; r < rows; r++)
    UNROLL for (int j = 0; j < blocks; j++) {
      float *out = c + j * p->c_block + (row + r) * row_floats;
      STORE(out, re[r][j]);
      STORE(out + LANES, im[r][j]);
    }
}

INLINE void multiply_columns(product_kind kind, product *p, int rows, int blocks,
                             const float *b, float *c) {
  // As even as possible: a block of few rows leaves the processor waiting for its sums.
  for (int row = 0, left = (rows + most_rows - 1) / most_rows; left > 0; left--) {
    const int count = (rows - row + left - 1) / left;
    switch (count) {
    case 1: multiply_block(kind, p, row, 1, blocks, b, c); break;
    case 2: multiply_block(kind, p, row, 2, blocks, b, c); break;
    case 3: multiply_block(kind, p, row, 3, blocks, b, c); break;
    default: multiply_block(kind, p, row, 4, blocks, b, c); break;
    }
    row += count;
  }
}

// All of C: `rows` rows, `blocks` times LANES columns.
INLINE void multiply(product_kind kind, product *p, int rows, int blocks) {
  int j = 0;
  for (; j + PANEL_BLOCKS <= blocks; j += PANEL_BLOCKS)
    multiply_columns(kind, p, rows, PANEL_BLOCKS, p->b + j * p->b_block, p->c + j * p->c_block);
#if PANEL_BLOCKS > 1
  for (; j < blocks; j++)
    multiply_columns(kind, p, rows, 1, p->b + j * p->b_block, p->c + j * p->c_block);
#endif
}

NOINLINE void multiply_images_by_conjugate(product *p, int rows, int blocks) {
  multiply(images_by_conjugate, p, rows, blocks);
}

NOINLINE void multiply_images_by_filters(product *p, int rows, int blocks) {
  multiply(images_by_filters, p, rows, blocks);
}

NOINLINE void multiply_channels_by_conjugate(product *p, int rows, int blocks) {
  multiply(channels_by_conjugate, p, rows, blocks);
}

// The passes

// Images are [block of `shape.block` channels][row][column][channel].
INLINE long lane_block(const fourier_convolution *f, int number) {
  const int size = f->shape.size, block = f->shape.block, channel = number * LANES;
  return (long)(channel / block) * size * size * block + channel % block;
}

INLINE void transform_images(const fourier_convolution *f, const float *images, int count,
                             const image_spectra *spectra, int group) {
  const int size = f->shape.size;
  const long image = (long)size * size * spectra->channels;
  for (int b = 0; b < spectra->channels / LANES; b++) {
    const float *plane = images + lane_block(f, b);
    float *spectrum = spectra->base + group * spectra->group + b * spectra->block;
    for (int i = 0; i < count; i++, plane += image, spectrum += row_floats)
      transform_image(size, plane, f->shape.block, spectrum, spectra->frequency);
  }
}

// Rectified if there is a bias. Returns whether all numbers were finite.
INLINE bool invert_images(const fourier_convolution *f, const image_spectra *spectra, int count,
                          const float *bias, float *images) {
  const int size = f->shape.size;
  const long image = (long)size * size * spectra->channels;
  ending how = {.bias = SPLAT(0.0f), .floor = SPLAT(bias ? 0.0f : -INFINITY), .fault = SPLAT(0.0f)};
  for (int b = 0; b < spectra->channels / LANES; b++) {
    if (bias) how.bias = LOAD(bias + b * LANES);
    const float *spectrum = spectra->base + b * spectra->block;
    float *plane = images + lane_block(f, b);
    for (int i = 0; i < count; i++, plane += image, spectrum += row_floats)
      invert_image(size, spectrum, spectra->frequency, plane, f->shape.block, &how);
  }
  bool is_finite = true;
  for (int i = 0; i < LANES; i++) is_finite &= how.fault[i] == 0;
  return is_finite;
}

// Filters [rows][5][5][columns].
INLINE void transform_filters(const fourier_convolution *f, const float *filters, int rows,
                              int columns) {
  float *spectrum = f->filters;
  for (int b = 0; b < columns / LANES; b++)
    for (int r = 0; r < rows; r++, spectrum += row_floats)
      transform_filter(f->shape.size, filters + (long)r * fourier_taps * columns + b * LANES, columns,
                       spectrum, f->filters_frequency);
}

INLINE void invert_filters(const fourier_convolution *f, float *filters, int rows, int columns) {
  ending how = {.bias = SPLAT(0.0f), .floor = SPLAT(-INFINITY), .fault = SPLAT(0.0f)};
  const float *spectrum = f->filters;
  for (int b = 0; b < columns / LANES; b++)
    for (int r = 0; r < rows; r++, spectrum += row_floats)
      invert_filter(f->shape.size, spectrum, f->filters_frequency,
                    filters + (long)r * fourier_taps * columns + b * LANES, columns, &how);
}

static int frequencies(const fourier_convolution *f) {
  return fourier_frequencies(fourier_points(f->shape.size));
}

// Spectra of a group by those of the loaded filters.
INLINE void multiply_images(const fourier_convolution *f, product_kind kind, const image_spectra *a,
                            int group, int count, const image_spectra *c) {
  product p = {
      .segments = a->channels / LANES,
      .depth = LANES,
      .last_depth = LANES,
      .a_segment = a->block,
      .b_segment = LANES * row_floats,
      .b_block = (long)a->channels * row_floats,
      .c_block = c->block,
  };
  const int count_of_frequencies = frequencies(f);
  for (int k = 0; k < count_of_frequencies; k++) {
    p.a = a->base + group * a->group + k * a->frequency;
    p.b = f->filters + k * f->filters_frequency;
    p.c = c->base + k * c->frequency;
    const bool is_last = k + 1 == count_of_frequencies;
    p.ahead[0] = (run){p.b + f->filters_frequency, is_last ? 0 : f->filters_frequency};
    p.ahead[1] = (run){p.a + a->frequency, is_last ? 0 : a->frequency};
    p.ahead[2] = (run){p.c + c->frequency, is_last ? 0 : c->frequency};
    if (kind == images_by_conjugate) multiply_images_by_conjugate(&p, count, c->channels / LANES);
    else multiply_images_by_filters(&p, count, c->channels / LANES);
  }
}

static void load(fourier_convolution *f, const float *weights) {
  transform_filters(f, weights, f->shape.channels, f->shape.filters);
}

static void load_transposed(fourier_convolution *f, const float *weights) {
  fourier_transpose_filters(f, weights);
  transform_filters(f, f->transposed, f->shape.filters, f->shape.channels);
}

static bool forward(fourier_convolution *f, int group, int count, const float *source,
                    const float *bias, float *destination) {
  transform_images(f, source, count, &f->source, group);
  multiply_images(f, images_by_conjugate, &f->source, group, count, &f->destination);
  return invert_images(f, &f->destination, count, bias, destination);
}

static void backward(fourier_convolution *f, int group, int count, const float *destination_gradient,
                     float *source_gradient) {
  transform_images(f, destination_gradient, count, &f->destination_gradient, group);
  multiply_images(f, images_by_filters, &f->destination_gradient, group, count,
                  &f->source_gradient);
  invert_images(f, &f->source_gradient, count, NULL, source_gradient);
}

static void gradients(fourier_convolution *f, int images, float *weights_gradient,
                      float *bias_gradient) {
  const image_spectra *x = &f->source, *dy = &f->destination_gradient;
  const int groups = (images + fourier_group - 1) / fourier_group;
  const int last = images - (groups - 1) * fourier_group;
  for (int k = 0; k < frequencies(f); k++) {
    product p = {
        .a = x->base + k * x->frequency,
        .b = dy->base + k * dy->frequency,
        .c = f->filters + k * f->filters_frequency,
        .segments = groups,
        .depth = fourier_group,
        .last_depth = last,
        .a_segment = x->group,
        .b_segment = dy->group,
        .b_block = dy->block,
        .c_block = (long)x->channels * row_floats,
        .a_block = x->block,
    };
    multiply_channels_by_conjugate(&p, x->channels, dy->channels / LANES);
  }
  invert_filters(f, weights_gradient, x->channels, dy->channels);
  // The frequency (0, 0) is twice the sum over an image.
  const int points = fourier_points(f->shape.size);
  const float *sums = dy->base + (long)(points / 2 - 1) * points * dy->frequency;
  for (int b = 0; b < dy->channels / LANES; b++) {
    lanes sum = SPLAT(0.0f);
    for (int i = 0; i < images; i++)
      sum += LOAD(sums + i / fourier_group * dy->group + b * dy->block +
                  i % fourier_group * row_floats);
    STORE(bias_gradient + b * LANES, 0.5f * sum);
  }
}

const fourier_operations OPERATIONS = {
    .lanes = LANES,
    .load = load,
    .forward = forward,
    .load_transposed = load_transposed,
    .backward = backward,
    .gradients = gradients,
};
