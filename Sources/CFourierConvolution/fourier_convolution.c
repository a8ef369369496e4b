// Convolution by whole-image Fourier transforms, in single precision.
//
// What is computed, for images x of H x H pixels, filters w of 5 x 5 taps (t = 0 ... 4 in each
// direction) and the gradient dy of the cost by the outputs, with zeros beyond the border:
//
//   y[p]  = sum over channels and t of x[p + t - 2] w[t]
//   dx[q] = sum over filters and t of dy[q - t + 2] w[t]
//   dw[t] = sum over images and p of x[p + t - 2] dy[p]
//
// All three are correlations or convolutions, so that a discrete Fourier transform makes of them one
// complex product a frequency: with the taps at the circular places t - 2,
// Y = X conj(W), dX = dY W and dW = X conj(dY), each a product of matrices over the channels, the
// filters or the images. A transform with n points in each direction is circular, so n must be large
// enough for nothing to wrap onto a pixel. n = H + 2 is: an output needs pixels up to 2 beyond either
// border, and the two zeros behind the image are, circularly, also the two before it; the outputs at
// those two places are wrong and are not taken. The lags -2 ... 2 of dw likewise meet only those
// zeros. So 16 pixels take n = 18 = 2 x 9 and 8 take n = 10 = 2 x 5 points, where linear convolution
// would take H + 4.
//
// A real plane has (n / 2 - 1) n + 2 (n / 2 + 1) frequencies that are not conjugates of others, 164 for
// n = 18 and 52 for n = 10. A complex product costs 8 operations, direct sums 50 a pixel: 1312 instead
// of 12800 a pair of channels and an image of 16 x 16, 416 instead of 3200 for 8 x 8. The transforms,
// of which each image needs one a channel and a pass, come on top; they wait for memory more than
// they calculate.
//
// The spectra of the sources are kept for the gradient of the weights, those of the outputs'
// gradients serve both gradients. One buffer holds the spectra of the weights, then those of the
// transposed weights, then of the weights' gradient.
//
// A lane of a vector is a channel, so that no transform moves numbers between lanes and the code for
// vectors of 8 and of 16 does the same to each lane. With its fused operations spelled out, and no
// others made by the compiler, the bits are the same.
//
// Rounding errors of random images are about those of direct sums, whose long chains of additions lose
// as much as the transforms. They are relative to the largest values of a whole image, not of the 5 x 5
// pixels around an output: for the weights' gradient, to the largest source times the largest gradient
// of an image, even if these two never meet.
//
// Literature: Mathieu, Henaff, LeCun 2014 (arXiv:1312.5851); Zlateski, Jia, Li, Durand 2018
// (arXiv:1809.07851), who compare with Winograd's algorithm and with direct sums.
#include "fourier_internal.h"
#include "vk_memory.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const struct {
  const char *name;
  const fourier_operations *operations;
} codes[fourier_code_count] = {
    [fourier_portable] = {"portable", &fourier_operations_portable},
#ifdef __x86_64__
    [fourier_avx2] = {"avx2", &fourier_operations_avx2},
    [fourier_avx512] = {"avx512", &fourier_operations_avx512},
#else
    [fourier_avx2] = {"avx2", NULL},
    [fourier_avx512] = {"avx512", NULL},
#endif
};

const char *fourier_code_name(fourier_code code) { return codes[code].name; }

bool fourier_code_runs(fourier_code code) {
  switch (code) {
  case fourier_portable: return true;
#ifdef __x86_64__
  case fourier_avx2: return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  case fourier_avx512:
    return fourier_code_runs(fourier_avx2) && __builtin_cpu_supports("avx512f") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq");
#endif
  default: return false;
  }
}

bool fourier_convolution_serves(fourier_code code, const fourier_convolution_shape *shape) {
  const fourier_operations *operations = codes[code].operations;
  return operations && shape->kernel == fourier_kernel && (shape->size == 16 || shape->size == 8) &&
         shape->channels > 0 && shape->channels % 16 == 0 && shape->filters > 0 &&
         shape->filters % 16 == 0 && shape->capacity > 0 &&
         (shape->block == 8 || shape->block == 16) && shape->block >= operations->lanes;
}

fourier_code fourier_code_for(const fourier_convolution_shape *shape) {
  for (int code = fourier_code_count - 1; code >= 0; code--) {
#ifndef __FP_FAST_FMAF
    if (code == fourier_portable) continue;
#endif
    if (fourier_code_runs(code) && fourier_convolution_serves(code, shape)) return code;
  }
  return fourier_code_count;
}

