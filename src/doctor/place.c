#include "doctor/place.h"

#include "client/stream.h"

#include <string.h>

#define BODY_SHOWN_LEN 120

static const struct {
    const char *said; /* in the reason of a failed connection */
    const char *means;
    const char *where;
    const char *line;
} reasons[] = {
    {"hostname mismatch", "the certificate is for another name", "shell",
     "certbot certonly -d THAT.NAME"},
    {"IP address mismatch", "the certificate does not name the address", ".env",
     "REVERB_HOST=the name that the certificate has"},
    {"has expired", "the certificate has expired", "shell", "certbot renew"},
    {"not yet valid", "the certificate is not valid yet", "shell",
     "timedatectl    # is the clock right?"},
    {"unable to get local issuer",
     "the certificate comes without its chain, or its authority is "
     "unknown",
     "nginx", "ssl_certificate …/fullchain.pem;"},
    {"unable to verify the first", "the certificate comes without its chain", "nginx",
     "ssl_certificate …/fullchain.pem;"},
    {"self-signed certificate", "the certificate is signed by itself, which browsers refuse",
     "shell", "certbot certonly -d THAT.NAME    # --insecure skips this check"},
    {"wrong version number", "that port speaks no TLS", "nginx", "listen 443 ssl;"},
    {"packet length too long", "that port speaks no TLS", "nginx", "listen 443 ssl;"},
    {"http request", "that port speaks no TLS", "nginx", "listen 443 ssl;"},
};

static void explain(struct doctor_report *report, const struct doctor_place *place,
                    const char *error)
{
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (strstr(error, reasons[i].said) == NULL)
            continue;
        doctor_report_add(report, DOCTOR_REPORT_FAULT, place->name, "%s (%s)", reasons[i].means,
                          error);
        doctor_report_cure(report, reasons[i].where, "%s", reasons[i].line);
        if (strcmp(reasons[i].where, "nginx") == 0 && strncmp(reasons[i].line, "ssl", 3) == 0)
            doctor_report_cure(report, "haproxy", "bind :443 ssl crt …/fullchain-and-key.pem");
        if (strstr(reasons[i].means, "no TLS") != NULL)
            doctor_report_cure(report, ".env", "REVERB_SCHEME=http    # if there shall be none");
        return;
    }
    doctor_report_add(report, DOCTOR_REPORT_FAULT, place->name, "%s", error);
    if (place->is_proxy) {
        doctor_report_cure(report, "nginx", "listen %u%s;", place->server.url.port,
                           place->server.url.is_secure ? " ssl" : "");
        doctor_report_cure(report, ".env",
                           "REVERB_HOST=, REVERB_PORT= and REVERB_SCHEME= of the "
                           "proxy");
    } else {
        doctor_report_cure(report, "shell", "systemctl start reverb    # or: reverb start");
    }
}

bool doctor_place_check(struct doctor_report *report, const struct doctor_place *place)
{
    struct client_stream stream;
    struct buffer error = {0};
    const bool ok = client_stream_open(&stream, &place->server, &error);

    if (ok)
        client_stream_close(&stream);
    else
        explain(report, place, buffer_text(&error));
    buffer_deinit(&error);
    return ok;
}

void doctor_place_cure_target(struct doctor_report *report, const struct doctor_place *place)
{
    const unsigned port = place->server_port != 0 ? place->server_port : 8080;

    if (place->server_socket != NULL) {
        doctor_report_cure(report, "nginx", "location / { proxy_pass http://unix:%s; … }",
                           place->server_socket);
        doctor_report_cure(report, "haproxy", "server reverb unix@%s", place->server_socket);
        return;
    }
    doctor_report_cure(report, "nginx", "location / { proxy_pass http://127.0.0.1:%u; … }", port);
    doctor_report_cure(report, "haproxy", "server reverb 127.0.0.1:%u", port);
}

/* What answers with the status: a proxy whose server is away, another program … */
void doctor_place_refused(struct doctor_report *report, const struct doctor_place *place,
                          const char *what, unsigned status, struct bytes body)
{
    struct bytes shown = body;

    if (shown.len > BODY_SHOWN_LEN)
        shown.len = BODY_SHOWN_LEN;
    doctor_report_add(report, DOCTOR_REPORT_FAULT, place->name, "%s is answered with %u%s%.*s%s",
                      what, status, shown.len > 0 ? ": " : "", BYTES_ARGS(shown),
                      shown.len < body.len ? "…" : "");
}
