#include "http/line.h"

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* --- bytes ---------------------------------------------------------------------------------- */

#define TOKEN 1 /* RFC 9110 section 5.6.2 */
#define HOST 2  /* RFC 3986 section 3.2.2, and the colon before a port */
#define WORD 4  /* neither a space nor a control character */
#define TEXT 8  /* no control character but the tab */

static const uint8_t kinds[256] = {
    ['\t'] = TEXT,
    [' '] = TEXT,
    ['!'] = TEXT | WORD | HOST | TOKEN,
    ['"'] = TEXT | WORD,
    ['#'] = TEXT | WORD | TOKEN,
    ['$' ... '\''] = TEXT | WORD | HOST | TOKEN,
    ['(' ... ')'] = TEXT | WORD | HOST,
    ['*' ... '+'] = TEXT | WORD | HOST | TOKEN,
    [','] = TEXT | WORD | HOST,
    ['-' ... '.'] = TEXT | WORD | HOST | TOKEN,
    ['/'] = TEXT | WORD,
    ['0' ... '9'] = TEXT | WORD | HOST | TOKEN,
    [':' ... ';'] = TEXT | WORD | HOST,
    ['<'] = TEXT | WORD,
    ['='] = TEXT | WORD | HOST,
    ['>' ... '@'] = TEXT | WORD,
    ['A' ... 'Z'] = TEXT | WORD | HOST | TOKEN,
    ['['] = TEXT | WORD | HOST,
    ['\\'] = TEXT | WORD,
    [']'] = TEXT | WORD | HOST,
    ['^'] = TEXT | WORD | TOKEN,
    ['_'] = TEXT | WORD | HOST | TOKEN,
    ['`'] = TEXT | WORD | TOKEN,
    ['a' ... 'z'] = TEXT | WORD | HOST | TOKEN,
    ['{'] = TEXT | WORD,
    ['|'] = TEXT | WORD | TOKEN,
    ['}'] = TEXT | WORD,
    ['~'] = TEXT | WORD | HOST | TOKEN,
    [0x80 ... 0xff] = TEXT | WORD,
};

/* The offset of the first byte at or after `from` that is of another kind. */
static inline size_t skip(struct bytes text, size_t from, uint8_t kind)
{
    while (from < text.len && kinds[(unsigned char)text.data[from]] & kind)
        from++;
    return from;
}

/* --- sixteen bytes at a time ---------------------------------------------------------------- */

/* The size of a vector register on most processors (GCC's and clang's vectors). */
#define BLOCK_LEN 16
#define IN_A_BLOCK __attribute__((vector_size(BLOCK_LEN)))

#ifdef __SSE2__

static inline size_t first_set(int8_t found IN_A_BLOCK)
{
    const int bits = _mm_movemask_epi8((__m128i)found);

    return bits == 0 ? BLOCK_LEN : (size_t)__builtin_ctz((unsigned)bits);
}

#else

static inline size_t first_set(int8_t found IN_A_BLOCK)
{
    uint64_t words[2];
    size_t i = 0;

    memcpy(words, &found, sizeof words);
    if ((words[0] | words[1]) == 0)
        return BLOCK_LEN;
    while (found[i] == 0)
        i++;
    return i;
}

#endif

/* How many bytes at the start of a block are of a kind. For a token only letters, digits and dashes
 * count here, which are nearly all bytes of any name; skip() handles the rest. */
static inline size_t block_skip(const char *at, uint8_t kind)
{
    uint8_t block IN_A_BLOCK;

    memcpy(&block, at, sizeof block);
    if (kind == TOKEN)
        return first_set(
            ~(((block | 0x20) - (uint8_t)'a' < 26) | (block - (uint8_t)'0' < 10) | (block == '-')));
    if (kind == WORD)
        return first_set((block <= ' ') | (block == 0x7f));
    return first_set(((block < ' ') & (block != '\t')) | (block == 0x7f));
}

static inline size_t skip_fast(struct bytes text, size_t from, uint8_t kind)
{
    while (from + BLOCK_LEN <= text.len) {
        const size_t len = block_skip(text.data + from, kind);

        from += len;
        if (len < BLOCK_LEN)
            return kind == TOKEN && text.data[from] != ':' ? skip(text, from, kind) : from;
    }
    return skip(text, from, kind);
}

/* --- words and ends ------------------------------------------------------------------------- */

size_t http_line_word_end(struct bytes text, size_t from)
{
    return skip_fast(text, from, WORD);
}

size_t http_line_token_end(struct bytes text, size_t from)
{
    return skip(text, from, TOKEN);
}

bool http_line_is_host(struct bytes text)
{
    return skip(text, 0, HOST) == text.len;
}

static inline ssize_t end_at(struct bytes text, size_t from, const char **fault)
{
    if (text.len - from < 2)
        return 0;
    if (text.data[from + 1] == '\n')
        return (ssize_t)from + 2;
    *fault = "Bad request: a line must end in CR LF; a CR alone ends none.";
    return -400;
}

static inline ssize_t find_end(struct bytes text, size_t *searched, const char **fault)
{
    const size_t at = skip_fast(text, *searched, TEXT);

    *searched = at;
    if (at == text.len || text.data[at] == '\r')
        return end_at(text, at, fault);
    *fault = text.data[at] == '\n' ? "Bad request: a line must end in CR LF; an LF alone ends none."
                                   : "Bad request: a line must not hold control characters.";
    return -400;
}

ssize_t http_line_end_at(struct bytes text, size_t from, const char **fault)
{
    return end_at(text, from, fault);
}

ssize_t http_line_end(struct bytes text, size_t *searched, const char **fault)
{
    return find_end(text, searched, fault);
}

/* --- fields --------------------------------------------------------------------------------- */

/* The text holds no control character but the tab. */
static bool is_blank(char c)
{
    return (unsigned char)c <= ' ';
}

static int refuse_name(struct bytes text, size_t from, const char **fault)
{
    *fault = text.data[from] == ' ' || text.data[from] == '\t'
                 ? "Bad request: a header must stand in one line; folded ones are not understood."
                 : "Bad request: a header must be a name, a colon right behind it, and a value.";
    return -400;
}

static void cut(struct http_line_field *field, const char *text, size_t from, size_t colon,
                size_t end)
{
    size_t value_from = colon + 1;

    while (value_from < end && is_blank(text[value_from]))
        value_from++;
    while (end > value_from && is_blank(text[end - 1]))
        end--;
    field->name_from = (uint32_t)from;
    field->name_len = (uint32_t)(colon - from);
    field->value_from = (uint32_t)value_from;
    field->value_len = (uint32_t)(end - value_from);
}

ssize_t http_line_field_parse(struct http_line_scan *scan, struct bytes text, size_t from,
                              struct http_line_field *field, const char **fault)
{
    size_t searched = scan->searched > 0 ? scan->searched : from;
    size_t colon = scan->colon;
    ssize_t end;

    if (from < text.len && text.data[from] == '\r') {
        field->name_len = 0;
        return end_at(text, from, fault);
    }
    if (colon == 0) {
        searched = skip_fast(text, searched, TOKEN);
        if (searched == text.len) {
            scan->searched = searched;
            return 0;
        }
        if (searched == from || text.data[searched] != ':')
            return refuse_name(text, from, fault);
        colon = searched++;
    }
    end = find_end(text, &searched, fault);
    if (end <= 0) {
        *scan = (struct http_line_scan){.searched = searched, .colon = colon};
        return end;
    }
    cut(field, text.data, from, colon, (size_t)end - 2);
    if (scan->searched > 0)
        *scan = (struct http_line_scan){0};
    return end;
}
