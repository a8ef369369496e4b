#ifdef __x86_64__
#include "fourier_internal.h"
#include <math.h>

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
#define LANES 8
#define PANEL_BLOCKS 1
#define OPERATIONS fourier_operations_avx2
#include "fourier_body.h"
#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
