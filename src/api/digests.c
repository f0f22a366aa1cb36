#include "api/digests.h"

#include "api/api.h"
#include "base/md5.h"

#include <string.h>

/* Below there is little to win: the MD5 of 100 bytes takes 0.3 µs. Above, one would keep the others
 * waiting. */
#define BODY_LEN_MIN 512
#define BODY_LEN_MAX 65536

/* One that is handled, with its MD5. */
struct digested {
    struct api *api;
    const char *md5;
};

static bool is_worth_it(const struct http_request *request)
{
    static const char signature[] = "auth_signature=";

    return request->body.len >= BODY_LEN_MIN && request->body.len <= BODY_LEN_MAX &&
           memmem(request->query.data, request->query.len, signature, sizeof signature - 1) != NULL;
}

/* Whether another one waits, or may yet come before this one is handled. */
static bool has_company(const struct api *api)
{
    const struct api_digests *digests = &api->digests;

    if (digests->count > 0)
        return true;
    return digests->is_ending ? digests->left_count > 0 : net_loop_has_more(api->hub->loop);
}

bool api_digests_postpone(struct api *api, struct http_conn *conn,
                          const struct http_request *request)
{
    struct api_digests *digests = &api->digests;

    if (!is_worth_it(request) || !has_company(api) || digests->count == API_DIGESTS_COUNT_MAX)
        return false;
    http_conn_postpone(conn, &digests->waiting[digests->half][digests->count++]);
    return true;
}

static void on_digested(struct http_conn *conn, const struct http_request *request, void *user)
{
    const struct digested *it = user;

    api_handle_digested(it->api, conn, request, it->md5);
}

/* Those whose connections are gone are dropped; the others keep their order. */
static size_t take(struct http_conn_hold *waiting, size_t count, struct http_conn_hold **holds,
                   struct bytes *bodies)
{
    size_t taken = 0;

    for (size_t i = 0; i < count; i++)
        if (waiting[i].conn != NULL) {
            holds[taken] = &waiting[i];
            bodies[taken++] = http_conn_postponed_body(waiting[i].conn);
        }
    return taken;
}

static void handle_those_that_wait(struct api *api)
{
    struct api_digests *digests = &api->digests;
    struct http_conn_hold *holds[API_DIGESTS_COUNT_MAX];
    struct bytes bodies[API_DIGESTS_COUNT_MAX] = {BYTES_NONE};
    char md5s[API_DIGESTS_COUNT_MAX][DIGEST_MD5_HEX_LEN];
    const size_t count = take(digests->waiting[digests->half], digests->count, holds, bodies);

    digests->half ^= 1;
    digests->count = 0;
    md5_many(bodies, count, md5s);
    for (size_t i = 0; i < count; i++) {
        struct digested it = {.api = api, .md5 = md5s[i]};

        digests->left_count = count - 1 - i;
        if (holds[i]->conn != NULL)
            http_conn_go_on(holds[i]->conn, on_digested, &it);
    }
}

void api_digests_end_turn(struct api *api)
{
    struct api_digests *digests = &api->digests;

    digests->is_ending = true;
    while (digests->count > 0)
        handle_those_that_wait(api);
    digests->is_ending = false;
}
