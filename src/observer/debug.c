#include "observer/debug.h"

#include "base/log.h"
#include "base/printable.h"
#include "observer/pretty.h"
#include "pusher/session.h"

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

static void show(struct buffer *out)
{
    log_write(STDOUT_FILENO, buffer_bytes(out));
    buffer_deinit(out);
}

static void show_session(const char *title, const struct pusher_session *session)
{
    char socket_id[PUSHER_SESSION_SOCKET_ID_LEN_MAX];
    struct buffer out = {0};

    append_line(&out, title,
                (struct bytes){socket_id, pusher_session_socket_id(session, socket_id)});
    show(&out);
}

static void on_connected(void *user, const struct pusher_session *session)
{
    (void)user;
    show_session("Connection Established", session);
}

static void on_received(void *user, const struct pusher_session *session, struct bytes message)
{
    char socket_id[PUSHER_SESSION_SOCKET_ID_LEN_MAX];
    struct buffer out = {0};

    (void)user;
    append_line(&out, "Message Received",
                (struct bytes){socket_id, pusher_session_socket_id(session, socket_id)});
    append_message(&out, message);
    show(&out);
}

static void on_handled(void *user, const struct pusher_session *session, struct bytes message)
{
    (void)user;
    (void)message;
    show_session("Message Handled", session);
}

static void on_control_frame(void *user, const struct pusher_session *session, bool is_ping)
{
    (void)user;
    (void)is_ping;
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
    .on_pinged = on_pinged,
    .on_pruned = on_pruned,
    .on_closed = on_closed,
};
