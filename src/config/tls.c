#include "config/tls.h"

#include "config/certificate.h"
#include "config/crypto_method.h"
#include "config/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define AT(member) offsetof(struct config, tls.member)

bool config_tls_check_file(const struct config *config, size_t at, const char *path,
                           const char *what, bool is_folder, struct buffer *error)
{
    const char *where = config_source_of_server(config, at);
    struct stat status;

    if (path == NULL)
        return true;
    if (stat(path, &status) != 0 || access(path, R_OK) != 0) {
        buffer_printf(error, "%s: the %s \"%s\" cannot be read: %s", where, what, path,
                      strerror(errno));
        return false;
    }
    if (is_folder ? !S_ISDIR(status.st_mode) : S_ISDIR(status.st_mode)) {
        buffer_printf(error, "%s: \"%s\" is %s; give the path of the %s", where, path,
                      is_folder ? "no folder" : "a folder", what);
        return false;
    }
    return true;
}

bool config_tls_check_method(const struct config *config, size_t at, const char *method,
                             struct buffer *error, struct buffer *warnings)
{
    const char *where = config_source_of_server(config, at);
    unsigned versions;

    if (method == NULL)
        return true;
    if (!config_crypto_method_parse(bytes_of(method), &versions)) {
        buffer_printf(error,
                      "%s: \"%s\" is not known; give STREAM_CRYPTO_METHOD_TLSv1_2_SERVER, "
                      "STREAM_CRYPTO_METHOD_TLSv1_3_SERVER or both, with | between them",
                      where, method);
        return false;
    }
    if ((versions & CONFIG_CRYPTO_METHOD_SUPPORTED) == 0) {
        buffer_printf(error,
                      "%s: \"%s\" has neither TLS 1.2 nor 1.3, and no older version is "
                      "spoken here; give STREAM_CRYPTO_METHOD_TLSv1_2_SERVER or "
                      "STREAM_CRYPTO_METHOD_TLSv1_3_SERVER",
                      where, method);
        return false;
    }
    if ((versions & ~CONFIG_CRYPTO_METHOD_SUPPORTED) != 0 && !config_crypto_method_is_any(versions))
        buffer_printf(warnings, "%s: versions older than TLS 1.2 are left out\n", where);
    return true;
}

static bool check_files(const struct config *config, struct buffer *error)
{
    const struct config_tls *tls = &config->tls;

    return config_tls_check_file(config, AT(local_cert), tls->local_cert, "certificate", false,
                                 error) &&
           config_tls_check_file(config, AT(local_pk), tls->local_pk, "private key", false,
                                 error) &&
           config_tls_check_file(config, AT(cafile), tls->cafile, "file of authorities", false,
                                 error) &&
           config_tls_check_file(config, AT(capath), tls->capath, "folder of authorities", true,
                                 error);
}

static void take_certificate_of_hostname(struct config *config)
{
    struct config_tls *tls = &config->tls;

    if (config->hostname == NULL ||
        !config_certificate_find(config->hostname, &tls->local_cert, &tls->local_pk))
        return;
    config_source_set(config, config_setting_of_server(AT(local_cert)), CONFIG_SOURCE_SERVER,
                      "found by the hostname");
    config_source_set(config, config_setting_of_server(AT(local_pk)), CONFIG_SOURCE_SERVER,
                      "found by the hostname");
}

/* PHP looks for the key in the certificate's file if none is named. */
static void take_key_from_certificate(struct config *config)
{
    if (config->tls.local_pk != NULL)
        return;
    config->tls.local_pk = bytes_copy(bytes_of(config->tls.local_cert));
    config_source_set(config, config_setting_of_server(AT(local_pk)), CONFIG_SOURCE_SERVER,
                      config_source_of_server(config, AT(local_cert)));
}

bool config_tls_resolve(struct config *config, struct buffer *error, struct buffer *warnings)
{
    struct config_tls *tls = &config->tls;

    if (tls->local_cert == NULL && tls->local_pk == NULL)
        take_certificate_of_hostname(config);
    if (tls->local_cert == NULL && tls->local_pk != NULL) {
        buffer_printf(error,
                      "%s: a private key without a certificate; give options.tls.local_cert "
                      "(REVERB_TLS_LOCAL_CERT) too",
                      config_source_of_server(config, AT(local_pk)));
        return false;
    }
    if (tls->local_cert == NULL) {
        if (tls->passphrase != NULL || tls->cafile != NULL || tls->verify_peer)
            buffer_append_text(warnings, "there are TLS options but no options.tls.local_cert "
                                         "(REVERB_TLS_LOCAL_CERT): the server speaks plain HTTP\n");
        return true;
    }
    take_key_from_certificate(config);
    /* Browsers have no client certificate; PHP's own server refuses them as well. */
    if (tls->verify_peer && tls->cafile == NULL && tls->capath == NULL) {
        buffer_printf(error,
                      "%s: true asks every client for a certificate and needs cafile or capath to "
                      "judge it; give false where clients are browsers",
                      config_source_of_server(config, AT(verify_peer)));
        return false;
    }
    tls->enabled = true;
    return config_tls_check_method(config, AT(crypto_method), tls->crypto_method, error,
                                   warnings) &&
           check_files(config, error);
}
