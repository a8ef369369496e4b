// Convolution and max pooling of images: activations [batch, channels, height, width].
#pragma once
#include "onednn_shim.h"

// Square kernels, stride 1: source [batch, channels, height, width], weights [filters, channels,
// kernel, kernel], bias [filters], destination [batch, filters, rows, columns] with
// rows = height + 2 padding - kernel + 1 and so for the columns. Outside the source there are zeros.
// A layout may be NULL: then the primitive chooses.
typedef struct {
  int64_t batch, channels, height, width, filters, kernel, padding;
  const onednn_layout *source, *weights, *destination;
} onednn_convolution;

// destination = source * weights + bias, then max(0, .) if `relu`.
onednn_primitive *onednn_convolution_forward(const onednn_convolution *convolution, bool relu);
// source_gradient from destination_gradient and weights.
onednn_primitive *onednn_convolution_backward_source(const onednn_convolution *convolution);
// weights_gradient and bias_gradient from source and destination_gradient.
onednn_primitive *onednn_convolution_backward_weights(const onednn_convolution *convolution);

// The maximum over square windows: destination [batch, channels, rows, columns] with
// rows = (height + padding_before[0] + padding_after[0] - window) / stride + 1, rounded down, and so
// for the columns with [1]. What is outside the source is never the maximum. Of equal maxima the first in
// row-major order counts. The layout of the source must be known; that of the destination may be
// NULL.
typedef struct {
  int64_t batch, channels, height, width, window, stride, padding_before[2], padding_after[2];
  const onednn_layout *source, *destination;
} onednn_pooling;

// destination and workspace from source; the workspace remembers where each maximum was.
onednn_primitive *onednn_pooling_forward(const onednn_pooling *pooling);
// source_gradient, wholly overwritten, from destination_gradient and workspace.
onednn_primitive *onednn_pooling_backward(const onednn_pooling *pooling);
