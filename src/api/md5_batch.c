#include "api/md5_batch.h"

#include "base/md5.h"

#include <string.h>

/* A shorter body gains little: the MD5 of 100 bytes takes 0.3 µs. A longer one would make the
 * others wait. */
#define BODY_LEN_MIN 512
#define BODY_LEN_MAX 65536

/* A request that is handled now, with its MD5. */
struct digested {
    api_md5_batch_fn handle;
    void *user;
    const char *md5;
};

static bool is_worth_it(const struct http_request *request)
{
    static const char signature[] = "auth_signature=";

    return request->body.len >= BODY_LEN_MIN && request->body.len <= BODY_LEN_MAX &&
           memmem(request->query.data, request->query.len, signature, sizeof signature - 1) != NULL;
}

/* Whether another request waits, or may come before this one is handled. */
static bool has_company(const struct api_md5_batch *batch, const struct net_loop *loop)
{
    if (batch->count > 0)
        return true;
    return batch->is_ending ? batch->left_count > 0 : net_loop_has_more(loop);
}

bool api_md5_batch_defer(struct api_md5_batch *batch, const struct net_loop *loop,
                         struct http_conn *conn, const struct http_request *request)
{
    if (!is_worth_it(request) || !has_company(batch, loop) ||
        batch->count == API_MD5_BATCH_COUNT_MAX)
        return false;
    http_conn_defer_request(conn, &batch->waiting[batch->half][batch->count++]);
    return true;
}

static void on_digested(struct http_conn *conn, const struct http_request *request, void *user)
{
    const struct digested *it = user;

    it->handle(conn, request, it->md5, it->user);
}

/* Drops the requests whose connections have closed; the others keep their order. */
static size_t take(struct http_conn_deferral *waiting, size_t count,
                   struct http_conn_deferral **deferrals, struct bytes *bodies)
{
    size_t taken = 0;

    for (size_t i = 0; i < count; i++)
        if (waiting[i].conn != NULL) {
            deferrals[taken] = &waiting[i];
            bodies[taken++] = http_conn_deferred_body(waiting[i].conn);
        }
    return taken;
}

static void handle_those_that_wait(struct api_md5_batch *batch, api_md5_batch_fn handle, void *user)
{
    struct http_conn_deferral *deferrals[API_MD5_BATCH_COUNT_MAX];
    struct bytes bodies[API_MD5_BATCH_COUNT_MAX] = {BYTES_NONE};
    char md5s[API_MD5_BATCH_COUNT_MAX][DIGEST_MD5_HEX_LEN];
    const size_t count = take(batch->waiting[batch->half], batch->count, deferrals, bodies);

    batch->half ^= 1;
    batch->count = 0;
    md5_many(bodies, count, md5s);
    for (size_t i = 0; i < count; i++) {
        struct digested it = {.handle = handle, .user = user, .md5 = md5s[i]};

        batch->left_count = count - 1 - i;
        if (deferrals[i]->conn != NULL)
            http_conn_resume(deferrals[i]->conn, on_digested, &it);
    }
}

void api_md5_batch_end_turn(struct api_md5_batch *batch, api_md5_batch_fn handle, void *user)
{
    batch->is_ending = true;
    while (batch->count > 0)
        handle_those_that_wait(batch, handle, user);
    batch->is_ending = false;
}
