#include "http/head.h"

#include "http/target.h"

#include <string.h>

/* The longest method registered with IANA has 17. */
#define METHOD_LEN_MAX 20
/* "HTTP/1.1" and CR LF */
#define VERSION_LEN 10

#define BAD "Bad request: "

void http_head_init(struct http_head *head)
{
    memset(head, 0, offsetof(struct http_head, fields));
}

static int refuse(struct http_head *head, unsigned status, const char *fault)
{
    head->fault = fault;
    return -(int)status;
}

/* --- the first line ------------------------------------------------------------------------- */

/* Each step returns 1 when it is done, 0 if more must come first, or the negated status. */

static bool is_method_byte(char c)
{
    return (c >= 'A' && c <= 'Z') || c == '-';
}

static int pass_empty_lines(struct http_head *head, struct bytes text)
{
    while (head->at < text.len && text.data[head->at] == '\r') {
        const ssize_t end = http_line_end_at(text, head->at, &head->fault);

        if (end <= 0)
            return (int)end;
        head->at = (uint32_t)end;
    }
    return head->at < text.len;
}

static int parse_method(struct http_head *head, struct bytes text)
{
    const int is_there = pass_empty_lines(head, text);
    size_t end = head->at;

    if (is_there <= 0)
        return is_there;
    while (end < text.len && end - head->at < METHOD_LEN_MAX && is_method_byte(text.data[end]))
        end++;
    if (end == text.len)
        return 0;
    if (end == head->at || text.data[end] != ' ')
        return refuse(head, 400,
                      BAD
                      "it must begin with a method in capitals and one space: GET /up HTTP/1.1");
    head->method_from = head->at;
    head->method_len = (uint32_t)end - head->at;
    head->is_head_request = head->method_len == 4 && memcmp(text.data + head->at, "HEAD", 4) == 0;
    head->at = (uint32_t)end + 1;
    head->searched = head->at;
    head->step = HTTP_HEAD_TARGET;
    return 1;
}

static int parse_target(struct http_head *head, struct bytes text)
{
    const size_t end = http_line_word_end(text, head->searched);
    struct bytes target = {text.data + head->at, end - head->at};

    head->searched = (uint32_t)end;
    if (end == text.len)
        return 0;
    if (text.data[end] != ' ')
        return refuse(head, 400,
                      BAD "behind the target must stand one space and the version: HTTP/1.1");
    if (!http_target_read(&target))
        return refuse(head, 400,
                      BAD "the target must be a path, /up, or a URL with a host, http://host/up; "
                          "what RFC 3986 does not allow in it must be escaped: %20");
    head->target_from = (uint32_t)(target.data - text.data);
    head->target_len = (uint32_t)target.len;
    head->at = (uint32_t)end + 1;
    head->step = HTTP_HEAD_VERSION;
    return 1;
}

/* The end of the first line; each 0 in the pattern stands for a digit. */
static int check_version(struct http_head *head, struct bytes version)
{
    static const char pattern[VERSION_LEN + 1] = "HTTP/0.0\r\n";

    for (size_t i = 0; i < VERSION_LEN; i++) {
        if (i == version.len)
            return 0;
        if (pattern[i] == '0' ? version.data[i] < '0' || version.data[i] > '9'
                              : version.data[i] != pattern[i])
            return refuse(head, 400,
                          BAD "the first line must end in HTTP/1.1 or HTTP/1.0, and CR LF");
    }
    return 1;
}

static int parse_version(struct http_head *head, struct bytes text)
{
    const struct bytes version = {text.data + head->at, text.len - head->at};

    if (version.len < VERSION_LEN || memcmp(version.data, "HTTP/1.1\r\n", VERSION_LEN) != 0) {
        const int is_right = check_version(head, version);

        if (is_right <= 0)
            return is_right;
    }
    if (version.data[5] != '1')
        return refuse(head, 505, "HTTP/1.1 or 1.0 is spoken here.");
    head->version_minor = (uint8_t)(version.data[7] - '0');
    head->at += VERSION_LEN;
    head->step = HTTP_HEAD_FIELDS;
    return 1;
}

/* --- headers that say how the request is to be read ------------------------------------------ */

static int note_host(struct http_head *head, struct bytes value)
{
    head->hosts_count++;
    if (head->hosts_count == 1 && http_line_is_host(value))
        return 1;
    return refuse(head, 400, BAD "Host must be there once, a name and perhaps a port.");
}

static int note_expect(struct http_head *head, struct bytes value)
{
    if (bytes_equal_ignoring_case(value, BYTES("100-continue")))
        head->expects_continue = true;
    return 1;
}

static int note_connection(struct http_head *head, struct bytes value)
{
    struct bytes option;

    while (bytes_next(&value, ',', &option)) {
        option = bytes_trim(option);
        if (bytes_equal_ignoring_case(option, BYTES("close")))
            head->says_close = true;
        else if (bytes_equal_ignoring_case(option, BYTES("keep-alive")))
            head->says_keep_alive = true;
    }
    return 1;
}

static bool is_digits(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    return text.len > 0;
}

static int note_length(struct http_head *head, struct bytes value)
{
    const bool is_first = !head->has_length;

    head->has_length = true;
    if (is_first && bytes_to_number(value, UINT64_MAX, &head->content_length))
        return 1;
    if (!is_first || !is_digits(value))
        return refuse(head, 400, BAD "Content-Length must be there once, a number of digits only.");
    head->content_length = UINT64_MAX; /* too large, whatever the limit is */
    return 1;
}

/* The value without spaces, but with the tabs around it: a program that does not count tabs as
 * blanks would not recognise the coding. */
