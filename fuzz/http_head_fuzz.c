/* Truth: a request means the same whether it comes at once or in pieces. None is accepted that a
 * second reader, which reads whole lines and is as strict as RFC 9112, refuses; and both find the
 * same parts. The first byte says how large the pieces are. */

#include "http/reader.h"

#include "fuzz.h"

#include <ctype.h>

#define LEN_MAX 4000
#define PIECES_MAX 64

/* --- a strict reader, slow and simple -------------------------------------------------------- */

struct truth {
    struct bytes rest; /* what has not been read */
    size_t lengths_count;
    uint64_t length;
    size_t encodings_count;
    size_t hosts_count;
    bool is_old;
    bool is_in_trailers; /* in which Host has no meaning */
    struct buffer body;
};

static bool next_line(struct bytes *rest, struct bytes *line)
{
    for (size_t i = 0; i + 1 < rest->len; i++) {
        if (rest->data[i] != '\r' || rest->data[i + 1] != '\n')
            continue;
        *line = (struct bytes){rest->data, i};
        *rest = bytes_from(*rest, i + 2);
        for (i = 0; i < line->len; i++)
            if (line->data[i] != '\t' && iscntrl((unsigned char)line->data[i]))
                return false;
        return true;
    }
    return false;
}

static bool is_made_of(struct bytes text, const char *others)
{
    for (size_t i = 0; i < text.len; i++) {
        const unsigned char c = (unsigned char)text.data[i];

        if (c >= 0x80 || c == 0 || (!isalnum(c) && strchr(others, c) == NULL))
            return false;
    }
    return true;
}

static bool is_token(struct bytes text)
{
    return text.len > 0 && is_made_of(text, "!#$%&'*+-.^_`|~");
}

static bool is_host(struct bytes text)
{
    return is_made_of(text, "-._~%!$&'()*+,;=:[]");
}

static bool is_path_and_query(struct bytes text)
{
    bool is_query = false;

    for (size_t i = 0; i < text.len; i++) {
        const struct bytes one = {text.data + i, 1};

        is_query = is_query || text.data[i] == '?';
        if (text.data[i] == '%') {
            if (text.len - i < 3 || !isxdigit((unsigned char)text.data[i + 1]) ||
                !isxdigit((unsigned char)text.data[i + 2]))
                return false;
        } else if (!is_made_of(one, is_query ? "-._~!$&'()*+,;=:@/?[]" : "-._~!$&'()*+,;=:@/?")) {
            return false;
        }
    }
    return true;
}

static bool is_right_target(struct bytes target)
{
    const char *scheme_end = target.len ? memmem(target.data, target.len, "://", 3) : NULL;
    struct bytes authority;
    size_t len = 0;

    if (target.len == 0)
        return false;
    if (target.data[0] == '/' || bytes_equal(target, BYTES("*")))
        return is_path_and_query(target);
    if (scheme_end == NULL || scheme_end == target.data)
        return false;
    authority = bytes_from(target, (size_t)(scheme_end - target.data) + 3);
    target.len = (size_t)(scheme_end - target.data);
    while (len < authority.len && authority.data[len] != '/' && authority.data[len] != '?')
        len++;
    return is_made_of(target, "") && len > 0 && is_host((struct bytes){authority.data, len}) &&
           is_path_and_query(bytes_from(authority, len));
}

static bool is_right_first_line(struct truth *truth, struct bytes line)
{
    struct bytes rest = line;
    struct bytes method;
    struct bytes target;

    if (!bytes_next(&rest, ' ', &method) || !bytes_next(&rest, ' ', &target))
        return false;
    truth->is_old = bytes_equal(rest, BYTES("HTTP/1.0"));
    return is_token(method) && is_right_target(target) && rest.len == 8 &&
           bytes_starts_with(rest, BYTES("HTTP/1.")) && isdigit((unsigned char)rest.data[7]);
}

