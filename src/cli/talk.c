#include "cli/talk.h"

#include "base/printable.h"
#include "cli/options.h"
#include "cli/target.h"
#include "client/response.h"
#include "client/session.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#define READ_LEN 65536

/* `count` words, none of them an option, precede the options. */
static bool open_target(int argc, char **argv, int count, const char *usage,
                        struct cli_target *target, struct buffer *error)
{
    struct cli_target_options options = {0};
    const struct cli_options_spec spec[] = {CLI_TARGET_OPTIONS(&options)};

    for (int i = 1; i <= count; i++)
        if (i >= argc || strncmp(argv[i], "--", 2) == 0) {
            buffer_printf(error, "usage: reverb %s", usage);
            return false;
        }
    return cli_options_parse(spec, sizeof spec / sizeof spec[0], argc - count, argv + count,
                             error) &&
           cli_target_open(target, &options, error);
}

static int finish(struct cli_target *target, struct buffer *error, bool ok)
{
    if (!ok)
        printable_print_line(stderr, "reverb: %s", buffer_text(error));
    cli_target_close(target);
    buffer_deinit(error);
    return ok ? 0 : 1;
}

/* --- listen --------------------------------------------------------------------------------- */

static void print_text(void *user, struct bytes text)
{
    struct buffer line = {0};

    (void)user;
    printable_append_json(&line, text);
    buffer_append_char(&line, '\n');
    fwrite(line.data, 1, line.len, stdout);
    fflush(stdout);
    buffer_deinit(&line);
}

/* Prints until the server closes the connection, which is an error, as is a closed output. */
static bool print_all(struct client_session *session, struct buffer *error)
{
    static char scratch[READ_LEN];
    struct pollfd it = {.fd = session->stream.fd, .events = POLLIN};

    client_stream_stop_waiting(&session->stream);
    for (;;) {
        if (!client_session_receive(session, scratch, sizeof scratch, print_text, NULL)) {
            buffer_append_text(error, "the server closed the connection");
            return false;
        }
        if (ferror(stdout))
            return true;
        if (poll(&it, 1, -1) < 0 && errno != EINTR) {
            buffer_append_text(error, strerror(errno));
            return false;
        }
    }
}

static bool listen_to(const struct client_server *server, const char *channel, struct buffer *error)
{
    /* A presence channel requires a user. */
    const struct bytes who = strncmp(channel, "presence-", 9) == 0
                                 ? BYTES("{\"user_id\":\"reverb-listen\"}")
                                 : BYTES_NONE;
    struct client_session session;
    bool ok;

    if (!client_session_open(&session, server, error))
        return false;
    ok = client_session_greet(&session, error);
    if (ok && !client_session_subscribe(&session, bytes_of(channel), who)) {
        buffer_append_text(error, "the server closed the connection");
        ok = false;
    }
    ok = ok &&
         client_session_expect(&session, BYTES("pusher_internal:subscription_succeeded"), error);
    if (ok) {
        printable_print_line(stderr, "listening to %s", channel);
        ok = print_all(&session, error);
    }
    client_session_close(&session);
    return ok;
}

int cli_talk_listen(int argc, char **argv)
{
    struct buffer error = {0};
    struct cli_target target = {0};
    const bool ok = open_target(argc, argv, 1, "listen CHANNEL", &target, &error) &&
                    listen_to(&target.server, argv[1], &error);

    return finish(&target, &error, ok);
}

/* --- publish -------------------------------------------------------------------------------- */

/* Waits for the answer and prints what it says. */
static bool print_answer(struct client_stream *stream, struct buffer *error)
{
    struct client_response response;
    struct buffer in = {0};
    bool ok = false;
    bool is_over = false;

    for (;;) {
        const ssize_t used = client_response_parse(buffer_bytes(&in), &response);
        ssize_t len;

        if (used < 0 || is_over || (used > 0 && !response.is_until_close)) {
            ok = used > 0;
            break;
        }
        len = client_stream_read(stream, buffer_reserve(&in, READ_LEN), READ_LEN);
        is_over = len <= 0;
        in.len += is_over ? 0 : (size_t)len;
    }
    if (!ok) {
        buffer_append_text(error, "the server gave no answer");
    } else if (response.status != 200) {
        buffer_printf(error, "the server answered %u %.*s", response.status,
                      BYTES_ARGS(response.body));
        ok = false;
    } else {
        printable_print_line(stdout, "%.*s", BYTES_ARGS(response.body));
    }
    buffer_deinit(&in);
    return ok;
}

static bool publish(const struct client_server *server, char **words, struct buffer *error)
{
    struct client_stream stream;
    struct buffer request = {0};
    bool ok;

    if (!client_stream_open(&stream, server, error))
        return false;
    client_request_publish(&request, server, bytes_of(words[0]), bytes_of(words[1]),
                           bytes_of(words[2]));
    /* If the write fails, the server may still have sent an answer that refuses it. */
    (void)client_stream_write(&stream, buffer_bytes(&request));
    ok = print_answer(&stream, error);
    client_stream_close(&stream);
    buffer_deinit(&request);
    return ok;
}

int cli_talk_publish(int argc, char **argv)
{
    struct buffer error = {0};
    struct cli_target target = {0};
    const bool ok = open_target(argc, argv, 3, "publish CHANNEL EVENT JSON", &target, &error) &&
                    publish(&target.server, argv + 1, &error);

    return finish(&target, &error, ok);
}
