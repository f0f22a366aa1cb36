/* `reverb doctor`: examines a set-up from the machine's limits to a real event, and says for each
 * fault which line mends it.
 *
 * Thread: main; it takes some seconds. Nothing is changed, but for events to channels of its own.
 */
#pragma once

#include "doctor/report.h"
#include "doctor/subject.h"

/* `pid` is the running server's, 0 if none runs with that configuration. */
void doctor_run(struct doctor_report *report, const struct doctor_subject *subject, int pid);
