#include "doctor/certificate.h"

#include "net/tls.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#define CERTIFICATE "certificate"

/* A renewal that has not come by then has failed: certbot renews 30 days before the end. */
#define DAYS_LEFT_FEW 14

static X509 *read_next(FILE *file)
{
    return PEM_read_X509(file, NULL, NULL, NULL);
}

static bool check_dates(struct doctor_report *report, const X509 *leaf, const char *path)
{
    int days = 0;
    int seconds = 0;

    if (X509_cmp_current_time(X509_get0_notBefore(leaf)) > 0) {
        doctor_report_add(report, DOCTOR_REPORT_FAULT, CERTIFICATE,
                          "%s is not valid yet: clients refuse it", path);
        doctor_report_cure(report, "shell", "timedatectl    # is this machine's clock right?");
        return false;
    }
    if (ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(leaf)) != 1 ||
        (days >= DAYS_LEFT_FEW && seconds >= 0))
        return true;
    if (days < 0 || seconds < 0)
        doctor_report_add(report, DOCTOR_REPORT_FAULT, CERTIFICATE,
                          "%s has expired %d days ago: clients refuse it", path, -days);
    else
        doctor_report_add(report, DOCTOR_REPORT_WARNING, CERTIFICATE, "%s expires in %d days", path,
                          days);
    doctor_report_cure(report, "shell",
                       "certbot renew    # the server takes up the new file by itself");
    return false;
}

static bool check_chain(struct doctor_report *report, const X509 *leaf, bool has_more,
                        const char *path)
{
    if (has_more ||
        X509_check_issued((X509 *)(uintptr_t)leaf, (X509 *)(uintptr_t)leaf) == X509_V_OK)
        return true;
    doctor_report_add(report, DOCTOR_REPORT_FAULT, CERTIFICATE,
                      "%s stands alone, without the chain of its issuer: many clients refuse it",
                      path);
    doctor_report_cure(report, ".env", "REVERB_TLS_LOCAL_CERT=…/fullchain.pem");
    return false;
}

/* The name that browsers connect to. */
static const char *public_name(const struct doctor_subject *subject)
{
    const struct config *config = subject->config;

    if (subject->app != NULL && subject->app->public_host != NULL)
        return subject->app->public_host;
    return config->hostname;
}

static bool check_name(struct doctor_report *report, const struct doctor_subject *subject,
                       X509 *leaf, const char *path)
{
    const char *name = public_name(subject);

    if (name == NULL || strstr(name, "://") != NULL ||
        X509_check_host(leaf, name, 0, 0, NULL) == 1 || X509_check_ip_asc(leaf, name, 0) == 1)
        return true;
    doctor_report_add(report, DOCTOR_REPORT_FAULT, CERTIFICATE,
                      "%s is not for %s, where clients connect to: they refuse it", path, name);
    doctor_report_cure(report, "shell", "certbot certonly -d %s", name);
    doctor_report_cure(report, ".env", "REVERB_HOST=the name that the certificate has");
    return false;
}

static void check_file(struct doctor_report *report, const struct doctor_subject *subject,
                       const char *path)
{
    FILE *file = fopen(path, "re");
    X509 *leaf = file != NULL ? read_next(file) : NULL;
    X509 *second = leaf != NULL ? read_next(file) : NULL;
    bool ok = leaf != NULL;

    if (ok) {
        ok = check_dates(report, leaf, path);
        ok = check_chain(report, leaf, second != NULL, path) && ok;
        ok = check_name(report, subject, leaf, path) && ok;
    }
    if (ok)
        doctor_report_add(report, DOCTOR_REPORT_OK, CERTIFICATE,
                          "%s: key, chain, dates and name fit", path);
    X509_free(second);
    X509_free(leaf);
    if (file != NULL)
        fclose(file);
}

void doctor_certificate_check(struct doctor_report *report, const struct doctor_subject *subject)
{
    const struct config_tls *tls = &subject->config->tls;
    struct buffer error = {0};
    struct net_tls *usable;

    if (!tls->enabled) {
        doctor_report_add(report, DOCTOR_REPORT_SKIPPED, CERTIFICATE,
                          "the server itself speaks plain HTTP");
        return;
    }
    usable = net_tls_new(tls, &error);
    if (usable != NULL) {
        check_file(report, subject, tls->local_cert);
    } else {
        doctor_report_add(report, DOCTOR_REPORT_FAULT, CERTIFICATE, "%s", buffer_text(&error));
        doctor_report_cure(report, ".env",
                           "REVERB_TLS_LOCAL_CERT=, REVERB_TLS_LOCAL_PK= and "
                           "REVERB_TLS_PASSPHRASE= of one certificate, as PEM");
    }
    net_tls_free(usable);
    buffer_deinit(&error);
}