// The memory of a plan is one piece, in large pages where the system gives them: a transform writes
// to as many places as there are frequencies.

enum { large_page = 2 << 20 };

static size_t whole(size_t n, size_t unit) { return (n + unit - 1) / unit * unit; }

static image_spectra spectra_of(const fourier_convolution *f, int channels) {
  const long lanes = f->operations->lanes, row = 2 * lanes;
  const long block = fourier_group * row;
  // One more row a frequency: a transform's lines would otherwise fall into few sets of the cache.
  const long frequency = channels / lanes * block + row;
  const long count = fourier_frequencies(fourier_points(f->shape.size));
  // A quarter of a small page more, for the same reason.
  const long group = (long)whole((size_t)(count * frequency), 1024) + 256;
  return (image_spectra){
      .channels = channels, .block = block, .frequency = frequency, .group = group};
}

fourier_convolution *fourier_convolution_make(fourier_code code,
                                              const fourier_convolution_shape *shape) {
  if (!fourier_convolution_serves(code, shape) || !fourier_code_runs(code)) return NULL;
  fourier_convolution *f = calloc(1, sizeof *f);
  if (!f) return NULL;
  f->shape = *shape;
  f->operations = codes[code].operations;
  const int channels = shape->channels, filters = shape->filters;
  const size_t groups = (size_t)(shape->capacity + fourier_group - 1) / fourier_group;
  f->source = f->source_gradient = spectra_of(f, channels);
  f->destination = f->destination_gradient = spectra_of(f, filters);
  f->filters_frequency = 2L * channels * filters + 2 * f->operations->lanes;

  struct {
    float **place;
    size_t count;
  } parts[] = {
      {&f->source.base, groups * (size_t)f->source.group},
      {&f->destination_gradient.base, groups * (size_t)f->destination_gradient.group},
      {&f->destination.base, (size_t)f->destination.group},
      {&f->source_gradient.base, (size_t)f->source_gradient.group},
      {&f->filters,
       (size_t)f->filters_frequency * fourier_frequencies(fourier_points(shape->size))},
      {&f->transposed, (size_t)channels * filters * fourier_taps},
  };
  enum { part_count = sizeof parts / sizeof *parts };
  size_t offsets[part_count];
  for (int i = 0; i < part_count; i++) {
    offsets[i] = f->bytes;
    f->bytes += whole(parts[i].count * sizeof(float), 64);
  }
  f->bytes = whole(f->bytes, large_page);
  f->memory = aligned_alloc(large_page, f->bytes);
  if (!f->memory) {
    free(f);
    return NULL;
  }
  vk_use_large_pages(f->memory, f->bytes);
  memset(f->memory, 0, f->bytes);
  for (int i = 0; i < part_count; i++) *parts[i].place = (float *)((char *)f->memory + offsets[i]);
  return f;
}

void fourier_convolution_free(fourier_convolution *f) {
  if (!f) return;
  free(f->memory);
  free(f);
}

size_t fourier_convolution_bytes(const fourier_convolution *f) { return f->bytes; }

double fourier_convolution_operations(const fourier_convolution_shape *shape, int images) {
  return 8.0 * fourier_frequencies(fourier_points(shape->size)) * shape->channels * shape->filters *
         images;
}

void fourier_transpose_filters(fourier_convolution *f, const float *weights) {
  const int channels = f->shape.channels, filters = f->shape.filters;
  enum { tile = 16 };
  for (int tap = 0; tap < fourier_taps; tap++)
    for (int first = 0; first < channels; first += tile)
      for (int k = 0; k < filters; k++)
        for (int c = first; c < first + tile; c++)
          f->transposed[((long)k * fourier_taps + tap) * channels + c] =
              weights[((long)c * fourier_taps + tap) * filters + k];
}

void fourier_convolution_load(fourier_convolution *f, const float *weights) {
  f->operations->load(f, weights);
}

bool fourier_convolution_forward(fourier_convolution *f, int group, int count, const float *source,
                                 const float *bias, float *destination) {
  return f->operations->forward(f, group, count, source, bias, destination);
}

void fourier_convolution_load_transposed(fourier_convolution *f, const float *weights) {
  f->operations->load_transposed(f, weights);
}

void fourier_convolution_backward(fourier_convolution *f, int group, int count,
                                  const float *destination_gradient, float *source_gradient) {
  f->operations->backward(f, group, count, destination_gradient, source_gradient);
}

void fourier_convolution_gradients(fourier_convolution *f, int images, float *weights_gradient,
                                   float *bias_gradient) {
  f->operations->gradients(f, images, weights_gradient, bias_gradient);
}
