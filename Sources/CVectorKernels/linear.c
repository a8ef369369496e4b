#include "vector_kernels.h"

VECTOR_KERNEL void vk_add_scaled(float *restrict target, const float *restrict source, float factor,
                                 size_t n) {
  for (size_t i = 0; i < n; i++) target[i] = target[i] + factor * source[i];
}
