// Vectors as wide as AVX-512's, which the compiler makes of what every processor of its kind has.
#define WIDTH 16
#define ROWS 2
#define VARIANT vk_products_baseline
#include "products_body.h"
