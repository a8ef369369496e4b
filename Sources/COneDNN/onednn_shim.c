#include "onednn_shim.h"
#include <dnnl.h>
#include <stdio.h>

const char *onednn_version(void) {
  static _Thread_local char text[32];
  const dnnl_version_t *v = dnnl_version();
  snprintf(text, sizeof text, "%d.%d.%d", v->major, v->minor, v->patch);
  return text;
}
