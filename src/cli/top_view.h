/* What `reverb top` shows of an answer (server/top.h): a line of totals, and three tables.
 *
 * Thread: main.
 */
#pragma once

#include "base/buffer.h"

#include <jansson.h>
#include <stdbool.h>

enum cli_top_view_table {
    CLI_TOP_VIEW_APPS,
    CLI_TOP_VIEW_CHANNELS,
    CLI_TOP_VIEW_BACKLOGS,
    CLI_TOP_VIEW_TABLES_COUNT,
};

struct cli_top_view {
    enum cli_top_view_table chosen;              /* whose sorting the keys change */
    bool is_alone;                               /* the chosen table has the whole screen */
    size_t sorted_by[CLI_TOP_VIEW_TABLES_COUNT]; /* the index of a column */
    size_t rows_count; /* of the screen; 0: all of each table, and without control sequences */
};

/* The busiest first. */
void cli_top_view_init(struct cli_top_view *view);

/* Sorts the chosen table by its next column. */
void cli_top_view_sort_next(struct cli_top_view *view);

/* Chooses a table; alone on the screen if it was chosen already, and with the others again then. */
void cli_top_view_choose(struct cli_top_view *view, enum cli_top_view_table table);

/* Adds what changed a second since the answer `before`, to the totals and to each app: for
 * "messages_sent" there is "messages_sent_per_s" then. */
void cli_top_view_add_rates(json_t *now, json_t *before);

/* Appends lines; on a screen each ends with what clears the rest of it. */
void cli_top_view_write(const struct cli_top_view *view, json_t *answer, struct buffer *out);
