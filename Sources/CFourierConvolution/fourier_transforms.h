// Part of fourier_body.h: transforms of planes, one channel a lane.

// Transforms of a few points, e^(-i) being the root of unity; a point is a complex number in every
// lane.

typedef struct {
  lanes re, im;
} point;

INLINE point plus(point a, point b) { return (point){a.re + b.re, a.im + b.im}; }
INLINE point minus(point a, point b) { return (point){a.re - b.re, a.im - b.im}; }
// factor a + b
INLINE point scaled_plus(float factor, point a, point b) {
  const lanes f = SPLAT(factor);
  return (point){FMA(f, a.re, b.re), FMA(f, a.im, b.im)};
}
// a - i factor b
INLINE point minus_turned(point a, float factor, point b) {
  return (point){FMA(SPLAT(factor), b.im, a.re), FMA(SPLAT(-factor), b.re, a.im)};
}
// (cosine - i sine) a
INLINE point turned(float cosine, float sine, point a) {
  const lanes c = SPLAT(cosine);
  return (point){FMA(SPLAT(sine), a.im, c * a.re), FMA(SPLAT(-sine), a.re, c * a.im)};
}

INLINE void transform_3(point *x) {
  const float sine = 0.86602540378443865f;
  const point sum = plus(x[1], x[2]), difference = minus(x[1], x[2]);
  const point middle = scaled_plus(-0.5f, sum, x[0]);
  x[0] = plus(x[0], sum);
  x[1] = minus_turned(middle, sine, difference);
  x[2] = minus_turned(middle, -sine, difference);
}

INLINE void transform_5(point *x) {
  const float root = 0.55901699437494742f;  // sqrt(5) / 4
  const float sine_1 = 0.95105651629515357f, sine_2 = 0.58778525229247313f;
  const point outer = plus(x[1], x[4]), inner = plus(x[2], x[3]);
  const point outer_odd = minus(x[1], x[4]), inner_odd = minus(x[2], x[3]);
  const point sum = plus(outer, inner), difference = minus(outer, inner);
  const point middle = scaled_plus(-0.25f, sum, x[0]);
  const point even_1 = scaled_plus(root, difference, middle);
  const point even_2 = scaled_plus(-root, difference, middle);
  const lanes s1 = SPLAT(sine_1), s2 = SPLAT(sine_2);
  const point odd_1 = scaled_plus(sine_2, inner_odd, (point){s1 * outer_odd.re, s1 * outer_odd.im});
  const point odd_2 =
      scaled_plus(-sine_1, inner_odd, (point){s2 * outer_odd.re, s2 * outer_odd.im});
  x[0] = plus(x[0], sum);
  x[1] = minus_turned(even_1, 1, odd_1);
  x[4] = minus_turned(even_1, -1, odd_1);
  x[2] = minus_turned(even_2, 1, odd_2);
  x[3] = minus_turned(even_2, -1, odd_2);
}

// 3 x 3 points.
INLINE void transform_9(point *x) {
  point third[3][3];
  UNROLL for (int r = 0; r < 3; r++) {
    UNROLL for (int i = 0; i < 3; i++) third[r][i] = x[3 * i + r];
    transform_3(third[r]);
  }
  // Turned by 1, 2 and 4 ninths of a circle.
  third[1][1] = turned(0.76604444311897804f, 0.64278760968653933f, third[1][1]);
  third[1][2] = turned(0.17364817766693035f, 0.98480775301220806f, third[1][2]);
  third[2][1] = turned(0.17364817766693035f, 0.98480775301220806f, third[2][1]);
  third[2][2] = turned(-0.93969262078590838f, 0.34202014332566873f, third[2][2]);
  UNROLL for (int k = 0; k < 3; k++) {
    point out[3] = {third[0][k], third[1][k], third[2][k]};
    transform_3(out);
    UNROLL for (int j = 0; j < 3; j++) x[k + 3 * j] = out[j];
  }
}

