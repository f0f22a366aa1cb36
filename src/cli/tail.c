#include "cli/tail.h"

#include "base/jsonwrite.h"
#include "base/printable.h"
#include "cli/find.h"
#include "server/ask.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_S 5
#define READ_BYTES 65536

static int fail(struct buffer *error)
{
    cli_options_print_errors(buffer_bytes(error));
    buffer_deinit(error);
    return 1;
}

/* Local time, "12:34:56". */
static void write_time(char out[16], json_int_t at)
{
    const time_t seconds = (time_t)at;
    struct tm parts;

    strftime(out, 16, "%H:%M:%S", localtime_r(&seconds, &parts));
}

/* A name that a client has chosen may hold any character, also NUL. */
static struct bytes text_of(const json_t *value)
{
    return (struct bytes){json_string_value(value), json_string_length(value)};
}

/* Empty if there is none. */
static struct bytes text_at(json_t *object, const char *key)
{
    return text_of(json_object_get(object, key));
}

/* Nothing if there is none. */
static void append_at(struct buffer *out, const char *before, json_t *object, const char *key,
                      const char *behind)
{
    const struct bytes text = text_at(object, key);

    if (text.len == 0)
        return;
    buffer_append_text(out, before);
    buffer_append_bytes(out, text);
    buffer_append_text(out, behind);
}

static void print(FILE *file, struct buffer *line)
{
    printable_print(file, buffer_bytes(line));
    buffer_deinit(line);
}

/* --- tail ----------------------------------------------------------------------------------- */

struct tail_options {
    struct cli_find find;
    const char *app;
    const char *channel;
    const char *event;
    const char *user;
    bool json;
};

static void append_filter(struct buffer *out, const char *key, const char *value)
{
    if (value == NULL)
        return;
    buffer_printf(out, "%s\"%s\":", out->data[out->len - 1] == '{' ? "" : ",", key);
    jsonwrite_string(out, bytes_of(value));
}

static void write_command(struct buffer *out, const struct tail_options *options)
{
    buffer_append_text(out, "tail {");
    append_filter(out, "app", options->app);
    append_filter(out, "channel", options->channel);
    append_filter(out, "event", options->event);
    append_filter(out, "user", options->user);
    buffer_append_char(out, '}');
}

