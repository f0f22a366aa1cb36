/* A browser that subscribes to a private channel, an SDK that publishes, and the event from one to
 * the other.
 *
 * Thread: main; it waits for the event, and as long as the subject says for a silent connection.
 */
#pragma once

#include "doctor/place.h"

void doctor_round_trip_check(struct doctor_report *report, const struct doctor_subject *subject,
                             const struct doctor_place *place);
