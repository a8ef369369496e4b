#define _GNU_SOURCE
#include "onednn_internal.h"
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *onednn_version(void) {
  static _Thread_local char text[32];
  const dnnl_version_t *v = dnnl_version();
  snprintf(text, sizeof text, "%d.%d.%d", v->major, v->minor, v->patch);
  return text;
}

// Errors

static _Thread_local char error_text[256];

const char *onednn_error(void) { return error_text; }

static const char *status_text(dnnl_status_t status) {
  switch (status) {
  case dnnl_success: return "success";
  case dnnl_out_of_memory: return "out of memory";
  case dnnl_invalid_arguments: return "invalid arguments";
  case dnnl_unimplemented: return "not implemented for these shapes on this processor";
  case dnnl_runtime_error: return "run-time error";
  case dnnl_not_required: return "not required";
  default: return "unknown status";
  }
}

int onednn_fail(const char *operation, dnnl_status_t status) {
  snprintf(error_text, sizeof error_text, "oneDNN %s: %s: %s (status %d)", onednn_version(),
           operation, status_text(status), (int)status);
  return (int)status;
}

// Engine, stream, threads

static pthread_once_t once = PTHREAD_ONCE_INIT;
static dnnl_engine_t engine;
static dnnl_status_t engine_status;
static pthread_key_t stream_key;
static _Thread_local dnnl_stream_t stream;

static void destroy_stream(void *s) { dnnl_stream_destroy(s); }

static void make_engine(void) {
  pthread_key_create(&stream_key, destroy_stream);
  engine_status = dnnl_engine_create(&engine, dnnl_cpu, 0);
}

dnnl_engine_t onednn_engine(void) {
  pthread_once(&once, make_engine);
  if (engine_status != dnnl_success) {
    onednn_fail("CPU engine", engine_status);
    return NULL;
  }
  return engine;
}

dnnl_stream_t onednn_stream(void) {
  if (stream) return stream;
  if (!onednn_engine()) return NULL;
  dnnl_status_t status = dnnl_stream_create(&stream, engine, dnnl_stream_default_flags);
  if (status != dnnl_success) {
    stream = NULL;
    onednn_fail("stream", status);
    return NULL;
  }
  pthread_setspecific(stream_key, stream);
  return stream;
}

bool onednn_set_threads(int count) {
  // Looked up at run time: the library may be built on another threading run-time.
  void (*set)(int) = (void (*)(int))dlsym(RTLD_DEFAULT, "omp_set_num_threads");
  if (!set) return false;
  set(count);
  return true;
}

// Layouts

onednn_layout *onednn_layout_from(onednn_md md) {
  onednn_layout *layout = calloc(1, sizeof *layout);
  if (!layout) {
    onednn_fail("layout", dnnl_out_of_memory);
    return NULL;
  }
#if DNNL_VERSION_MAJOR >= 3
  dnnl_status_t status = dnnl_memory_desc_clone(&layout->md, md);
  if (status != dnnl_success) {
    onednn_fail("layout", status);
    free(layout);
    return NULL;
  }
#else
  layout->md = *md;
#endif
  return layout;
}

// `strides` may be NULL: then `tag` says the order.
static onednn_layout *layout_with(int rank, const int64_t *shape, const int64_t *strides,
                                  dnnl_format_tag_t tag) {
  onednn_layout *layout = calloc(1, sizeof *layout);
  if (!layout || rank < 1 || rank > onednn_max_rank) {
    onednn_fail("layout", layout ? dnnl_invalid_arguments : dnnl_out_of_memory);
    free(layout);
    return NULL;
  }
  dnnl_dims_t dims;
  memcpy(dims, shape, (size_t)rank * sizeof *shape);
  dnnl_status_t status;
#if DNNL_VERSION_MAJOR >= 3
  if (strides)
    status = dnnl_memory_desc_create_with_strides(&layout->md, rank, dims, dnnl_f32, strides);
  else
    status = dnnl_memory_desc_create_with_tag(&layout->md, rank, dims, dnnl_f32, tag);
#else
  if (strides)
    status = dnnl_memory_desc_init_by_strides(&layout->md, rank, dims, dnnl_f32, strides);
  else
    status = dnnl_memory_desc_init_by_tag(&layout->md, rank, dims, dnnl_f32, tag);
#endif
  if (status != dnnl_success) {
    onednn_fail("layout", status);
    free(layout);
    return NULL;
  }
  return layout;
}

onednn_layout *onednn_layout_plain(int rank, const int64_t *shape, const int *permutation) {
  int64_t strides[onednn_max_rank] = {0};
  int64_t stride = 1;
  for (int i = rank - 1; i >= 0 && rank <= onednn_max_rank; i--) {
    int dimension = permutation ? permutation[i] : i;
    strides[dimension] = stride;
    stride *= shape[dimension];
  }
  return layout_with(rank, shape, strides, dnnl_format_tag_undef);
}

