// Part of fourier_body.h: products of spectra.

// Complex products of one frequency, C = A B.
//
// The depth comes in `segments` of `depth` steps, the last of `last_depth`. All offsets are in floats.
typedef struct {
  const float *first;
  long count;
} run;

typedef struct {
  const float *a, *b;
  float *c;
  int segments, depth, last_depth;
  // From a segment to the next one.
  long a_segment, b_segment;
  // From LANES columns to the next ones.
  long b_block, c_block;
  // From LANES rows to the next ones, where rows of A are channels.
  long a_block;
  // What the next product reads and writes, to be fetched during this one.
  run ahead[3];
} product;

// What a product multiplies: rows of A are images or channels, and B is conjugated or not.
typedef enum { images_by_conjugate, images_by_filters, channels_by_conjugate } product_kind;

// Four rows of sums hide the latency of the additions and leave registers for the operands.
enum { most_rows = 4 };

INLINE long row_of_a(product_kind kind, const product *p, int row) {
  if (kind != channels_by_conjugate) return (long)row * row_floats;
  return row / LANES * p->a_block + row % LANES;
}

// The first of the lines to fetch while a block is multiplied, PANEL_BLOCKS at every step of its depth.
INLINE const float *take_lines_ahead(product *p) {
  const long steps = (p->segments - 1) * p->depth + p->last_depth;
  const long count = steps * PANEL_BLOCKS * line_floats;
  for (int i = 0; i < 3; i++)
    if (p->ahead[i].count > 0) {
      const float *first = p->ahead[i].first;
      p->ahead[i].first += count;
      p->ahead[i].count -= count;
      return first;
    }
  return p->a;
}

// `rows` rows from `row` on of `blocks` times LANES columns: as many as the registers hold.
INLINE void multiply_block(product_kind kind, product *p, int row, int rows, int blocks,
                           const float *b, float *c) {
  const float *ahead = take_lines_ahead(p);
  const long step = kind == channels_by_conjugate ? row_floats : 1;
  const float *a[most_rows];
  lanes re[most_rows][2], im[most_rows][2];
  UNROLL for (int r = 0; r < rows; r++) {
    a[r] = p->a + row_of_a(kind, p, row + r);
    UNROLL for (int j = 0; j < blocks; j++) re[r][j] = im[r][j] = SPLAT(0.0f);
  }
  for (int s = 0; s < p->segments; s++) {
    const int depth = s + 1 < p->segments ? p->depth : p->last_depth;
    const float *line = b + s * p->b_segment;
    const long first = s * p->a_segment;
    for (int k = 0; k < depth; k++) {
      lanes b_re[2], b_im[2];
      UNROLL for (int j = 0; j < blocks; j++) {
        b_re[j] = LOAD(line + j * p->b_block);
        b_im[j] = LOAD(line + j * p->b_block + LANES);
      }
      line += row_floats;
      UNROLL for (int i = 0; i < PANEL_BLOCKS; i++, ahead += line_floats)
        __builtin_prefetch(ahead, 0, 2);
      UNROLL for (int r = 0; r < rows; r++) {
        const float *number = a[r] + first + k * step;
        const lanes a_re = SPLAT(number[0]), a_im = SPLAT(number[LANES]);
        UNROLL for (int j = 0; j < blocks; j++) {
          re[r][j] = FMA(a_re, b_re[j], re[r][j]);
          im[r][j] = FMA(a_im, b_re[j], im[r][j]);
        }
        UNROLL for (int j = 0; j < blocks; j++) {
          if (kind == images_by_filters) {
            re[r][j] = FMA(-a_im, b_im[j], re[r][j]);
            im[r][j] = FMA(a_re, b_im[j], im[r][j]);
          } else {
            re[r][j] = FMA(a_im, b_im[j], re[r][j]);
            im[r][j] = FMA(-a_re, b_im[j], im[r][j]);
          }
        }
      }
    }
  }
  UNROLL for (int r = 0; r < rows; r++)
    UNROLL for (int j = 0; j < blocks; j++) {
      float *out = c + j * p->c_block + (row + r) * row_floats;
      STORE(out, re[r][j]);
      STORE(out + LANES, im[r][j]);
    }
}

INLINE void multiply_columns(product_kind kind, product *p, int rows, int blocks,
                             const float *b, float *c) {
  // As even as possible: a block of few rows leaves the processor waiting for its sums.
  for (int row = 0, left = (rows + most_rows - 1) / most_rows; left > 0; left--) {
    const int count = (rows - row + left - 1) / left;
    switch (count) {
    case 1: multiply_block(kind, p, row, 1, blocks, b, c); break;
    case 2: multiply_block(kind, p, row, 2, blocks, b, c); break;
    case 3: multiply_block(kind, p, row, 3, blocks, b, c); break;
    default: multiply_block(kind, p, row, 4, blocks, b, c); break;
    }
    row += count;
  }
}

// All of C: `rows` rows, `blocks` times LANES columns.
INLINE void multiply(product_kind kind, product *p, int rows, int blocks) {
  int j = 0;
  for (; j + PANEL_BLOCKS <= blocks; j += PANEL_BLOCKS)
    multiply_columns(kind, p, rows, PANEL_BLOCKS, p->b + j * p->b_block, p->c + j * p->c_block);
#if PANEL_BLOCKS > 1
  for (; j < blocks; j++)
    multiply_columns(kind, p, rows, 1, p->b + j * p->b_block, p->c + j * p->c_block);
#endif
}

NOINLINE void multiply_images_by_conjugate(product *p, int rows, int blocks) {
  multiply(images_by_conjugate, p, rows, blocks);
}

NOINLINE void multiply_images_by_filters(product *p, int rows, int blocks) {
  multiply(images_by_filters, p, rows, blocks);
}

NOINLINE void multiply_channels_by_conjugate(product *p, int rows, int blocks) {
  multiply(channels_by_conjugate, p, rows, blocks);
}
