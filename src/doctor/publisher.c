#include "doctor/publisher.h"

#include "client/request.h"
#include "doctor/exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CLOCK "clock"

#define SKEW_MAX_S 5

static bool says(struct bytes body, const char *words)
{
    return body.len > 0 && memmem(body.data, body.len, words, strlen(words)) != NULL;
}

static void cure_clock(struct doctor_report *report)
{
    doctor_report_cure(
        report, "shell",
        "timedatectl set-ntp true    # on both machines; chrony in containers' hosts");
}

/* --- refusals ------------------------------------------------------------------------------- */

static void explain(struct doctor_report *report, const struct doctor_place *place,
                    const struct doctor_exchange *exchange)
{
    const struct bytes body = exchange->body;

    if (says(body, "auth_timestamp is")) {
        doctor_report_add(report, DOCTOR_REPORT_FAULT, CLOCK,
                          "the server refuses this machine's time: %.*s", BYTES_ARGS(body));
        cure_clock(report);
        return;
    }
    doctor_place_refused(report, place, "a publish", exchange->status, body);
    if (says(body, "signature")) {
        doctor_report_cure(report, ".env",
                           "REVERB_APP_SECRET=the secret of that app, as the server "
                           "has it: reverb config");
        doctor_report_cure(report, "nginx",
                           "proxy_pass http://127.0.0.1:%u;    # no path behind "
                           "the port: it would be signed another one",
                           place->server_port != 0 ? place->server_port : 8080);
    } else if (says(body, "No matching application")) {
        doctor_report_cure(report, ".env", "REVERB_APP_ID=the id, not the key: reverb config");
    } else if (exchange->status == 413) {
        doctor_report_cure(report, "nginx", "client_max_body_size 1m;");
    } else {
        doctor_place_cure_target(report, place);
    }
}

/* --- what an answer shows ------------------------------------------------------------------- */

static void check_clock(struct doctor_report *report, const struct doctor_place *place,
                        const struct doctor_exchange *exchange)
{
    const struct bytes date = doctor_exchange_header(exchange, "Date");
    struct tm parts = {0};
    char text[64];
    long long skew_s;

    snprintf(text, sizeof text, "%.*s", BYTES_ARGS(date));
    if (strptime(text, "%a, %d %b %Y %H:%M:%S", &parts) == NULL)
        return;
    skew_s = (long long)time(NULL) - (long long)timegm(&parts);
    if (llabs(skew_s) <= SKEW_MAX_S) {
        doctor_report_add(report, DOCTOR_REPORT_OK, CLOCK, "that of the %s agrees with this one",
                          place->name);
        return;
    }
    doctor_report_add(report, DOCTOR_REPORT_WARNING, CLOCK,
                      "this machine is %lld s %s the %s; beyond auth_timestamp_tolerance nothing "
                      "can be published",
                      llabs(skew_s), skew_s > 0 ? "ahead of" : "behind", place->name);
    cure_clock(report);
}

static void check_kept(struct doctor_report *report, const struct doctor_place *place,
                       const struct doctor_exchange *exchange)
{
    if (!place->is_proxy ||
        !bytes_equal_ignoring_case(doctor_exchange_header(exchange, "Connection"), BYTES("close")))
        return;
    doctor_report_add(
        report, DOCTOR_REPORT_WARNING, place->name,
        "it answers \"Connection: close\": each publish opens a connection of its own");
    doctor_report_cure(report, "nginx", "keepalive_timeout 75s;");
    doctor_report_cure(report, "haproxy", "option http-keep-alive");
}

/* A proxy refuses a large body by its announced length, before a byte of it was sent. */
static void check_size(struct doctor_report *report, const struct doctor_subject *subject,
                       const struct doctor_place *place)
{
    const uint32_t len = subject->config != NULL ? subject->config->max_request_size_bytes : 0;
    struct doctor_exchange exchange = {0};
    struct buffer request = {0};
    struct buffer error = {0};

    if (!place->is_proxy || len == 0)
        return;
    buffer_printf(&request, "POST %s/apps/%s/events HTTP/1.1\r\nHost: ", place->server.url.path,
                  place->server.app->id);
    client_url_append_host(&request, &place->server.url);
    buffer_printf(&request, "\r\nExpect: 100-continue\r\nContent-Length: %u\r\n\r\n",
                  len > 2048 ? len - 1024 : len);
    if (doctor_exchange_run(&exchange, &place->server, buffer_bytes(&request), &error) &&
        exchange.status == 413) {
        doctor_report_add(report, DOCTOR_REPORT_FAULT, place->name,
                          "it refuses requests that the server takes: max_request_size is %u", len);
        doctor_report_cure(report, "nginx", "client_max_body_size %u;", len);
    }
    doctor_exchange_deinit(&exchange);
    buffer_deinit(&request);
    buffer_deinit(&error);
}

bool doctor_publisher_check(struct doctor_report *report, const struct doctor_subject *subject,
                            const struct doctor_place *place)
{
    struct doctor_exchange exchange = {0};
    struct buffer request = {0};
    struct buffer error = {0};
    bool ok;

    client_request_publish(&request, &place->server, BYTES("reverb-doctor"), BYTES("check"),
                           BYTES("{}"));
    ok = doctor_exchange_run(&exchange, &place->server, buffer_bytes(&request), &error);
    if (!ok) {
        doctor_report_add(report, DOCTOR_REPORT_FAULT, place->name, "a publish: %s",
                          buffer_text(&error));
        doctor_place_cure_target(report, place);
    } else if (exchange.status != 200 || !bytes_starts_with(exchange.body, BYTES("{"))) {
        explain(report, place, &exchange);
        ok = false;
    } else {
        check_clock(report, place, &exchange);
        check_kept(report, place, &exchange);
        check_size(report, subject, place);
    }
    doctor_exchange_deinit(&exchange);
    buffer_deinit(&request);
    buffer_deinit(&error);
    return ok;
}
