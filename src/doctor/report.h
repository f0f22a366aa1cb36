/* What the doctor has found: findings, and for each the lines that mend it.
 *
 * Thread: main. Memory: copies everything.
 */
#pragma once

#include "base/buffer.h"

enum doctor_report_level {
    DOCTOR_REPORT_OK,
    DOCTOR_REPORT_SKIPPED, /* it was not tried, and the text says why */
    DOCTOR_REPORT_WARNING,
    DOCTOR_REPORT_FAULT, /* clients or publishers cannot work so */
};

struct doctor_report_cure {
    char *where; /* "nginx", ".env", "sysctl" … */
    char *line;  /* that belongs there */
};

struct doctor_report_finding {
    enum doctor_report_level level;
    char *check;
    char *text;
    struct doctor_report_cure *cures;
    size_t cures_count;
};

struct doctor_report {
    struct doctor_report_finding *findings;
    size_t count;
};

/* Adds a finding of the check of that name. */
void doctor_report_add(struct doctor_report *report, enum doctor_report_level level,
                       const char *check, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Adds a line that mends what was found last. */
void doctor_report_cure(struct doctor_report *report, const char *where, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

size_t doctor_report_count(const struct doctor_report *report, enum doctor_report_level level);

/* Appends all of it for people, or as one JSON object. */
void doctor_report_write(const struct doctor_report *report, struct buffer *out);
void doctor_report_write_json(const struct doctor_report *report, struct buffer *out);

void doctor_report_deinit(struct doctor_report *report);
