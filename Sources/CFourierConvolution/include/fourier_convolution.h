// Convolutions of small images with 5x5 filters by whole-image Fourier transforms: the output, and the
// gradients of source, weights and bias. What a convolution computes and why it is exact is told in
// fourier_convolution.c.
//
// A plan belongs to the thread that uses it; nothing is shared between plans, and only `make`
// allocates. Every code gives the same bits, whatever the processor, the compiler, the number of
// images in a call or the layout of the images.
#pragma once
#include <stdbool.h>
#include <stddef.h>

typedef struct fourier_convolution fourier_convolution;

// Images go through the passes in groups of at most so many.
enum { fourier_group = 16 };

// What is convolved: `channels` images of size x size pixels with `filters` filters of kernel x kernel
// taps each, between zeros that keep the size.
typedef struct {
  int size, kernel, channels, filters;
  // The largest number of images whose gradients are added up.
  int capacity;
  // The channels that lie side by side in memory, 8 or 16: images are [image][channels / block][row]
  // [column][block], sources and destinations alike.
  int block;
} fourier_convolution_shape;

// The codes that the one source is compiled to.
typedef enum { fourier_portable, fourier_avx2, fourier_avx512, fourier_code_count } fourier_code;

// Whether a code can do a shape: 16x16 or 8x8 pixels, 5x5 taps, channels and filters in multiples of
// 16; code for vectors of 16 wants blocks of 16.
bool fourier_convolution_serves(fourier_code code, const fourier_convolution_shape *shape);
// Whether this processor can run a code.
bool fourier_code_runs(fourier_code code);
// The fastest code for a shape here; `fourier_code_count` if there is none that is faster than direct
// convolution. Portable code is not, where a fused multiplication and addition is a call.
fourier_code fourier_code_for(const fourier_convolution_shape *shape);
// "avx2"-like name.
const char *fourier_code_name(fourier_code code);

// NULL if the code does not serve the shape or does not run here, or out of memory.
fourier_convolution *fourier_convolution_make(fourier_code code,
                                              const fourier_convolution_shape *shape);
void fourier_convolution_free(fourier_convolution *convolution);
// The bytes that a plan holds.
size_t fourier_convolution_bytes(const fourier_convolution *convolution);
// Multiplications and additions of the products of spectra in one of the three passes over so many
// images; the transforms themselves are not counted.
double fourier_convolution_operations(const fourier_convolution_shape *shape, int images);

// All pointers are to whole cache lines (64 bytes). Weights are [channels][5][5][filters].

// Takes the weights for the calls of `forward` that follow.
void fourier_convolution_load(fourier_convolution *convolution, const float *weights);
// destination = max(0, source * weights + bias) for `count` images, and keeps what `gradients` needs
// of the source as group `group` of the minibatch. Returns whether every result was finite.
bool fourier_convolution_forward(fourier_convolution *convolution, int group, int count,
                                 const float *source, const float *bias, float *destination);

// Takes the weights for the calls of `backward` that follow.
void fourier_convolution_load_transposed(fourier_convolution *convolution, const float *weights);
// source_gradient from destination_gradient for `count` images, and keeps what `gradients` needs of
// the latter as group `group`.
void fourier_convolution_backward(fourier_convolution *convolution, int group, int count,
                                  const float *destination_gradient, float *source_gradient);
// The gradients of weights and bias from the groups of the last `forward` and `backward`, which held
// `images` images, all groups but the last being full. Weights must be loaded anew afterwards.
void fourier_convolution_gradients(fourier_convolution *convolution, int images,
                                   float *weights_gradient, float *bias_gradient);
