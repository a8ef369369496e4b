#include "onednn_convolution.h"
#include "onednn_internal.h"

static const dnnl_dims_t unit_strides = {1, 1};
#if DNNL_VERSION_MAJOR >= 3
static const dnnl_dims_t no_dilation = {0, 0};
#endif

// Convolution

// The descriptions that a convolution's primitives are made of.
typedef struct {
  onednn_layout *owned[4];
  onednn_md source, weights, bias, destination;
  dnnl_dims_t padding;
  bool complete;
} convolution_layouts;

static convolution_layouts convolution_layouts_of(const onednn_convolution *c) {
  convolution_layouts all = {.padding = {c->padding, c->padding}};
  const int64_t border = 2 * c->padding - c->kernel + 1;
  const int64_t source[] = {c->batch, c->channels, c->height, c->width};
  const int64_t weights[] = {c->filters, c->channels, c->kernel, c->kernel};
  const int64_t bias[] = {c->filters};
  const int64_t destination[] = {c->batch, c->filters, c->height + border, c->width + border};
  all.source = onednn_layout_or_any(c->source, 4, source, &all.owned[0]);
  all.weights = onednn_layout_or_any(c->weights, 4, weights, &all.owned[1]);
  all.destination = onednn_layout_or_any(c->destination, 4, destination, &all.owned[2]);
  all.owned[3] = onednn_layout_plain(1, bias, NULL);
  if (all.owned[3]) all.bias = onednn_layout_md(all.owned[3]);
  all.complete = all.source && all.weights && all.destination && all.bias;
  return all;
}

static void release_convolution(convolution_layouts *all) {
  for (int i = 0; i < 4; i++) onednn_layout_free(all->owned[i]);
}

static dnnl_primitive_desc_t convolution_description(const convolution_layouts *all,
                                                     dnnl_primitive_attr_t attributes) {
  dnnl_primitive_desc_t description = NULL;
  dnnl_engine_t engine = onednn_engine();
  if (!engine || !all->complete || !attributes) return NULL;
  dnnl_status_t status;
#if DNNL_VERSION_MAJOR >= 3
  status = dnnl_convolution_forward_primitive_desc_create(
      &description, engine, dnnl_forward_training, dnnl_convolution_direct, all->source,
      all->weights, all->bias, all->destination, unit_strides, no_dilation, all->padding,
      all->padding, attributes);
#else
  dnnl_convolution_desc_t operation;
  status = dnnl_convolution_forward_desc_init(
      &operation, dnnl_forward_training, dnnl_convolution_direct, all->source, all->weights,
      all->bias, all->destination, unit_strides, all->padding, all->padding);
  if (status == dnnl_success)
    status = dnnl_primitive_desc_create(&description, &operation, attributes, engine, NULL);
#endif
  if (status == dnnl_success) return description;
  onednn_fail("convolution, forward", status);
  return NULL;
}

onednn_primitive *onednn_convolution_forward(const onednn_convolution *convolution, bool relu) {
  convolution_layouts all = convolution_layouts_of(convolution);
  dnnl_primitive_attr_t attributes = onednn_attributes(relu ? onednn_post_relu() : NULL);
  onednn_primitive *p = onednn_primitive_make("convolution, forward",
                                              convolution_description(&all, attributes));
  dnnl_primitive_attr_destroy(attributes);
  release_convolution(&all);
  onednn_primitive_argument(p, onednn_source, DNNL_ARG_SRC, dnnl_query_src_md, 0);
  onednn_primitive_argument(p, onednn_weights, DNNL_ARG_WEIGHTS, dnnl_query_weights_md, 0);
  onednn_primitive_argument(p, onednn_bias, DNNL_ARG_BIAS, dnnl_query_weights_md, 1);
  onednn_primitive_argument(p, onednn_destination, DNNL_ARG_DST, dnnl_query_dst_md, 0);
  return onednn_primitive_finish(p);
}

// Backward primitives want a forward one of the same shapes as a hint.
static dnnl_primitive_desc_t convolution_hint(const onednn_convolution *convolution) {
  onednn_convolution shapes = *convolution;
  shapes.source = shapes.weights = shapes.destination = NULL;
  convolution_layouts all = convolution_layouts_of(&shapes);
  dnnl_primitive_attr_t attributes = onednn_attributes(NULL);
  dnnl_primitive_desc_t description = convolution_description(&all, attributes);
  dnnl_primitive_attr_destroy(attributes);
  release_convolution(&all);
  return description;
}

