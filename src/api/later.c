#include "api/later.h"

#include "base/mem.h"

struct api_later *api_later_new(const struct api_call *call, api_later_fn respond,
                                struct bytes argument)
{
    struct api_later *later = mem_new(sizeof *later);

    later->api = call->api;
    later->app = call->app;
    later->respond = respond;
    buffer_append_bytes(&later->argument, argument);
    return later;
}

static void later_free(struct api_later *later)
{
    buffer_deinit(&later->argument);
    api_form_deinit(&later->form);
    free(later);
}

static void on_answer(const struct cluster_ask_answer *answer, void *user)
{
    struct api_later *later = user;

    if (later->hold.conn != NULL)
        later->respond(later, later->hold.conn, answer->is_known ? answer : NULL);
    later_free(later);
}

static struct cluster_ask_caller caller_of(struct api_later *later,
                                           void (*respond)(const struct cluster_ask_answer *answer,
                                                           void *user))
{
    return (struct cluster_ask_caller){
        .mailbox = &later->api->hub->loop->mailbox,
        .on_answer = respond,
        .user = later,
    };
}

bool api_later_begin(struct api_later *later, struct http_conn *conn,
                     struct cluster_ask_caller *asker)
{
    if (later->api->cluster == NULL) {
        later->respond(later, conn, NULL);
        later_free(later);
        return false;
    }
    http_conn_hold(conn, &later->hold);
    *asker = caller_of(later, on_answer);
    return true;
}

static void respond_form(const struct api_later *later, struct http_conn *conn,
                         const struct cluster_ask_answer *answer)
{
    struct buffer json = {0};

    if (answer != NULL)
        api_form_fill_cluster(&later->form, answer, &json);
    else
        api_form_fill_local(&later->form, later->app->channels,
                            net_loop_now_ms(later->api->hub->loop), &json);
    api_respond_json(conn, 200, buffer_bytes(&json));
    buffer_deinit(&json);
}

static void ask_for_blanks(struct api_later *later, const struct cluster_ask_caller *asker)
{
    const size_t count = api_form_blanks_count(&later->form);
    struct bytes *names = mem_new(count * sizeof *names);

    for (size_t i = 0; i < count; i++)
        names[i] = api_form_name(&later->form, i);
    cluster_ask_channels(later->api->cluster, asker, bytes_of(later->app->id), names, count);
    free(names);
}

static struct api_later *later_new_of_form(const struct api_call *call, struct api_form *form)
{
    struct api_later *later = api_later_new(call, respond_form, BYTES_NONE);

    later->form = *form;
    *form = (struct api_form){0};
    return later;
}

void api_later_respond_form(const struct api_call *call, struct api_form *form)
{
    struct api_later *later = later_new_of_form(call, form);
    struct cluster_ask_caller asker;

    if (api_later_begin(later, call->conn, &asker))
        ask_for_blanks(later, &asker);
}

static void on_taken(const struct cluster_ask_answer *answer, void *user)
{
    struct api_later *later = user;
    const struct cluster_ask_caller asker = caller_of(later, on_answer);

    /* Where a link is down what was published waits for it, and this node's own knowledge has to
     * do. */
    if (later->hold.conn == NULL || !answer->is_known || api_form_blanks_count(&later->form) == 0)
        on_answer(&(struct cluster_ask_answer){.is_known = false}, later);
    else
        ask_for_blanks(later, &asker);
}

void api_later_respond_published(const struct api_call *call, struct api_form *form)
{
    struct api_later *later = later_new_of_form(call, form);
    struct cluster_ask_caller asker;

    if (!api_later_begin(later, call->conn, &asker))
        return;
    asker = caller_of(later, on_taken);
    cluster_ask_taken(call->api->cluster, &asker);
}
