/* A trainer of small networks that computes the same bits on every machine.
 *
 * The rules that keep the bits, wherever and by whatever compiler this file is built:
 *   1. Only + - * / and the square root of IEEE 754, comparisons and integers. No function of a library; the
 *      exponential, the logarithm and their relatives are written out below.
 *   2. Never a multiplication and an addition in one rounding: build with -ffp-contract=off, never with -ffast-math.
 *   3. Every sum has one order. A product of matrices adds its terms in the order of the inner index, one at a time.
 *      Vectors run across outputs, never along a sum, so no width of vectors and no size of tiles can change a bit.
 *   4. A number smaller than 2^-126 that is about to be written to memory becomes 0 (`settle`).
 *   5. NaN passes through everything, so that a network that has diverged shows it.
 *
 * A network is a list of operations over one block of float32 memory, laid out by layout.py; records.py names every
 * field below in the same order. Rows of an array lie `padded` apart: their width, rounded up to a multiple of 16. What
 * stands in a row beyond its width is never read by a sum, and is 0 in weights, gradients and slots.
 */
#include <stddef.h>
#include <stdint.h>

typedef ptrdiff_t size;

#ifdef INSTRUCTIONS /* one native library holds this file several times, each with its own prefix: avx2_train, … */
#define JOIN_(a, b) a##_##b
#define JOIN(a, b) JOIN_(a, b)
#define EXPORTED(name) JOIN(INSTRUCTIONS, name)
#else
#define EXPORTED(name) name
#endif
#if defined(_WIN32)
#define PUBLIC __declspec(dllexport)
#else
#define PUBLIC __attribute__((visibility("default")))
#endif
#define INLINE static inline __attribute__((always_inline))

/* ---- Numbers ------------------------------------------------------------------------------------------------ */

#define SMALLEST 0x1p-126f
#define INFINITE __builtin_inff()
#define NOT_A_NUMBER __builtin_nanf("")

typedef union { float number; int32_t bits; } NumberOrBits;
INLINE int32_t bits_of(float x) { return ((NumberOrBits){.number = x}).bits; }
INLINE float from_bits(int32_t bits) { return ((NumberOrBits){.bits = bits}).number; }
INLINE float absolute(float x) { return from_bits(bits_of(x) & 0x7fffffff); }
INLINE float settle(float x) { return absolute(x) < SMALLEST ? 0.0f : x; } /* NaN is not smaller, so it stays */
INLINE float root(float x) { return __builtin_sqrtf(x); }
INLINE size padded(size width) { return (width + 15) & ~(size)15; }

/* Before a loop whose step i reads and writes numbers i alone: even if two of its arrays are one, its steps may be
 * taken several at a time. */
#ifdef __clang__
#define EACH_ALONE _Pragma("clang loop vectorize(assume_safety)")
#else
#define EACH_ALONE _Pragma("GCC ivdep")
#endif

/* ---- Functions ----------------------------------------------------------------------------------------------
 * Each is a few terms of a series that can be checked by hand. They have no branches, so that compilers can compute
 * several at once, and they take and give infinities and NaN as the mathematics does. */

/* e^x = 2^n e^r with n whole and |r| <= ln(2)/2; Taylor's series to r^7 leaves 5e-9. ln(2) is subtracted in two parts,
 * of which the first has so few digits that n times it is exact (Cody & Waite 1980). */
INLINE float exponential(float x) {
    float within = x < -104.0f ? -104.0f : x;
    within = within > 89.0f ? 89.0f : within;
    float shifted = within * 1.44269504f + 12582912.0f; /* adding 1.5 * 2^23 rounds to a whole number */
    int32_t n = (int32_t)((uint32_t)bits_of(shifted) - 0x4b400000u);
    float whole = shifted - 12582912.0f;
    float r = (within - whole * 0x1.62e4p-1f) - whole * 1.4286068e-6f;
    float tail = ((((r * (1.0f / 5040) + 1.0f / 720) * r + 1.0f / 120) * r + 1.0f / 24) * r + 1.0f / 6) * r + 0.5f;
    float value = (tail * (r * r) + r) + 1.0f;
    int32_t half = n >> 1, rest = n - half; /* 2^n in two factors: 2^128 is no float32, its product may be one */
    float scaled = value * from_bits((int32_t)((uint32_t)(half + 127) << 23));
    return settle(scaled * from_bits((int32_t)((uint32_t)(rest + 127) << 23)));
}

/* e^x - 1 without losing the digits of a small x; for x <= 0.35, where Taylor's series to x^7 leaves 2e-8. */
INLINE float exponential_minus_one(float x) {
    float tail = ((((x * (1.0f / 5040) + 1.0f / 720) * x + 1.0f / 120) * x + 1.0f / 24) * x + 1.0f / 6) * x + 0.5f;
    float series = tail * (x * x) + x, plain = exponential(x) - 1.0f;
    return absolute(x) < 0.35f ? series : plain;
}

/* ln(2^e m) = e ln(2) + 2 artanh(t) with t = (m - 1) / (m + 1), |t| < 0.172; the series to t^9 leaves 4e-10. */
INLINE float logarithm(float x) {
    uint32_t bits = (uint32_t)bits_of(x);
    int32_t e = (int32_t)(bits - 0x3f3504f3u) >> 23; /* 0x3f3504f3 is the root of one half, so m lies about 1 */
    float m = from_bits((int32_t)(bits - ((uint32_t)e << 23)));
    float t = (m - 1.0f) / (m + 1.0f), q = t * t, n = (float)e;
    float series = ((q * (1.0f / 9) + 1.0f / 7) * q + 1.0f / 5) * q + 1.0f / 3;
    float part = 2.0f * t + 2.0f * t * (q * series);
    float value = n * 0x1.62e4p-1f + (part + n * 1.4286068e-6f);
    value = x < SMALLEST ? -INFINITE : value;
    value = x <= -SMALLEST ? NOT_A_NUMBER : value;
    return x < INFINITE ? value : x; /* infinity and NaN are their own logarithms */
}

/* ln(1 + x) for 0 <= x <= 1, as 2 artanh(x / (2 + x)); t^2 <= 1/9, so the series to t^15 leaves 2e-9. */
INLINE float logarithm_of_one_plus(float x) {
    float t = x / (2.0f + x), q = t * t;
    float high = (q * (1.0f / 15) + 1.0f / 13) * q + 1.0f / 11;
    float series = (((high * q + 1.0f / 9) * q + 1.0f / 7) * q + 1.0f / 5) * q + 1.0f / 3;
    return 2.0f * t + 2.0f * t * (q * series);
}

INLINE float hyperbolic_tangent(float x) {
    float lost = exponential_minus_one(-2.0f * absolute(x));
    float value = -lost / (2.0f + lost);
    return settle(x < 0.0f ? -value : value);
}

INLINE float sigmoid(float x) { return settle(1.0f / (1.0f + exponential(-x))); }

INLINE float softplus(float x) {
    float above = x < 0.0f ? 0.0f : x;
    return settle(above + logarithm_of_one_plus(exponential(-absolute(x))));
}

/* The error function. Below 1/2 Maclaurin's series to x^13, which leaves 3e-8. Above, 1 - e^(-x^2) f(t) with
 * t = 1 / (1 + x/2) and a polynomial for f, fitted by least squares of the relative error at Chebyshev's points;
 * tests/training/kernel/test_functions.py measures what it leaves. */
INLINE float error_function(float x) {
    float a = absolute(x), q = x * x, t = 1.0f / (1.0f + 0.5f * a);
    float series = ((((q * (1.0f / 9360) - 1.0f / 1320) * q + 1.0f / 216) * q - 1.0f / 42) * q + 0.1f) * q - 1.0f / 3;
    float near_zero = 1.12837917f * (x + x * (q * series));
    float f = (((((((-0.0637284443f * t + 0.305682898f) * t - 0.527131915f) * t + 0.319217861f) 
              * t - 0.0518384241f) * t + 0.212068066f) * t + 0.241038889f) * t + 0.282620609f) * t + 0.282074392f;
    float above = 1.0f - exponential(-q) * (f * t);
    above = x < 0.0f ? -above : above;
    return settle(a < 0.5f ? near_zero : (x == x ? above : x));
}

/* ---- Randomness: a hash of counters, so that no number depends on those drawn before it ----------------------- */

/* The finaliser of MurmurHash3 (Appleby 2011). */
INLINE uint32_t mixed(uint32_t number) {
    number = (number ^ (number >> 16)) * 0x85ebca6bu;
    number = (number ^ (number >> 13)) * 0xc2b2ae35u;
    return number ^ (number >> 16);
}