onednn_primitive *onednn_convolution_backward_source(const onednn_convolution *convolution) {
  static const char *const name = "convolution, gradient of its source";
  dnnl_primitive_desc_t hint = convolution_hint(convolution);
  if (!hint) return NULL;
  convolution_layouts all = convolution_layouts_of(convolution);
  dnnl_primitive_attr_t attributes = onednn_attributes(NULL);
  dnnl_primitive_desc_t description = NULL;
  if (all.complete && attributes) {
    dnnl_status_t status;
#if DNNL_VERSION_MAJOR >= 3
    status = dnnl_convolution_backward_data_primitive_desc_create(
        &description, onednn_engine(), dnnl_convolution_direct, all.source, all.weights,
        all.destination, unit_strides, no_dilation, all.padding, all.padding, hint, attributes);
#else
    dnnl_convolution_desc_t operation;
    status = dnnl_convolution_backward_data_desc_init(
        &operation, dnnl_convolution_direct, all.source, all.weights, all.destination,
        unit_strides, all.padding, all.padding);
    if (status == dnnl_success)
      status = dnnl_primitive_desc_create(&description, &operation, attributes, onednn_engine(),
                                          hint);
#endif
    if (status != dnnl_success) onednn_fail(name, status);
  }
  onednn_primitive *p = onednn_primitive_make(name, description);
  onednn_primitive_argument(p, onednn_source_gradient, DNNL_ARG_DIFF_SRC, dnnl_query_diff_src_md,
                            0);
  onednn_primitive_argument(p, onednn_weights, DNNL_ARG_WEIGHTS, dnnl_query_weights_md, 0);
  onednn_primitive_argument(p, onednn_destination_gradient, DNNL_ARG_DIFF_DST,
                            dnnl_query_diff_dst_md, 0);
  dnnl_primitive_attr_destroy(attributes);
  release_convolution(&all);
  dnnl_primitive_desc_destroy(hint);
  return onednn_primitive_finish(p);
}

onednn_primitive *onednn_convolution_backward_weights(const onednn_convolution *convolution) {
  static const char *const name = "convolution, gradient of its weights";
  dnnl_primitive_desc_t hint = convolution_hint(convolution);
  if (!hint) return NULL;
  convolution_layouts all = convolution_layouts_of(convolution);
  dnnl_primitive_attr_t attributes = onednn_attributes(NULL);
  dnnl_primitive_desc_t description = NULL;
  if (all.complete && attributes) {
    dnnl_status_t status;
#if DNNL_VERSION_MAJOR >= 3
    status = dnnl_convolution_backward_weights_primitive_desc_create(
        &description, onednn_engine(), dnnl_convolution_direct, all.source, all.weights, all.bias,
        all.destination, unit_strides, no_dilation, all.padding, all.padding, hint, attributes);
#else
    dnnl_convolution_desc_t operation;
    status = dnnl_convolution_backward_weights_desc_init(
        &operation, dnnl_convolution_direct, all.source, all.weights, all.bias, all.destination,
        unit_strides, all.padding, all.padding);
    if (status == dnnl_success)
      status = dnnl_primitive_desc_create(&description, &operation, attributes, onednn_engine(),
                                          hint);
#endif
    if (status != dnnl_success) onednn_fail(name, status);
  }
  onednn_primitive *p = onednn_primitive_make(name, description);
  onednn_primitive_argument(p, onednn_source, DNNL_ARG_SRC, dnnl_query_src_md, 0);
  onednn_primitive_argument(p, onednn_weights_gradient, DNNL_ARG_DIFF_WEIGHTS,
                            dnnl_query_diff_weights_md, 0);
  onednn_primitive_argument(p, onednn_bias_gradient, DNNL_ARG_DIFF_BIAS,
                            dnnl_query_diff_weights_md, 1);
  onednn_primitive_argument(p, onednn_destination_gradient, DNNL_ARG_DIFF_DST,
                            dnnl_query_diff_dst_md, 0);
  dnnl_primitive_attr_destroy(attributes);
  release_convolution(&all);
  dnnl_primitive_desc_destroy(hint);
  return onednn_primitive_finish(p);
}

// Pooling

typedef struct {
  onednn_layout *owned[2];
  onednn_md source, destination;
  dnnl_dims_t window, strides, before, after;
  bool complete;
} pooling_layouts;

static pooling_layouts pooling_layouts_of(const onednn_pooling *p) {
  pooling_layouts all = {
      .window = {p->window, p->window},
      .strides = {p->stride, p->stride},
      .before = {p->padding_before[0], p->padding_before[1]},
      .after = {p->padding_after[0], p->padding_after[1]},
  };
  const int64_t sizes[] = {p->height, p->width};
  int64_t windows[2];
  for (int i = 0; i < 2; i++) {
    int64_t padded = sizes[i] + p->padding_before[i] + p->padding_after[i];
    windows[i] = (padded - p->window) / p->stride + 1;
  }
  const int64_t source[] = {p->batch, p->channels, p->height, p->width};
  const int64_t destination[] = {p->batch, p->channels, windows[0], windows[1]};
  all.source = onednn_layout_or_any(p->source, 4, source, &all.owned[0]);
  all.destination = onednn_layout_or_any(p->destination, 4, destination, &all.owned[1]);
  all.complete = all.source && all.destination;
  return all;
}

