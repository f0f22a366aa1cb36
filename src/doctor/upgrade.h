/* The handshake of a browser's WebSocket, as it arrives behind a proxy.
 *
 * Thread: main.
 */
#pragma once

#include "doctor/place.h"

/* False, and a finding, if it is not answered with 101. */
bool doctor_upgrade_check(struct doctor_report *report, const struct doctor_subject *subject,
                          const struct doctor_place *place);
