#include "server/why.h"

#include "base/jsonwrite.h"
#include "base/mem.h"
#include "pusher/socket_id.h"

#include <string.h>

#define CHANNELS_COUNT_MAX 100

/* Posted to the worker, and from there back. */
struct question {
    struct net_mail mail;
    struct list link;
    struct server_why *why;
    struct server_control_caller *caller; /* NULL: gone */
    struct server_worker *worker;
    uint64_t socket_id;
    struct buffer connection; /* a JSON value */
};

/* --- on the worker -------------------------------------------------------------------------- */

static void append(struct buffer *out, const char *key, struct bytes text)
{
    buffer_printf(out, "\"%s\":", key);
    jsonwrite_string(out, text);
}

static void append_channels(struct buffer *out, const struct pusher_session *session)
{
    size_t count = 0;

    buffer_append_text(out, ",\"channels\":[");
    LIST_EACH(link, following, &session->subscriber.subscriptions) {
        const struct channel_subscription *subscription =
            LIST_OWNER(link, struct channel_subscription, link);

        if (subscription->channel->registry != session->app->channels)
            continue; /* it watches users, or is one */
        if (count++ == CHANNELS_COUNT_MAX)
            break;
        buffer_append_text(out, count > 1 ? "," : "");
        jsonwrite_string(out, channel_name(subscription->channel));
    }
    buffer_append_char(out, ']');
}

void server_why_append_facts(struct buffer *out, const struct pusher_session *session)
{
    const uint64_t silent_ms = net_loop_now_ms(session->worker->loop) - session->seen_ms;
    char client[NET_CONN_CLIENT_LEN_MAX];

    append(out, "app", bytes_of(session->app->id));
    net_conn_client_text(session->ws.net, client);
    buffer_append_char(out, ',');
    append(out, "address", bytes_of(client));
    if (session->user != NULL) {
        buffer_append_char(out, ',');
        append(out, "user_id", session->user->id);
    }
    buffer_printf(out, ",\"channels_count\":%u,\"backlog_bytes\":%zu,\"silent_s\":%llu",
                  session->channels_count, net_conn_backlog_bytes(session->ws.net),
                  (unsigned long long)silent_ms / 1000);
}

static void append_connection(struct buffer *out, const struct pusher_session *session)
{
    buffer_append_char(out, '{');
    server_why_append_facts(out, session);
    append_channels(out, session);
    buffer_append_char(out, '}');
}

static void on_answer_mail(struct net_mail *mail, void *owner);

static void on_question_mail(struct net_mail *mail, void *owner)
{
    struct question *question = (struct question *)mail;
    const struct pusher_session *session =
        pusher_session_find(question->worker->pusher, question->socket_id);

    (void)owner;
    if (session != NULL && session->state == PUSHER_SESSION_ESTABLISHED)
        append_connection(&question->connection, session);
    question->mail.deliver = on_answer_mail;
    NET_MAILBOX_POST(question->why->mailbox, question);
}

/* --- on the main thread --------------------------------------------------------------------- */

static void on_answer_mail(struct net_mail *mail, void *owner)
{
    struct question *question = (struct question *)mail;
    char socket_id[PUSHER_SOCKET_ID_LEN_MAX];
    struct buffer out = {0};

    (void)owner;
    buffer_append_char(&out, '{');
    append(&out, "socket_id",
           (struct bytes){socket_id, pusher_socket_id_write(question->socket_id, socket_id)});
    if (question->connection.len > 0) {
        buffer_append_text(&out, ",\"connection\":");
        buffer_append_bytes(&out, buffer_bytes(&question->connection));
    }
    buffer_append_text(&out, ",\"history\":");
    observer_history_write(question->why->history, question->socket_id, &out);
    buffer_append_char(&out, '}');
    if (question->caller != NULL)
        server_control_answer(question->caller, buffer_bytes(&out));
    list_remove(&question->link);
    buffer_deinit(&question->connection);
    free(question);
    buffer_deinit(&out);
}

static void ask(struct server_why *why, struct server_control_caller *caller, uint64_t socket_id)
{
    struct question *question = mem_new(sizeof *question);

    question->mail.deliver = on_question_mail;
    question->why = why;
    question->caller = caller;
    question->worker = &why->workers[pusher_socket_id_worker(socket_id, why->workers_count)];
    question->socket_id = socket_id;
    list_append(&why->questions, &question->link);
    NET_MAILBOX_POST(&question->worker->loop.mailbox, question);
}

bool server_why_hear(struct server_why *why, struct server_control_caller *caller,
                     struct bytes command)
{
    uint64_t socket_id;

    if (!bytes_starts_with(command, BYTES("why ")))
        return false;
    socket_id = pusher_socket_id_parse(bytes_from(command, strlen("why ")));
    if (socket_id != 0)
        ask(why, caller, socket_id);
    else
        server_control_answer(
            caller, BYTES("{\"error\":\"that is no socket id; they look like 1234.5678\"}"));
    return true;
}

void server_why_forget(struct server_why *why, struct server_control_caller *caller)
{
    LIST_EACH(link, following, &why->questions) {
        struct question *question = LIST_OWNER(link, struct question, link);

        if (question->caller == caller)
            question->caller = NULL;
    }
}

void server_why_init(struct server_why *why)
{
    list_init(&why->questions);
}