static void release_pooling(pooling_layouts *all) {
  for (int i = 0; i < 2; i++) onednn_layout_free(all->owned[i]);
}

static dnnl_primitive_desc_t pooling_description(const pooling_layouts *all,
                                                 dnnl_primitive_attr_t attributes) {
  dnnl_primitive_desc_t description = NULL;
  dnnl_engine_t engine = onednn_engine();
  if (!engine || !all->complete || !attributes) return NULL;
  dnnl_status_t status;
#if DNNL_VERSION_MAJOR >= 3
  status = dnnl_pooling_forward_primitive_desc_create(
      &description, engine, dnnl_forward_training, dnnl_pooling_max, all->source, all->destination,
      all->strides, all->window, no_dilation, all->before, all->after, attributes);
#else
  dnnl_pooling_desc_t operation;
  status = dnnl_pooling_forward_desc_init(&operation, dnnl_forward_training, dnnl_pooling_max,
                                          all->source, all->destination, all->strides, all->window,
                                          all->before, all->after);
  if (status == dnnl_success)
    status = dnnl_primitive_desc_create(&description, &operation, attributes, engine, NULL);
#endif
  if (status == dnnl_success) return description;
  onednn_fail("max pooling, forward", status);
  return NULL;
}

onednn_primitive *onednn_pooling_forward(const onednn_pooling *pooling) {
  pooling_layouts all = pooling_layouts_of(pooling);
  dnnl_primitive_attr_t attributes = onednn_attributes(NULL);
  onednn_primitive *p = onednn_primitive_make("max pooling, forward",
                                              pooling_description(&all, attributes));
  dnnl_primitive_attr_destroy(attributes);
  release_pooling(&all);
  onednn_primitive_argument(p, onednn_source, DNNL_ARG_SRC, dnnl_query_src_md, 0);
  onednn_primitive_argument(p, onednn_destination, DNNL_ARG_DST, dnnl_query_dst_md, 0);
  onednn_primitive_argument(p, onednn_workspace, DNNL_ARG_WORKSPACE, dnnl_query_workspace_md, 0);
  return onednn_primitive_finish(p);
}

onednn_primitive *onednn_pooling_backward(const onednn_pooling *pooling) {
  static const char *const name = "max pooling, backward";
  pooling_layouts all = pooling_layouts_of(pooling);
  dnnl_primitive_attr_t attributes = onednn_attributes(NULL);
  // Both directions must share the layout of the workspace, hence the same layouts in the hint.
  dnnl_primitive_desc_t hint = pooling_description(&all, attributes);
  dnnl_primitive_desc_t description = NULL;
  if (hint) {
    onednn_md destination = dnnl_primitive_desc_query_md(hint, dnnl_query_dst_md, 0);
    dnnl_status_t status;
#if DNNL_VERSION_MAJOR >= 3
    status = dnnl_pooling_backward_primitive_desc_create(
        &description, onednn_engine(), dnnl_pooling_max, all.source, destination, all.strides,
        all.window, no_dilation, all.before, all.after, hint, attributes);
#else
    dnnl_pooling_desc_t operation;
    status = dnnl_pooling_backward_desc_init(&operation, dnnl_pooling_max, all.source, destination,
                                             all.strides, all.window, all.before, all.after);
    if (status == dnnl_success)
      status = dnnl_primitive_desc_create(&description, &operation, attributes, onednn_engine(),
                                          hint);
#endif
    if (status != dnnl_success) onednn_fail(name, status);
  }
  onednn_primitive *p = onednn_primitive_make(name, description);
  onednn_primitive_argument(p, onednn_source_gradient, DNNL_ARG_DIFF_SRC, dnnl_query_diff_src_md,
                            0);
  onednn_primitive_argument(p, onednn_destination_gradient, DNNL_ARG_DIFF_DST,
                            dnnl_query_diff_dst_md, 0);
  onednn_primitive_argument(p, onednn_workspace, DNNL_ARG_WORKSPACE, dnnl_query_workspace_md, 0);
  dnnl_primitive_attr_destroy(attributes);
  release_pooling(&all);
  dnnl_primitive_desc_destroy(hint);
  return onednn_primitive_finish(p);
}