/* Fills one row of a dropout mask with 1 (keep) and 0; it follows from its four counters and the unit alone. */
static void draw_mask(uint32_t seed, uint32_t layer, uint32_t step, uint32_t row, size width, float rate, float *keep) {
    uint32_t start = mixed(mixed(mixed(mixed(seed) + layer) + step) + row);
    for (size unit = 0; unit < width; unit++) {
        uint32_t drawn = mixed(start + (uint32_t)unit * 0x9e3779b9u) >> 8; /* 24 bits: a float32 holds them exactly */
        keep[unit] = (float)(int32_t)drawn * 0x1p-24f >= rate ? 1.0f : 0.0f;
    }
}

/* ---- Products of matrices -------------------------------------------------------------------------------------
 * A tile is a few rows times a few vectors of the result, held in registers while the sum runs. */

#ifndef LANES /* float32 numbers in a vector register */
#define LANES 4
#endif
#ifndef TILE_ROWS
#define TILE_ROWS 4
#endif
#ifndef TILE_VECTORS
#define TILE_VECTORS 2
#endif
#define TILE_WIDTH (LANES * TILE_VECTORS)
#define WIDE_VECTORS (LANES == 16 ? 4 : 8) /* a single row needs more vectors, to keep the adders busy */
#define WIDE_WIDTH (LANES * WIDE_VECTORS)
#define ROWS_AT_ONCE 64

typedef float vector __attribute__((vector_size(4 * LANES), aligned(4)));
typedef int32_t vector_bits __attribute__((vector_size(4 * LANES), aligned(4)));
typedef float four __attribute__((vector_size(16), aligned(4)));

INLINE vector settle_all(vector x) {
    vector_bits small = ((vector_bits)x & 0x7fffffff) < 0x00800000;
    return (vector)((vector_bits)x & ~small);
}

#define UNROLLED _Pragma("GCC unroll 16")

/* c[row][column] = sum over p of a[p][row] * b[p][column], for one tile; with `add`, added to what is there. */
#define TILE(NAME, ROWS, VECTORS)                                                                                      \
    INLINE void NAME(const float *a, size a_step, const float *b, size b_step, float *c, size c_step, size terms,      \
                     int add) {                                                                                        \
        vector sum[ROWS][VECTORS];                                                                                     \
        UNROLLED for (int row = 0; row < ROWS; row++) UNROLLED for (int v = 0; v < VECTORS; v++)                       \
            sum[row][v] = (vector){0};                                                                                 \
        ONE_BY_ONE for (size p = 0; p < terms; p++, a += a_step, b += b_step) {                                        \
            vector right[VECTORS];                                                                                     \
            UNROLLED for (int v = 0; v < VECTORS; v++) right[v] = *(const vector *)(b + v * LANES);                    \
            UNROLLED for (int row = 0; row < ROWS; row++) UNROLLED for (int v = 0; v < VECTORS; v++)                   \
                sum[row][v] = sum[row][v] + a[row] * right[v];                                                         \
        }                                                                                                              \
        UNROLLED for (int row = 0; row < ROWS; row++) UNROLLED for (int v = 0; v < VECTORS; v++) {                     \
            vector *place = (vector *)(c + row * c_step + v * LANES);                                                  \
            *place = settle_all(add ? *place + sum[row][v] : sum[row][v]);                                             \
        }                                                                                                              \
    }
#ifdef __clang__
#define ONE_BY_ONE _Pragma("clang loop unroll(disable)")
#else
#define ONE_BY_ONE
#endif
TILE(one_row_tile, 1, TILE_VECTORS)
TILE(wide_tile, 1, WIDE_VECTORS)
#ifndef __wasm__
TILE(large_tile, TILE_ROWS, TILE_VECTORS)
#else
/* The same sums. Compilers of WebAssembly load four numbers of a and spread each sooner than they load each spread. */
#define ADD_ROW(row)                                                                                                   \
    {                                                                                                                  \
        vector left = __builtin_shufflevector(four_rows, four_rows, row, row, row, row);                               \
        UNROLLED for (int v = 0; v < TILE_VECTORS; v++) sum[row][v] = sum[row][v] + left * right[v];                   \
    }
INLINE void large_tile(const float *a, size a_step, const float *b, size b_step, float *c, size c_step, size terms,
                       int add) {
    vector sum[4][TILE_VECTORS];
    UNROLLED for (int row = 0; row < 4; row++) UNROLLED for (int v = 0; v < TILE_VECTORS; v++)
        sum[row][v] = (vector){0};
    ONE_BY_ONE for (size p = 0; p < terms; p++, a += a_step, b += b_step) {
        vector four_rows = *(const vector *)a, right[TILE_VECTORS];
        UNROLLED for (int v = 0; v < TILE_VECTORS; v++) right[v] = *(const vector *)(b + v * LANES);
        ADD_ROW(0) ADD_ROW(1) ADD_ROW(2) ADD_ROW(3)
    }
    UNROLLED for (int row = 0; row < 4; row++) UNROLLED for (int v = 0; v < TILE_VECTORS; v++) {
        vector *place = (vector *)(c + row * c_step + v * LANES);
        *place = settle_all(add ? *place + sum[row][v] : sum[row][v]);
    }
}
#endif

/* to[column][row] = from[row][column] */
static void transpose(const float *from, size rows, size columns, size from_step, float *to, size to_step) {
    size row = 0;
#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
    for (; row + 4 <= rows; row += 4) {
        const float *source = from + row * from_step;
        float *target = to + row;
        size column = 0;
        for (; column + 4 <= columns; column += 4, source += 4) {
            four a = *(const four *)source, b = *(const four *)(source + from_step);
            four c = *(const four *)(source + 2 * from_step), d = *(const four *)(source + 3 * from_step);
            four ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
            four AB = __builtin_shufflevector(a, b, 2, 6, 3, 7), CD = __builtin_shufflevector(c, d, 2, 6, 3, 7);
            *(four *)target = __builtin_shufflevector(ab, cd, 0, 1, 4, 5), target += to_step;
            *(four *)target = __builtin_shufflevector(ab, cd, 2, 3, 6, 7), target += to_step;
            *(four *)target = __builtin_shufflevector(AB, CD, 0, 1, 4, 5), target += to_step;
            *(four *)target = __builtin_shufflevector(AB, CD, 2, 3, 6, 7), target += to_step;
        }
        for (; column < columns; column++, source++, target += to_step)
            for (size i = 0; i < 4; i++) target[i] = source[i * from_step];
    }
#endif
#endif
    for (; row < rows; row++)
        for (size column = 0; column < columns; column++) to[column * to_step + row] = from[row * from_step + column];
}

/* Where a product finds its left rows: `a[p * step + row]` for the rows of one strip. */
typedef struct { const float *rows; size step; } Strip;

/* One row of the result at a time, for the rows that fill no strip. */
static void single_rows(const float *a, size row_step, size step, const float *b, float *c, size rows, size terms,
                        size columns, int add) {
    for (size row = 0; row < rows; row++, a += row_step, c += columns) {
        size j = 0;
        for (; j + WIDE_WIDTH <= columns; j += WIDE_WIDTH)
            wide_tile(a, step, b + j, columns, c + j, columns, terms, add);
        for (; j < columns; j += TILE_WIDTH) one_row_tile(a, step, b + j, columns, c + j, columns, terms, add);
    }
}

/* All strips against all columns. A panel of b is copied first where its rows lie far apart, which caches dislike. */
static void whole_strips(Strip a, size next_strip, const float *b, float *c, size strips, size terms, size columns,
                         int add, float *panel) {
    for (size j = 0; j < columns; j += TILE_WIDTH) {
        const float *right = b + j;
        size step = columns;
        if (strips >= 4 && columns >= 128) {
            for (size p = 0; p < terms; p++)
                for (size v = 0; v < TILE_WIDTH; v += LANES)
                    *(vector *)(panel + p * TILE_WIDTH + v) = *(const vector *)(b + p * columns + j + v);
            right = panel, step = TILE_WIDTH;
        }
        for (size strip = 0; strip < strips; strip++)
            large_tile(a.rows + strip * next_strip, a.step, right, step, c + strip * TILE_ROWS * columns + j, columns,
                       terms, add);
    }
}

