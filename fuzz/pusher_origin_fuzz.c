/* Truth: an origin has a host exactly if it matches the grammar of RFC 6454 and RFC 3986, which is
 * a regular expression here; the host begins behind the scheme and ends at the port or the end. A
 * pattern that equals the host matches it, and counts as a pattern that can match. */

#include "config/origin_pattern.h"
#include "pusher/origin.h"

#include "fuzz.h"

#include <arpa/inet.h>
#include <regex.h>

#define SCHEME "[A-Za-z][A-Za-z0-9.+-]*://"
#define NAME "([A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f][0-9A-Fa-f])+"
#define GRAMMAR "^" SCHEME "((" NAME ")|\\[([0-9A-Fa-f:.]+)\\])(:([0-9]+))?$"

enum { HOST = 1, ADDRESS = 4, PORT = 6, GROUPS_COUNT };

static bool is_address(const char *text, regmatch_t at)
{
    char address[INET6_ADDRSTRLEN] = "";
    struct in6_addr parsed;
    const size_t len = (size_t)(at.rm_eo - at.rm_so);

    if (at.rm_so < 0)
        return true;
    if (len >= sizeof address)
        return false;
    memcpy(address, text + at.rm_so, len);
    return inet_pton(AF_INET6, address, &parsed) == 1;
}

static bool is_port(const char *text, regmatch_t at)
{
    size_t port = 0;

    for (regoff_t i = at.rm_so; at.rm_so >= 0 && i < at.rm_eo && port <= 65535; i++)
        port = port * 10 + (size_t)(text[i] - '0');
    return port <= 65535;
}

/* The host by the grammar alone; absent if it is no origin. */
static struct bytes host_by_grammar(const char *text, size_t len)
{
    static regex_t grammar;
    static bool is_compiled;
    regmatch_t at[GROUPS_COUNT];

    if (!is_compiled)
        CHECK(regcomp(&grammar, GRAMMAR, REG_EXTENDED) == 0);
    is_compiled = true;
    if (strlen(text) != len || regexec(&grammar, text, GROUPS_COUNT, at, 0) != 0 ||
        !is_address(text, at[ADDRESS]) || !is_port(text, at[PORT]))
        return BYTES_NONE;
    return (struct bytes){text + at[HOST].rm_so, (size_t)(at[HOST].rm_eo - at[HOST].rm_so)};
}

static void check_pattern(struct bytes origin, struct bytes host)
{
    char *pattern = mem_copy_text(host.data, host.len);
    char *other = mem_copy_text("*.example.com", 13);
    struct config_app app = {.allowed_origins = &pattern, .allowed_origins_count = 1};

    CHECK(config_origin_pattern_can_match(host));
    CHECK(pusher_origin_is_allowed(&app, origin));
    app.allowed_origins = &other;
    CHECK(!pusher_origin_is_allowed(&app, origin) ||
          bytes_equal_ignoring_case(bytes_from(host, host.len - 12), BYTES(".example.com")));
    free(pattern);
    free(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char *text = mem_copy_text((const char *)data, len);
    char *exact = fuzz_exact(fuzz_bytes(data, len));
    const struct bytes origin = {exact, len};
    const struct bytes host = pusher_origin_host(origin);

    CHECK(bytes_equal(host, host_by_grammar(text, len)));
    if (host.data != NULL)
        check_pattern(origin, host);
    free(exact);
    free(text);
    return 0;
}
