/* A call whose answer is that of the whole cluster: it waits for it, and holds the connection
 * meanwhile. Without a cluster, or where the cluster does not know, it is answered by what this
 * node knows; without, at once.
 *
 * Thread: the call's. Life: api_deferred_new() to its answer; where the connection has gone, to the
 * time when it would have been answered.
 * Memory: it keeps copies of all it needs of the request.
 */
#pragma once

#include "api/call.h"
#include "api/listing.h"
#include "api/template.h"

struct api_deferred;

/* Answers with api_respond_…() on that connection; `answer` is NULL where this node's own knowledge
 * has to do. False: the answer is long, and is called for again without `answer` at the ends of the
 * turns until it is there. */
typedef bool (*api_deferred_fn)(struct api_deferred *deferred, struct http_conn *conn,
                                const struct cluster_query_answer *answer);

struct api_deferred {
    struct pusher_worker *worker;
    struct cluster *cluster; /* NULL: this node is alone */
    const struct api_nodes *nodes;
    struct api_slices *slices;
    struct pusher_app *app;
    struct http_conn_deferral deferral;
    api_deferred_fn respond;
    struct buffer argument; /* a channel's name, or how names begin */
    struct api_info info;
    struct api_template template;
    struct api_listing listing;
    struct api_slices_job slice; /* where the answer is long */
};

/* `argument` may be absent; `info` and `template` are the caller's to fill in. */
struct api_deferred *api_deferred_new(const struct api_call *call, api_deferred_fn respond,
                                      struct bytes argument);

/* True: the caller must now ask, as `caller`. False: it has been answered, or will be by what this
 * node knows. */
bool api_deferred_begin(struct api_deferred *deferred, struct http_conn *conn,
                        struct cluster_query_caller *caller);

/* Answers 200 with `template`, which has no blanks or some, once Redis has taken what the call has
 * published: what the same publisher sends next to another node comes after it. Takes `template`.
 */
void api_deferred_respond_published(const struct api_call *call, struct api_template *template);

/* Asks for what is blank in `template`, and answers 200 with it. Takes `template`. */
void api_deferred_respond_template(const struct api_call *call, struct api_template *template);
