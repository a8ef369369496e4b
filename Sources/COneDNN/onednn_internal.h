// What the files of this target share. Primitives of other layers are made like this:
//
//   dnnl_primitive_desc_t description = ...;            // v2 and v3 differ here
//   onednn_primitive *p = onednn_primitive_make("convolution", description);
//   onednn_primitive_argument(p, onednn_source, DNNL_ARG_SRC, dnnl_query_src_md, 0);
//   ...
//   return onednn_primitive_finish(p);
//
// A failure on the way is remembered and makes `finish` free everything and return NULL.
#pragma once
#include "onednn_shim.h"
#include <dnnl.h>

#if DNNL_VERSION_MAJOR >= 3
typedef const_dnnl_memory_desc_t onednn_md;
struct onednn_layout {
  dnnl_memory_desc_t md;
};
static inline onednn_md onednn_layout_md(const onednn_layout *layout) { return layout->md; }
#else
typedef const dnnl_memory_desc_t *onednn_md;
struct onednn_layout {
  dnnl_memory_desc_t md;
};
static inline onednn_md onednn_layout_md(const onednn_layout *layout) { return &layout->md; }
#endif

// Remembers what failed; returns `status`.
int onednn_fail(const char *operation, dnnl_status_t status);

// The CPU engine of the process; NULL on failure.
dnnl_engine_t onednn_engine(void);
// The stream of the calling thread; NULL on failure.
dnnl_stream_t onednn_stream(void);

// A new layout with the library's description `md`, which is copied.
onednn_layout *onednn_layout_from(onednn_md md);
// `layout` as it is, or a new one that lets the primitive choose; `*owned` is then what the caller
// frees.
onednn_md onednn_layout_or_any(const onednn_layout *layout, int rank, const int64_t *shape,
                               onednn_layout **owned);

// Attributes every primitive of this target has: scratch memory is the caller's. `post_ops` may be
// NULL and is consumed.
dnnl_primitive_attr_t onednn_attributes(dnnl_post_ops_t post_ops);
// Post-ops with max(0, .).
dnnl_post_ops_t onednn_post_relu(void);

// Takes ownership of `description`; NULL stands for a failure that has been remembered.
onednn_primitive *onednn_primitive_make(const char *operation, dnnl_primitive_desc_t description);
// Declares an argument whose layout the description tells.
void onednn_primitive_argument(onednn_primitive *primitive, onednn_argument argument, int index,
                               dnnl_query_t query, int query_index);
// Declares an argument of a known layout.
void onednn_primitive_argument_md(onednn_primitive *primitive, onednn_argument argument, int index,
                                  onednn_md md);
onednn_primitive *onednn_primitive_finish(onednn_primitive *primitive);
// The description that `make` was given, for hints of backward primitives; NULL for NULL.
const_dnnl_primitive_desc_t onednn_primitive_description(const onednn_primitive *primitive);
