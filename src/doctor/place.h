/* A place at which the server is reached: its own port, or the proxy in front of it.
 *
 * Thread: main.
 */
#pragma once

#include "doctor/report.h"
#include "doctor/subject.h"

struct doctor_place {
    const char *name; /* of its checks: "server" or "proxy" */
    bool is_proxy;
    struct client_server server;
    uint16_t server_port;      /* that a proxy should pass on to; 0: unknown */
    const char *server_socket; /* the same, as a path; NULL: it has a port */
};

/* Connects once, with TLS if the address has it. False, and a finding, if that fails. */
bool doctor_place_check(struct doctor_report *report, const struct doctor_place *place);

/* A fault of that place, with the text of its answer. */
void doctor_place_refused(struct doctor_report *report, const struct doctor_place *place,
                          const char *what, unsigned status, struct bytes body);

/* The lines of proxies that pass requests on to the server. */
void doctor_place_cure_target(struct doctor_report *report, const struct doctor_place *place);
