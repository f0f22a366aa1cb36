#include "base/jsonscan.h"

#include "base/check.h"

#include <string.h>

/* `at` moves towards `end`. A scan_ function leaves it behind what it has read, or returns false.
 */
struct scanner {
    const char *at;
    const char *end;
    int depth;
};

static bool scan_value(struct scanner *scanner, struct jsonscan_value *value);

static void skip_space(struct scanner *scanner)
{
    while (scanner->at < scanner->end && (*scanner->at == ' ' || *scanner->at == '\n' ||
                                          *scanner->at == '\r' || *scanner->at == '\t'))
        scanner->at++;
}

static bool scan_char(struct scanner *scanner, char c)
{
    skip_space(scanner);
    if (scanner->at == scanner->end || *scanner->at != c)
        return false;
    scanner->at++;
    return true;
}

static bool scan_word(struct scanner *scanner, struct bytes word)
{
    if ((size_t)(scanner->end - scanner->at) < word.len ||
        memcmp(scanner->at, word.data, word.len) != 0)
        return false;
    scanner->at += word.len;
    return true;
}

/* The value of four hex digits at `at`; -1 if they are not four hex digits. */
static int hex_unit(const char *at, const char *end)
{
    int unit = 0;

    if (end - at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int digit = bytes_hex_digit(at[i]);

        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

static bool is_high_surrogate(int unit)
{
    return unit >= 0xd800 && unit <= 0xdbff;
}

static bool is_low_surrogate(int unit)
{
    return unit >= 0xdc00 && unit <= 0xdfff;
}

/* Behind a backslash and `u`: one character, or a pair of surrogates. Half a pair is refused. */
static bool scan_unicode(struct scanner *scanner)
{
    int unit = hex_unit(scanner->at, scanner->end);

    if (unit < 0 || is_low_surrogate(unit))
        return false;
    scanner->at += 4;
    if (!is_high_surrogate(unit))
        return true;
    if (!scan_word(scanner, BYTES("\\u")) || !is_low_surrogate(hex_unit(scanner->at, scanner->end)))
        return false;
    scanner->at += 4;
    return true;
}

static bool scan_escape(struct scanner *scanner)
{
    if (scanner->at == scanner->end)
        return false;
    switch (*scanner->at++) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return true;
    case 'u':
        return scan_unicode(scanner);
    default:
        return false;
    }
}

/* How many bytes are examined in one step: the size of a vector register on most processors (GCC's
 * and clang's vectors). */
#define BLOCK_LEN 16
#define IN_A_BLOCK __attribute__((vector_size(BLOCK_LEN)))

/* Whether the block holds a quote, a backslash or a control character. */
static bool has_special(const char *at)
{
    uint8_t block IN_A_BLOCK;
    int8_t found IN_A_BLOCK;
    uint64_t words[2];

    memcpy(&block, at, sizeof block);
    found = (block == '"') | (block == '\\') | (block < 0x20);
    memcpy(words, &found, sizeof words);
    return (words[0] | words[1]) != 0;
}

static void skip_plain(struct scanner *scanner)
{
    while (scanner->end - scanner->at >= BLOCK_LEN && !has_special(scanner->at))
        scanner->at += BLOCK_LEN;
}

static bool scan_string(struct scanner *scanner, struct jsonscan_value *value)
{
    const char *start = scanner->at++;

    value->type = JSONSCAN_STRING;
    value->has_escapes = false;
    for (;;) {
        unsigned char c;

        skip_plain(scanner);
        if (scanner->at == scanner->end)
            return false;
        c = (unsigned char)*scanner->at++;
        if (c == '"')
            break;
        if (c < 0x20)
            return false;
        if (c == '\\') {
            value->has_escapes = true;
            if (!scan_escape(scanner))
                return false;
        }
    }
    value->raw = (struct bytes){start, (size_t)(scanner->at - start)};
    return true;
}

static bool scan_digits(struct scanner *scanner)
{
    const char *start = scanner->at;

    while (scanner->at < scanner->end && *scanner->at >= '0' && *scanner->at <= '9')
        scanner->at++;
    return scanner->at > start;
}

static bool scan_number(struct scanner *scanner)
{
    if (*scanner->at == '-')
        scanner->at++;
    if (scanner->at < scanner->end && *scanner->at == '0')
        scanner->at++;
    else if (!scan_digits(scanner))
        return false;
    if (scanner->at < scanner->end && *scanner->at == '.') {
        scanner->at++;
        if (!scan_digits(scanner))
            return false;
    }
    if (scanner->at < scanner->end && (*scanner->at == 'e' || *scanner->at == 'E')) {
        scanner->at++;
        if (scanner->at < scanner->end && (*scanner->at == '+' || *scanner->at == '-'))
            scanner->at++;
        return scan_digits(scanner);
    }
    return true;
}

static bool scan_array(struct scanner *scanner)
{
    struct jsonscan_value element;

    scanner->at++;
    if (scan_char(scanner, ']'))
        return true;
    do
        if (!scan_value(scanner, &element))
            return false;
    while (scan_char(scanner, ','));
    return scan_char(scanner, ']');
}

static void keep_wanted(const struct jsonscan_value *name, const struct jsonscan_value *value,
                        struct jsonscan_field *fields, size_t fields_count)
{
    struct buffer scratch = {0};
    struct bytes text = jsonscan_text(name, &scratch);

    for (size_t i = 0; i < fields_count; i++)
        if (bytes_equal(fields[i].name, text))
            fields[i].value = *value;
    buffer_deinit(&scratch);
}

static bool scan_object(struct scanner *scanner, struct jsonscan_field *fields, size_t fields_count)
{
    scanner->at++;
    if (scan_char(scanner, '}'))
        return true;
    do {
        struct jsonscan_value name;
        struct jsonscan_value value;

        skip_space(scanner);
        if (scanner->at == scanner->end || *scanner->at != '"' || !scan_string(scanner, &name) ||
            !scan_char(scanner, ':') || !scan_value(scanner, &value))
            return false;
        if (fields_count > 0)
            keep_wanted(&name, &value, fields, fields_count);
    } while (scan_char(scanner, ','));
    return scan_char(scanner, '}');
}

static bool scan_nested(struct scanner *scanner, struct jsonscan_value *value)
{
    bool scanned;

    if (scanner->depth == JSONSCAN_DEPTH_MAX)
        return false;
    scanner->depth++;
    if (*scanner->at == '{') {
        value->type = JSONSCAN_OBJECT;
        scanned = scan_object(scanner, NULL, 0);
    } else {
        value->type = JSONSCAN_ARRAY;
        scanned = scan_array(scanner);
    }
    scanner->depth--;
    return scanned;
}

static bool scan_value(struct scanner *scanner, struct jsonscan_value *value)
{
    const char *start;
    bool scanned;

    skip_space(scanner);
    if (scanner->at == scanner->end)
        return false;
    start = scanner->at;
    switch (*start) {
    case '"':
        return scan_string(scanner, value);
    case '{':
    case '[':
        scanned = scan_nested(scanner, value);
        break;
    case 't':
        value->type = JSONSCAN_BOOL;
        scanned = scan_word(scanner, BYTES("true"));
        break;
    case 'f':
        value->type = JSONSCAN_BOOL;
        scanned = scan_word(scanner, BYTES("false"));
        break;
    case 'n':
        value->type = JSONSCAN_NULL;
        scanned = scan_word(scanner, BYTES("null"));
        break;
    default:
        value->type = JSONSCAN_NUMBER;
        scanned = scan_number(scanner);
    }
    value->has_escapes = false;
    value->raw = (struct bytes){start, (size_t)(scanner->at - start)};
    return scanned;
}

static bool is_at_end(struct scanner *scanner)
{
    skip_space(scanner);
    return scanner->at == scanner->end;
}

bool jsonscan_parse(struct bytes text, struct jsonscan_value *value)
{
    struct scanner scanner = {text.data, text.data + text.len, 0};

    return scan_value(&scanner, value) && is_at_end(&scanner);
}

static void clear_fields(struct jsonscan_field *fields, size_t fields_count)
{
    for (size_t i = 0; i < fields_count; i++)
        fields[i].value = (struct jsonscan_value){.type = JSONSCAN_ABSENT};
}

bool jsonscan_object(struct bytes text, struct jsonscan_field *fields, size_t fields_count)
{
    struct scanner scanner = {text.data, text.data + text.len, 1};

    clear_fields(fields, fields_count);
    skip_space(&scanner);
    if (scanner.at < scanner.end && *scanner.at == '{' &&
        scan_object(&scanner, fields, fields_count) && is_at_end(&scanner))
        return true;
    clear_fields(fields, fields_count);
    return false;
}

static bool is_closing(const struct scanner *scanner)
{
    return scanner->at == scanner->end || *scanner->at == ']' || *scanner->at == '}';
}

bool jsonscan_next_element(struct bytes *rest, struct jsonscan_value *element)
{
    struct scanner scanner = {rest->data, rest->data + rest->len, 0};

    skip_space(&scanner);
    if (is_closing(&scanner))
        return false;
    scanner.at++; /* the opening bracket, or the comma after the element before */
    skip_space(&scanner);
    if (is_closing(&scanner) || !scan_value(&scanner, element))
        return false;
    /* Only the name of an object's member is followed by a colon. */
    if (scan_char(&scanner, ':') && !scan_value(&scanner, element))
        return false;
    *rest = (struct bytes){scanner.at, (size_t)(scanner.end - scanner.at)};
    return true;
}

static void append_utf8(struct buffer *out, int code)
{
    if (code < 0x80) {
        buffer_append_char(out, (char)code);
    } else if (code < 0x800) {
        buffer_append_char(out, (char)(0xc0 | code >> 6));
        buffer_append_char(out, (char)(0x80 | (code & 0x3f)));
    } else if (code < 0x10000) {
        buffer_append_char(out, (char)(0xe0 | code >> 12));
        buffer_append_char(out, (char)(0x80 | (code >> 6 & 0x3f)));
        buffer_append_char(out, (char)(0x80 | (code & 0x3f)));
    } else {
        buffer_append_char(out, (char)(0xf0 | code >> 18));
        buffer_append_char(out, (char)(0x80 | (code >> 12 & 0x3f)));
        buffer_append_char(out, (char)(0x80 | (code >> 6 & 0x3f)));
        buffer_append_char(out, (char)(0x80 | (code & 0x3f)));
    }
}

/* Decodes the escape behind a backslash; returns the first byte after it. */
static const char *append_unescaped(struct buffer *out, const char *at, const char *end)
{
    static const char plain[] = "\"\\/bfnrt";
    static const char meant[] = "\"\\/\b\f\n\r\t";
    int code;

    if (*at != 'u') {
        const char *found = strchr(plain, *at);

        CHECK(found != NULL);
        buffer_append_char(out, meant[found - plain]);
        return at + 1;
    }
    code = hex_unit(at + 1, end);
    at += 5;
    if (is_high_surrogate(code)) {
        code = 0x10000 + ((code - 0xd800) << 10) + (hex_unit(at + 2, end) - 0xdc00);
        at += 6;
    }
    append_utf8(out, code);
    return at;
}

struct bytes jsonscan_text(const struct jsonscan_value *string, struct buffer *scratch)
{
    const char *at = string->raw.data + 1;
    const char *end = string->raw.data + string->raw.len - 1;

    CHECK(string->type == JSONSCAN_STRING);
    if (!string->has_escapes)
        return (struct bytes){at, (size_t)(end - at)};
    buffer_clear(scratch);
    while (at < end) {
        const char *backslash = memchr(at, '\\', (size_t)(end - at));
        const char *plain_end = backslash ? backslash : end;

        buffer_append(scratch, at, (size_t)(plain_end - at));
        at = plain_end;
        if (backslash != NULL)
            at = append_unescaped(scratch, backslash + 1, end);
    }
    return buffer_bytes(scratch);
}
