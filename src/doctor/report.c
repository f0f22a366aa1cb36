#include "doctor/report.h"

#include "base/check.h"
#include "base/jsonwrite.h"
#include "base/mem.h"
#include "base/printable.h"

#include <stdlib.h>

#define CHECK_WIDTH 12

static const char *const level_names[] = {"ok", "skipped", "warning", "fault"};

static char *__attribute__((format(printf, 1, 0))) format_text(const char *format, va_list args)
{
    struct buffer text = {0};
    char *copy;

    buffer_vprintf(&text, format, args);
    copy = bytes_copy(buffer_bytes(&text));
    buffer_deinit(&text);
    return copy;
}

void doctor_report_add(struct doctor_report *report, enum doctor_report_level level,
                       const char *check, const char *format, ...)
{
    va_list args;

    /* Findings are few: room is made for one at a time. */
    report->findings = mem_resize(report->findings, (report->count + 1) * sizeof *report->findings);
    va_start(args, format);
    report->findings[report->count++] = (struct doctor_report_finding){
        .level = level,
        .check = bytes_copy(bytes_of(check)),
        .text = format_text(format, args),
    };
    va_end(args);
}

void doctor_report_cure(struct doctor_report *report, const char *where, const char *format, ...)
{
    struct doctor_report_finding *last;
    va_list args;

    CHECK(report->count > 0);
    last = &report->findings[report->count - 1];
    last->cures = mem_resize(last->cures, (last->cures_count + 1) * sizeof *last->cures);
    va_start(args, format);
    last->cures[last->cures_count++] = (struct doctor_report_cure){
        .where = bytes_copy(bytes_of(where)),
        .line = format_text(format, args),
    };
    va_end(args);
}

size_t doctor_report_count(const struct doctor_report *report, enum doctor_report_level level)
{
    size_t count = 0;

    for (size_t i = 0; i < report->count; i++)
        count += report->findings[i].level == level;
    return count;
}

/* --- writing -------------------------------------------------------------------------------- */

static void append_printable(struct buffer *out, const char *text)
{
    printable_append(out, bytes_of(text));
}

static void append_padded(struct buffer *out, const char *text, size_t width)
{
    append_printable(out, text);
    for (size_t len = strlen(text); len < width; len++)
        buffer_append_char(out, ' ');
}

void doctor_report_write(const struct doctor_report *report, struct buffer *out)
{
    const size_t faults = doctor_report_count(report, DOCTOR_REPORT_FAULT);
    const size_t warnings = doctor_report_count(report, DOCTOR_REPORT_WARNING);

    for (size_t i = 0; i < report->count; i++) {
        const struct doctor_report_finding *finding = &report->findings[i];

        append_padded(out, level_names[finding->level], sizeof "skipped");
        append_padded(out, finding->check, CHECK_WIDTH);
        buffer_append_char(out, ' ');
        append_printable(out, finding->text);
        buffer_append_char(out, '\n');
        for (size_t j = 0; j < finding->cures_count; j++) {
            buffer_append_text(out, "                       ");
            append_printable(out, finding->cures[j].where);
            buffer_append_text(out, ": ");
            append_printable(out, finding->cures[j].line);
            buffer_append_char(out, '\n');
        }
    }
    buffer_printf(out, "%zu fault%s, %zu warning%s\n", faults, faults == 1 ? "" : "s", warnings,
                  warnings == 1 ? "" : "s");
}

/* Text from a peer may be no UTF-8; in JSON it is shown as in the other form. */
static void append_field(struct buffer *out, const char *name, const char *value)
{
    struct buffer text = {0};

    append_printable(&text, value);
    buffer_printf(out, "\"%s\":", name);
    jsonwrite_string(out, buffer_bytes(&text));
    buffer_deinit(&text);
}

static void append_cures(struct buffer *out, const struct doctor_report_finding *finding)
{
    buffer_append_text(out, ",\"cures\":[");
    for (size_t i = 0; i < finding->cures_count; i++) {
        buffer_append_text(out, i > 0 ? ",{" : "{");
        append_field(out, "where", finding->cures[i].where);
        buffer_append_char(out, ',');
        append_field(out, "line", finding->cures[i].line);
        buffer_append_char(out, '}');
    }
    buffer_append_char(out, ']');
}

void doctor_report_write_json(const struct doctor_report *report, struct buffer *out)
{
    buffer_printf(out, "{\"faults\":%zu,\"warnings\":%zu,\"findings\":[",
                  doctor_report_count(report, DOCTOR_REPORT_FAULT),
                  doctor_report_count(report, DOCTOR_REPORT_WARNING));
    for (size_t i = 0; i < report->count; i++) {
        const struct doctor_report_finding *finding = &report->findings[i];

        buffer_append_text(out, i > 0 ? ",\n{" : "\n{");
        append_field(out, "level", level_names[finding->level]);
        buffer_append_char(out, ',');
        append_field(out, "check", finding->check);
        buffer_append_char(out, ',');
        append_field(out, "text", finding->text);
        append_cures(out, finding);
        buffer_append_char(out, '}');
    }
    buffer_append_text(out, "\n]}\n");
}

void doctor_report_deinit(struct doctor_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        struct doctor_report_finding *finding = &report->findings[i];

        for (size_t j = 0; j < finding->cures_count; j++) {
            free(finding->cures[j].where);
            free(finding->cures[j].line);
        }
        free(finding->cures);
        free(finding->check);
        free(finding->text);
    }
    free(report->findings);
    *report = (struct doctor_report){0};
}