onednn_layout *onednn_layout_blocks(const int64_t *shape, int block) {
  return layout_with(4, shape, NULL, block == 8 ? dnnl_nChw8c : dnnl_nChw16c);
}

onednn_layout *onednn_layout_any(int rank, const int64_t *shape) {
  return layout_with(rank, shape, NULL, dnnl_format_tag_any);
}

onednn_layout *onednn_layout_copy(const onednn_layout *layout) {
  return onednn_layout_from(onednn_layout_md(layout));
}

void onednn_layout_free(onednn_layout *layout) {
  if (!layout) return;
#if DNNL_VERSION_MAJOR >= 3
  dnnl_memory_desc_destroy(layout->md);
#endif
  free(layout);
}

bool onednn_layout_equal(const onednn_layout *a, const onednn_layout *b) {
  return dnnl_memory_desc_equal(onednn_layout_md(a), onednn_layout_md(b));
}

size_t onednn_layout_bytes(const onednn_layout *layout) {
  return dnnl_memory_desc_get_size(onednn_layout_md(layout));
}

onednn_md onednn_layout_or_any(const onednn_layout *layout, int rank, const int64_t *shape,
                               onednn_layout **owned) {
  *owned = NULL;
  if (layout) return onednn_layout_md(layout);
  *owned = onednn_layout_any(rank, shape);
  return *owned ? onednn_layout_md(*owned) : NULL;
}

// Attributes

dnnl_post_ops_t onednn_post_relu(void) {
  dnnl_post_ops_t post_ops = NULL;
  if (dnnl_post_ops_create(&post_ops) != dnnl_success) return NULL;
#if DNNL_VERSION_MAJOR >= 3
  dnnl_post_ops_append_eltwise(post_ops, dnnl_eltwise_relu, 0, 0);
#else
  dnnl_post_ops_append_eltwise(post_ops, 1, dnnl_eltwise_relu, 0, 0);
#endif
  return post_ops;
}

dnnl_primitive_attr_t onednn_attributes(dnnl_post_ops_t post_ops) {
  dnnl_primitive_attr_t attributes = NULL;
  dnnl_status_t status = dnnl_primitive_attr_create(&attributes);
  if (status == dnnl_success)
    status = dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
  if (status == dnnl_success && post_ops)
    status = dnnl_primitive_attr_set_post_ops(attributes, post_ops);
  dnnl_post_ops_destroy(post_ops);
  if (status != dnnl_success) {
    onednn_fail("attributes", status);
    dnnl_primitive_attr_destroy(attributes);
    return NULL;
  }
  return attributes;
}

// Primitives

struct onednn_primitive {
  const char *operation;
  dnnl_primitive_desc_t description;
  dnnl_primitive_t primitive;
  onednn_layout *layouts[onednn_argument_count];
  // The index in `arguments` of each declared argument, else -1.
  int slots[onednn_argument_count];
  dnnl_exec_arg_t arguments[onednn_argument_count + 1];
  void *buffers[onednn_argument_count + 1];
  int count;
  onednn_layout *scratchpad;
  int scratchpad_slot;
  int status;
};

onednn_primitive *onednn_primitive_make(const char *operation, dnnl_primitive_desc_t description) {
  if (!description) return NULL;
  onednn_primitive *p = calloc(1, sizeof *p);
  if (!p) {
    dnnl_primitive_desc_destroy(description);
    onednn_fail(operation, dnnl_out_of_memory);
    return NULL;
  }
  p->operation = operation;
  p->description = description;
  for (int i = 0; i < onednn_argument_count; i++) p->slots[i] = -1;
  p->scratchpad_slot = -1;
  return p;
}

static int add_slot(onednn_primitive *p, int index, onednn_md md) {
  dnnl_memory_t memory = NULL;
  dnnl_status_t status = dnnl_memory_create(&memory, md, onednn_engine(), DNNL_MEMORY_NONE);
  if (status != dnnl_success) {
    p->status = onednn_fail(p->operation, status);
    return -1;
  }
  p->arguments[p->count] = (dnnl_exec_arg_t){.arg = index, .memory = memory};
  return p->count++;
}

void onednn_primitive_argument_md(onednn_primitive *p, onednn_argument argument, int index,
                                  onednn_md md) {
  if (!p || p->status) return;
  if (!md) {
    p->status = onednn_fail(p->operation, dnnl_invalid_arguments);
    return;
  }
  p->layouts[argument] = onednn_layout_from(md);
  if (!p->layouts[argument]) p->status = dnnl_out_of_memory;
  else p->slots[argument] = add_slot(p, index, md);
}