/* Whether the list is "chunked" once, and otherwise only commas and blanks. */
static bool is_chunked(struct bytes list)
{
    struct bytes element;
    size_t count = 0;

    while (bytes_next(&list, ',', &element)) {
        element = bytes_trim(element);
        if (element.len > 0 && !bytes_equal_ignoring_case(element, BYTES("chunked")))
            return false;
        count += element.len > 0;
    }
    return count == 1;
}

static bool note(struct truth *truth, struct bytes name, struct bytes value)
{
    if (bytes_equal_ignoring_case(name, BYTES("Host"))) {
        truth->hosts_count++;
        return truth->is_in_trailers || is_host(value);
    }
    if (bytes_equal_ignoring_case(name, BYTES("Content-Length"))) {
        truth->lengths_count++;
        return bytes_to_number(value, LEN_MAX, &truth->length);
    }
    if (bytes_equal_ignoring_case(name, BYTES("Transfer-Encoding"))) {
        truth->encodings_count++;
        return is_chunked(value);
    }
    return true;
}

/* Reads the fields up to the empty line. */
static bool are_right_fields(struct truth *truth)
{
    struct bytes line;

    while (next_line(&truth->rest, &line)) {
        struct bytes value = line;
        struct bytes name;

        if (line.len == 0)
            return true;
        if (!bytes_next(&value, ':', &name) || value.data == NULL || !is_token(name) ||
            !note(truth, name, bytes_trim(value)))
            return false;
    }
    return false;
}

static bool is_right_head(struct truth *truth)
{
    struct bytes line;

    do
        if (!next_line(&truth->rest, &line))
            return false;
    while (line.len == 0);
    return is_right_first_line(truth, line) && are_right_fields(truth) && truth->hosts_count <= 1 &&
           truth->hosts_count + truth->is_old >= 1 &&
           truth->lengths_count + truth->encodings_count <= 1 &&
           !(truth->encodings_count > 0 && truth->is_old);
}

/* Cuts the leading characters of these kinds off. */
static struct bytes take(struct bytes *rest, const char *others, bool has_letters)
{
    struct bytes taken = {rest->data, 0};

    while (taken.len < rest->len && rest->data[taken.len] != '\0' &&
           (strchr(others, rest->data[taken.len]) != NULL ||
            (has_letters && isalnum((unsigned char)rest->data[taken.len]))))
        taken.len++;
    *rest = bytes_from(*rest, taken.len);
    return taken;
}

#define TOKEN_OTHERS "!#$%&'*+-.^_`|~"

static bool take_quoted(struct bytes *rest)
{
    for (size_t i = 1; i < rest->len; i++) {
        if (rest->data[i] == '"') {
            *rest = bytes_from(*rest, i + 1);
            return true;
        }
        i += rest->data[i] == '\\';
    }
    return false;
}

static bool is_extension(struct bytes *rest)
{
    struct bytes behind;

    take(rest, " \t", false);
    if (take(rest, ";", false).len != 1)
        return false;
    take(rest, " \t", false);
    if (take(rest, TOKEN_OTHERS, true).len == 0)
        return false;
    behind = *rest;
    take(&behind, " \t", false);
    if (behind.len == 0 || behind.data[0] != '=')
        return true;
    behind = bytes_from(behind, 1);
    take(&behind, " \t", false);
    *rest = behind;
    if (rest->len > 0 && rest->data[0] == '"')
        return take_quoted(rest);
    return take(rest, TOKEN_OTHERS, true).len > 0;
}

static bool read_size(struct bytes line, size_t *size)
{
    size_t count = 0;

    for (*size = 0; count < line.len && isxdigit((unsigned char)line.data[count]); count++)
        *size = *size * 16 + (size_t)bytes_hex_digit(line.data[count]);
    line = bytes_from(line, count);
    while (line.len > 0)
        if (!is_extension(&line))
            return false;
    return count > 0 && count <= 8;
}

