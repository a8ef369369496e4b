// Element-wise hot loops, vectorised by the compiler for several instruction sets and dispatched
// at run time.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "vk_optimizers.h"
#include "vk_random.h"

#if defined(__x86_64__) && defined(__linux__)
#define VECTOR_KERNEL \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define VECTOR_KERNEL
#endif

#include "vk_classification.h"
#include "vk_dense.h"
#include "vk_measure.h"
#include "vk_memory.h"
#include "vk_pooling.h"
#include "vk_products.h"
#include "vk_subspace.h"
#include "vk_variational.h"

// target += factor * source, n elements.
void vk_add_scaled(float *target, const float *source, float factor, size_t n);
