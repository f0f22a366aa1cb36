/* The Redis of a cluster: whether it can be reached, and is what the servers need.
 *
 * Thread: main; it waits for Redis, some seconds at most.
 */
#pragma once

#include "doctor/report.h"
#include "doctor/subject.h"

void doctor_redis_check(struct doctor_report *report, const struct doctor_subject *subject);