static bool are_right_chunks(struct truth *truth)
{
    struct bytes line;
    size_t size;

    while (next_line(&truth->rest, &line) && read_size(line, &size)) {
        if (size == 0) {
            truth->lengths_count = 0;
            truth->encodings_count = 0;
            truth->is_in_trailers = true;
            return are_right_fields(truth) && truth->lengths_count + truth->encodings_count == 0;
        }
        if (truth->rest.len < size + 2 || memcmp(truth->rest.data + size, "\r\n", 2) != 0)
            return false;
        buffer_append(&truth->body, truth->rest.data, size);
        truth->rest = bytes_from(truth->rest, size + 2);
    }
    return false;
}

static bool is_right(struct truth *truth)
{
    if (!is_right_head(truth))
        return false;
    if (truth->encodings_count > 0)
        return are_right_chunks(truth);
    if (truth->rest.len < truth->length)
        return false;
    buffer_append(&truth->body, truth->rest.data, truth->length);
    truth->rest = bytes_from(truth->rest, truth->length);
    return true;
}

/* --- what is compared ------------------------------------------------------------------------ */

struct run {
    ssize_t result;
    struct buffer said; /* the request, part by part, or why it was refused */
};

static void say(struct buffer *said, const struct http_reader *reader, const char *text)
{
    struct http_request request;

    http_reader_fill(reader, text, &request);
    buffer_printf(said, "%d%d%d", reader->head.keeps_alive, reader->head.expects_continue,
                  request.version_minor);
    buffer_append_bytes(said, request.method);
    buffer_append_bytes(said, request.path);
    buffer_append_bytes(said, request.query);
    for (size_t i = 0; i < request.headers_count; i++) {
        buffer_append_bytes(said, request.headers[i].name);
        buffer_append_char(said, ':');
        buffer_append_bytes(said, request.headers[i].value);
        buffer_append_char(said, '\n');
    }
    buffer_append_bytes(said, request.body);
}

/* At each step the text lies elsewhere, in memory of exactly its length. */
static void read_in_pieces(struct run *run, struct bytes text, size_t piece_len)
{
    struct http_reader reader = {0};
    size_t len = 0;

    *run = (struct run){0};
    http_reader_begin(&reader);
    while (run->result == 0 && len < text.len) {
        char *exact;

        len = text.len - len > piece_len ? len + piece_len : text.len;
        exact = fuzz_exact((struct bytes){text.data, len});
        run->result = http_reader_read(&reader, (struct bytes){exact, len}, LEN_MAX);
        if (run->result > 0)
            say(&run->said, &reader, exact);
        free(exact);
    }
    if (run->result < 0)
        buffer_append_text(&run->said, http_reader_fault(&reader));
    http_reader_deinit(&reader);
}

static void check_truth(const struct run *run, struct bytes text)
{
    struct truth truth = {.rest = text};
    const struct bytes body = {run->said.data, run->said.len};

    if (run->result > 0) {
        CHECK(is_right(&truth));
        CHECK(truth.rest.len == text.len - (size_t)run->result);
        CHECK(body.len >= truth.body.len &&
              bytes_equal(bytes_from(body, body.len - truth.body.len), buffer_bytes(&truth.body)));
    }
    buffer_deinit(&truth.body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct run whole;
    struct run pieces;
    struct bytes text;

    if (len < 2 || len > LEN_MAX)
        return 0;
    text = fuzz_bytes(data + 1, len - 1);
    read_in_pieces(&whole, text, len);
    read_in_pieces(&pieces, text, 1 + len / PIECES_MAX + data[0] % 16);
    CHECK(whole.result == pieces.result);
    CHECK(bytes_equal(buffer_bytes(&whole.said), buffer_bytes(&pieces.said)));
    check_truth(&whole, text);
    buffer_deinit(&whole.said);
    buffer_deinit(&pieces.said);
    return 0;
}
