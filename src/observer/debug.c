#include "observer/debug.h"

#include "base/log.h"
#include "base/printable.h"
#include "observer/pretty.h"
#include "pusher/encode.h"
#include "pusher/session.h"
#include "pusher/socket_id.h"

#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#define COLUMNS_COUNT 78
#define MESSAGE_LEN_MAX 200

#define DIM "\x1b[90m"
#define GREEN "\x1b[32m"
#define PLAIN "\x1b[39m"

static const char *color(const char *sequence)
{
    return isatty(STDOUT_FILENO) ? sequence : "";
}

/* "  Connection Established ......... 1234.5678" */
static void append_line(struct buffer *out, const char *title, struct bytes detail)
{
    const size_t used = 4 + bytes_of(title).len + detail.len;
    size_t dots = used < COLUMNS_COUNT ? COLUMNS_COUNT - used : 3;

    buffer_printf(out, "  %s%s%s %s", color(GREEN), title, color(PLAIN), color(DIM));
    while (dots-- > 0)
        buffer_append_char(out, '.');
    buffer_printf(out, "%s ", color(PLAIN));
    printable_append(out, detail);
    buffer_append_char(out, '\n');
}

/* The message as a numbered block of code. */
static void append_message(struct buffer *out, struct bytes message)
{
    struct buffer pretty = {0};
    struct bytes rest;
    struct bytes line;
    unsigned number = 1;

    observer_pretty_append(&pretty, message, MESSAGE_LEN_MAX);
    rest = buffer_bytes(&pretty);
    buffer_append_char(out, '\n');
    while (bytes_next(&rest, '\n', &line))
        buffer_printf(out, "    %s%2u▕%s %.*s\n", color(DIM), number++, color(PLAIN),
                      BYTES_ARGS(line));
    buffer_append_char(out, '\n');
    buffer_deinit(&pretty);
}

/* Counts the events dropped because of a slow reader, and prints the number before the next one
 * that it takes. */
static void show(struct buffer *out)
{
    static _Atomic size_t dropped_count;
    const size_t dropped = atomic_exchange(&dropped_count, 0);
    char text[32];
    struct buffer whole = {0};

    if (dropped > 0) {
        const int len = snprintf(text, sizeof text, "%zu", dropped);

        append_line(&whole, "Dropped For A Slow Reader", (struct bytes){text, (size_t)len});
    }
    buffer_append_bytes(&whole, buffer_bytes(out));
    if (!log_write(STDOUT_FILENO, buffer_bytes(&whole)))
        atomic_fetch_add(&dropped_count, dropped + 1);
    buffer_deinit(&whole);
    buffer_deinit(out);
}

static void show_session(const char *title, const struct pusher_session *session)
{
    char socket_id[PUSHER_SOCKET_ID_LEN_MAX];
    struct buffer out = {0};

    append_line(&out, title,
                (struct bytes){socket_id, pusher_socket_id_write(session->socket_id, socket_id)});
    show(&out);
}

static void on_connected(void *user, const struct pusher_session *session)
{
    (void)user;
    show_session("Connection Established", session);
}

static void on_received(void *user, const struct pusher_session *session, struct bytes message)
{
    char socket_id[PUSHER_SOCKET_ID_LEN_MAX];
    struct buffer out = {0};

    (void)user;
    append_line(&out, "Message Received",
                (struct bytes){socket_id, pusher_socket_id_write(session->socket_id, socket_id)});
    append_message(&out, message);
    show(&out);
}

static void on_handled(void *user, const struct pusher_session *session, struct bytes message)
{
    (void)user;
    (void)message;
    show_session("Message Handled", session);
}

static void on_control_frame(void *user, const struct pusher_session *session)
{
    (void)user;
    show_session("Control Frame Received", session);
}

static void on_broadcast(void *user, const struct pusher_app *app, struct bytes channel,
                         struct bytes message)
{
    struct buffer out = {0};

    (void)user;
    (void)app;
    append_line(&out, "Broadcasting To", channel);
    append_message(&out, message);
    show(&out);
}

static void on_member_added(void *user, const struct pusher_app *app, struct bytes channel,
                            struct bytes user_id, struct bytes user_info)
{
    struct buffer message = {0};

    pusher_encode_member_added(&message, channel, user_id, user_info);
    on_broadcast(user, app, channel, buffer_bytes(&message));
    buffer_deinit(&message);
}

static void on_member_removed(void *user, const struct pusher_app *app, struct bytes channel,
                              struct bytes user_id)
{
    struct buffer message = {0};

    pusher_encode_member_removed(&message, channel, user_id);
    on_broadcast(user, app, channel, buffer_bytes(&message));
    buffer_deinit(&message);
}

static void on_pinged(void *user, const struct pusher_session *session)
{
    (void)user;
    show_session("Connection Pinged", session);
}

static void on_pruned(void *user, const struct pusher_session *session)
{
    (void)user;
    show_session("Connection Pruned", session);
}

static void on_closed(void *user, const struct pusher_session *session)
{
    (void)user;
    show_session("Connection Closed", session);
}

const struct pusher_observers_events observer_debug_events = {
    .on_connected = on_connected,
    .on_received = on_received,
    .on_handled = on_handled,
    .on_control_frame = on_control_frame,
    .on_broadcast = on_broadcast,
    .on_member_added = on_member_added,
    .on_member_removed = on_member_removed,
    .on_pinged = on_pinged,
    .on_pruned = on_pruned,
    .on_closed = on_closed,
};