/* c = a b: a has rows x terms, b terms x columns, and columns is padded. `scratch` holds terms * (64 + 32) numbers. */
static void multiply(const float *a, size a_step, const float *b, float *c, size rows, size terms, size columns,
                     int add, float *scratch) {
    float *panel = scratch + terms * ROWS_AT_ONCE;
    while (rows >= TILE_ROWS) {
        size strips = (rows < ROWS_AT_ONCE ? rows : ROWS_AT_ONCE) / TILE_ROWS;
        for (size strip = 0; strip < strips; strip++)
            transpose(a + strip * TILE_ROWS * a_step, TILE_ROWS, terms, a_step, scratch + strip * TILE_ROWS * terms,
                      TILE_ROWS);
        whole_strips((Strip){scratch, TILE_ROWS}, TILE_ROWS * terms, b, c, strips, terms, columns, add, panel);
        a += strips * TILE_ROWS * a_step, c += strips * TILE_ROWS * columns, rows -= strips * TILE_ROWS;
    }
    single_rows(a, a_step, 1, b, c, rows, terms, columns, add);
}

/* c = a^T b: a has terms x rows, b terms x columns. A column of a is a row of the result, so nothing is transposed. */
static void multiply_transposed(const float *a, size a_step, const float *b, float *c, size rows, size terms,
                                size columns, float *scratch) {
    size strips = rows / TILE_ROWS, done = strips * TILE_ROWS;
    whole_strips((Strip){a, a_step}, TILE_ROWS, b, c, strips, terms, columns, 0, scratch);
    single_rows(a + done, 1, a_step, b, c + done * columns, rows - done, terms, columns, 0);
}

/* ---- The network --------------------------------------------------------------------------------------------- */

/* Places in the block are counted in float32 numbers; -1 is no place. records.py lists the same names in this order. */
typedef struct {
    int32_t batch_size, places, width, outputs, loss, optimizer, track_norms; /* an example: places rows of width */
    int32_t input, output, output_error;
    int32_t operations, tensors;                   /* how many follow this header */
    int32_t weights, gradients, slots, before, size; /* trainable weights; equally long: gradients, each slot, a copy */
    int32_t scratch, transposed, sums, mask_size;  /* sums: float64, 4 for each column; mask_size: of all dropouts */
} Network;

typedef struct {
    int32_t kind, variant, input, second, output; /* variant: which activation; number of the dropout layer */
    int32_t input_error, second_error, output_error, adds, second_adds;
    int32_t places, width, output_width; /* numbers in a row; rows are examples times places */
    int32_t kernel, bias, kernel_gradient, bias_gradient, state, settings, kept, frozen;
    int32_t high, wide, out_high, out_wide, taps_high, taps_wide; /* images: pixels of one (or rows of a table), taps */
    int32_t step_high, step_wide, gap_high, gap_wide, top, left;  /* of a window, stride, dilation, zeros before it */
} Operation;

typedef struct { int32_t place, rows, width, settings, constraint; } Tensor; /* settings: l1, l2, limit */

enum { DENSE, ACTIVATION, BATCH_NORMALIZATION, DROPOUT, ADD, FLATTEN, RESCALING, LAYER_NORMALIZATION, CONVOLUTION,
       MAX_POOLING, AVERAGE_POOLING, EMBEDDING };
enum { LINEAR, RELU, LEAKY_RELU, ELU, TANH, SIGMOID, SOFTMAX, GELU, GELU_TANH, SILU, SELU, SOFTPLUS };
enum { SPARSE_LOGITS, SPARSE_PROBABILITIES, CATEGORICAL_LOGITS, CATEGORICAL_PROBABILITIES, BINARY_LOGITS,
       BINARY_PROBABILITIES, SQUARED, ABSOLUTE };
enum { SGD, MOMENTUM, NESTEROV, ADAGRAD, ADADELTA, RMSPROP, ADAM };
enum { FREE, MAX_NORM, NON_NEGATIVE, UNIT_NORM };

/* What changes from step to step, at the start of the block; behind it the knobs of the member. */
typedef struct {
    int32_t step, diverged_at, correct, noise_seed;
    float first_loss;
    float weight_decay, momentum, beta_1, beta_2, rho, epsilon;
    float clipnorm, global_clipnorm, clipvalue, label_smoothing; /* 0: none */
} Member;

/* What a batch is taken from: examples, their labels or targets, a factor on the loss of each. */
typedef struct { const float *inputs; const int32_t *labels; const float *targets, *weights; } Data;

/* ---- Activations ---- */

#define SELU_SCALE 1.05070099f /* Klambauer et al. 2017, equation 14 */
#define SELU_ALPHA 1.67326324f
#define ROOT_HALF 0.707106781f
#define ROOT_2_PI 2.50662827f
#define GELU_A 0.797884561f /* Hendrycks & Gimpel 2016: the root of 2 / pi, and 0.044715 */
#define GELU_B 0.044715f

INLINE float gelu_share(float x) { return 0.5f * (1.0f + error_function(x * ROOT_HALF)); }
INLINE float gelu_slope(float x) { return gelu_share(x) + x * (exponential(-0.5f * x * x) / ROOT_2_PI); }
INLINE float gelu_tanh(float x) { return hyperbolic_tangent(GELU_A * (x + GELU_B * (x * x * x))); }
INLINE float gelu_tanh_slope(float x) {
    float t = gelu_tanh(x);
    return 0.5f * (1.0f + t) + 0.5f * x * (1.0f - t * t) * (GELU_A * (1.0f + 3.0f * GELU_B * (x * x)));
}
INLINE float silu_slope(float x) { float s = sigmoid(x); return s + x * (s * (1.0f - s)); }
INLINE float elu(float x, float alpha) {
    float below = alpha * exponential_minus_one(x > 0.0f ? 0.0f : x);
    return x > 0.0f ? x : below;
}

static void softmax_row(const float *x, float *y, size width) {
    float highest = x[0], sum = 0.0f;
    for (size j = 1; j < width; j++) highest = x[j] > highest ? x[j] : highest;
    for (size j = 0; j < padded(width); j++) y[j] = exponential(x[j] - highest); /* whole vectors are faster */
    for (size j = 0; j < width; j++) sum += y[j];
    for (size j = 0; j < width; j++) y[j] = settle(y[j] / sum);
}

#define EACH(VALUE)                                                                                                    \
    EACH_ALONE for (size i = 0; i < count; i++) {                                                                      \
        float x = from[i];                                                                                             \
        to[i] = settle(VALUE);                                                                                         \
    }                                                                                                                  \
    break

static void activate(int32_t kind, float alpha, const float *from, float *to, size rows, size width) {
    size count = rows * padded(width);
    switch (kind) {
    case RELU: EACH(x > 0.0f ? x : (x <= 0.0f ? 0.0f : x)); /* not max(x, 0), which hides NaN */
    case LEAKY_RELU: EACH(x > 0.0f ? x : alpha * x);
    case ELU: EACH(elu(x, alpha));
    case SELU: EACH(SELU_SCALE * elu(x, SELU_ALPHA));
    case TANH: EACH(hyperbolic_tangent(x));
    case SIGMOID: EACH(sigmoid(x));
    case GELU: EACH(x * gelu_share(x));
    case GELU_TANH: EACH(0.5f * x * (1.0f + gelu_tanh(x)));
    case SILU: EACH(x * sigmoid(x));
    case SOFTPLUS: EACH(softplus(x));
    case SOFTMAX:
        for (size row = 0; row < rows; row++, from += padded(width), to += padded(width)) softmax_row(from, to, width);
        break;
    default: EACH(x);
    }
}

#undef EACH
/* The error before an activation: the error behind it times the slope, from its input x or, where that is enough, from
 * its output y. The planner lets only those of the second kind overwrite their input. */
#define EACH(SLOPE)                                                                                                    \
    if (add) EACH_INTO(SLOPE, to[i] + value)                                                                           \
    else EACH_INTO(SLOPE, value)                                                                                       \
    break
#define EACH_INTO(SLOPE, RESULT)                                                                                       \
    EACH_ALONE for (size i = 0; i < count; i++) {                                                                      \
        float x = input[i], y = output[i], value = error[i] * (SLOPE);                                                 \
        (void)x, (void)y;                                                                                              \
        to[i] = settle(RESULT);                                                                                        \
    }

