#include "base/md5.h"

#include <string.h>

/* How texts are hashed together: up to LANES_COUNT_MAX are under way, each in a lane. A kernel
 * advances the first lanes by the same number of blocks, as many as the shortest of them has left.
 * A lane whose text has ended takes the next one; if none is left, the last lane moves into its
 * place.
 *
 * The narrow kernel interleaves three texts with plain integers: today's processors can run three
 * chains of steps in parallel, but lack the registers for four. The wide one has sixteen lanes, two
 * vectors of eight. With SSE2's vectors of four it was 12 % faster than the narrow one, which is
 * not worth a third kernel; NEON was not tried.
 */

#define BLOCK_LEN 64
#define BLOCK_WORDS_COUNT 16
#define LENGTH_LEN 8 /* at the end of the last block */
#define NARROW_COUNT 3

#if defined(__x86_64__) && __has_builtin(__builtin_shufflevector)
#define HAS_WIDE 1
#define LANES_COUNT_MAX 16
#else
#define LANES_COUNT_MAX NARROW_COUNT
#endif

struct lanes {
    uint32_t state[4][LANES_COUNT_MAX];
    const uint8_t *at[LANES_COUNT_MAX]; /* the next block */
};

struct kernel {
    void (*run)(struct lanes *lanes, size_t blocks_count);
    size_t lanes_count;
    size_t worth_count; /* texts from which on it is the fastest kernel */
};

/* The work of a lane: the whole blocks of a text, then its tail. */
struct task {
    size_t text; /* its index */
    size_t blocks_count;
    size_t tail_blocks_count; /* 0: `blocks_count` counts the tail */
    uint8_t tail[2 * BLOCK_LEN];
};

struct batch {
    struct lanes lanes;
    struct task tasks[LANES_COUNT_MAX];
    size_t count;
};

/* --- the steps ------------------------------------------------------------------------------ */

#define ROTATE(x, by) (((x) << (by)) | ((x) >> (32 - (by))))

/* Of the inputs, b is computed last, so each function uses it as late as possible. The two sides of
 * G have no bit in common, so both can be added, and only one of them waits for b. */
#define ADD_F(a, b, c, d) (a) += (d) ^ ((b) & ((c) ^ (d)))
#define ADD_G(a, b, c, d) (a) += ~(d) & (c), (a) += (d) & (b)
#define ADD_H(a, b, c, d) (a) += (b) ^ ((c) ^ (d))
#define ADD_I(a, b, c, d) (a) += (c) ^ ((b) | ~(d))

