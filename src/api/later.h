/* A call whose answer is that of the whole cluster: it waits for it, and holds the connection
 * meanwhile. Without a cluster, or where the cluster does not know, it is answered by what this
 * node knows; without, at once.
 *
 * Thread: the call's. Life: api_later_new() to its answer; where the connection has gone, to the
 * time when it would have been answered.
 * Memory: it keeps copies of all it needs of the request.
 */
#pragma once

#include "api/api.h"
#include "api/form.h"

struct api_later;

/* Answers with api_respond_…() on that connection; `answer` is NULL where this node's own knowledge
 * has to do. */
typedef void (*api_later_fn)(const struct api_later *later, struct http_conn *conn,
                             const struct cluster_ask_answer *answer);

struct api_later {
    struct api *api;
    struct pusher_app *app;
    struct http_conn_hold hold;
    api_later_fn respond;
    struct buffer argument; /* a channel's name, or how names begin */
    struct api_info info;
    struct api_form form;
};

/* `argument` may be absent; `info` and `form` are the caller's to fill in. */
struct api_later *api_later_new(const struct api_call *call, api_later_fn respond,
                                struct bytes argument);

/* True: the caller must now ask, as `asker`. False: it has been answered, and freed. */
bool api_later_begin(struct api_later *later, struct http_conn *conn,
                     struct cluster_ask_caller *asker);

/* Answers 200 with `form`, which has no blanks or some, once Redis has taken what the call has
 * published: what the same publisher sends next to another node comes after it. Takes `form`. */
void api_later_respond_published(const struct api_call *call, struct api_form *form);

/* Asks for what is blank in `form`, and answers 200 with it. Takes `form`. */
void api_later_respond_form(const struct api_call *call, struct api_form *form);