static void activate_back(int32_t kind, float alpha, const float *input, const float *output, const float *error,
                          float *to, size rows, size width, int add) {
    size count = rows * padded(width);
    switch (kind) {
    case RELU: EACH(y > 0.0f ? 1.0f : 0.0f);
    case LEAKY_RELU: EACH(y > 0.0f ? 1.0f : alpha);
    case ELU: EACH(y > 0.0f ? 1.0f : y + alpha);
    case SELU: EACH(y > 0.0f ? SELU_SCALE : y + SELU_SCALE * SELU_ALPHA);
    case TANH: EACH(1.0f - y * y);
    case SIGMOID: EACH(y * (1.0f - y));
    case GELU: EACH(gelu_slope(x));
    case GELU_TANH: EACH(gelu_tanh_slope(x));
    case SILU: EACH(silu_slope(x));
    case SOFTPLUS: EACH(sigmoid(x));
    case SOFTMAX:
        for (size row = 0; row < rows; row++, output += padded(width), error += padded(width), to += padded(width)) {
            float common = 0.0f;
            for (size j = 0; j < width; j++) common += error[j] * output[j];
            for (size j = 0; j < width; j++) {
                float value = output[j] * (error[j] - common);
                to[j] = settle(add ? to[j] + value : value);
            }
        }
        break;
    default: EACH(1.0f);
    }
}
#undef EACH

/* ---- Sums over rows ---- */

/* Sums the rows of a matrix, column by column, in ascending order. */
static void sum_rows(const float *restrict from, size rows, size width, float *restrict to) {
    size step = padded(width);
    for (size j = 0; j < step; j++) to[j] = 0.0f;
    for (size row = 0; row < rows; row++, from += step)
        for (size j = 0; j < step; j++) to[j] = to[j] + from[j];
    for (size j = 0; j < step; j++) to[j] = settle(to[j]);
}

static void add_to_rows(const float *restrict bias, float *restrict to, size rows, size step) {
    for (size row = 0; row < rows; row++, to += step)
        for (size j = 0; j < step; j++) to[j] = settle(to[j] + bias[j]);
}

/* The length of a long array: number j adds to partial sum j mod 16, and the 16 are added as a tree. */
static float length_of(const float *from, const float *minus, size count) {
    double partial[16] = {0};
    for (size i = 0; i < count; i += 16)
        for (size j = 0; j < 16; j++) {
            double x = (double)from[i + j] - (minus ? (double)minus[i + j] : 0.0);
            partial[j] = partial[j] + x * x;
        }
    for (size half = 8; half; half /= 2)
        for (size j = 0; j < half; j++) partial[j] = partial[j] + partial[j + half];
    return (float)__builtin_sqrt(partial[0]);
}

/* ---- Batch normalisation (Ioffe & Szegedy 2015, algorithm 1), with the conventions of Keras ----
 * settings: momentum, epsilon, examples in a group (Hoffer et al. 2017, algorithm 1; 0: the whole batch is one).
 * state: moving mean, moving variance. kept: for each group mean and 1 / deviation; then the normalised rows. */

INLINE size groups_of(const Network *network, const Operation *o, const float *block) {
    size group = (size)block[o->settings + 2];
    return group ? (network->batch_size + group - 1) / group : 1;
}

/* Measures one group, in two passes: the mean first, then the squares about it. Rows are added in ascending order. */
static void measure_group(const Operation *o, float *block, const float *x, size rows, float *mean, double *sums) {
    size width = padded(o->width);
    float *factor = mean + width, *moving_mean = block + o->state, *moving_variance = moving_mean + width;
    float momentum = block[o->settings], epsilon = block[o->settings + 1];
    double *sum = sums, *squares = sums + width;
    for (size j = 0; j < width; j++) sum[j] = squares[j] = 0.0;
    for (size row = 0; row < rows; row++)
        for (size j = 0; j < width; j++) sum[j] = sum[j] + (double)x[row * width + j];
    for (size j = 0; j < width; j++) mean[j] = settle((float)(sum[j] / (double)rows));
    for (size row = 0; row < rows; row++)
        for (size j = 0; j < width; j++) {
            double away = (double)x[row * width + j] - (double)mean[j];
            squares[j] = squares[j] + away * away;
        }
    for (size j = 0; j < width; j++) {
        float variance = settle((float)(squares[j] / (double)rows));
        factor[j] = 1.0f / root(variance + epsilon);
        moving_mean[j] = settle(moving_mean[j] * momentum + mean[j] * (1.0f - momentum));
        moving_variance[j] = settle(moving_variance[j] * momentum + variance * (1.0f - momentum));
    }
}

static void normalize(const Network *network, const Operation *o, float *block, size rows, int training, double *sums) {
    size width = padded(o->width), groups = groups_of(network, o, block);
    size group = groups == 1 || !training || o->frozen ? rows : (size)block[o->settings + 2] * o->places;
    const float *x = block + o->input, *gamma = o->kernel < 0 ? 0 : block + o->kernel;
    const float *beta = o->bias < 0 ? 0 : block + o->bias, *moving_mean = block + o->state;
    float *mean = block + o->kept, *normalized = mean + groups * 2 * width, *y = block + o->output;
    for (size first = 0; first < rows; first += group, mean += 2 * width) {
        float *factor = mean + width;
        size end = first + group < rows ? first + group : rows;
        if (training && !o->frozen) {
            measure_group(o, block, x + first * width, end - first, mean, sums);
        } else {
            for (size j = 0; j < width; j++) mean[j] = moving_mean[j];
            for (size j = 0; j < width; j++) factor[j] = 1.0f / root(moving_mean[width + j] + block[o->settings + 1]);
        }
        for (size row = first; row < end; row++)
            for (size j = 0; j < width; j++) {
                float value = settle((x[row * width + j] - mean[j]) * factor[j]);
                normalized[row * width + j] = value;
                value = gamma ? value * gamma[j] : value;
                y[row * width + j] = settle(beta ? value + beta[j] : value);
            }
    }
}

static void normalize_back(const Network *network, const Operation *o, float *block, size rows, double *sums) {
    size width = padded(o->width), groups = groups_of(network, o, block);
    size group = groups == 1 || o->frozen ? rows : (size)block[o->settings + 2] * o->places;
    const float *error = block + o->output_error, *gamma = o->kernel < 0 ? 0 : block + o->kernel;
    const float *factor = block + o->kept + width, *normalized = block + o->kept + groups * 2 * width;
    float *to = o->input_error < 0 ? 0 : block + o->input_error;
    double *sum = sums, *products = sums + width, *all = sums + 2 * width, *all_products = sums + 3 * width;
    for (size j = 0; j < width; j++) all[j] = all_products[j] = 0.0;
    for (size first = 0; first < rows; first += group, factor += 2 * width) {
        size end = first + group < rows ? first + group : rows;
        for (size j = 0; j < width; j++) sum[j] = products[j] = 0.0;
        for (size row = first; row < end; row++)
            for (size j = 0; j < width; j++) {
                double e = (double)error[row * width + j];
                sum[j] = sum[j] + e;
                products[j] = products[j] + e * (double)normalized[row * width + j];
            }
        for (size j = 0; j < width; j++) all[j] = all[j] + sum[j], all_products[j] = all_products[j] + products[j];
        float share = 1.0f / (float)(end - first);
        for (size row = first; to && row < end; row++)
            for (size j = 0; j < width; j++) {
                float e = error[row * width + j];
                float from_batch = (float)sum[j] + normalized[row * width + j] * (float)products[j];
                float value = (o->frozen ? e : e - from_batch * share) * factor[j];
                value = gamma ? value * gamma[j] : value;
                to[row * width + j] = settle(o->adds ? to[row * width + j] + value : value);
            }
    }
    for (size j = 0; j < width; j++) {
        if (o->kernel_gradient >= 0) block[o->kernel_gradient + j] = settle((float)all_products[j]);
        if (o->bias_gradient >= 0) block[o->bias_gradient + j] = settle((float)all[j]);
    }
}

/* ---- Layer normalisation (Ba et al. 2016, equation 3): every row by its own mean and deviation ----
 * settings: epsilon. kept: 1 / deviation of each row, then the normalised rows. */