void onednn_primitive_argument(onednn_primitive *p, onednn_argument argument, int index,
                               dnnl_query_t query, int query_index) {
  if (!p || p->status) return;
  onednn_primitive_argument_md(p, argument, index,
                               dnnl_primitive_desc_query_md(p->description, query, query_index));
}

onednn_primitive *onednn_primitive_finish(onednn_primitive *p) {
  if (!p) return NULL;
  if (!p->status) {
    onednn_md md = dnnl_primitive_desc_query_md(p->description, dnnl_query_scratchpad_md, 0);
    if (md && dnnl_memory_desc_get_size(md) > 0) {
      p->scratchpad = onednn_layout_from(md);
      p->scratchpad_slot = add_slot(p, DNNL_ARG_SCRATCHPAD, md);
    }
  }
  if (!p->status) {
    dnnl_status_t status = dnnl_primitive_create(&p->primitive, p->description);
    if (status != dnnl_success) p->status = onednn_fail(p->operation, status);
  }
  if (p->status) {
    onednn_primitive_free(p);
    return NULL;
  }
  return p;
}

void onednn_primitive_free(onednn_primitive *p) {
  if (!p) return;
  for (int i = 0; i < p->count; i++) dnnl_memory_destroy(p->arguments[i].memory);
  for (int i = 0; i < onednn_argument_count; i++) onednn_layout_free(p->layouts[i]);
  onednn_layout_free(p->scratchpad);
  if (p->primitive) dnnl_primitive_destroy(p->primitive);
  dnnl_primitive_desc_destroy(p->description);
  free(p);
}

const_dnnl_primitive_desc_t onednn_primitive_description(const onednn_primitive *p) {
  return p ? p->description : NULL;
}

const onednn_layout *onednn_primitive_layout(const onednn_primitive *p, onednn_argument argument) {
  return p->layouts[argument];
}

const char *onednn_primitive_implementation(const onednn_primitive *p) {
  const char *text = NULL;
  dnnl_status_t status =
      dnnl_primitive_desc_query(p->description, dnnl_query_impl_info_str, 0, &text);
  return status == dnnl_success && text ? text : "unknown";
}

size_t onednn_primitive_scratchpad_bytes(const onednn_primitive *p) {
  return p->scratchpad ? onednn_layout_bytes(p->scratchpad) : 0;
}

static int bind_slot(onednn_primitive *p, int slot, void *buffer) {
  // The library may rewrite the padding whenever a buffer is set, so an unchanged one is not.
  if (p->buffers[slot] == buffer) return 0;
  dnnl_status_t status = dnnl_memory_set_data_handle(p->arguments[slot].memory, buffer);
  if (status != dnnl_success) return onednn_fail(p->operation, status);
  p->buffers[slot] = buffer;
  return 0;
}

int onednn_primitive_bind(onednn_primitive *p, onednn_argument argument, void *buffer) {
  int slot = p->slots[argument];
  if (slot < 0) return onednn_fail(p->operation, dnnl_invalid_arguments);
  return bind_slot(p, slot, buffer);
}

int onednn_primitive_bind_scratchpad(onednn_primitive *p, void *buffer) {
  return p->scratchpad_slot < 0 ? 0 : bind_slot(p, p->scratchpad_slot, buffer);
}

int onednn_primitive_run(onednn_primitive *p) {
  dnnl_stream_t s = onednn_stream();
  if (!s) return dnnl_runtime_error;
  dnnl_status_t status = dnnl_primitive_execute(p->primitive, s, p->count, p->arguments);
  // The stream of a CPU engine is synchronous; waiting keeps to the documented contract.
  if (status == dnnl_success) status = dnnl_stream_wait(s);
  return status == dnnl_success ? 0 : onednn_fail(p->operation, status);
}

onednn_primitive *onednn_reorder(const onednn_layout *source, const onednn_layout *destination) {
  dnnl_primitive_attr_t attributes = onednn_attributes(NULL);
  dnnl_engine_t e = onednn_engine();
  if (!attributes || !e) {
    dnnl_primitive_attr_destroy(attributes);
    return NULL;
  }
  dnnl_primitive_desc_t description = NULL;
  dnnl_status_t status =
      dnnl_reorder_primitive_desc_create(&description, onednn_layout_md(source), e,
                                         onednn_layout_md(destination), e, attributes);
  dnnl_primitive_attr_destroy(attributes);
  if (status != dnnl_success) {
    onednn_fail("reorder", status);
    return NULL;
  }
  onednn_primitive *p = onednn_primitive_make("reorder", description);
  onednn_primitive_argument_md(p, onednn_source, DNNL_ARG_FROM, onednn_layout_md(source));
  onednn_primitive_argument_md(p, onednn_destination, DNNL_ARG_TO, onednn_layout_md(destination));
  return onednn_primitive_finish(p);
}
