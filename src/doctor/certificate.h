/* The server's certificate: key, dates, chain and name, as a browser will judge them.
 *
 * Thread: main.
 */
#pragma once

#include "doctor/report.h"
#include "doctor/subject.h"

/* Of the files that the configuration names. */
void doctor_certificate_check(struct doctor_report *report, const struct doctor_subject *subject);
