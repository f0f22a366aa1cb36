/* Echo's settings in JavaScript that is built already: Vite has put the values of that day into it.
 *
 * Thread: main.
 */
#pragma once

#include "doctor/report.h"
#include "doctor/subject.h"

/* Reads the file or folder of the subject, else public/build if that is there. */
void doctor_bundle_check(struct doctor_report *report, const struct doctor_subject *subject);

/* The value of `name` among the settings of an Echo that follow in `text`, such as `key:"abc"`;
 * absent if it is not a text or a number. */
struct bytes doctor_bundle_setting(struct bytes text, const char *name);
