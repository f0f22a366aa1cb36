#include "doctor/doctor.h"

#include "config/trusted_proxies.h"
#include "doctor/application.h"
#include "doctor/bundle.h"
#include "doctor/certificate.h"
#include "doctor/limits.h"
#include "doctor/redis.h"
#include "doctor/round_trip.h"
#include "doctor/upgrade.h"
#include "net/unix_socket.h"
#include "server/listen.h"
#include "server/url.h"

#include <stdlib.h>
#include <string.h>

#define PORT "port"

/* --- this machine --------------------------------------------------------------------------- */

/* NULL: it listens on a port. */
static const char *socket_of(const struct config *config)
{
    if (config == NULL || !net_unix_socket_is_one(config->host))
        return NULL;
    return net_unix_socket_path(config->host);
}

static void append_place(struct buffer *out, const struct config *config)
{
    buffer_append_text(out, config->host);
    if (socket_of(config) == NULL)
        buffer_printf(out, ":%u", config->port);
}

static void cure_port(struct doctor_report *report, const struct config *config)
{
    if (socket_of(config) != NULL) {
        doctor_report_cure(report, "shell", "ss -lxp 'src %s'    # who has it", socket_of(config));
        doctor_report_cure(report, ".env", "REVERB_SERVER_HOST=unix:…");
        return;
    }
    doctor_report_cure(report, "shell", "ss -ltnp 'sport = :%u'    # who has it", config->port);
    doctor_report_cure(report, ".env", "REVERB_SERVER_PORT=…, REVERB_SERVER_HOST=0.0.0.0");
}

static void check_port(struct doctor_report *report, const struct config *config, int pid)
{
    struct buffer where = {0};
    struct buffer error = {0};

    append_place(&where, config);
    if (pid > 0)
        doctor_report_add(report, DOCTOR_REPORT_OK, PORT, "the server (pid %d) listens on %s", pid,
                          buffer_text(&where));
    else if (server_listen_check(config, &error))
        doctor_report_add(report, DOCTOR_REPORT_OK, PORT, "%s is free for the server",
                          buffer_text(&where));
    else {
        doctor_report_add(report, DOCTOR_REPORT_FAULT, PORT, "%s", buffer_text(&error));
        cure_port(report, config);
    }
    buffer_deinit(&where);
    buffer_deinit(&error);
}

static void check_machine(struct doctor_report *report, const struct doctor_subject *subject,
                          int pid)
{
    check_port(report, subject->config, pid);
    doctor_limits_check_files(report, subject, pid);
    doctor_limits_check_kernel(report, subject, "/proc/sys");
    doctor_certificate_check(report, subject);
    doctor_redis_check(report, subject);
    doctor_application_check(report, subject);
}

/* --- the places ----------------------------------------------------------------------------- */

/* The origin of the application's pages. */
static char *origin_of(const struct doctor_subject *subject)
{
    const char *given =
        subject->origin != NULL ? subject->origin : doctor_subject_variable(subject, "APP_URL");
    const char *host = strstr(given, "://");
    size_t len;

    if (host == NULL)
        return NULL;
    len = (size_t)(host - given) + 3 + strcspn(host + 3, "/");
    return bytes_copy((struct bytes){given, len});
}

static void check_place(struct doctor_report *report, const struct doctor_subject *subject,
                        const struct doctor_place *place)
{
    if (doctor_place_check(report, place) && doctor_upgrade_check(report, subject, place))
        doctor_round_trip_check(report, subject, place);
}

/* The server itself is reached where it listens, and its own certificate is for its public name. */
static bool open_place(struct doctor_place *place, const struct doctor_subject *subject,
                       const struct client_url *url, struct buffer *error)
{
    const struct config *config = subject->config;
    struct client_server *server = &place->server;

    if (!client_server_open(server, url, subject->app, subject->is_trusting || !place->is_proxy,
                            error))
        return false;
    if (place->is_proxy || config == NULL)
        return true;
    if (place->server_socket != NULL &&
        !client_server_use_socket(server, place->server_socket, error))
        return false;
    server->sends_header =
        config_trusted_proxies_need_header(config, url->host, server->socket != NULL);
    return true;
}

static void visit(struct doctor_report *report, const struct doctor_subject *subject,
                  const char *url, const char *origin, bool is_proxy)
{
    struct doctor_place place = {
        .name = is_proxy ? "proxy" : "server",
        .is_proxy = is_proxy,
        .server_port = subject->config != NULL ? subject->config->port : 0,
        .server_socket = socket_of(subject->config),
    };
    struct buffer error = {0};
    struct client_url parsed;

    if (client_url_parse(bytes_of(url), &parsed, &error) &&
        open_place(&place, subject, &parsed, &error)) {
        place.server.origin = origin;
        check_place(report, subject, &place);
    } else {
        doctor_report_add(report, DOCTOR_REPORT_FAULT, place.name, "%s: %s", url,
                          buffer_text(&error));
        doctor_report_cure(report, ".env", "REVERB_HOST=a name that resolves, without scheme");
    }
    client_server_close(&place.server);
    buffer_deinit(&error);
}

/* A server that listens on all addresses is reached at this machine's own. */
static void append_local_url(struct buffer *url, const struct config *config)
{
    const char *host = config->host;

    if (strcmp(host, "0.0.0.0") == 0 || socket_of(config) != NULL)
        host = "127.0.0.1";
    else if (strcmp(host, "::") == 0)
        host = "::1";
    buffer_printf(url, strchr(host, ':') != NULL ? "ws%s://[%s]:%u%s" : "ws%s://%s:%u%s",
                  config->tls.enabled ? "s" : "", host, config->port, config->path);
}

/* Where browsers connect, if that is another place than where the server listens. */
static void append_public_url(struct buffer *url, const struct doctor_subject *subject)
{
    const struct config_app *app = subject->app;

    if (subject->url != NULL)
        buffer_append_text(url, subject->url);
    else if (app != NULL && subject->config != NULL && app->public_host != NULL) {
        server_url_append(url, "ws", subject->config, app, subject->config->port);
        buffer_append_text(url, subject->config->path);
    }
}

void doctor_run(struct doctor_report *report, const struct doctor_subject *subject, int pid)
{
    char *origin = origin_of(subject);
    struct buffer local = {0};
    struct buffer public = {0};

    if (subject->config != NULL) {
        check_machine(report, subject, pid);
        append_local_url(&local, subject->config);
    }
    doctor_bundle_check(report, subject);
    append_public_url(&public, subject);
    if (subject->app == NULL)
        doctor_report_add(report, DOCTOR_REPORT_SKIPPED, "server",
                          "there is no app to try it with");
    else if (local.len > 0)
        visit(report, subject, buffer_text(&local), origin, false);
    if (subject->app != NULL && public.len > 0 &&
        (socket_of(subject->config) != NULL ||
         !bytes_equal(buffer_bytes(&public), buffer_bytes(&local))))
        visit(report, subject, buffer_text(&public), origin, true);
    buffer_deinit(&local);
    buffer_deinit(&public);
    free(origin);
}