static void normalize_rows(const Operation *o, float *block, size rows) {
    size width = o->width, step = padded(width);
    const float *x = block + o->input, *gamma = o->kernel < 0 ? 0 : block + o->kernel;
    const float *beta = o->bias < 0 ? 0 : block + o->bias;
    float *factors = block + o->kept, *normalized = factors + padded(rows), *y = block + o->output;
    for (size row = 0; row < rows; row++, x += step, y += step, normalized += step) {
        double sum = 0.0, squares = 0.0;
        for (size j = 0; j < width; j++) sum = sum + (double)x[j];
        float mean = settle((float)(sum / (double)width));
        for (size j = 0; j < width; j++) {
            double away = (double)x[j] - (double)mean;
            squares = squares + away * away;
        }
        float factor = 1.0f / root(settle((float)(squares / (double)width)) + block[o->settings]);
        factors[row] = factor;
        for (size j = 0; j < width; j++) {
            float value = normalized[j] = settle((x[j] - mean) * factor);
            value = gamma ? value * gamma[j] : value;
            y[j] = settle(beta ? value + beta[j] : value);
        }
    }
}

static void normalize_rows_back(const Operation *o, float *block, size rows, double *sums) {
    size width = o->width, step = padded(width);
    const float *error = block + o->output_error, *gamma = o->kernel < 0 ? 0 : block + o->kernel;
    const float *factors = block + o->kept, *normalized = factors + padded(rows);
    float *to = o->input_error < 0 ? 0 : block + o->input_error;
    double *sum = sums, *products = sums + step;
    for (size j = 0; j < step; j++) sum[j] = products[j] = 0.0;
    for (size row = 0; row < rows; row++, error += step, normalized += step, to = to ? to + step : 0) {
        double mean = 0.0, slope = 0.0;
        for (size j = 0; j < width; j++) {
            double e = (double)error[j], inner = gamma ? e * (double)gamma[j] : e;
            sum[j] = sum[j] + e;
            products[j] = products[j] + e * (double)normalized[j];
            mean = mean + inner;
            slope = slope + inner * (double)normalized[j];
        }
        if (!to) continue;
        float m = (float)(mean / (double)width), s = (float)(slope / (double)width), factor = factors[row];
        for (size j = 0; j < width; j++) {
            float inner = gamma ? error[j] * gamma[j] : error[j], value = (inner - m - normalized[j] * s) * factor;
            to[j] = settle(o->adds ? to[j] + value : value);
        }
    }
    for (size j = 0; j < width; j++) {
        if (o->kernel_gradient >= 0) block[o->kernel_gradient + j] = settle((float)products[j]);
        if (o->bias_gradient >= 0) block[o->bias_gradient + j] = settle((float)sum[j]);
    }
}

/* ---- Images: a window slides over the pixels; each place of it makes one row of the result ---- */

/* Where a tap of the window meets the image: the number of the pixel, or -1 beside it. */
INLINE size pixel_of(const Operation *o, size out, size tap) {
    size row = (out / o->out_wide) * o->step_high + (tap / o->taps_wide) * o->gap_high - o->top;
    size column = (out % o->out_wide) * o->step_wide + (tap % o->taps_wide) * o->gap_wide - o->left;
    return row < 0 || row >= o->high || column < 0 || column >= o->wide ? -1 : row * o->wide + column;
}

/* A convolution is a product: all that a window sees, as a row of a matrix, times the kernel. Kept: that matrix. */
static void take_patches(const Operation *o, const float *restrict x, float *restrict patches, size examples) {
    size outs = o->out_high * o->out_wide, taps = o->taps_high * o->taps_wide, width = o->width, step = padded(width);
    for (size out = 0; out < outs; out++)
        for (size tap = 0; tap < taps; tap++) {
            size pixel = pixel_of(o, out, tap), apart = padded(taps * width);
            float *to = patches + out * apart + tap * width;
            const float *from = x + pixel * step;
            for (size example = 0; example < examples; example++, to += outs * apart, from += o->places * step)
                for (size j = 0; j < width; j++) to[j] = pixel < 0 ? 0.0f : from[j];
        }
}

/* The way back: every pixel gets the errors of all windows that saw it, in the order of taps and then of windows. */
static void give_patches(const Operation *o, const float *restrict patches, float *restrict to, size examples) {
    size outs = o->out_high * o->out_wide, taps = o->taps_high * o->taps_wide, width = o->width, step = padded(width);
    if (!o->adds)
        for (size i = 0; i < examples * o->places * step; i++) to[i] = 0.0f;
    for (size tap = 0; tap < taps; tap++)
        for (size out = 0; out < outs; out++) {
            size pixel = pixel_of(o, out, tap), apart = padded(taps * width);
            if (pixel < 0) continue;
            const float *from = patches + out * apart + tap * width;
            float *at = to + pixel * step;
            for (size example = 0; example < examples; example++, from += outs * apart, at += o->places * step)
                for (size j = 0; j < width; j++) at[j] = settle(at[j] + from[j]);
        }
}

/* Kept: for each number of the result, the pixel that it came from; of equal ones the first. */
static void pool_highest(const Operation *o, const float *restrict x, float *restrict y, int32_t *restrict from,
                         size examples) {
    size outs = o->out_high * o->out_wide, taps = o->taps_high * o->taps_wide, step = padded(o->width);
    for (size example = 0; example < examples; example++, x += o->places * step)
        for (size out = 0; out < outs; out++, y += step, from += step) {
            for (size j = 0; j < step; j++) from[j] = -1, y[j] = -INFINITE;
            for (size tap = 0; tap < taps; tap++) {
                size pixel = pixel_of(o, out, tap);
                if (pixel < 0) continue;
                const float *seen = x + pixel * step;
                for (size j = 0; j < step; j++) {
                    int taken = from[j] < 0 || seen[j] > y[j] || seen[j] != seen[j]; /* NaN is taken, too */
                    y[j] = taken ? seen[j] : y[j];
                    from[j] = taken ? (int32_t)pixel : from[j];
                }
            }
        }
}

static void pool_highest_back(const Operation *o, const float *restrict error, const int32_t *restrict from,
                              float *restrict to, size examples) {
    size outs = o->out_high * o->out_wide, step = padded(o->width);
    if (!o->adds)
        for (size i = 0; i < examples * o->places * step; i++) to[i] = 0.0f;
    for (size example = 0; example < examples; example++, to += o->places * step)
        for (size out = 0; out < outs; out++, error += step, from += step)
            for (size j = 0; j < o->width; j++) to[from[j] * step + j] = settle(to[from[j] * step + j] + error[j]);
}

/* The mean over those taps of a window that meet the image; backward, each of them gets its share of the error. */
static void pool_mean(const Operation *o, const float *restrict from, float *restrict to, size examples, int back) {
    size outs = o->out_high * o->out_wide, taps = o->taps_high * o->taps_wide, step = padded(o->width);
    size images = o->places * step, results = outs * step;
    if (!back || !o->adds)
        for (size i = 0; i < examples * (back ? images : results); i++) to[i] = 0.0f;
    for (size out = 0; out < outs; out++) {
        float met = 0.0f;
        for (size tap = 0; tap < taps; tap++) met += pixel_of(o, out, tap) < 0 ? 0.0f : 1.0f;
        for (size tap = 0; tap < taps; tap++) {
            size pixel = pixel_of(o, out, tap);
            if (pixel < 0) continue;
            const float *source = from + (back ? out : pixel) * step;
            float *target = to + (back ? pixel : out) * step;
            for (size example = 0; example < examples; example++)
                for (size j = 0; j < step; j++) {
                    float *at = target + example * (back ? images : results) + j;
                    float value = source[example * (back ? results : images) + j];
                    *at = settle(*at + (back ? value / met : value));
                }
        }
        if (back) continue;
        for (size example = 0; example < examples; example++)
            for (size j = 0; j < step; j++) {
                float *at = to + example * results + out * step + j;
                *at = settle(*at / met);
            }
    }
}

/* ---- One operation, forward and backward ---- */

/* ---- Embeddings: a row of the table for each number of an example; Python has checked that the table has them ---- */

static void look_up(const float *words, const float *restrict table, float *restrict to, size count, size width) {
    for (size i = 0; i < count; i++) {
        const float *row = table + (size)words[i] * width;
        for (size j = 0; j < width; j++) to[i * width + j] = row[j];
    }
}

/* A row's gradient is the sum over the places where it was looked up, the first place first. */
static void look_up_back(const float *words, const float *restrict error, float *restrict gradient, size count,
                         size width) {
    for (size i = 0; i < count; i++) {
        float *row = gradient + (size)words[i] * width;
        EACH_ALONE for (size j = 0; j < width; j++) row[j] = settle(row[j] + error[i * width + j]);
    }
}

static void rescale(const float *from, float *to, size count, float scale, float offset) {
    EACH_ALONE for (size i = 0; i < count; i++) to[i] = settle(from[i] * scale + offset);
}