// 2 x 9 or 2 x 5 points, by the Chinese remainder theorem (Good and Thomas): no factors between.
INLINE void transform(int points, const point *x, point *y) {
  const int half = points / 2;
  point part[2][most_points / 2];
  UNROLL for (int a = 0; a < 2; a++) {
    UNROLL for (int b = 0; b < half; b++) part[a][b] = x[(half * a + 2 * b) % points];
    if (half == 9) transform_9(part[a]);
    else transform_5(part[a]);
  }
  UNROLL for (int b = 0; b < half; b++) {
    y[(half + 1) * b % points] = plus(part[0][b], part[1][b]);
    y[(half + (half + 1) * b) % points] = minus(part[0][b], part[1][b]);
  }
}

INLINE point swapped(point a) { return (point){a.im, a.re}; }

// Transforms of planes: `side` x `side` real numbers, whose first row and column have the circular
// place `place` among `points`; the others are 0. `pixel` and `row` are the floats from one number to
// the next one and from one row to the next.

// Spectra are twice what the definition says: it saves halving them.
INLINE void transform_plane(int points, int side, int place, const float *plane, long pixel, long row,
                            float *spectrum, long frequency) {
  const int half = points / 2;
  const lanes zero = SPLAT(0.0f);
  point columns[most_points / 2 + 1][most_points];
  point x[most_points], y[most_points];
  // Two real rows make one complex one, whose transform is then taken apart.
  for (int r = 0; r < side; r += 2) {
    const float *first = plane + r * row, *second = first + row;
    const bool is_pair = r + 1 < side;
    UNROLL for (int j = 0; j < points; j++) x[j] = (point){zero, zero};
    UNROLL for (int j = 0; j < side; j++)
      x[(place + j) % points] =
          (point){LOAD(first + j * pixel), is_pair ? LOAD(second + j * pixel) : zero};
    transform(points, x, y);
    UNROLL for (int k = 0; k <= half; k++) {
      const point a = y[k], b = y[(points - k) % points];
      columns[k][r] = (point){a.re + b.re, a.im - b.im};
      columns[k][r + 1] = (point){a.im + b.im, b.re - a.re};
    }
  }
  for (int k = 1; k < half; k++) {
    UNROLL for (int j = 0; j < points; j++) x[j] = (point){zero, zero};
    UNROLL for (int r = 0; r < side; r++) x[(place + r) % points] = columns[k][r];
    transform(points, x, y);
    float *out = spectrum + (k - 1) * points * frequency;
    UNROLL for (int j = 0; j < points; j++) {
      STORE(out + j * frequency, y[j].re);
      STORE(out + j * frequency + LANES, y[j].im);
      PREFETCH_STORE(out + j * frequency + row_floats);
    }
  }
  // Columns 0 and points / 2 are real and make one complex column.
  UNROLL for (int j = 0; j < points; j++) x[j] = (point){zero, zero};
  UNROLL for (int r = 0; r < side; r++)
    x[(place + r) % points] = (point){columns[0][r].re, columns[half][r].re};
  transform(points, x, y);
  const lanes one_half = SPLAT(0.5f);
  float *out = spectrum + (half - 1) * points * frequency;
  float *last = out + (half + 1) * frequency;
  UNROLL for (int j = 0; j <= half; j++) {
    const point a = y[j], b = y[(points - j) % points];
    STORE(out + j * frequency, one_half * (a.re + b.re));
    STORE(out + j * frequency + LANES, one_half * (a.im - b.im));
    STORE(last + j * frequency, one_half * (a.im + b.im));
    STORE(last + j * frequency + LANES, one_half * (b.re - a.re));
    PREFETCH_STORE(out + j * frequency + row_floats);
    PREFETCH_STORE(last + j * frequency + row_floats);
  }
}

// What becomes of the numbers of an inverse transform: max(floor, number + bias), and `fault` is NaN
// as soon as one is not finite.
typedef struct {
  lanes bias, floor, fault;
} ending;

INLINE void finish(float *out, const lanes *number, float scale, ending *how) {
  const lanes sum = FMA(SPLAT(scale), *number, how->bias);
  how->fault = FMA(SPLAT(0.0f), sum, how->fault);
  const lane_bits is_low = sum < how->floor;
  STORE(out, (lanes)((is_low & (lane_bits)how->floor) | (~is_low & (lane_bits)sum)));
}

