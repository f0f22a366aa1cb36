#include "admin/exposition.h"

static const char *const type_names[] = {
    [ADMIN_EXPOSITION_GAUGE] = "gauge",
    [ADMIN_EXPOSITION_COUNTER] = "counter",
    [ADMIN_EXPOSITION_HISTOGRAM] = "histogram",
    [ADMIN_EXPOSITION_INFO] = "info",
};

/* Prometheus' own format has no `info`, and names a counter's family with its suffix. */
static const char *type_name(const struct admin_exposition *exposition)
{
    if (exposition->type == ADMIN_EXPOSITION_INFO && !exposition->is_open_metrics)
        return "gauge";
    return type_names[exposition->type];
}

static const char *suffix_of(enum admin_exposition_type type)
{
    switch (type) {
    case ADMIN_EXPOSITION_COUNTER:
        return "_total";
    case ADMIN_EXPOSITION_INFO:
        return "_info";
    default:
        return "";
    }
}

void admin_exposition_begin(struct admin_exposition *exposition, const char *name,
                            enum admin_exposition_type type, const char *help)
{
    const char *suffix;

    exposition->name = name;
    exposition->type = type;
    suffix = exposition->is_open_metrics ? "" : suffix_of(type);
    buffer_printf(exposition->out, "# HELP %s%s %s\n", name, suffix, help);
    buffer_printf(exposition->out, "# TYPE %s%s %s\n", name, suffix, type_name(exposition));
}

static void write_label_value(struct buffer *out, struct bytes value)
{
    for (size_t i = 0; i < value.len; i++) {
        const char c = value.data[i];

        if (c == '\\' || c == '"' || c == '\n')
            buffer_append_char(out, '\\');
        buffer_append_char(out, c == '\n' ? 'n' : c);
    }
}

static void write_labels(struct buffer *out, const struct admin_exposition_label *labels,
                         size_t labels_count)
{
    if (labels_count == 0)
        return;
    for (size_t i = 0; i < labels_count; i++) {
        buffer_printf(out, "%c%s=\"", i == 0 ? '{' : ',', labels[i].name);
        write_label_value(out, labels[i].value);
        buffer_append_char(out, '"');
    }
    buffer_append_char(out, '}');
}

void admin_exposition_add(struct admin_exposition *exposition,
                          const struct admin_exposition_label *labels, size_t labels_count,
                          double value)
{
    buffer_printf(exposition->out, "%s%s", exposition->name, suffix_of(exposition->type));
    write_labels(exposition->out, labels, labels_count);
    buffer_printf(exposition->out, " %.17g\n", value);
}

void admin_exposition_add_histogram(struct admin_exposition *exposition,
                                    const struct metrics_histogram *const *histograms,
                                    size_t histograms_count, double unit, double scale)
{
    uint64_t count = 0;
    uint64_t sum = 0;

    for (size_t bound = 0; bound <= METRICS_BOUNDS_COUNT; bound++) {
        for (size_t i = 0; i < histograms_count; i++)
            count += metrics_read(&histograms[i]->counts[bound]);
        buffer_printf(exposition->out, "%s_bucket{le=\"", exposition->name);
        if (bound < METRICS_BOUNDS_COUNT)
            buffer_printf(exposition->out, "%.9g", unit * (double)(UINT64_C(1) << bound));
        else
            buffer_append_text(exposition->out, "+Inf");
        buffer_printf(exposition->out, "\"} %llu\n", (unsigned long long)count);
    }
    for (size_t i = 0; i < histograms_count; i++)
        sum += metrics_read(&histograms[i]->sum);
    buffer_printf(exposition->out, "%s_sum %.17g\n%s_count %llu\n", exposition->name,
                  (double)sum * scale, exposition->name, (unsigned long long)count);
}

void admin_exposition_end(struct admin_exposition *exposition)
{
    if (exposition->is_open_metrics)
        buffer_append_text(exposition->out, "# EOF\n");
}
