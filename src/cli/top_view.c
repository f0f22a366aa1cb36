#include "cli/top_view.h"

#include "base/mem.h"
#include "base/printable.h"

#include <stdlib.h>
#include <string.h>

/* On a screen: bold, reversed, as before; the rest of the line cleared. */
#define BOLD "\x1b[1m"
#define REVERSED "\x1b[7m"
#define PLAIN "\x1b[0m"
#define CLEAR_LINE "\x1b[K"

#define COUNTERS_COUNT 3
#define COLUMNS_MAX 8
/* The totals, an empty line and the keys; an empty line, a table's title and its column names. */
#define LINES_AROUND 3
#define LINES_OF_TABLE 3

static const char *const counters[COUNTERS_COUNT] = {"messages_received", "messages_sent",
                                                     "events_published"};

struct column {
    const char *title;
    const char *key;
    int width; /* negative: a text, flush left */
};

struct table {
    const char *title;
    const char *key; /* of its rows in the answer */
    const char *empty;
    size_t columns_count;
    size_t sorted_by; /* at first */
    struct column columns[COLUMNS_MAX];
};

static const struct table tables[CLI_TOP_VIEW_TABLES_COUNT] = {
    [CLI_TOP_VIEW_APPS] =
        {
            "Apps",
            "apps",
            "nobody is connected",
            7,
            1,
            {
                {"app", "app", -14},
                {"connections", "connections", 13},
                {"channels", "channels", 10},
                {"in/s", "messages_received_per_s", 9},
                {"out/s", "messages_sent_per_s", 9},
                {"published/s", "events_published_per_s", 13},
                {"refused", "refused", 9},
            },
        },
    [CLI_TOP_VIEW_CHANNELS] =
        {
            "Busiest channels",
            "channels",
            "no event was published since the first look",
            5,
            2,
            {
                {"app", "app", -16},
                {"channel", "channel", -30},
                {"events/s", "per_second", 10},
                {"events", "events", 10},
                {"subscribers", "subscribers", 13},
            },
        },
    [CLI_TOP_VIEW_BACKLOGS] =
        {
            "Connections by backlog",
            "connections_by_backlog",
            "everybody takes what is sent",
            6,
            3,
            {
                {"connection", "socket_id", -22},
                {"app", "app", -11},
                {"user", "user_id", -13},
                {"bytes waiting", "backlog_bytes", 15},
                {"channels", "channels_count", 10},
                {"silent, s", "silent_s", 10},
            },
        },
};

/* --- keys ----------------------------------------------------------------------------------- */

void cli_top_view_init(struct cli_top_view *view)
{
    *view = (struct cli_top_view){0};
    for (size_t i = 0; i < CLI_TOP_VIEW_TABLES_COUNT; i++)
        view->sorted_by[i] = tables[i].sorted_by;
}

void cli_top_view_sort_next(struct cli_top_view *view)
{
    size_t *sorted_by = &view->sorted_by[view->chosen];

    *sorted_by = (*sorted_by + 1) % tables[view->chosen].columns_count;
}

void cli_top_view_choose(struct cli_top_view *view, enum cli_top_view_table table)
{
    view->is_alone = view->chosen == table && !view->is_alone;
    view->chosen = table;
}

/* --- rates ---------------------------------------------------------------------------------- */