/* The data of a message; the whole message if it has none. */
static void append_data(struct buffer *out, json_t *line)
{
    const struct bytes message = text_at(line, "message");
    json_t *parsed = json_loadb(message.data, message.len, JSON_ALLOW_NUL, NULL);
    json_t *data = json_object_get(parsed, "data");
    char *dumped = data != NULL ? json_dumps(data, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;

    if (json_is_string(data))
        buffer_append_bytes(out, text_of(data));
    else if (dumped != NULL)
        buffer_append_text(out, dumped);
    else if (data != NULL)
        buffer_append_bytes(out, message);
    free(dumped);
    json_decref(parsed);
}

/* "12:34:56.789 app 1 published orders.1 order.created {…}" */
static void append_line(struct buffer *out, json_t *line)
{
    const double at = json_number_value(json_object_get(line, "at"));
    const char *const keys[] = {"socket_id", "address", "user_id", "channel", "event"};
    json_t *code = json_object_get(line, "code");
    char clock[16];

    write_time(clock, (json_int_t)at);
    buffer_printf(out, "%s.%03d app ", clock, (int)((at - (double)(json_int_t)at) * 1000));
    buffer_append_bytes(out, text_at(line, "app"));
    buffer_printf(out, " %-9.*s", BYTES_ARGS(text_at(line, "kind")));
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        append_at(out, " ", line, keys[i], "");
    if (code != NULL)
        buffer_printf(out, " %" JSON_INTEGER_FORMAT, json_integer_value(code));
    buffer_append_char(out, ' ');
    append_data(out, line);
}

static void print_line(struct bytes text)
{
    json_t *line = json_loadb(text.data, text.len, JSON_ALLOW_NUL, NULL);
    json_t *skipped = json_object_get(line, "skipped");
    struct buffer out = {0};

    if (skipped != NULL)
        buffer_printf(&out, "… %" JSON_INTEGER_FORMAT " more", json_integer_value(skipped));
    else if (line != NULL)
        append_line(&out, line);
    print(stdout, &out);
    json_decref(line);
}

/* The same JSON, without what could control a terminal. */
static void print_json(struct bytes json)
{
    struct buffer line = {0};

    printable_append_json(&line, json);
    buffer_append_char(&line, '\n');
    fwrite(line.data, 1, line.len, stdout);
    buffer_deinit(&line);
}

/* Prints the whole lines and removes them; false if the server has refused the command. */
static bool print_lines(struct buffer *input, bool is_json)
{
    struct bytes rest = buffer_bytes(input);
    const char *end;
    bool is_refused = false;

    while (!is_refused && (end = memchr(rest.data, '\n', rest.len)) != NULL) {
        const struct bytes line = {rest.data, (size_t)(end - rest.data)};

        is_refused = bytes_starts_with(line, BYTES("{\"error\""));
        if (is_refused)
            printable_print_line(stderr, "reverb: %.*s", BYTES_ARGS(line));
        else if (is_json)
            print_json(line);
        else
            print_line(line);
        rest = bytes_from(rest, line.len + 1);
    }
    buffer_consume(input, input->len - rest.len);
    fflush(stdout);
    return !is_refused;
}

static int follow(int fd, bool is_json)
{
    struct buffer input = {0};
    bool goes_on = true;
    ssize_t len = 1;

    while (goes_on && len > 0 && !ferror(stdout)) {
        do
            len = read(fd, buffer_reserve(&input, READ_BYTES), READ_BYTES);
        while (len < 0 && errno == EINTR);
        input.len += len > 0 ? (size_t)len : 0;
        goes_on = print_lines(&input, is_json);
    }
    buffer_deinit(&input);
    close(fd);
    if (goes_on && !ferror(stdout))
        fputs("reverb: the server has ended\n", stderr);
    return goes_on ? 0 : 1;
}

int cli_tail(int argc, char **argv)
{
    struct tail_options options = {0};
    const struct cli_options_spec spec[] = {
        CLI_FIND_OPTIONS(&options.find),       {"--app", &options.app, NULL},
        {"--channel", &options.channel, NULL}, {"--event", &options.event, NULL},
        {"--user", &options.user, NULL},       {"--json", NULL, &options.json},
    };
    struct buffer error = {0};
    struct buffer command = {0};
    uint16_t port;
    int fd = -1;

    if (cli_options_parse(spec, sizeof spec / sizeof spec[0], argc, argv, &error) &&
        cli_find_server(&options.find, &port, &error)) {
        write_command(&command, &options);
        buffer_clear(&error);
        fd = server_ask_stream(port, buffer_text(&command), &error);
    }
    buffer_deinit(&command);
    if (fd < 0)
        return fail(&error);
    buffer_deinit(&error);
    return follow(fd, options.json);
}

/* --- why ------------------------------------------------------------------------------------ */

static void print_entry(json_t *entry)
{
    const json_int_t code = json_integer_value(json_object_get(entry, "code"));
    const json_int_t count = json_integer_value(json_object_get(entry, "count"));
    struct buffer out = {0};
    char clock[16];

    write_time(clock, json_integer_value(json_object_get(entry, "at")));
    buffer_printf(&out, "  %s  ", clock);
    buffer_append_bytes(&out, text_at(entry, "what"));
    if (code != 0)
        buffer_printf(&out, ", %" JSON_INTEGER_FORMAT, code);
    append_at(&out, ": ", entry, "text", "");
    append_at(&out, " (", entry, "channel", ")");
    if (count > 1)
        buffer_printf(&out, ", %" JSON_INTEGER_FORMAT " times", count);
    append_at(&out, ", from ", entry, "address", "");
    print(stdout, &out);
}

static void print_connection(json_t *connection)
{
    const char *const keys[] = {"channels_count", "backlog_bytes", "silent_s"};
    const char *const titles[] = {"channels", "bytes that wait for it", "seconds silent"};
    json_t *channels = json_object_get(connection, "channels");
    struct buffer out = {0};

    append_at(&out, "  open, app ", connection, "app", "");
    append_at(&out, ", user ", connection, "user_id", "");
    append_at(&out, ", from ", connection, "address", "");
    print(stdout, &out);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        printf("  %" JSON_INTEGER_FORMAT " %s\n",
               json_integer_value(json_object_get(connection, keys[i])), titles[i]);
    for (size_t i = 0; i < json_array_size(channels); i++) {
        buffer_append_text(&out, "    ");
        buffer_append_bytes(&out, text_of(json_array_get(channels, i)));
        print(stdout, &out);
    }
}

/* Returns the exit status. */
static int print_answer(const char *socket_id, json_t *answer)
{
    const char *error = json_string_value(json_object_get(answer, "error"));
    json_t *connection = json_object_get(answer, "connection");
    json_t *history = json_object_get(answer, "history");

    if (error != NULL) {
        printable_print_line(stderr, "reverb: %s: %s", socket_id, error);
        return 1;
    }
    if (connection == NULL && json_array_size(history) == 0) {
        printable_print_line(stderr,
                             "reverb: %s: nothing is known of it; what became of a connection is "
                             "kept for ten minutes, by the server that it was connected to",
                             socket_id);
        return 1;
    }
    if (connection != NULL)
        print_connection(connection);
    for (size_t i = 0; i < json_array_size(history); i++)
        print_entry(json_array_get(history, i));
    return 0;
}

static int answer_why(const char *socket_id, uint16_t port, bool is_json)
{
    struct buffer command = {0};
    struct buffer text = {0};
    json_t *answer;
    int status = 0;

    buffer_printf(&command, "why %s", socket_id);
    if (!server_ask(port, buffer_text(&command), ANSWER_S, &text)) {
        buffer_deinit(&command);
        return fail(&text);
    }
    buffer_deinit(&command);
    answer = json_loadb(text.data, text.len, JSON_ALLOW_NUL, NULL);
    if (is_json)
        print_json(buffer_bytes(&text));
    else
        status = print_answer(socket_id, answer);
    json_decref(answer);
    buffer_deinit(&text);
    return status;
}

int cli_tail_why(int argc, char **argv)
{
    struct cli_find find = {0};
    bool is_json = false;
    const struct cli_options_spec spec[] = {
        CLI_FIND_OPTIONS(&find),
        {"--json", NULL, &is_json},
    };
    struct buffer error = {0};
    uint16_t port;

    if (argc < 2 || argv[1][0] == '-') {
        fputs("reverb: why needs the socket id of a connection: reverb why 1234.5678\n", stderr);
        return 1;
    }
    if (!cli_options_parse(spec, sizeof spec / sizeof spec[0], argc - 1, argv + 1, &error) ||
        !cli_find_server(&find, &port, &error))
        return fail(&error);
    buffer_deinit(&error);
    return answer_why(argv[1], port, is_json);
}
