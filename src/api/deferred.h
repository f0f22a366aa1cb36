/* A call whose answer needs the whole cluster: its response is deferred until the cluster has
 * answered. If the cluster cannot answer, this node answers from its own state; without a cluster
 * it does so at once.
 *
 * Thread: the call's. Life: api_deferred_new() to its answer; if the connection has closed before,
 * to the time when it would have been answered.
 * Memory: it owns copies of all it needs of the request.
 */
#pragma once

#include "api/call.h"
#include "api/listing.h"
#include "api/members.h"
#include "api/template.h"

struct api_deferred;

/* Answers with api_call_respond_…() on that connection; `answer` is NULL if this node answers from
 * its own state. False: the answer is long. The function is then called again without `answer` at
 * the ends of turns, until it returns true. */
typedef bool (*api_deferred_fn)(struct api_deferred *deferred, struct http_conn *conn,
                                const struct cluster_query_answer *answer);

/* Takes a page of the cluster's answer. The pages are dropped if the rest does not come. */
typedef void (*api_deferred_take_fn)(struct api_deferred *deferred,
                                     const struct cluster_query_answer *page);

struct api_deferred {
    struct pusher_worker *worker;
    struct cluster *cluster; /* NULL: no cluster */
    const struct api_cluster_queries *queries;
    struct pusher_app *app; /* a reference */
    struct http_conn_deferral deferral;
    api_deferred_fn respond;
    api_deferred_take_fn take; /* NULL: the answer comes whole */
    struct buffer argument;    /* a channel's name, or the prefix of names */
    struct api_info info;
    struct api_template template;
    struct api_listing listing;
    struct api_members members;
    struct net_slices_job slice; /* if the answer is long */
};

/* `argument` may be absent; the caller fills in `take`, `info` and `template`. */
struct api_deferred *api_deferred_new(const struct api_call *call, api_deferred_fn respond,
                                      struct bytes argument);

/* Defers the response. True: the caller must now query the cluster as `caller`. False: this node
 * has answered from its own state, or will at the ends of turns. */
bool api_deferred_begin(struct api_deferred *deferred, struct http_conn *conn,
                        struct cluster_query_caller *caller);

/* Answers 200 with `template`, whose slots (if any) are filled, once Redis has acknowledged what
 * the call has published: what the same publisher sends to another node next then comes after it.
 * Takes `template`. */
void api_deferred_respond_published(const struct api_call *call, struct api_template *template);

/* Queries the cluster for the slots of `template`, and answers 200 with it. Takes `template`. */
void api_deferred_respond_template(const struct api_call *call, struct api_template *template);
