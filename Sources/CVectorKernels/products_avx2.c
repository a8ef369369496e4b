#include "products_table.h"
#ifdef VK_PRODUCTS_X86
#define WIDTH 8
#define ROWS 1
#define VARIANT vk_products_avx2
#pragma clang attribute push(__attribute__((target("avx2,fma,bmi,bmi2,popcnt"))), apply_to = function)
#include "products_body.h"
#pragma clang attribute pop
#endif
