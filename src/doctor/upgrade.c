#include "doctor/upgrade.h"

#include "client/request.h"
#include "doctor/exchange.h"

#include <string.h>

static void cure_headers(struct doctor_report *report)
{
    doctor_report_cure(report, "nginx", "proxy_http_version 1.1;");
    doctor_report_cure(report, "nginx", "proxy_set_header Upgrade $http_upgrade;");
    doctor_report_cure(report, "nginx", "proxy_set_header Connection \"Upgrade\";");
    doctor_report_cure(report, "haproxy",
                       "no option httpclose    # and no http-request del-header "
                       "Upgrade or Connection");
    doctor_report_cure(report, "apache", "ProxyPass / ws://127.0.0.1:8080/ upgrade=websocket");
}

static void cure_path(struct doctor_report *report, const struct doctor_subject *subject,
                      const struct doctor_place *place)
{
    if (subject->config != NULL && strcmp(subject->config->path, place->server.url.path) != 0) {
        doctor_report_cure(report, ".env", "REVERB_SERVER_PATH=%s", place->server.url.path);
        doctor_report_cure(report, "Echo", "wsPath: '%s'", subject->config->path);
        doctor_report_cure(report, "nginx",
                           "proxy_pass http://127.0.0.1:%u;    # without a path "
                           "behind the port",
                           subject->config->port);
        return;
    }
    doctor_place_cure_target(report, place);
}

static void cure_redirect(struct doctor_report *report, const struct doctor_exchange *exchange)
{
    const struct bytes to = doctor_exchange_header(exchange, "Location");

    doctor_report_cure(report, ".env",
                       "REVERB_SCHEME=https, REVERB_PORT=443    # it points to %.*s",
                       BYTES_ARGS(to));
}

static bool is_gone(unsigned status)
{
    return status == 502 || status == 503 || status == 504;
}

static void explain(struct doctor_report *report, const struct doctor_subject *subject,
                    const struct doctor_place *place, const struct doctor_exchange *exchange)
{
    const struct bytes body = exchange->body;
    const bool is_plain_to_tls =
        body.len > 0 && (memmem(body.data, body.len, "HTTPS port", 10) != NULL ||
                         memmem(body.data, body.len, "speaks TLS", 10) != NULL);

    if (exchange->status == 426 || (exchange->status == 400 && body.len > 0 &&
                                    (memmem(body.data, body.len, "Upgrade", 7) != NULL ||
                                     memmem(body.data, body.len, "HTTP/1.1", 8) != NULL))) {
        doctor_report_add(report, DOCTOR_REPORT_FAULT, place->name,
                          "the upgrade to a WebSocket is not passed on (%u)", exchange->status);
        cure_headers(report);
        return;
    }
    doctor_place_refused(report, place, "the WebSocket's handshake", exchange->status, body);
    if (is_plain_to_tls)
        doctor_report_cure(report, ".env", "REVERB_SCHEME=https");
    else if (exchange->status == 404)
        cure_path(report, subject, place);
    else if (exchange->status >= 300 && exchange->status < 400)
        cure_redirect(report, exchange);
    else if (exchange->status == 401 || exchange->status == 403)
        doctor_report_cure(report, "nginx", "auth_basic off; allow all;    # in its location");
    else if (is_gone(exchange->status) || exchange->status == 200)
        doctor_place_cure_target(report, place);
    else
        cure_headers(report);
}

bool doctor_upgrade_check(struct doctor_report *report, const struct doctor_subject *subject,
                          const struct doctor_place *place)
{
    char key[CLIENT_REQUEST_KEY_LEN];
    struct doctor_exchange exchange = {0};
    struct buffer request = {0};
    struct buffer error = {0};
    bool ok;

    client_request_handshake(&request, &place->server, key);
    ok = doctor_exchange_run(&exchange, &place->server, buffer_bytes(&request), &error);
    if (!ok) {
        doctor_report_add(report, DOCTOR_REPORT_FAULT, place->name, "the WebSocket's handshake: %s",
                          buffer_text(&error));
        doctor_place_cure_target(report, place);
    } else if (exchange.status != 101) {
        explain(report, subject, place, &exchange);
        ok = false;
    } else if (!client_request_is_accepted(
                   key, doctor_exchange_header(&exchange, "Sec-WebSocket-Accept"))) {
        doctor_report_add(report, DOCTOR_REPORT_FAULT, place->name,
                          "the upgrade is accepted by something that does not speak WebSocket");
        doctor_place_cure_target(report, place);
        ok = false;
    }
    doctor_exchange_deinit(&exchange);
    buffer_deinit(&request);
    buffer_deinit(&error);
    return ok;
}