static void forward(const Network *network, const Operation *o, float *block, size examples, int training,
                    const float *masks) {
    const Member *member = (const Member *)block;
    size rows = examples * o->places, width = padded(o->width), output_width = padded(o->output_width);
    const float *x = block + o->input;
    float *y = block + o->output;
    switch (o->kind) {
    case DENSE:
        multiply(x, width, block + o->kernel, y, rows, o->width, output_width, 0, block + network->scratch);
        if (o->bias >= 0) add_to_rows(block + o->bias, y, rows, output_width);
        break;
    case ACTIVATION: activate(o->variant, block[o->settings], x, y, rows, o->width); break;
    case BATCH_NORMALIZATION: normalize(network, o, block, rows, training, (double *)(block + network->sums)); break;
    case DROPOUT: {
        float rate = block[o->settings], factor = 1.0f / (1.0f - rate);
        if (!training) factor = 1.0f;
        size row_size = o->places * o->width; /* a mask has a row for each example */
        for (size example = 0; example < examples; example++) {
            float *keep = block + o->kept + example * row_size;
            if (!training) for (size j = 0; j < row_size; j++) keep[j] = 1.0f;
            else if (masks) for (size j = 0; j < row_size; j++) keep[j] = masks[example * row_size + j];
            else draw_mask((uint32_t)member->noise_seed, (uint32_t)o->variant, (uint32_t)member->step,
                           o->frozen ? 0 : (uint32_t)example, row_size, rate, keep); /* frozen: all rows share one */
            for (size place = 0; place < o->places; place++) {
                size start = (example * o->places + place) * width;
                for (size j = 0; j < o->width; j++)
                    y[start + j] = settle(keep[place * o->width + j] != 0.0f ? x[start + j] * factor : 0.0f);
            }
        }
        break;
    }
    case ADD:
        EACH_ALONE for (size i = 0; i < rows * width; i++) y[i] = settle(x[i] + block[o->second + i]);
        break;
    case FLATTEN:
        for (size example = 0; example < examples; example++)
            for (size place = 0; place < o->places; place++)
                for (size j = 0; j < o->width; j++)
                    y[example * output_width + place * o->width + j] = x[(example * o->places + place) * width + j];
        break;
    case LAYER_NORMALIZATION: normalize_rows(o, block, rows); break;
    case CONVOLUTION: {
        size terms = o->taps_high * o->taps_wide * o->width, outs = examples * o->out_high * o->out_wide;
        take_patches(o, x, block + o->kept, examples);
        multiply(block + o->kept, padded(terms), block + o->kernel, y, outs, terms, output_width, 0,
                 block + network->scratch);
        if (o->bias >= 0) add_to_rows(block + o->bias, y, outs, output_width);
        break;
    }
    case MAX_POOLING: pool_highest(o, x, y, (int32_t *)(block + o->kept), examples); break;
    case AVERAGE_POOLING: pool_mean(o, x, y, examples, 0); break;
    case EMBEDDING:
        for (size example = 0; example < examples; example++)
            look_up(x + example * width, block + o->kernel, y + example * o->width * output_width, o->width,
                    output_width);
        break;
    case RESCALING:
        rescale(x, y, rows * width, block[o->settings], block[o->settings + 1]);
        break;
    }
}

static void pass_on(const float *error, float *to, size count, int add) {
    EACH_ALONE for (size i = 0; i < count; i++) to[i] = settle(add ? to[i] + error[i] : error[i]);
}

static void backward(const Network *network, const Operation *o, float *block, size examples) {
    size rows = examples * o->places, width = padded(o->width), output_width = padded(o->output_width);
    const float *x = block + o->input, *error = block + o->output_error;
    float *to = o->input_error < 0 ? 0 : block + o->input_error, *scratch = block + network->scratch;
    switch (o->kind) {
    case DENSE:
        if (o->bias_gradient >= 0) sum_rows(error, rows, o->output_width, block + o->bias_gradient);
        if (o->kernel_gradient >= 0)
            multiply_transposed(x, width, error, block + o->kernel_gradient, o->width, rows, output_width, scratch);
        if (to) {
            float *transposed = block + network->transposed;
            transpose(block + o->kernel, o->width, o->output_width, output_width, transposed, width);
            multiply(error, output_width, transposed, to, rows, o->output_width, width, o->adds, scratch);
        }
        break;
    case ACTIVATION:
        if (to) activate_back(o->variant, block[o->settings], x, block + o->output, error, to, rows, o->width, o->adds);
        break;
    case BATCH_NORMALIZATION: normalize_back(network, o, block, rows, (double *)(block + network->sums)); break;
    case DROPOUT: {
        if (!to) break;
        float factor = 1.0f / (1.0f - block[o->settings]);
        for (size row = 0; row < rows; row++) {
            const float *keep = block + o->kept + row * o->width;
            for (size j = 0; j < o->width; j++) {
                float value = keep[j] != 0.0f ? error[row * width + j] * factor : 0.0f;
                to[row * width + j] = settle(o->adds ? to[row * width + j] + value : value);
            }
        }
        break;
    }
    case ADD:
        if (to) pass_on(error, to, rows * width, o->adds);
        if (o->second_error >= 0) pass_on(error, block + o->second_error, rows * width, o->second_adds);
        break;
    case FLATTEN:
        if (!to) break;
        for (size example = 0; example < examples; example++)
            for (size place = 0; place < o->places; place++)
                for (size j = 0; j < o->width; j++) {
                    float *at = to + (example * o->places + place) * width + j;
                    float value = error[example * output_width + place * o->width + j];
                    *at = o->adds ? settle(*at + value) : value;
                }
        break;
    case LAYER_NORMALIZATION: normalize_rows_back(o, block, rows, (double *)(block + network->sums)); break;
    case CONVOLUTION: {
        size terms = o->taps_high * o->taps_wide * o->width, outs = examples * o->out_high * o->out_wide;
        float *patches = block + o->kept, *transposed = block + network->transposed;
        if (o->bias_gradient >= 0) sum_rows(error, outs, o->output_width, block + o->bias_gradient);
        if (o->kernel_gradient >= 0)
            multiply_transposed(patches, padded(terms), error, block + o->kernel_gradient, terms, outs, output_width,
                                scratch);
        if (!to) break;
        transpose(block + o->kernel, terms, o->output_width, output_width, transposed, padded(terms));
        multiply(error, output_width, transposed, patches, outs, o->output_width, padded(terms), 0, scratch);
        give_patches(o, patches, to, examples);
        break;
    }
    case MAX_POOLING:
        if (to) pool_highest_back(o, error, (const int32_t *)(block + o->kept), to, examples);
        break;
    case AVERAGE_POOLING:
        if (to) pool_mean(o, error, to, examples, 1);
        break;
    case EMBEDDING: {
        float *gradient = block + o->kernel_gradient;
        if (o->kernel_gradient < 0) break;
        for (size i = 0; i < o->high * output_width; i++) gradient[i] = 0.0f;
        for (size example = 0; example < examples; example++)
            look_up_back(x + example * width, error + example * o->width * output_width, gradient, o->width,
                         output_width);
        break;
    }
    case RESCALING:
        if (!to) break;
        for (size i = 0; i < rows * width; i++) {
            float value = error[i] * block[o->settings];
            to[i] = settle(o->adds ? to[i] + value : value);
        }
        break;
    }
}

/* ---- Losses, with the conventions of Keras: the mean over the outputs of a row, then over rows ---- */

#define LEAST 1e-7f /* Keras clips probabilities to 1e-7 … 1 - 1e-7 */
#define MOST 0.9999999f
INLINE float clipped(float p) { return p < LEAST ? LEAST : (p > MOST ? MOST : p); }
INLINE float inside(float p) { return p >= LEAST && p <= MOST ? 1.0f : 0.0f; }

static size highest(const float *row, size width) {
    size best = 0;
    for (size j = 1; j < width; j++) best = row[j] > row[best] ? j : best;
    return best;
}