/* One step of the chain `i`. */
#define STEP_OF(i, add, a, b, c, d, word, shift, constant) \
    a##i += words[i][word] + constant;                     \
    add(a##i, b##i, c##i, d##i);                           \
    a##i = ROTATE(a##i, shift) + b##i;

#define BEGIN_CHAIN(i)      \
    do {                    \
        a##i = state[0][i]; \
        b##i = state[1][i]; \
        c##i = state[2][i]; \
        d##i = state[3][i]; \
    } while (0)

#define END_CHAIN(i)         \
    do {                     \
        state[0][i] += a##i; \
        state[1][i] += b##i; \
        state[2][i] += c##i; \
        state[3][i] += d##i; \
    } while (0)

/* clang-format off */
/* STEP(function, a, b, c, d, word, shift, constant) for each of the 64 steps. */
#define STEPS(STEP)                                                                                \
    STEP(ADD_F, a, b, c, d, 0, 7, 0xd76aa478)                                                      \
    STEP(ADD_F, d, a, b, c, 1, 12, 0xe8c7b756)                                                     \
    STEP(ADD_F, c, d, a, b, 2, 17, 0x242070db)                                                     \
    STEP(ADD_F, b, c, d, a, 3, 22, 0xc1bdceee)                                                     \
    STEP(ADD_F, a, b, c, d, 4, 7, 0xf57c0faf)                                                      \
    STEP(ADD_F, d, a, b, c, 5, 12, 0x4787c62a)                                                     \
    STEP(ADD_F, c, d, a, b, 6, 17, 0xa8304613)                                                     \
    STEP(ADD_F, b, c, d, a, 7, 22, 0xfd469501)                                                     \
    STEP(ADD_F, a, b, c, d, 8, 7, 0x698098d8)                                                      \
    STEP(ADD_F, d, a, b, c, 9, 12, 0x8b44f7af)                                                     \
    STEP(ADD_F, c, d, a, b, 10, 17, 0xffff5bb1)                                                    \
    STEP(ADD_F, b, c, d, a, 11, 22, 0x895cd7be)                                                    \
    STEP(ADD_F, a, b, c, d, 12, 7, 0x6b901122)                                                     \
    STEP(ADD_F, d, a, b, c, 13, 12, 0xfd987193)                                                    \
    STEP(ADD_F, c, d, a, b, 14, 17, 0xa679438e)                                                    \
    STEP(ADD_F, b, c, d, a, 15, 22, 0x49b40821)                                                    \
    STEP(ADD_G, a, b, c, d, 1, 5, 0xf61e2562)                                                      \
    STEP(ADD_G, d, a, b, c, 6, 9, 0xc040b340)                                                      \
    STEP(ADD_G, c, d, a, b, 11, 14, 0x265e5a51)                                                    \
    STEP(ADD_G, b, c, d, a, 0, 20, 0xe9b6c7aa)                                                     \
    STEP(ADD_G, a, b, c, d, 5, 5, 0xd62f105d)                                                      \
    STEP(ADD_G, d, a, b, c, 10, 9, 0x02441453)                                                     \
    STEP(ADD_G, c, d, a, b, 15, 14, 0xd8a1e681)                                                    \
    STEP(ADD_G, b, c, d, a, 4, 20, 0xe7d3fbc8)                                                     \
    STEP(ADD_G, a, b, c, d, 9, 5, 0x21e1cde6)                                                      \
    STEP(ADD_G, d, a, b, c, 14, 9, 0xc33707d6)                                                     \
    STEP(ADD_G, c, d, a, b, 3, 14, 0xf4d50d87)                                                     \
    STEP(ADD_G, b, c, d, a, 8, 20, 0x455a14ed)                                                     \
    STEP(ADD_G, a, b, c, d, 13, 5, 0xa9e3e905)                                                     \
    STEP(ADD_G, d, a, b, c, 2, 9, 0xfcefa3f8)                                                      \
    STEP(ADD_G, c, d, a, b, 7, 14, 0x676f02d9)                                                     \
    STEP(ADD_G, b, c, d, a, 12, 20, 0x8d2a4c8a)                                                    \
    STEP(ADD_H, a, b, c, d, 5, 4, 0xfffa3942)                                                      \
    STEP(ADD_H, d, a, b, c, 8, 11, 0x8771f681)                                                     \
    STEP(ADD_H, c, d, a, b, 11, 16, 0x6d9d6122)                                                    \
    STEP(ADD_H, b, c, d, a, 14, 23, 0xfde5380c)                                                    \
    STEP(ADD_H, a, b, c, d, 1, 4, 0xa4beea44)                                                      \
    STEP(ADD_H, d, a, b, c, 4, 11, 0x4bdecfa9)                                                     \
    STEP(ADD_H, c, d, a, b, 7, 16, 0xf6bb4b60)                                                     \
    STEP(ADD_H, b, c, d, a, 10, 23, 0xbebfbc70)                                                    \
    STEP(ADD_H, a, b, c, d, 13, 4, 0x289b7ec6)                                                     \
    STEP(ADD_H, d, a, b, c, 0, 11, 0xeaa127fa)                                                     \
    STEP(ADD_H, c, d, a, b, 3, 16, 0xd4ef3085)                                                     \
    STEP(ADD_H, b, c, d, a, 6, 23, 0x04881d05)                                                     \
    STEP(ADD_H, a, b, c, d, 9, 4, 0xd9d4d039)                                                      \
    STEP(ADD_H, d, a, b, c, 12, 11, 0xe6db99e5)                                                    \
    STEP(ADD_H, c, d, a, b, 15, 16, 0x1fa27cf8)                                                    \
    STEP(ADD_H, b, c, d, a, 2, 23, 0xc4ac5665)                                                     \
    STEP(ADD_I, a, b, c, d, 0, 6, 0xf4292244)                                                      \
    STEP(ADD_I, d, a, b, c, 7, 10, 0x432aff97)                                                     \
    STEP(ADD_I, c, d, a, b, 14, 15, 0xab9423a7)                                                    \
    STEP(ADD_I, b, c, d, a, 5, 21, 0xfc93a039)                                                     \
    STEP(ADD_I, a, b, c, d, 12, 6, 0x655b59c3)                                                     \
    STEP(ADD_I, d, a, b, c, 3, 10, 0x8f0ccc92)                                                     \
    STEP(ADD_I, c, d, a, b, 10, 15, 0xffeff47d)                                                    \
    STEP(ADD_I, b, c, d, a, 1, 21, 0x85845dd1)                                                     \
    STEP(ADD_I, a, b, c, d, 8, 6, 0x6fa87e4f)                                                      \
    STEP(ADD_I, d, a, b, c, 15, 10, 0xfe2ce6e0)                                                    \
    STEP(ADD_I, c, d, a, b, 6, 15, 0xa3014314)                                                     \
    STEP(ADD_I, b, c, d, a, 13, 21, 0x4e0811a1)                                                    \
    STEP(ADD_I, a, b, c, d, 4, 6, 0xf7537e82)                                                      \
    STEP(ADD_I, d, a, b, c, 11, 10, 0xbd3af235)                                                    \
    STEP(ADD_I, c, d, a, b, 2, 15, 0x2ad7d2bb)                                                     \
    STEP(ADD_I, b, c, d, a, 9, 21, 0xeb86d391)
/* clang-format on */

/* --- the narrow kernel ---------------------------------------------------------------------- */

static uint32_t word_at(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void load_words(uint32_t words[BLOCK_WORDS_COUNT], const uint8_t *block)
{
    for (size_t i = 0; i < BLOCK_WORDS_COUNT; i++)
        words[i] = word_at(block + 4 * i);
}

#define NARROW_STEP(...) STEP_OF(0, __VA_ARGS__) STEP_OF(1, __VA_ARGS__) STEP_OF(2, __VA_ARGS__)

/* Hides the values from the compiler: gcc 12 would combine the chains' integers into vectors, which
 * takes three times as long. */
#define HIDE(i) __asm__("" : "+r"(a##i), "+r"(b##i), "+r"(c##i), "+r"(d##i))

static void run_narrow(struct lanes *lanes, size_t blocks_count)
{
    uint32_t(*state)[LANES_COUNT_MAX] = lanes->state;
    uint32_t words[NARROW_COUNT][BLOCK_WORDS_COUNT];
    uint32_t a0, a1, a2;
    uint32_t b0, b1, b2;
    uint32_t c0, c1, c2;
    uint32_t d0, d1, d2;

    for (; blocks_count > 0; blocks_count--) {
        for (size_t i = 0; i < NARROW_COUNT; i++) {
            load_words(words[i], lanes->at[i]);
            lanes->at[i] += BLOCK_LEN;
        }
        BEGIN_CHAIN(0);
        BEGIN_CHAIN(1);
        BEGIN_CHAIN(2);
        HIDE(0);
        HIDE(1);
        HIDE(2);
        STEPS(NARROW_STEP);
        HIDE(0);
        HIDE(1);
        HIDE(2);
        END_CHAIN(0);
        END_CHAIN(1);
        END_CHAIN(2);
    }
}

/* --- the wide kernel ------------------------------------------------------------------------ */

#ifdef HAS_WIDE

#define HALF_COUNT 8
#define QUARTER_LEN 16

#define VECTOR_OF(count) uint32_t __attribute__((vector_size(4 * (count))))

/* Transposes the same quarter of eight blocks, 4 × 4 words in each half of the vectors: words[i]
 * gets word i of all blocks. Row j holds the quarters of lanes j and j + 4, so that the lanes stay
 * in order. */
static inline __attribute__((always_inline)) void turn_quarter(VECTOR_OF(8) words[4],
                                                               const uint8_t *const *blocks,
                                                               size_t offset)
{
    VECTOR_OF(8) rows[4];
    VECTOR_OF(8) pairs[4];

    for (size_t j = 0; j < 4; j++) {
        VECTOR_OF(4) low;
        VECTOR_OF(4) high;

        memcpy(&low, blocks[j] + offset, QUARTER_LEN);
        memcpy(&high, blocks[j + 4] + offset, QUARTER_LEN);
        rows[j] = __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7);
    }
    for (size_t j = 0; j < 2; j++) {
        const size_t row = 2 * j;

        pairs[row] = __builtin_shufflevector(rows[row], rows[row + 1], 0, 8, 1, 9, 4, 12, 5, 13);
        pairs[row + 1] =
            __builtin_shufflevector(rows[row], rows[row + 1], 2, 10, 3, 11, 6, 14, 7, 15);
    }
    for (size_t j = 0; j < 2; j++) {
        words[2 * j] = __builtin_shufflevector(pairs[j], pairs[j + 2], 0, 1, 8, 9, 4, 5, 12, 13);
        words[2 * j + 1] =
            __builtin_shufflevector(pairs[j], pairs[j + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    }
}

#define WIDE_STEP(...) STEP_OF(0, __VA_ARGS__) STEP_OF(1, __VA_ARGS__)

/* Compiled once for each of the instruction sets below. */
static inline __attribute__((always_inline)) void run_wide(struct lanes *lanes, size_t blocks_count)
{
    VECTOR_OF(8) state[4][2];
    VECTOR_OF(8) words[2][BLOCK_WORDS_COUNT];
    VECTOR_OF(8) a0, a1;
    VECTOR_OF(8) b0, b1;
    VECTOR_OF(8) c0, c1;
    VECTOR_OF(8) d0, d1;

    memcpy(state, lanes->state, sizeof state);
    for (; blocks_count > 0; blocks_count--) {
        for (size_t half = 0; half < 2; half++)
            for (size_t quarter = 0; quarter < 4; quarter++)
                turn_quarter(words[half] + 4 * quarter, lanes->at + HALF_COUNT * half,
                             QUARTER_LEN * quarter);
        for (size_t i = 0; i < LANES_COUNT_MAX; i++)
            lanes->at[i] += BLOCK_LEN;
        BEGIN_CHAIN(0);
        BEGIN_CHAIN(1);
        STEPS(WIDE_STEP);
        END_CHAIN(0);
        END_CHAIN(1);
    }
    memcpy(lanes->state, state, sizeof state);
}

__attribute__((target("avx2"))) static void run_avx2(struct lanes *lanes, size_t blocks_count)
{
    run_wide(lanes, blocks_count);
}

/* AVX-512 has twice as many registers, a rotation, and any function of three operands in one
 * instruction. Its longer vectors gain nothing: the steps wait for each other. */
__attribute__((target("avx512f,avx512vl"))) static void run_avx512(struct lanes *lanes,
                                                                   size_t blocks_count)
{
    run_wide(lanes, blocks_count);
}

#endif

/* The wide kernels come last. */
static const struct kernel kernels[] = {
    {run_narrow, NARROW_COUNT, 1},
#ifdef HAS_WIDE
    {run_avx2, LANES_COUNT_MAX, 7},
    {run_avx512, LANES_COUNT_MAX, 5},
#endif
};

size_t md5_kernels_count(void)
{
#ifdef HAS_WIDE
    if (__builtin_cpu_supports("avx2"))
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") ? 3 : 2;
#endif
    return 1;
}

/* --- which text is where -------------------------------------------------------------------- */

/* The tail: what is behind the last whole block, 0x80, zeros, and the text's length in bits. */
static void write_tail(struct task *task, struct bytes text)
{
    const size_t rest_len = text.len % BLOCK_LEN;
    const uint64_t bits_count = (uint64_t)text.len * 8;
    uint8_t *end;

    task->tail_blocks_count = rest_len + 1 + LENGTH_LEN <= BLOCK_LEN ? 1 : 2;
    memset(task->tail, 0, sizeof task->tail);
    if (rest_len > 0)
        memcpy(task->tail, text.data + text.len - rest_len, rest_len);
    task->tail[rest_len] = 0x80;
    end = task->tail + task->tail_blocks_count * BLOCK_LEN;
    for (size_t i = 0; i < LENGTH_LEN; i++)
        end[(ptrdiff_t)i - LENGTH_LEN] = (uint8_t)(bits_count >> (8 * i));
}

static void begin_tail(struct batch *batch, size_t lane)
{
    struct task *task = &batch->tasks[lane];

    batch->lanes.at[lane] = task->tail;
    task->blocks_count = task->tail_blocks_count;
    task->tail_blocks_count = 0;
}

static void begin_text(struct batch *batch, struct bytes text, size_t index)
{
    static const uint32_t initial[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    const size_t lane = batch->count++;
    struct task *task = &batch->tasks[lane];

    for (size_t i = 0; i < 4; i++)
        batch->lanes.state[i][lane] = initial[i];
    batch->lanes.at[lane] = (const uint8_t *)text.data;
    task->text = index;
    task->blocks_count = text.len / BLOCK_LEN;
    write_tail(task, text);
    if (task->blocks_count == 0)
        begin_tail(batch, lane);
}

static void move_last_to(struct batch *batch, size_t lane)
{
    const size_t last = --batch->count;
    const bool is_in_tail = batch->tasks[last].tail_blocks_count == 0;
    const ptrdiff_t tail_at = is_in_tail ? batch->lanes.at[last] - batch->tasks[last].tail : 0;

    if (lane == last)
        return;
    for (size_t i = 0; i < 4; i++)
        batch->lanes.state[i][lane] = batch->lanes.state[i][last];
    batch->tasks[lane] = batch->tasks[last];
    batch->lanes.at[lane] = is_in_tail ? batch->tasks[lane].tail + tail_at : batch->lanes.at[last];
}

static void write_digest(const struct lanes *lanes, size_t lane, char *hex)
{
    uint8_t digest[DIGEST_MD5_HEX_LEN / 2];

    for (size_t i = 0; i < sizeof digest; i++)
        digest[i] = (uint8_t)(lanes->state[i / 4][lane] >> (8 * (i % 4)));
    digest_write_hex(digest, sizeof digest, hex);
}

/* Hashes until at least one of the first lanes has no more blocks. */
static void run_some(struct batch *batch, const struct kernel *kernel)
{
    const size_t busy = batch->count < kernel->lanes_count ? batch->count : kernel->lanes_count;
    size_t blocks_count = SIZE_MAX;

    for (size_t i = 0; i < busy; i++)
        if (batch->tasks[i].blocks_count < blocks_count)
            blocks_count = batch->tasks[i].blocks_count;
    for (size_t i = busy; i < kernel->lanes_count; i++)
        batch->lanes.at[i] = batch->lanes.at[0]; /* idle: any memory that may be read */
    kernel->run(&batch->lanes, blocks_count);
    for (size_t i = 0; i < busy; i++)
        batch->tasks[i].blocks_count -= blocks_count;
}

static void take_ended(struct batch *batch, char (*hex)[DIGEST_MD5_HEX_LEN])
{
    for (size_t lane = batch->count; lane-- > 0;) {
        const struct task *task = &batch->tasks[lane];

        if (task->blocks_count > 0)
            continue;
        if (task->tail_blocks_count > 0) {
            begin_tail(batch, lane);
        } else {
            write_digest(&batch->lanes, lane, hex[task->text]);
            move_last_to(batch, lane);
        }
    }
}

/* Uses `wide` as long as there are enough texts for it, then `narrow`. */
static void hash(const struct kernel *wide, const struct kernel *narrow, const struct bytes *texts,
                 size_t count, char (*hex)[DIGEST_MD5_HEX_LEN])
{
    struct batch batch = {.count = 0};
    size_t next = 0;

    for (;;) {
        while (batch.count < wide->lanes_count && next < count) {
            begin_text(&batch, texts[next], next);
            next++;
        }
        if (batch.count == 0)
            return;
        run_some(&batch, batch.count >= wide->worth_count ? wide : narrow);
        take_ended(&batch, hex);
    }
}

void md5_many(const struct bytes *texts, size_t count, char (*hex)[DIGEST_MD5_HEX_LEN])
{
    if (count == 1)
        digest_md5(texts[0], hex[0]);
    else
        hash(&kernels[md5_kernels_count() - 1], &kernels[0], texts, count, hex);
}

void md5_many_by(size_t kernel, const struct bytes *texts, size_t count,
                 char (*hex)[DIGEST_MD5_HEX_LEN])
{
    hash(&kernels[kernel], &kernels[kernel], texts, count, hex);
}
