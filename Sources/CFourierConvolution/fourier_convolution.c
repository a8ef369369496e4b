#define _GNU_SOURCE
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