/* Gives the loss of one row whose outputs are q, and its slope for each output to e. */
static float loss_of_row(int32_t kind, const float *q, size width, int32_t label, const float *t, float smoothing,
                         float *e) {
    float loss = 0.0f, sum = 0.0f, common = 0.0f, share = 1.0f / (float)width;
    switch (kind) {
    case SPARSE_LOGITS:
    case CATEGORICAL_LOGITS: {
        float top = q[highest(q, width)];
        for (size j = 0; j < padded(width); j++) e[j] = exponential(q[j] - top); /* whole vectors are faster */
        for (size j = 0; j < width; j++) sum += e[j];
        float log_sum = logarithm(sum);
        if (kind == SPARSE_LOGITS) {
            float spread = smoothing * share, certain = 1.0f - smoothing; /* Szegedy et al. 2016, section 7 */
            for (size j = 0; j < width; j++) common += log_sum - (q[j] - top);
            loss = log_sum - (q[label] - top);
            loss = smoothing > 0.0f ? certain * loss + spread * common : loss;
            for (size j = 0; j < width; j++) e[j] = e[j] / sum - spread;
            e[label] = e[label] - certain;
        } else {
            for (size j = 0; j < width; j++) loss += t[j] * (log_sum - (q[j] - top));
            for (size j = 0; j < width; j++) e[j] = e[j] / sum - t[j];
        }
        return loss;
    }
    case SPARSE_PROBABILITIES: /* Keras takes the logarithms for logits, which divides by their sum again */
        for (size j = 0; j < width; j++) sum += clipped(q[j]);
        for (size j = 0; j < width; j++) {
            float answer = j == label ? 1.0f / clipped(q[j]) : 0.0f;
            e[j] = inside(q[j]) * (1.0f / sum - answer);
        }
        return logarithm(sum) - logarithm(clipped(q[label]));
    case CATEGORICAL_PROBABILITIES:
        for (size j = 0; j < width; j++) sum += q[j];
        for (size j = 0; j < width; j++) {
            float p = q[j] / sum;
            loss = loss - t[j] * logarithm(clipped(p));
            e[j] = -(t[j] / clipped(p)) * inside(p);
            common += e[j] * p;
        }
        for (size j = 0; j < width; j++) e[j] = (e[j] - common) / sum;
        return loss;
    case BINARY_LOGITS:
        for (size j = 0; j < width; j++) {
            float above = q[j] < 0.0f ? 0.0f : q[j];
            loss += above - q[j] * t[j] + logarithm_of_one_plus(exponential(-absolute(q[j])));
            e[j] = (sigmoid(q[j]) - t[j]) * share;
        }
        return loss * share;
    case BINARY_PROBABILITIES:
        for (size j = 0; j < width; j++) {
            float p = clipped(q[j]);
            loss = loss - (t[j] * logarithm(p) + (1.0f - t[j]) * logarithm(1.0f - p));
            e[j] = ((1.0f - t[j]) / (1.0f - p) - t[j] / p) * inside(q[j]) * share;
        }
        return loss * share;
    case SQUARED:
        for (size j = 0; j < width; j++) {
            float away = q[j] - t[j];
            loss += away * away;
            e[j] = 2.0f * away * share;
        }
        return loss * share;
    default: /* ABSOLUTE */
        for (size j = 0; j < width; j++) {
            float away = q[j] - t[j];
            loss += absolute(away);
            e[j] = (away > 0.0f ? 1.0f : (away < 0.0f ? -1.0f : away)) * share;
        }
        return loss * share;
    }
}

static int is_correct(int32_t kind, const float *q, size width, int32_t label, const float *t) {
    switch (kind) {
    case SPARSE_LOGITS:
    case SPARSE_PROBABILITIES: return highest(q, width) == label;
    case CATEGORICAL_LOGITS:
    case CATEGORICAL_PROBABILITIES: return highest(q, width) == highest(t, width);
    case BINARY_LOGITS: return (q[0] > 0.0f) == (t[0] > 0.5f);
    case BINARY_PROBABILITIES: return (q[0] > 0.5f) == (t[0] > 0.5f);
    default: return 0;
    }
}

/* Sums the losses of rows, in their order, and counts the right answers; writes the error of the mean, too. */
static double losses(const Network *network, float *block, const Data *data, const int32_t *order, size first,
                     size rows, int32_t *correct) {
    size width = network->outputs, step = padded(width);
    float smoothing = ((const Member *)block)->label_smoothing;
    double sum = 0.0;
    for (size row = 0; row < rows; row++) {
        size example = order ? order[row] : first + row;
        const float *q = block + network->output + row * step;
        const float *t = data->targets ? data->targets + example * width : 0;
        float *e = block + network->output_error + row * step, weight = data->weights ? data->weights[example] : 1.0f;
        int32_t label = data->labels ? data->labels[example] : 0;
        float loss = loss_of_row(network->loss, q, width, label, t, smoothing, e) * weight;
        weight = weight / (float)rows; /* by the number of rows, not by the sum of their weights */
        for (size j = 0; j < width; j++) e[j] = settle(e[j] * weight);
        for (size j = width; j < step; j++) e[j] = 0.0f;
        *correct += is_correct(network->loss, q, width, label, t);
        sum = sum + (double)loss;
    }
    return sum;
}

/* ---- Optimizers: the rules of optimizers.py, which tells their sources ---- */

static double power(double base, int32_t exponent) {
    double result = 1.0;
    for (; exponent; exponent >>= 1, base = base * base)
        if (exponent & 1) result = result * base;
    return result;
}

/* The gradient of the penalties joins, and what stands beyond a row's width becomes 0. */
static void finish_gradient(const Network *network, const Tensor *tensor, float *block) {
    size step = padded(tensor->width), count = tensor->rows * step;
    const float *w = block + network->weights + tensor->place;
    float *g = block + network->gradients + tensor->place;
    float l1 = block[tensor->settings], twice_l2 = 2.0f * block[tensor->settings + 1];
    for (size row = 0; row < tensor->rows; row++)
        for (size j = tensor->width; j < step; j++) g[row * step + j] = 0.0f;
    if (twice_l2 != 0.0f)
        for (size i = 0; i < count; i++) g[i] = settle(g[i] + twice_l2 * w[i]);
    if (l1 != 0.0f)
        for (size i = 0; i < count; i++) g[i] = settle(g[i] + l1 * (w[i] > 0.0f ? 1.0f : (w[i] < 0.0f ? -1.0f : w[i])));
}

INLINE void shorten(float *g, size count, float length, float limit) {
    if (!(length > limit)) return; /* NaN stays what it is */
    for (size i = 0; i < count; i++) g[i] = settle(g[i] * (limit / length));
}

/* Clips gradients as Keras' optimizers do: every array to a length, all together to a length, or every number. */
static void clip(const Network *network, const Tensor *tensors, float *block) {
    const Member *member = (const Member *)block;
    float *all = block + network->gradients, limit = member->clipvalue;
    if (member->clipnorm > 0.0f)
        for (int32_t i = 0; i < network->tensors; i++) {
            size count = tensors[i].rows * padded(tensors[i].width);
            shorten(all + tensors[i].place, count, length_of(all + tensors[i].place, 0, count), member->clipnorm);
        }
    if (member->global_clipnorm > 0.0f)
        shorten(all, network->size, length_of(all, 0, network->size), member->global_clipnorm);
    if (limit > 0.0f)
        for (size i = 0; i < network->size; i++) all[i] = all[i] > limit ? limit : (all[i] < -limit ? -limit : all[i]);
}

static void update(const Network *network, float *block, float rate) {
    const Member *member = (const Member *)block;
    size count = network->size;
    float *restrict weights = block + network->weights, *restrict first = block + network->slots;
    float *restrict second = first + count;
    const float *restrict gradient = block + network->gradients;
    float decay = member->weight_decay * rate, momentum = member->momentum, epsilon = member->epsilon;
    float rho = member->rho, other = 1.0f - rho, far_1 = 1.0f - member->beta_1, far_2 = 1.0f - member->beta_2;
    double grown_1 = power((double)member->beta_1, member->step), grown_2 = power((double)member->beta_2, member->step);
    float adam_rate = (float)((double)rate * __builtin_sqrt(1.0 - grown_2) / (1.0 - grown_1));
    switch (network->optimizer) {
    case SGD:
        for (size i = 0; i < count; i++) {
            float w = weights[i];
            weights[i] = settle((w - w * decay) - rate * gradient[i]);
        }
        break;
    case MOMENTUM:
    case NESTEROV:
        for (size i = 0; i < count; i++) {
            float w = weights[i], push = rate * gradient[i], velocity = settle(momentum * first[i] - push);
            first[i] = velocity;
            w = w - w * decay;
            weights[i] = settle(network->optimizer == MOMENTUM ? w + velocity : (w + momentum * velocity) - push);
        }
        break;
    case ADAGRAD:
        for (size i = 0; i < count; i++) {
            float w = weights[i], g = gradient[i], total = settle(first[i] + g * g);
            first[i] = total;
            weights[i] = settle((w - w * decay) - rate * g / root(total + epsilon));
        }
        break;
    case RMSPROP:
        for (size i = 0; i < count; i++) {
            float w = weights[i], g = gradient[i], square = settle(rho * first[i] + other * g * g);
            first[i] = square;
            weights[i] = settle((w - w * decay) - rate * g / root(square + epsilon));
        }
        break;
    case ADADELTA:
        for (size i = 0; i < count; i++) {
            float w = weights[i], g = gradient[i], square = settle(rho * first[i] + other * g * g);
            float move = g * root(second[i] + epsilon) / root(square + epsilon);
            first[i] = square, second[i] = settle(rho * second[i] + other * move * move);
            weights[i] = settle((w - w * decay) - rate * move);
        }
        break;
    default: /* ADAM */
        for (size i = 0; i < count; i++) {
            float w = weights[i], g = gradient[i];
            float mean = settle(first[i] + far_1 * (g - first[i]));
            float square = settle(second[i] + far_2 * (g * g - second[i]));
            first[i] = mean, second[i] = square;
            weights[i] = settle((w - w * decay) - adam_rate * mean / (root(square) + epsilon));
        }
    }
}

