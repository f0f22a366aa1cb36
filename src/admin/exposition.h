/* Writes metrics as Prometheus and OpenMetrics read them: "Exposition formats" of Prometheus,
 * OpenMetrics 1.0.
 *
 * Thread: the buffer owner's. A family is begun once, its samples follow.
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
    const char *name; /* of the family that was begun, without `_total` and its like */
    enum admin_exposition_type type;
};

/* A label and its value, which may be any text. */
struct admin_exposition_label {
    const char *name;
    struct bytes value;
};

void admin_exposition_begin(struct admin_exposition *exposition, const char *name,
                            enum admin_exposition_type type, const char *help);

/* One sample of the family; no labels: `labels_count` is 0. */
void admin_exposition_add(struct admin_exposition *exposition,
                          const struct admin_exposition_label *labels, size_t labels_count,
                          double value);

/* The sum of several threads' histograms. `unit`: of the bounds, in what the metric is said in;
 * `scale`: what an observed value is multiplied by for that. */
void admin_exposition_add_histogram(struct admin_exposition *exposition,
                                    const struct metrics_histogram *const *histograms,
                                    size_t histograms_count, double unit, double scale);

/* Ends the whole. */
void admin_exposition_end(struct admin_exposition *exposition);
