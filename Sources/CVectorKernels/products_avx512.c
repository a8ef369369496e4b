#include "products_table.h"
#ifdef VK_PRODUCTS_X86
#define WIDTH 16
#define ROWS 2
#define VARIANT vk_products_avx512
#pragma clang attribute push(                                                           \
    __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,fma,bmi,bmi2,popcnt"))), \
    apply_to = function)
#include "products_body.h"
#pragma clang attribute pop
#endif
