// What the codes share: the plan and the places of its numbers.
#pragma once
#include "fourier_convolution.h"

// Spectra of images, all of one group of images before the next:
// [frequency][block of channels][image][real parts | imaginary parts].
typedef struct {
  float *base;
  int channels;
  // Floats from one block of channels, frequency, group to the next.
  long block, frequency, group;
} image_spectra;

typedef struct fourier_operations {
  int lanes;
  void (*load)(fourier_convolution *, const float *weights);
  bool (*forward)(fourier_convolution *, int group, int count, const float *source,
                  const float *bias, float *destination);
  void (*load_transposed)(fourier_convolution *, const float *weights);
  void (*backward)(fourier_convolution *, int group, int count, const float *destination_gradient,
                   float *source_gradient);
  void (*gradients)(fourier_convolution *, int images, float *weights_gradient,
                    float *bias_gradient);
} fourier_operations;

struct fourier_convolution {
  fourier_convolution_shape shape;
  const fourier_operations *operations;
  void *memory;
  size_t bytes;
  // Of the sources and of the destinations' gradients, for `capacity` images.
  image_spectra source, destination_gradient;
  // Of the destinations of one group, and of the sources' gradients.
  image_spectra destination, source_gradient;
  // [frequency][block of filters][channel][real parts | imaginary parts] for `forward`, and of the
  // gradient of the weights; with filters and channels exchanged for `backward`.
  float *filters;
  // Floats from one frequency to the next.
  long filters_frequency;
  // The weights as [filters][5][5][channels].
  float *transposed;
};

extern const fourier_operations fourier_operations_portable;
#ifdef __x86_64__
extern const fourier_operations fourier_operations_avx2, fourier_operations_avx512;
#endif

enum {
  fourier_kernel = 5,
  fourier_taps = fourier_kernel * fourier_kernel,
  fourier_margin = fourier_kernel / 2
};

static inline int fourier_points(int size) { return size + fourier_margin; }

// Columns 1 ... points / 2 - 1 have all row frequencies, columns 0 and points / 2 half of them.
static inline int fourier_frequencies(int points) {
  return (points / 2 - 1) * points + 2 * (points / 2 + 1);
}

// Writes `transposed` from [channels][5][5][filters].
void fourier_transpose_filters(fourier_convolution *convolution, const float *weights);