/* Keras' constraints along the first axis: the numbers of a column together. */
static void constrain(const Network *network, const Tensor *tensor, float *block) {
    size step = padded(tensor->width);
    float *w = block + network->weights + tensor->place, limit = block[tensor->settings + 2];
    double *sum = (double *)(block + network->sums);
    if (tensor->constraint == FREE) return;
    for (size j = 0; j < step; j++) sum[j] = 0.0;
    for (size row = 0; row < tensor->rows; row++)
        for (size j = 0; j < step; j++) sum[j] = sum[j] + (double)w[row * step + j] * (double)w[row * step + j];
    for (size row = 0; row < tensor->rows; row++)
        for (size j = 0; j < step; j++) {
            float *at = w + row * step + j, norm = root((float)sum[j]);
            if (tensor->constraint == MAX_NORM) *at = settle(*at * ((norm > limit ? limit : norm) / (1e-7f + norm)));
            else if (tensor->constraint == UNIT_NORM) *at = settle(*at / (1e-7f + norm));
            else *at = *at < 0.0f ? 0.0f : *at;
        }
}

/* ---- What is called from outside ---- */

/* Whether the calling thread rounds to nearest and keeps numbers below 2^-126, as IEEE 754 starts out: other code may
 * have switched that, and every result would be another. */
static int arithmetic_is_standard(void) {
    volatile float smallest = SMALLEST, half = 0.5f, one = 1.0f, little = 0x1p-24f, more = 0x1.8p-24f;
    return smallest * half != 0.0f && one + little == one && one + more > one && -one - little == -one &&
           -one - more < -one;
}

static const Operation *operations_of(const Network *network) { return (const Operation *)(network + 1); }

static void load(const Network *network, float *block, const Data *data, const int32_t *order, size first, size rows) {
    size places = network->places, width = network->width, step = padded(width);
    for (size row = 0; row < rows; row++) {
        const float *restrict from = data->inputs + (order ? order[row] : first + row) * places * width;
        float *restrict to = block + network->input + row * places * step;
        for (size place = 0; place < places; place++, from += width, to += step)
            for (size j = 0; j < width; j++) to[j] = from[j];
    }
}

/* Takes training steps of one network; gives 0, or 1 if the thread's arithmetic is not that of IEEE 754.
 *
 * `order` holds the rows of each batch, `rates` the learning rate of each step, `masks` the dropout masks (or null:
 * they are drawn). `measured` gets, for each step: loss, length of the update, length of the gradient. */
PUBLIC int32_t EXPORTED(train)(const Network *network, float *block, const float *inputs, const int32_t *labels,
                               const float *targets, const float *weights, const int32_t *order, const float *rates,
                               const float *masks, int32_t steps, float *measured) {
    const Operation *operations = operations_of(network);
    const Tensor *tensors = (const Tensor *)(operations + network->operations);
    const Data data = {inputs, labels, targets, weights};
    Member *member = (Member *)block;
    size rows = network->batch_size, count = network->size;
    if (!arithmetic_is_standard()) return 1;
    for (int32_t at = 0; at < steps; at++, order += rows, measured += 3) {
        load(network, block, &data, order, 0, rows);
        const float *mask = masks;
        for (int32_t i = 0; i < network->operations; i++) {
            forward(network, operations + i, block, rows, 1, mask);
            if (mask && operations[i].kind == DROPOUT) mask += rows * operations[i].places * operations[i].width;
        }
        float loss = (float)(losses(network, block, &data, order, 0, rows, &member->correct) / (double)rows);
        for (int32_t i = network->operations; i--;) backward(network, operations + i, block, rows);
        for (int32_t i = 0; i < network->tensors; i++) finish_gradient(network, tensors + i, block);
        float *now = block + network->weights, *before = block + network->before;
        measured[0] = loss, measured[1] = measured[2] = 0.0f;
        if (network->track_norms) {
            measured[2] = length_of(block + network->gradients, 0, count);
            for (size i = 0; i < count; i++) before[i] = now[i];
        }
        clip(network, tensors, block);
        member->step++;
        update(network, block, rates[at]);
        for (int32_t i = 0; i < network->tensors; i++) constrain(network, tensors + i, block);
        if (network->track_norms) measured[1] = length_of(now, before, count);
        if (member->step == 1) member->first_loss = loss;
        int gone = !(absolute(loss) < INFINITE) || loss > 1000.0f * member->first_loss;
        if (gone && !member->diverged_at) member->diverged_at = member->step;
        if (masks) masks += network->mask_size;
    }
    return 0;
}

/* Measures the mean loss and the share of right answers on rows, a batch at a time; gives what `train` gives. */
PUBLIC int32_t EXPORTED(evaluate)(const Network *network, float *block, const float *inputs, const int32_t *labels,
                                  const float *targets, int32_t rows, int32_t rows_at_once, double *measured) {
    const Operation *operations = operations_of(network);
    const Data data = {inputs, labels, targets, 0};
    int32_t correct = 0;
    double sum = 0.0;
    if (!arithmetic_is_standard()) return 1;
    for (int32_t first = 0; first < rows; first += rows_at_once) {
        size here = rows - first < rows_at_once ? rows - first : rows_at_once;
        load(network, block, &data, 0, first, here);
        for (int32_t i = 0; i < network->operations; i++) forward(network, operations + i, block, here, 0, 0);
        sum = sum + losses(network, block, &data, 0, first, here, &correct);
    }
    measured[0] = sum / (double)rows, measured[1] = (double)correct / (double)rows;
    return 0;
}

/* Computes one of the functions above for many numbers, so that tests can look at it. */
PUBLIC int32_t EXPORTED(function)(int32_t which, const float *from, float *to, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        float x = from[i];
        switch (which) {
        case 0: to[i] = exponential(x); break;
        case 1: to[i] = exponential_minus_one(x); break;
        case 2: to[i] = logarithm(x); break;
        case 3: to[i] = logarithm_of_one_plus(x); break;
        case 4: to[i] = hyperbolic_tangent(x); break;
        case 5: to[i] = sigmoid(x); break;
        case 6: to[i] = softplus(x); break;
        default: to[i] = error_function(x);
        }
    }
    return 0;
}

/* Draws the dropout mask of a step, as `train` does: a row of `width` numbers for each example. */
PUBLIC int32_t EXPORTED(mask)(int32_t seed, int32_t layer, int32_t step, int32_t rows, int32_t width, float rate,
                              float *keep) {
    for (int32_t row = 0; row < rows; row++)
        draw_mask((uint32_t)seed, (uint32_t)layer, (uint32_t)step, (uint32_t)row, width, rate,
                  keep + (size)row * width);
    return 0;
}

/* Gives the number of int32 fields of Network, Operation, Tensor and Member, to compare with records.py. */
PUBLIC int32_t EXPORTED(fields)(int32_t which) {
    const size sizes[] = {sizeof(Network), sizeof(Operation), sizeof(Tensor), sizeof(Member)};
    return (int32_t)(sizes[which] / 4);
}

#if defined(PROCESSOR_CHECKS) /* once in a native library: which of its instruction sets the processor has */
PUBLIC int32_t has_avx2(void) { __builtin_cpu_init(); return __builtin_cpu_supports("avx2") != 0; }
PUBLIC int32_t has_avx512(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
}
#endif
