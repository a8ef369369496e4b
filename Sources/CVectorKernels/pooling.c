#include "vector_math.h"

// A vector is a block of channels; the window's loops have constant bounds where it lies inside the image.
#define POOLING_KERNELS(block, bytes)                                                             \
  typedef float floats_##block                                                                    \
      __attribute__((vector_size(bytes), aligned(4), may_alias));                                 \
  typedef int32_t ints_##block __attribute__((vector_size(bytes)));                               \
  typedef uint8_t taps_##block __attribute__((vector_size(block), aligned(1), may_alias));        \
                                                                                                  \
  VECTOR_INLINE void maximum_##block(const float *image, size_t columns, int first_row,           \
                                     int last_row, int first_column, int last_column,             \
                                     float *pooled, uint8_t *taps) {                              \
    const ints_##block zero = {0};                                                                \
    floats_##block best =                                                                         \
        *(const floats_##block *)(image + (first_row * columns + first_column) * block);          \
    ints_##block tap = zero + (3 * first_row + first_column);                                     \
    for (int row = first_row; row < last_row; row++)                                              \
      for (int column = first_column; column < last_column; column++) {                           \
        const floats_##block value =                                                              \
            *(const floats_##block *)(image + (row * columns + column) * block);                  \
        const ints_##block larger = value > best;                                                 \
        best = (floats_##block)((larger & (ints_##block)value) | (~larger & (ints_##block)best)); \
        tap = (larger & (zero + (3 * row + column))) | (~larger & tap);                           \
      }                                                                                           \
    *(floats_##block *)pooled = best;                                                             \
    *(taps_##block *)taps = __builtin_convertvector(tap, taps_##block);                           \
  }                                                                                               \
                                                                                                  \
  VECTOR_KERNEL static void pool_##block(const vk_pooling *p, size_t count, const float *images,  \
                                         float *pooled, uint8_t *taps) {                          \
    for (size_t image = 0; image < count; image++) {                                              \
      for (size_t row = 0; row < p->pooled_rows; row++) {                                         \
        const long top = 2 * (long)row - (long)p->above;                                          \
        const int first_row = top < 0 ? (int)-top : 0;                                            \
        const int last_row = top + 3 > (long)p->rows ? (int)((long)p->rows - top) : 3;            \
        for (size_t column = 0; column < p->pooled_columns; column++) {                           \
          const long side = 2 * (long)column - (long)p->left;                                     \
          const int first_column = side < 0 ? (int)-side : 0;                                     \
          const int last_column =                                                                 \
              side + 3 > (long)p->columns ? (int)((long)p->columns - side) : 3;                   \
          const float *window = images + (top * (long)p->columns + side) * block;                 \
          if (first_row == 0 && first_column == 0 && last_row == 3 && last_column == 3)           \
            maximum_##block(window, p->columns, 0, 3, 0, 3, pooled, taps);                        \
          else                                                                                    \
            maximum_##block(window, p->columns, first_row, last_row, first_column, last_column,   \
                            pooled, taps);                                                        \
          pooled += block;                                                                        \
          taps += block;                                                                          \
        }                                                                                         \
      }                                                                                           \
      images += p->rows * p->columns * block;                                                     \
    }                                                                                             \
  }                                                                                               \
                                                                                                  \
  /* One row of the gradient, which lies in `height` rows of windows: at row `tap_rows[i]` of those of       \
     `pooled_gradient[i]`. Window x covers columns 2 x to 2 x + 2, counted from `left` before the first. */   \
  VECTOR_INLINE void spread_row_##block(const vk_pooling *p, int height, const float *const *windows,        \
                                        const uint8_t *const *taps, const int *tap_rows,                     \
                                        float *gradient) {                                                   \
    const ints_##block zero = {0};                                                                           \
    ints_##block tap[2], last_tap[2] = {zero - 1, zero - 1};                                                 \
    ints_##block value[2], last_value[2] = {zero, zero};                                                     \
    for (size_t x = 0; x <= p->pooled_columns; x++) {                                                        \
      floats_##block shared = (floats_##block)zero, middle = (floats_##block)zero;                           \
      for (int i = 0; i < height; i++) {                                                                     \
        const int first = 3 * tap_rows[i];                                                                   \
        shared += (floats_##block)((last_tap[i] == zero + (first + 2)) & last_value[i]);                     \
        if (x == p->pooled_columns) continue;                                                                \
        tap[i] = __builtin_convertvector(*(const taps_##block *)(taps[i] + x * block), ints_##block);        \
        value[i] = (ints_##block) * (const floats_##block *)(windows[i] + x * block);                        \
        shared += (floats_##block)((tap[i] == zero + first) & value[i]);                                     \
        middle += (floats_##block)((tap[i] == zero + (first + 1)) & value[i]);                               \
        last_tap[i] = tap[i];                                                                                \
        last_value[i] = value[i];                                                                            \
      }                                                                                                      \
      if (2 * x >= p->left && 2 * x - p->left < p->columns)                                                  \
        *(floats_##block *)(gradient + (2 * x - p->left) * block) = shared;                                  \
      if (2 * x + 1 >= p->left && 2 * x + 1 - p->left < p->columns)                                          \
        *(floats_##block *)(gradient + (2 * x + 1 - p->left) * block) = middle;                              \
    }                                                                                                        \
  }                                                                                                          \
                                                                                                             \
  VECTOR_KERNEL static void spread_##block(const vk_pooling *p, size_t count, const float *pooled_gradient,  \
                                           const uint8_t *taps, float *gradient) {                           \
    const size_t width = p->pooled_columns * block;                                                          \
    for (size_t image = 0; image < count; image++) {                                                         \
      for (size_t row = 0; row < p->rows; row++) {                                                           \
        const float *windows[2];                                                                             \
        const uint8_t *chosen[2];                                                                            \
        int tap_rows[2], height = 0;                                                                         \
        const size_t down = row + p->above;                                                                  \
        for (size_t y = down < 2 ? 0 : (down - 1) / 2; y <= down / 2 && y < p->pooled_rows; y++, height++) { \
          windows[height] = pooled_gradient + y * width;                                                     \
          chosen[height] = taps + y * width;                                                                 \
          tap_rows[height] = (int)(down - 2 * y);                                                            \
        }                                                                                                    \
        if (height == 2)                                                                                     \
          spread_row_##block(p, 2, windows, chosen, tap_rows, gradient);                                     \
        else                                                                                                 \
          spread_row_##block(p, height, windows, chosen, tap_rows, gradient);                                \
        gradient += p->columns * block;                                                                      \
      }                                                                                                      \
      pooled_gradient += p->pooled_rows * width;                                                             \
      taps += p->pooled_rows * width;                                                                        \
    }                                                                                                        \
  }

POOLING_KERNELS(8, 32)
POOLING_KERNELS(16, 64)

void vk_max_pool(const vk_pooling *pooling, size_t count, const float *images, float *pooled,
                 uint8_t *taps) {
  (pooling->block == 8 ? pool_8 : pool_16)(pooling, count, images, pooled, taps);
}

void vk_max_pool_backward(const vk_pooling *pooling, size_t count, const float *pooled_gradient,
                          const uint8_t *taps, float *gradient) {
  (pooling->block == 8 ? spread_8 : spread_16)(pooling, count, pooled_gradient, taps, gradient);
}
