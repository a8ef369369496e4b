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

#include "fourier_transforms.h"
#include "fourier_products.h"

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
