/* What the application's `.env` says to Laravel and Vite, against what the server is.
 *
 * Thread: main.
 */
#pragma once

#include "doctor/report.h"
#include "doctor/subject.h"

void doctor_application_check(struct doctor_report *report, const struct doctor_subject *subject);