// The part of a plane that `transform_plane` takes, from a product of two such spectra; the inverse
// transform is the transform with real and imaginary parts exchanged.
INLINE void invert_plane(int points, int side, int place, const float *spectrum, long frequency,
                         float *plane, long pixel, long row, ending *result) {
  ending how = *result;
  const int half = points / 2;
  point columns[most_points][most_points / 2 + 1];
  point x[most_points], y[most_points];
  for (int k = 1; k < half; k++) {
    const float *in = spectrum + (k - 1) * points * frequency;
    UNROLL for (int j = 0; j < points; j++) {
      x[j] = (point){LOAD(in + j * frequency + LANES), LOAD(in + j * frequency)};
      PREFETCH_LOAD(in + j * frequency + row_floats);
    }
    transform(points, x, y);
    UNROLL for (int r = 0; r < side; r++) columns[r][k] = swapped(y[(place + r) % points]);
  }
  const float *in = spectrum + (half - 1) * points * frequency;
  const float *last = in + (half + 1) * frequency;
  // Columns 0 and points / 2 are those of real numbers: a + i b is inverted, and its real part and
  // imaginary part are what a and b alone would give.
  UNROLL for (int j = 0; j <= half; j++) {
    const point a = {LOAD(in + j * frequency), LOAD(in + j * frequency + LANES)};
    const point b = {LOAD(last + j * frequency), LOAD(last + j * frequency + LANES)};
    PREFETCH_LOAD(in + j * frequency + row_floats);
    PREFETCH_LOAD(last + j * frequency + row_floats);
    x[j] = swapped((point){a.re - b.im, a.im + b.re});
    if (j > 0 && j < half) x[points - j] = swapped((point){a.re + b.im, b.re - a.im});
  }
  transform(points, x, y);
  UNROLL for (int r = 0; r < side; r++) {
    columns[r][0].re = y[(place + r) % points].im;
    columns[r][half].re = y[(place + r) % points].re;
  }
  // Both factors were doubled.
  const float scale = 0.25f / (float)(points * points);
  for (int r = 0; r < side; r += 2) {
    const bool is_pair = r + 1 < side;
    const point *a = columns[r], *b = columns[is_pair ? r + 1 : r];
    x[0] = (point){b[0].re, a[0].re};
    x[half] = (point){b[half].re, a[half].re};
    UNROLL for (int k = 1; k < half; k++) {
      x[k] = swapped((point){a[k].re - b[k].im, a[k].im + b[k].re});
      x[points - k] = swapped((point){a[k].re + b[k].im, b[k].re - a[k].im});
    }
    transform(points, x, y);
    float *first = plane + r * row, *second = first + row;
    UNROLL for (int j = 0; j < side; j++) {
      finish(first + j * pixel, &y[(place + j) % points].im, scale, &how);
      if (is_pair) finish(second + j * pixel, &y[(place + j) % points].re, scale, &how);
    }
  }
  result->fault = how.fault;
}

// The planes of images and of filters, whose taps stand about the circular place 0.

NOINLINE void transform_image(int size, const float *image, long pixel, float *spectrum,
                              long frequency) {
  if (size == 16) transform_plane(18, 16, 0, image, pixel, 16 * pixel, spectrum, frequency);
  else transform_plane(10, 8, 0, image, pixel, 8 * pixel, spectrum, frequency);
}

NOINLINE void invert_image(int size, const float *spectrum, long frequency, float *image, long pixel,
                           ending *how) {
  if (size == 16) invert_plane(18, 16, 0, spectrum, frequency, image, pixel, 16 * pixel, how);
  else invert_plane(10, 8, 0, spectrum, frequency, image, pixel, 8 * pixel, how);
}

NOINLINE void transform_filter(int size, const float *filter, long tap, float *spectrum,
                               long frequency) {
  if (size == 16) transform_plane(18, 5, 16, filter, tap, 5 * tap, spectrum, frequency);
  else transform_plane(10, 5, 8, filter, tap, 5 * tap, spectrum, frequency);
}

NOINLINE void invert_filter(int size, const float *spectrum, long frequency, float *filter, long tap,
                            ending *how) {
  if (size == 16) invert_plane(18, 5, 16, spectrum, frequency, filter, tap, 5 * tap, how);
  else invert_plane(10, 5, 8, spectrum, frequency, filter, tap, 5 * tap, how);
}
