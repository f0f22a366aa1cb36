/* Truth: whatever a client has sent, the address that a trusted proxy appends to it is the client;
 * a trusted address behind that changes nothing, and nobody but a trusted proxy is believed. The
 * first byte says which header it is. */

#include "http/forwarded.h"

#include "fuzz.h"

#define CLIENT "203.0.113.7"
#define PROXY "10.1.2.3"

static struct ip_range list;
static const struct ip_ranges trusted = {&list, 1};

static struct ip client_of(const struct http_request *request, const char *peer_text)
{
    struct ip peer;

    CHECK(ip_parse(bytes_of(peer_text), &peer));
    return http_forwarded_client(request, &trusted, &peer);
}

static void check_is(const struct ip *ip, const char *should)
{
    char text[IP_TEXT_LEN_MAX];

    ip_write(ip, text);
    CHECK(strcmp(text, should) == 0);
}

/* `value` with what two proxies append, in the same line or in one more. */
static void check_appended(struct http_request *request, struct bytes value, bool is_rfc,
                           bool is_same_line)
{
    const char *appended = is_rfc ? "for=" CLIENT ", for=\"" PROXY ":80\"" : CLIENT ", " PROXY;
    struct buffer text = {0};
    struct ip client;

    buffer_append_bytes(&text, value);
    buffer_printf(&text, ", %s", appended);
    request->headers[0].value = is_same_line ? buffer_bytes(&text) : value;
    request->headers[1].value = bytes_of(appended);
    request->headers_count = is_same_line ? 1 : 2;
    client = client_of(request, PROXY);
    check_is(&client, CLIENT);
    buffer_deinit(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const bool is_rfc = len > 0 && data[0] % 2 == 1;
    char *exact = fuzz_exact(fuzz_bytes(data + (len > 0), len - (len > 0)));
    const struct bytes value = {exact, len - (len > 0)};
    struct http_request request = {.headers_count = 1};
    struct ip client;

    CHECK(ip_range_parse(BYTES("10.0.0.0/8"), &list));
    request.headers[0].name = is_rfc ? BYTES("Forwarded") : BYTES("X-Forwarded-For");
    request.headers[1].name = request.headers[0].name;
    request.headers[0].value = value;
    client = client_of(&request, CLIENT);
    check_is(&client, CLIENT);
    client_of(&request, PROXY);
    for (int is_same_line = 0; is_same_line < 2; is_same_line++)
        check_appended(&request, value, is_rfc, is_same_line);
    free(exact);
    return 0;
}
