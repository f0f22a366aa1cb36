#include "doctor/round_trip.h"

#include "base/random.h"
#include "client/request.h"
#include "client/session.h"
#include "doctor/exchange.h"
#include "doctor/publisher.h"
#include "pusher/origin.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

#define ROUND_TRIP "round trip"

#define CHANNEL_LEN 64
/* A proxy that buffers holds an event back until more comes. */
#define EVENT_WAIT_S 5
#define EVENT_SLOW_MS 1000

static double now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void limit_waiting(struct client_session *session, unsigned seconds)
{
    const struct timeval wait = {.tv_sec = seconds};

    setsockopt(session->stream.fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
}

/* --- greeting ------------------------------------------------------------------------------- */

static void explain_origin(struct doctor_report *report, const struct doctor_place *place)
{
    const struct bytes host = pusher_origin_host(bytes_of(place->server.origin));

    doctor_report_add(report, DOCTOR_REPORT_FAULT, "origins",
                      "pages of %s may not connect: allowed_origins does not have the host",
                      place->server.origin);
    doctor_report_cure(report, "config/reverb.php", "'allowed_origins' => ['%.*s'],",
                       BYTES_ARGS(host));
    doctor_report_cure(report, ".env",
                       "REVERB_APP_ALLOWED_ORIGINS=%.*s    # without a list of apps",
                       BYTES_ARGS(host));
}

static void explain_greeting(struct doctor_report *report, const struct doctor_place *place,
                             const char *error)
{
    if (strstr(error, "Origin not allowed") != NULL) {
        explain_origin(report, place);
        return;
    }
    doctor_report_add(report, DOCTOR_REPORT_FAULT, place->name, "no client is greeted: %s", error);
    if (strstr(error, "4001") != NULL) {
        doctor_report_cure(report, ".env", "REVERB_APP_KEY=the key of an app: reverb config");
        doctor_report_cure(report, ".env",
                           "VITE_REVERB_APP_KEY=\"${REVERB_APP_KEY}\"    # then: npm run build");
    } else if (strstr(error, "4004") != NULL) {
        doctor_report_cure(report, "config/reverb.php",
                           "'max_connections' => …,    # then: reverb "
                           "reload");
    } else if (strstr(error, "4100") != NULL) {
        doctor_report_cure(report, "systemd", "LimitNOFILE=1048576");
    } else {
        doctor_place_cure_target(report, place);
    }
}

/* --- the event ------------------------------------------------------------------------------ */

static bool publish(const struct doctor_place *place, const char *channel, struct buffer *error)
{
    struct doctor_exchange exchange = {0};
    struct buffer request = {0};
    bool ok;

    client_request_publish(&request, &place->server, bytes_of(channel), BYTES("check"),
                           BYTES("{}"));
    ok = doctor_exchange_run(&exchange, &place->server, buffer_bytes(&request), error);
    if (ok && exchange.status != 200) {
        buffer_printf(error, "the publish is answered with %u", exchange.status);
        ok = false;
    }
    doctor_exchange_deinit(&exchange);
    buffer_deinit(&request);
    return ok;
}

static void check_event(struct doctor_report *report, const struct doctor_place *place,
                        struct client_session *session, const char *channel)
{
    const double before = now_ms();
    struct buffer error = {0};
    double took_ms;

    limit_waiting(session, EVENT_WAIT_S);
    if (!publish(place, channel, &error) ||
        !client_session_expect(session, BYTES("check"), &error)) {
        doctor_report_add(report, DOCTOR_REPORT_FAULT, ROUND_TRIP,
                          "an event does not arrive by way of the %s: %s", place->name,
                          buffer_text(&error));
        doctor_report_cure(report, "nginx", "proxy_buffering off;");
        doctor_report_cure(report, ".env",
                           "REVERB_SCALING_ENABLED=true    # if several servers "
                           "are behind the proxy");
        buffer_deinit(&error);
        return;
    }
    took_ms = now_ms() - before;
    doctor_report_add(report, took_ms > EVENT_SLOW_MS ? DOCTOR_REPORT_WARNING : DOCTOR_REPORT_OK,
                      ROUND_TRIP,
                      "by way of the %s an event takes %.0f ms from the SDK to the browser",
                      place->name, took_ms);
    if (took_ms > EVENT_SLOW_MS)
        doctor_report_cure(report, "nginx", "proxy_buffering off;");
    buffer_deinit(&error);
}

/* --- silence -------------------------------------------------------------------------------- */

/* Whether the connection lives for so long; pings are answered, so a short timeout of a proxy only
 * shows before the first one. */
static bool lives(struct client_session *session, uint32_t seconds)
{
    const double until_ms = now_ms() + seconds * 1e3;
    struct buffer error = {0};
    bool is_alive = true;

    limit_waiting(session, 1);
    while (is_alive && now_ms() < until_ms) {
        struct bytes text;

        buffer_clear(&error);
        is_alive = client_session_next(session, &text, &error) ||
                   strcmp(buffer_text(&error), "the server does not answer") == 0;
    }
    buffer_deinit(&error);
    return is_alive;
}

static void check_silence(struct doctor_report *report, const struct doctor_subject *subject,
                          const struct doctor_place *place, struct client_session *session)
{
    const double before = now_ms();

    if (!place->is_proxy)
        return;
    if (subject->idle_s == 0) {
        doctor_report_add(report, DOCTOR_REPORT_SKIPPED, place->name,
                          "whether it ends silent clients: --idle=75 waits for that");
        return;
    }
    if (lives(session, subject->idle_s)) {
        doctor_report_add(report, DOCTOR_REPORT_OK, place->name,
                          "a silent client is still connected after %u s", subject->idle_s);
        return;
    }
    doctor_report_add(report, DOCTOR_REPORT_FAULT, place->name,
                      "it ended a silent client after %.0f s; the server pings each %u s",
                      (now_ms() - before) / 1e3, place->server.app->ping_interval_s);
    doctor_report_cure(report, "nginx", "proxy_read_timeout %us;",
                       place->server.app->ping_interval_s + 30);
    doctor_report_cure(report, "haproxy", "timeout tunnel 1h");
}

/* --- all of it ------------------------------------------------------------------------------ */

static void converse(struct doctor_report *report, const struct doctor_subject *subject,
                     const struct doctor_place *place, struct client_session *session)
{
    char channel[CHANNEL_LEN];
    struct buffer error = {0};
    uint32_t number;

    random_bytes(&number, sizeof number);
    snprintf(channel, sizeof channel, "private-reverb-doctor-%u", number);
    if (!client_session_greet(session, &error)) {
        explain_greeting(report, place, buffer_text(&error));
    } else if (!client_session_subscribe(session, bytes_of(channel), BYTES_NONE) ||
               !client_session_expect(session, BYTES("pusher_internal:subscription_succeeded"),
                                      &error)) {
        doctor_report_add(report, DOCTOR_REPORT_FAULT, place->name,
                          "a private channel is refused: %s", buffer_text(&error));
        doctor_report_cure(report, ".env",
                           "REVERB_APP_SECRET=the secret of that app: reverb config");
    } else if (doctor_publisher_check(report, subject, place)) {
        check_event(report, place, session, channel);
        check_silence(report, subject, place, session);
    }
    buffer_deinit(&error);
}

void doctor_round_trip_check(struct doctor_report *report, const struct doctor_subject *subject,
                             const struct doctor_place *place)
{
    struct client_session session;
    struct buffer error = {0};

    if (client_session_open(&session, &place->server, &error)) {
        converse(report, subject, place, &session);
        client_session_close(&session);
    } else {
        doctor_report_add(report, DOCTOR_REPORT_FAULT, place->name, "%s", buffer_text(&error));
        doctor_place_cure_target(report, place);
    }
    buffer_deinit(&error);
}