static struct bytes without_spaces(const char *text, const struct http_line_field *field)
{
    size_t from = field->value_from;
    size_t end = field->value_from + field->value_len;

    while (text[end] != '\r')
        end++;
    while (text[from - 1] != ':')
        from--;
    while (end > from && text[end - 1] == ' ')
        end--;
    while (from < end && text[from] == ' ')
        from++;
    return (struct bytes){text + from, end - from};
}

/* How many codings are listed; `last` gets the last of them. An empty element does not count: RFC
 * 9110 section 5.6.1.2. */
static size_t count_codings(struct bytes list, struct bytes *last)
{
    struct bytes element;
    size_t count = 0;

    while (bytes_next(&list, ',', &element)) {
        while (element.len > 0 && element.data[0] == ' ')
            element = bytes_from(element, 1);
        while (element.len > 0 && element.data[element.len - 1] == ' ')
            element.len--;
        if (element.len == 0)
            continue;
        *last = element;
        count++;
    }
    return count;
}

static int note_encoding(struct http_head *head, struct bytes value)
{
    const bool is_first = !head->has_encoding;
    struct bytes last = BYTES("");
    const size_t codings_count = count_codings(value, &last);
    const bool ends_chunked = bytes_equal_ignoring_case(last, BYTES("chunked"));

    head->has_encoding = true;
    head->is_chunked = true;
    if (is_first && codings_count == 1 && ends_chunked)
        return 1;
    if (is_first && ends_chunked)
        return refuse(head, 501, "Of the transfer codings only chunked is understood.");
    return refuse(head, 400, BAD "Transfer-Encoding must be there once, and be chunked.");
}

/* The first comparison is for the usual spelling. */
static inline bool is_named(struct bytes name, struct bytes wanted)
{
    return memcmp(name.data, wanted.data, wanted.len) == 0 ||
           ((name.data[0] | 0x20) == (wanted.data[0] | 0x20) &&
            bytes_equal_ignoring_case(name, wanted));
}

static int note_field(struct http_head *head, const char *text, const struct http_line_field *field)
{
    const struct bytes name = http_line_field_name(field, text);
    const struct bytes value = http_line_field_value(field, text);

    switch (name.len) {
    case sizeof "Host" - 1:
        return is_named(name, BYTES("Host")) ? note_host(head, value) : 1;
    case sizeof "Expect" - 1:
        return is_named(name, BYTES("Expect")) ? note_expect(head, value) : 1;
    case sizeof "Connection" - 1:
        return is_named(name, BYTES("Connection")) ? note_connection(head, value) : 1;
    case sizeof "Content-Length" - 1:
        return is_named(name, BYTES("Content-Length")) ? note_length(head, value) : 1;
    case sizeof "Transfer-Encoding" - 1:
        if (is_named(name, BYTES("Transfer-Encoding")))
            return note_encoding(head, without_spaces(text, field));
        return 1;
    default:
        return 1;
    }
}

/* What follows from all headers together. */
static int conclude(struct http_head *head)
{
    const bool is_new = head->version_minor > 0;

    if (is_new && head->hosts_count == 0)
        return refuse(head, 400, BAD "Host must be there once, a name and perhaps a port.");
    if (head->is_chunked && head->has_length)
        return refuse(head, 400, BAD "Content-Length and Transfer-Encoding exclude each other.");
    /* An intermediary that speaks 1.0 does not know Transfer-Encoding: RFC 9112 section 6.1. */
    if (head->is_chunked && !is_new)
        return refuse(head, 400, BAD "Transfer-Encoding needs HTTP/1.1.");
    head->keeps_alive = !head->says_close && (is_new || head->says_keep_alive);
    head->expects_continue = head->expects_continue && is_new;
    return 1;
}

static ssize_t parse_fields(struct http_head *head, struct bytes text)
{
    for (;;) {
        struct http_line_field *field = &head->fields[head->fields_count];
        const ssize_t end = http_line_field_parse(&head->scan, text, head->at, field, &head->fault);
        int is_good;

        if (end <= 0)
            return end;
        head->at = (uint32_t)end;
        if (field->name_len == 0) {
            is_good = conclude(head);
            return is_good > 0 ? end : is_good;
        }
        if (head->fields_count == HTTP_REQUEST_HEADERS_COUNT_MAX)
            return refuse(head, 431, "Too many headers.");
        head->fields_count++;
        is_good = note_field(head, text.data, field);
        if (is_good <= 0)
            return is_good;
    }
}

/* --- all of it ------------------------------------------------------------------------------ */

ssize_t http_head_parse(struct http_head *head, struct bytes text)
{
    int is_done = 1;

    if (is_done > 0 && head->step == HTTP_HEAD_METHOD)
        is_done = parse_method(head, text);
    if (is_done > 0 && head->step == HTTP_HEAD_TARGET)
        is_done = parse_target(head, text);
    if (is_done > 0 && head->step == HTTP_HEAD_VERSION)
        is_done = parse_version(head, text);
    return is_done > 0 ? parse_fields(head, text) : is_done;
}

void http_head_fill(const struct http_head *head, const char *text, struct http_request *request)
{
    struct bytes rest = {text + head->target_from, head->target_len};

    request->method = (struct bytes){text + head->method_from, head->method_len};
    bytes_next(&rest, '?', &request->path);
    if (request->path.len == 0)
        request->path = BYTES("/");
    request->query = rest.data ? rest : BYTES("");
    request->version_minor = head->version_minor;
    request->headers_count = head->fields_count;
    for (size_t i = 0; i < head->fields_count; i++) {
        request->headers[i].name = http_line_field_name(&head->fields[i], text);
        request->headers[i].value = http_line_field_value(&head->fields[i], text);
    }
}
