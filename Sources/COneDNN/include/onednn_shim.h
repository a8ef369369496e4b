// The only place that knows oneDNN's C API, which differs between v2 and v3.
//
// A layout says how a tensor of floats lies in memory. A primitive is one operation on tensors of
// fixed layouts: it is made once, gets a buffer for each of its arguments and is run many times.
// Nothing here is shared between threads: a primitive belongs to the thread that uses it.
//
// Functions that make something return NULL on failure, those that do something a non-zero status;
// `onednn_error` then says what failed.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct onednn_layout onednn_layout;
typedef struct onednn_primitive onednn_primitive;

// "2.6.3"-like version of the library in use; static storage.
const char *onednn_version(void);

// What went wrong in the last call on this thread that failed; valid until the next one.
const char *onednn_error(void);

// Sets the number of threads that primitives made and run by the calling thread use; returns false
// where the library is not built on OpenMP and so decides for itself.
bool onednn_set_threads(int count);

// Layouts

enum { onednn_max_rank = 6 };

// Row-major; `permutation`, if not NULL, lists the dimensions from the slowest to the fastest.
onednn_layout *onednn_layout_plain(int rank, const int64_t *shape, const int *permutation);
// Activations [batch, channels, height, width] as [batch, channels / block, height, width, block], the
// channels filled up to whole blocks of 8 or 16.
onednn_layout *onednn_layout_blocks(const int64_t *shape, int block);
// Left to the primitive that is made with it: it chooses the order of the elements.
onednn_layout *onednn_layout_any(int rank, const int64_t *shape);
onednn_layout *onednn_layout_copy(const onednn_layout *layout);
void onednn_layout_free(onednn_layout *layout);
bool onednn_layout_equal(const onednn_layout *a, const onednn_layout *b);
// The bytes that a buffer of this layout occupies, padding included.
size_t onednn_layout_bytes(const onednn_layout *layout);

// Primitives

// What a buffer is to a primitive. `_gradient` means the derivative of the cost with respect to it.
typedef enum {
  onednn_source,
  onednn_weights,
  onednn_bias,
  onednn_destination,
  onednn_source_gradient,
  onednn_weights_gradient,
  onednn_bias_gradient,
  onednn_destination_gradient,
  onednn_workspace,
  onednn_argument_count
} onednn_argument;

void onednn_primitive_free(onednn_primitive *primitive);
// The layout of an argument; NULL if the primitive has no such argument. Owned by the primitive.
const onednn_layout *onednn_primitive_layout(const onednn_primitive *primitive,
                                             onednn_argument argument);
// The name of the implementation that the library chose, e.g. "brgemm:avx512_core".
const char *onednn_primitive_implementation(const onednn_primitive *primitive);
// The bytes of scratch memory that a run needs; scratch memory may be shared by primitives.
size_t onednn_primitive_scratchpad_bytes(const onednn_primitive *primitive);
// Sets the buffer of an argument. Some versions of the library write zeros to the padding of a
// buffer when it is first set.
int onednn_primitive_bind(onednn_primitive *primitive, onednn_argument argument, void *buffer);
int onednn_primitive_bind_scratchpad(onednn_primitive *primitive, void *buffer);
// Runs the primitive and waits for it. Every argument must have been bound.
int onednn_primitive_run(onednn_primitive *primitive);

// Copies `source` to `destination`, each in its layout.
onednn_primitive *onednn_reorder(const onednn_layout *source, const onednn_layout *destination);

// Dense layers: source [batch, inputs], weights [outputs, inputs], bias [outputs] and destination
// [batch, outputs]. A layout may be NULL: then the primitive chooses, but for the gradient of the
// source, which wants all three.

typedef struct {
  int64_t batch, inputs, outputs;
  const onednn_layout *source, *weights, *destination;
} onednn_dense;

// destination = source weights^T + bias, then max(0, .) if `relu`.
onednn_primitive *onednn_dense_forward(const onednn_dense *dense, bool relu);
// source_gradient = destination_gradient weights.
onednn_primitive *onednn_dense_backward_source(const onednn_dense *dense);
// weights_gradient = destination_gradient^T source; bias_gradient = column sums of
// destination_gradient.
onednn_primitive *onednn_dense_backward_weights(const onednn_dense *dense);
