/* Writes metrics in the formats of Prometheus ("Exposition formats") and of OpenMetrics 1.0.
 *
 * Thread: the buffer owner's. Each family is begun once; then its samples follow.
 */
#pragma once

#include "base/buffer.h"
#include "metrics/metrics.h"

enum admin_exposition_type {
    ADMIN_EXPOSITION_GAUGE,
    ADMIN_EXPOSITION_COUNTER,
    ADMIN_EXPOSITION_HISTOGRAM,
    ADMIN_EXPOSITION_INFO,
};

struct admin_exposition {
    struct buffer *out;
    bool is_open_metrics;
    const char *name; /* of the present family, without a suffix such as `_total` */
    enum admin_exposition_type type;
};

/* A label and its value, which may be any text. */
struct admin_exposition_label {
    const char *name;
    struct bytes value;
};

void admin_exposition_begin(struct admin_exposition *exposition, const char *name,
                            enum admin_exposition_type type, const char *help);

/* Adds one sample of the family; `labels_count` may be 0. */
void admin_exposition_add(struct admin_exposition *exposition,
                          const struct admin_exposition_label *labels, size_t labels_count,
                          double value);

/* Adds the sum of several threads' histograms. `unit` is the first bound, in the metric's unit;
 * `scale` converts an observed value to the metric's unit. */
void admin_exposition_add_histogram(struct admin_exposition *exposition,
                                    const struct metrics_histogram *const *histograms,
                                    size_t histograms_count, double unit, double scale);

/* Ends the page. */
void admin_exposition_end(struct admin_exposition *exposition);
