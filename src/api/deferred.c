#include "api/deferred.h"

#include "base/mem.h"

struct api_deferred *api_deferred_new(const struct api_call *call, api_deferred_fn respond,
                                      struct bytes argument)
{
    struct api_deferred *deferred = mem_new(sizeof *deferred);

    deferred->worker = call->worker;
    deferred->cluster = call->cluster;
    deferred->queries = call->queries;
    deferred->app = pusher_app_ref(call->app);
    deferred->respond = respond;
    buffer_append_bytes(&deferred->argument, argument);
    return deferred;
}

static void drop_pages(struct api_deferred *deferred)
{
    api_listing_deinit(&deferred->listing);
    api_members_deinit(&deferred->members);
    deferred->listing = (struct api_listing){0};
    deferred->members = (struct api_members){0};
}

static void deferred_free(struct api_deferred *deferred)
{
    buffer_deinit(&deferred->argument);
    api_template_deinit(&deferred->template);
    drop_pages(deferred);
    pusher_app_unref(deferred->app);
    free(deferred);
}

/* Whether the call is finished. If its connection has closed, no answer is needed. */
static bool run(struct api_deferred *deferred, const struct cluster_query_answer *answer)
{
    if (deferred->deferral.conn != NULL &&
        !deferred->respond(deferred, deferred->deferral.conn, answer))
        return false;
    deferred_free(deferred);
    return true;
}

static bool on_slice(struct net_slices_job *slice)
{
    return run(LIST_OWNER(slice, struct api_deferred, slice), NULL);
}

static void on_slice_free(struct net_slices_job *slice)
{
    deferred_free(LIST_OWNER(slice, struct api_deferred, slice));
}

static void begin_respond(struct api_deferred *deferred, const struct cluster_query_answer *answer)
{
    struct net_slices *slices = &deferred->worker->slices;

    if (answer == NULL)
        drop_pages(deferred);
    if (run(deferred, answer))
        return;
    deferred->slice.run = on_slice;
    deferred->slice.free = on_slice_free;
    net_slices_add(slices, &deferred->slice);
}

static void on_page(const struct cluster_query_answer *page, void *user)
{
    struct api_deferred *deferred = user;

    if (deferred->deferral.conn != NULL)
        deferred->take(deferred, page);
}

static void on_answer(const struct cluster_query_answer *answer, void *user)
{
    begin_respond(user, answer->is_known ? answer : NULL);
}

static struct cluster_query_caller caller_of(
    struct api_deferred *deferred,
    void (*respond)(const struct cluster_query_answer *answer, void *user))
{
    return (struct cluster_query_caller){
        .mailbox = &deferred->worker->loop->mailbox,
        .on_page = deferred->take != NULL ? on_page : NULL,
        .on_answer = respond,
        .user = deferred,
    };
}

bool api_deferred_begin(struct api_deferred *deferred, struct http_conn *conn,
                        struct cluster_query_caller *caller)
{
    http_conn_defer_response(conn, &deferred->deferral);
    if (deferred->cluster == NULL) {
        begin_respond(deferred, NULL);
        return false;
    }
    *caller = caller_of(deferred, on_answer);
    return true;
}

static bool respond_template(struct api_deferred *deferred, struct http_conn *conn,
                             const struct cluster_query_answer *answer)
{
    struct buffer json = {0};

    if (answer != NULL)
        api_template_fill_cluster(&deferred->template, answer, &json);
    else
        api_template_fill_local(&deferred->template, deferred->app->channels,
                                net_loop_now_ms(deferred->worker->loop), &json);
    api_call_respond_json(conn, 200, buffer_bytes(&json));
    buffer_deinit(&json);
    return true;
}

static void query_slots(struct api_deferred *deferred, const struct cluster_query_caller *caller)
{
    const size_t count = api_template_slots_count(&deferred->template);
    struct bytes *names = mem_new(count * sizeof *names);

    for (size_t i = 0; i < count; i++)
        names[i] = api_template_name(&deferred->template, i);
    deferred->queries->channels(deferred->cluster, caller, bytes_of(deferred->app->id), names,
                                count);
    free(names);
}

static struct api_deferred *deferred_new_of_template(const struct api_call *call,
                                                     struct api_template *template)
{
    struct api_deferred *deferred = api_deferred_new(call, respond_template, BYTES_NONE);

    deferred->template = *template;
    *template = (struct api_template){0};
    return deferred;
}

void api_deferred_respond_template(const struct api_call *call, struct api_template *template)
{
    struct api_deferred *deferred = deferred_new_of_template(call, template);
    struct cluster_query_caller caller;

    if (api_deferred_begin(deferred, call->conn, &caller))
        query_slots(deferred, &caller);
}

static void on_acked(const struct cluster_query_answer *answer, void *user)
{
    struct api_deferred *deferred = user;
    const struct cluster_query_caller caller = caller_of(deferred, on_answer);

    /* If a link is down, the published events wait for it, and this node answers from its own
     * state. */
    if (deferred->deferral.conn == NULL || !answer->is_known ||
        api_template_slots_count(&deferred->template) == 0)
        on_answer(&(struct cluster_query_answer){.is_known = false}, deferred);
    else
        query_slots(deferred, &caller);
}

void api_deferred_respond_published(const struct api_call *call, struct api_template *template)
{
    struct api_deferred *deferred = deferred_new_of_template(call, template);
    struct cluster_query_caller caller;

    if (!api_deferred_begin(deferred, call->conn, &caller))
        return;
    caller = caller_of(deferred, on_acked);
    call->queries->acked(call->cluster, &caller);
}
