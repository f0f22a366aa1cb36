#include "doctor/exchange.h"

#include "client/stream.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#define WAIT_S 8
#define READ_LEN 8192
/* More of a response is not looked at. */
#define LEN_MAX 65536

static bool parse_head(struct doctor_exchange *exchange)
{
    const struct bytes in = buffer_bytes(&exchange->in);
    const char *end = in.len > 0 ? memmem(in.data, in.len, "\r\n\r\n", 4) : NULL;
    uint64_t status;

    if (end == NULL || in.len < 12 || !bytes_starts_with(in, BYTES("HTTP/1.")) ||
        !bytes_to_number((struct bytes){in.data + 9, 3}, 999, &status))
        return false;
    exchange->status = (unsigned)status;
    exchange->head = (struct bytes){in.data, (size_t)(end - in.data)};
    exchange->body = bytes_from(in, exchange->head.len + 4);
    return true;
}

/* Whether the response is complete, as far as its length is announced. */
static bool is_complete(struct doctor_exchange *exchange)
{
    uint64_t len;

    if (!parse_head(exchange))
        return false;
    if (exchange->status < 200 || exchange->status == 204 || exchange->status == 304)
        return true;
    return bytes_to_number(doctor_exchange_header(exchange, "Content-Length"), LEN_MAX, &len) &&
           exchange->body.len >= len;
}

bool doctor_exchange_run(struct doctor_exchange *exchange, const struct client_server *server,
                         struct bytes request, struct buffer *error)
{
    const struct timeval wait = {.tv_sec = WAIT_S};
    struct client_stream stream;
    ssize_t len = 1;

    *exchange = (struct doctor_exchange){0};
    if (!client_stream_open(&stream, server, error))
        return false;
    setsockopt(stream.fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    /* A refusal may come before all of the request was read. */
    (void)client_stream_write(&stream, request);
    while (len > 0 && !is_complete(exchange) && exchange->in.len < LEN_MAX) {
        len = client_stream_read(&stream, buffer_reserve(&exchange->in, READ_LEN), READ_LEN);
        exchange->in.len += len > 0 ? (size_t)len : 0;
    }
    client_stream_close(&stream);
    if (parse_head(exchange))
        return true;
    buffer_append_text(error,
                       exchange->in.len > 0 ? "what comes back is not HTTP" : "nothing comes back");
    return false;
}

struct bytes doctor_exchange_header(const struct doctor_exchange *exchange, const char *name)
{
    struct bytes rest = exchange->head;
    struct bytes line;

    while (bytes_next(&rest, '\n', &line)) {
        const char *colon = memchr(line.data, ':', line.len);
        const size_t name_len = colon != NULL ? (size_t)(colon - line.data) : 0;

        if (line.len > 0 && line.data[line.len - 1] == '\r')
            line.len--;
        if (colon != NULL &&
            bytes_equal_ignoring_case((struct bytes){line.data, name_len}, bytes_of(name)))
            return bytes_trim(bytes_from(line, name_len + 1));
    }
    return BYTES_NONE;
}

void doctor_exchange_deinit(struct doctor_exchange *exchange)
{
    buffer_deinit(&exchange->in);
}