static double number_of(json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static void add_rate(json_t *now, json_t *before, const char *key, double seconds)
{
    const double change = number_of(now, key) - number_of(before, key);
    char name[64];

    snprintf(name, sizeof name, "%s_per_s", key);
    json_object_set_new(now, name, json_real(change > 0 ? change / seconds : 0));
}

/* The apps of an answer by their ids: for programs that have thousands. */
static json_t *apps_by_id(json_t *answer)
{
    json_t *by_id = json_object();
    json_t *app;
    size_t i;

    json_array_foreach(json_object_get(answer, "apps"), i, app)
        json_object_set(by_id, json_string_value(json_object_get(app, "app")), app);
    return by_id;
}

void cli_top_view_add_rates(json_t *now, json_t *before)
{
    const double seconds = (number_of(now, "at_ms") - number_of(before, "at_ms")) / 1000;
    json_t *former = apps_by_id(before);
    json_t *app;
    size_t i;

    json_array_foreach(json_object_get(now, "apps"), i, app)
    {
        const char *id = json_string_value(json_object_get(app, "app"));
        json_t *same = id != NULL ? json_object_get(former, id) : NULL;

        for (size_t n = 0; n < COUNTERS_COUNT && same != NULL && seconds > 0; n++)
            add_rate(app, same, counters[n], seconds);
    }
    json_decref(former);
}

/* --- rows ----------------------------------------------------------------------------------- */

static const char *sort_key;

static int compare(const void *a, const void *b)
{
    json_t *left = json_object_get(*(json_t *const *)a, sort_key);
    json_t *right = json_object_get(*(json_t *const *)b, sort_key);

    if (json_is_string(left) && json_is_string(right))
        return strcmp(json_string_value(left), json_string_value(right));
    if (json_is_string(left) != json_is_string(right))
        return json_is_string(left) ? -1 : 1;
    return (json_number_value(left) < json_number_value(right)) -
           (json_number_value(left) > json_number_value(right));
}

/* Texts from the first, numbers from the largest; borrowed rows, the caller frees the array. */
static json_t **sorted_rows(json_t *rows, const char *key)
{
    const size_t count = json_array_size(rows);
    json_t **sorted = mem_new((count + 1) * sizeof(json_t *));

    for (size_t i = 0; i < count; i++)
        sorted[i] = json_array_get(rows, i);
    sort_key = key;
    qsort(sorted, count, sizeof(json_t *), compare);
    return sorted;
}

static bool begins_character(char byte)
{
    return ((unsigned char)byte & 0xc0) != 0x80;
}

/* The length of its first `count` characters, and how many there are if there are fewer. */
static size_t length_of(struct bytes text, int count, int *found)
{
    size_t len = 0;

    *found = 0;
    while (len < text.len && (*found < count || !begins_character(text.data[len])))
        *found += begins_character(text.data[len++]);
    return len;
}

/* On a screen what is too long for its column is cut; elsewhere it is whole. */
static void append_cell(const struct cli_top_view *view, struct buffer *out, int width,
                        struct bytes text)
{
    const int room = (width < 0 ? -width : width) - 1;
    int count;
    const size_t len = length_of(text, room, &count);
    const bool is_cut = view->rows_count > 0 && len < text.len;

    if (width > 0)
        buffer_printf(out, "%*s", room + 1 - count, "");
    if (is_cut)
        text.len = length_of(text, room - 1, &count);
    buffer_append_bytes(out, text);
    buffer_append_text(out, is_cut ? "…" : "");
    if (width < 0)
        buffer_printf(out, "%*s", room + 1 - count - is_cut, "");
}

static void append_value(const struct cli_top_view *view, struct buffer *out,
                         const struct column *column, json_t *value)
{
    struct buffer text = {0};

    if (json_is_string(value))
        printable_append(&text, bytes_of(json_string_value(value)));
    else if (json_is_real(value))
        buffer_printf(&text, "%.1f", json_real_value(value));
    else if (json_is_integer(value))
        buffer_printf(&text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else
        buffer_append_text(&text, column->width < 0 ? "" : "-");
    append_cell(view, out, column->width, buffer_bytes(&text));
    buffer_deinit(&text);
}

/* --- lines ---------------------------------------------------------------------------------- */

static void end_line(const struct cli_top_view *view, struct buffer *out)
{
    buffer_append_text(out, view->rows_count > 0 ? PLAIN CLEAR_LINE "\n" : "\n");
}

static void write_heading(const struct cli_top_view *view, enum cli_top_view_table which,
                          struct buffer *out)
{
    const struct table *table = &tables[which];

    end_line(view, out);
    if (view->rows_count > 0)
        buffer_append_text(out, which == view->chosen ? BOLD REVERSED : BOLD);
    buffer_append_text(out, table->title);
    end_line(view, out);
    for (size_t i = 0; i < table->columns_count; i++) {
        struct buffer title = {0};

        buffer_printf(&title, "%s%s", i == view->sorted_by[which] ? "*" : "",
                      table->columns[i].title);
        append_cell(view, out, table->columns[i].width, buffer_bytes(&title));
        buffer_deinit(&title);
    }
    end_line(view, out);
}

/* Returns how many lines it has taken of the `lines_max` that it may. */
static size_t write_rows(const struct cli_top_view *view, enum cli_top_view_table which,
                         json_t *rows, size_t lines_max, struct buffer *out)
{
    const struct table *table = &tables[which];
    const size_t all = json_array_size(rows);
    const size_t count = all < lines_max ? all : lines_max;
    json_t **sorted = sorted_rows(rows, table->columns[view->sorted_by[which]].key);

    for (size_t i = 0; i < count; i++) {
        for (size_t n = 0; n < table->columns_count; n++)
            append_value(view, out, &table->columns[n],
                         json_object_get(sorted[i], table->columns[n].key));
        end_line(view, out);
    }
    free(sorted);
    if (count > 0 || lines_max == 0)
        return count;
    buffer_append_text(out, rows == NULL || json_is_null(rows) ? "a worker does not answer"
                                                               : table->empty);
    end_line(view, out);
    return 1;
}

static void write_totals(const struct cli_top_view *view, json_t *answer, struct buffer *out)
{
    const json_int_t uptime_s = json_integer_value(json_object_get(answer, "uptime_s"));
    struct buffer line = {0};

    buffer_printf(&line, "reverb %s, pid %.0f, up %d:%02d:%02d, %.0f workers, ",
                  json_string_value(json_object_get(answer, "version")), number_of(answer, "pid"),
                  (int)(uptime_s / 3600), (int)(uptime_s / 60 % 60), (int)(uptime_s % 60),
                  number_of(answer, "workers"));
    buffer_printf(&line, "%.0f connections, %.0f channels, %.1f MB, %.1f MB waiting",
                  number_of(answer, "connections"), number_of(answer, "channels_count"),
                  number_of(answer, "memory_bytes") / 1e6,
                  number_of(answer, "backlog_bytes") / 1e6);
    printable_append(out, buffer_bytes(&line));
    buffer_deinit(&line);
    end_line(view, out);
}

static bool has_room_for_all(const struct cli_top_view *view)
{
    return view->rows_count == 0 ||
           view->rows_count >= LINES_AROUND + (LINES_OF_TABLE + 1) * CLI_TOP_VIEW_TABLES_COUNT;
}

void cli_top_view_write(const struct cli_top_view *view, json_t *answer, struct buffer *out)
{
    const bool is_alone = view->is_alone || !has_room_for_all(view);
    size_t tables_left = is_alone ? 1 : CLI_TOP_VIEW_TABLES_COUNT;
    const size_t others = LINES_AROUND + LINES_OF_TABLE * tables_left;
    size_t left = view->rows_count == 0       ? SIZE_MAX
                  : view->rows_count > others ? view->rows_count - others
                                              : 0;

    write_totals(view, answer, out);
    for (int i = 0; i < CLI_TOP_VIEW_TABLES_COUNT; i++) {
        const enum cli_top_view_table which = (enum cli_top_view_table)i;

        if (is_alone && which != view->chosen)
            continue;
        write_heading(view, which, out);
        left -= write_rows(view, which, json_object_get(answer, tables[which].key),
                           left / tables_left--, out);
    }
    if (view->rows_count == 0)
        return;
    end_line(view, out);
    buffer_append_text(out, "a apps  c channels  b backlogs, again: alone  s sort  q quit");
}
