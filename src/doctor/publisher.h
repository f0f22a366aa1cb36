/* The HTTP API as a server SDK uses it: signature, clock, size of requests, kept connections.
 *
 * Thread: main.
 */
#pragma once

#include "doctor/place.h"

/* Publishes an event to a channel of the doctor's own. False, and a finding, if it is refused. */
bool doctor_publisher_check(struct doctor_report *report, const struct doctor_subject *subject,
                            const struct doctor_place *place);
