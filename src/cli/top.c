#include "cli/top.h"

#include "base/printable.h"
#include "cli/find.h"
#include "cli/top_terminal.h"
#include "cli/top_view.h"
#include "server/ask.h"

#include <jansson.h>
#include <stdio.h>
#include <time.h>

#define ANSWER_S 5
#define INTERVAL_MS 1000

struct top {
    uint16_t port;
    json_t *before; /* the last answer; NULL: none */
    json_t *now;
    struct buffer error; /* why there is no answer now */
};

/* False, and `error` says why, if the server does not answer; what it said before stays. */
static bool ask(struct top *top)
{
    struct buffer text = {0};
    json_t *answer = NULL;

    buffer_clear(&top->error);
    if (server_ask(top->port, "top", ANSWER_S, &text))
        answer = json_loadb(text.data, text.len, 0, NULL);
    if (json_object_get(answer, "error") != NULL) { /* of a version that has no such command */
        buffer_append_text(&top->error, json_string_value(json_object_get(answer, "error")));
        json_decref(answer);
        answer = NULL;
    } else if (answer == NULL) {
        buffer_append_bytes(&top->error, buffer_bytes(&text));
    } else {
        json_decref(top->before);
        top->before = top->now;
        top->now = answer;
        cli_top_view_add_rates(top->now, top->before);
    }
    buffer_deinit(&text);
    return answer != NULL;
}

/* --- once ----------------------------------------------------------------------------------- */

static void print_json(json_t *answer)
{
    char *text = json_dumps(answer, JSON_REAL_PRECISION(6));
    struct buffer out = {0};

    printable_append_json(&out, bytes_of(text));
    printf("%.*s\n", BYTES_ARGS(buffer_bytes(&out)));
    buffer_deinit(&out);
    free(text);
}

/* Asks twice: rates and the busiest channels are counted between. */
static int print_once(struct top *top, bool is_json)
{
    const struct timespec pause = {.tv_sec = INTERVAL_MS / 1000};
    struct cli_top_view view;
    struct buffer out = {0};

    if (!ask(top))
        return 1;
    nanosleep(&pause, NULL);
    if (!ask(top))
        return 1;
    if (is_json) {
        print_json(top->now);
    } else {
        cli_top_view_init(&view);
        cli_top_view_write(&view, top->now, &out);
        printf("%.*s", BYTES_ARGS(buffer_bytes(&out)));
    }
    buffer_deinit(&out);
    return 0;
}

/* --- live ----------------------------------------------------------------------------------- */

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void show(struct top *top, struct cli_top_view *view)
{
    struct buffer out = {0};

    view->rows_count = cli_top_terminal_rows();
    if (top->error.len > 0) {
        printable_append(&out, buffer_bytes(&top->error));
        buffer_append_text(&out, "\x1b[K\n");
        view->rows_count -= view->rows_count > 1;
    }
    cli_top_view_write(view, top->now, &out);
    cli_top_terminal_show(buffer_bytes(&out));
    buffer_deinit(&out);
}

/* False: the user has seen enough. */
static bool obey(struct cli_top_view *view, int key)
{
    switch (key) {
    case 'a':
        cli_top_view_choose(view, CLI_TOP_VIEW_APPS);
        break;
    case 'c':
        cli_top_view_choose(view, CLI_TOP_VIEW_CHANNELS);
        break;
    case 'b':
        cli_top_view_choose(view, CLI_TOP_VIEW_BACKLOGS);
        break;
    case 's':
        cli_top_view_sort_next(view);
        break;
    case 'q':
    case -1:
        return false;
    default:
        break;
    }
    return true;
}

/* A server that goes away meanwhile may come back: a restart. */
static void watch(struct top *top)
{
    struct cli_top_view view;
    uint64_t asked_ms = now_ms();
    bool goes_on = true;

    cli_top_view_init(&view);
    while (goes_on) {
        const uint64_t passed_ms = now_ms() - asked_ms;

        show(top, &view);
        if (passed_ms < INTERVAL_MS) {
            goes_on = obey(&view, cli_top_terminal_key((unsigned)(INTERVAL_MS - passed_ms)));
        } else {
            asked_ms = now_ms();
            ask(top);
        }
    }
}

static int run(struct top *top, bool is_json, bool is_once)
{
    if (is_json || is_once || !cli_top_terminal_is_there())
        return print_once(top, is_json);
    if (!ask(top))
        return 1;
    cli_top_terminal_open();
    watch(top);
    cli_top_terminal_close();
    cli_top_terminal_die();
    return 0;
}

int cli_top(int argc, char **argv)
{
    struct cli_find find = {0};
    struct top top = {0};
    bool is_json = false;
    bool is_once = false;
    const struct cli_options_spec spec[] = {
        CLI_FIND_OPTIONS(&find),
        {"--json", NULL, &is_json},
        {"--once", NULL, &is_once},
    };
    int status = 1;

    if (cli_options_parse(spec, sizeof spec / sizeof spec[0], argc, argv, &top.error) &&
        cli_find_server(&find, &top.port, &top.error))
        status = run(&top, is_json, is_once);
    if (status != 0)
        cli_options_print_errors(buffer_bytes(&top.error));
    json_decref(top.before);
    json_decref(top.now);
    buffer_deinit(&top.error);
    return status;
}
