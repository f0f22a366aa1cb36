#include "doctor/application.h"

#include <stdio.h>
#include <stdlib.h>

#define ENV ".env"

static const char *value_of(const struct doctor_subject *subject, const char *name)
{
    const struct bytes meaning = config_env_meaning(doctor_subject_variable(subject, name));

    return meaning.len > 0 ? doctor_subject_variable(subject, name) : "";
}

static bool check_broadcaster(struct doctor_report *report, const struct doctor_subject *subject)
{
    const char *now = value_of(subject, "BROADCAST_CONNECTION");
    const char *before = value_of(subject, "BROADCAST_DRIVER"); /* Laravel 10 and older */
    const char *driver = *now != '\0' ? now : before;

    if (strcmp(driver, "reverb") == 0 || strcmp(driver, "pusher") == 0)
        return true;
    if (*driver == '\0')
        doctor_report_add(report, DOCTOR_REPORT_WARNING, ENV,
                          "BROADCAST_CONNECTION is not set: unless config/broadcasting.php has "
                          "another default, Laravel publishes nothing");
    else
        doctor_report_add(
            report, DOCTOR_REPORT_FAULT, ENV,
            "BROADCAST_CONNECTION is \"%s\": Laravel publishes nothing to this server", driver);
    doctor_report_cure(report, ENV, "BROADCAST_CONNECTION=reverb");
    return false;
}

/* REVERB_HOST is a host alone for Laravel's publisher, whatever this server can read. */
static bool check_host(struct doctor_report *report, const struct doctor_subject *subject)
{
    const char *host = value_of(subject, "REVERB_HOST");
    const char *rest = strstr(host, "://");

    if (strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0) {
        doctor_report_add(report, DOCTOR_REPORT_FAULT, ENV,
                          "REVERB_HOST is %s, which is where a server listens: browsers cannot "
                          "connect to it",
                          host);
        doctor_report_cure(report, ENV, "REVERB_HOST=ws.example.com");
        doctor_report_cure(report, ENV, "REVERB_SERVER_HOST=%s", host);
        return false;
    }
    if (rest == NULL && strchr(host, '/') == NULL)
        return true;
    host = rest != NULL ? rest + 3 : host;
    doctor_report_add(report, DOCTOR_REPORT_FAULT, ENV,
                      "REVERB_HOST is a URL: Laravel and Echo need the host alone");
    doctor_report_cure(report, ENV, "REVERB_HOST=%.*s", (int)strcspn(host, ":/"), host);
    return false;
}

/* The port of the server itself, called by a scheme that it does not speak there. */
static bool check_scheme(struct doctor_report *report, const struct doctor_subject *subject)
{
    const char *scheme = value_of(subject, "REVERB_SCHEME");
    const char *port = value_of(subject, "REVERB_PORT");
    const bool is_https = strcmp(scheme, "https") == 0;
    const struct config *config = subject->config;

    if (*scheme != '\0' && !is_https && strcmp(scheme, "http") != 0) {
        doctor_report_add(report, DOCTOR_REPORT_FAULT, ENV,
                          "REVERB_SCHEME is \"%s\": it is https or http, also for WebSockets",
                          scheme);
        doctor_report_cure(report, ENV, "REVERB_SCHEME=%s",
                           strcmp(scheme, "wss") == 0 ? "https" : "http");
        return false;
    }
    if (*scheme == '\0' || config == NULL || strtoul(port, NULL, 10) != config->port ||
        is_https == config->tls.enabled)
        return true;
    if (is_https) {
        doctor_report_add(report, DOCTOR_REPORT_FAULT, ENV,
                          "REVERB_SCHEME is https, and the server speaks no TLS on port %s", port);
        doctor_report_cure(report, ENV, "REVERB_PORT=443    # that of the proxy with TLS");
        doctor_report_cure(report, ENV, "REVERB_SCHEME=http    # without one");
    } else {
        doctor_report_add(report, DOCTOR_REPORT_FAULT, ENV,
                          "REVERB_SCHEME is http, and the server speaks TLS on port %s", port);
        doctor_report_cure(report, ENV, "REVERB_SCHEME=https");
    }
    return false;
}

static bool has_key(const struct config *config, const char *key)
{
    for (size_t i = 0; i < config->apps_count; i++)
        if (strcmp(config->apps[i].key, key) == 0)
            return true;
    return false;
}

static bool check_key(struct doctor_report *report, const struct doctor_subject *subject)
{
    const char *key = value_of(subject, "REVERB_APP_KEY");

    if (*key == '\0' || subject->config == NULL || has_key(subject->config, key))
        return true;
    doctor_report_add(report, DOCTOR_REPORT_FAULT, ENV,
                      "REVERB_APP_KEY is the key of none of the server's apps");
    doctor_report_cure(report, ENV, "REVERB_APP_KEY=%s", subject->config->apps[0].key);
    return false;
}

/* Vite builds VITE_… into the page: what differs there, browsers get wrong. */
static bool check_vite(struct doctor_report *report, const struct doctor_subject *subject)
{
    static const char *const names[] = {"REVERB_APP_KEY", "REVERB_HOST", "REVERB_PORT",
                                        "REVERB_SCHEME"};
    bool ok = true;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = value_of(subject, names[i]);
        char vite[64];

        snprintf(vite, sizeof vite, "VITE_%s", names[i]);
        if (*value == '\0' || strcmp(value_of(subject, vite), value) == 0)
            continue;
        doctor_report_add(report, i == 0 ? DOCTOR_REPORT_FAULT : DOCTOR_REPORT_WARNING, ENV,
                          *value_of(subject, vite) == '\0'
                              ? "%s is not set: Echo does not get the value of %s"
                              : "%s differs from %s: browsers use another value than Laravel",
                          vite, names[i]);
        doctor_report_cure(report, ENV, "%s=\"${%s}\"    # then: npm run build", vite, names[i]);
        ok = false;
    }
    return ok;
}

void doctor_application_check(struct doctor_report *report, const struct doctor_subject *subject)
{
    bool ok;

    if (!subject->has_env || *value_of(subject, "APP_NAME") + *value_of(subject, "APP_KEY") == 0) {
        doctor_report_add(report, DOCTOR_REPORT_SKIPPED, ENV, "there is no .env of Laravel here");
        return;
    }
    ok = check_broadcaster(report, subject);
    ok = check_host(report, subject) && ok;
    ok = check_scheme(report, subject) && ok;
    ok = check_key(report, subject) && ok;
    ok = check_vite(report, subject) && ok;
    if (ok)
        doctor_report_add(report, DOCTOR_REPORT_OK, ENV,
                          "Laravel, Echo and the server have the same settings");
}
