/* Open files and the kernel's settings for many connections.
 *
 * Thread: main.
 */
#pragma once

#include "doctor/report.h"
#include "doctor/subject.h"

#include <sys/types.h>

/* `pid` is the running server's, 0 for none: then this process' own limit counts. */
void doctor_limits_check_files(struct doctor_report *report, const struct doctor_subject *subject,
                               pid_t pid);

/* `proc` is the folder of the kernel's settings: "/proc/sys". Those that are not there are left
 * out. */
void doctor_limits_check_kernel(struct doctor_report *report, const struct doctor_subject *subject,
                                const char *proc);
