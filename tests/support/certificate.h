/* Makes certificates for a name or an address, signed by another certificate or by themselves. */
#pragma once

#include "base/check.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

struct certificate {
    X509 *x509;
    EVP_PKEY *key;
};

static inline void certificate_extend(X509 *x509, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    CHECK(extension != NULL && X509_add_ext(x509, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

/* `for_whom` is "DNS:app.test" or "IP:127.0.0.1"; `issuer` NULL: self-signed. */
static inline struct certificate certificate_make(const char *for_whom,
                                                  const struct certificate *issuer)
{
    static long serial = 1;
    struct certificate made = {X509_new(), EVP_EC_gen("P-256")};
    X509_NAME *name = X509_get_subject_name(made.x509);
    const struct certificate *signer = issuer != NULL ? issuer : &made;

    CHECK(made.key != NULL);
    X509_set_version(made.x509, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.x509), serial++);
    X509_gmtime_adj(X509_getm_notBefore(made.x509), -3600);
    X509_gmtime_adj(X509_getm_notAfter(made.x509), 24 * 3600L);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)for_whom, -1, -1,
                               0);
    X509_set_issuer_name(made.x509, X509_get_subject_name(signer->x509));
    X509_set_pubkey(made.x509, made.key);
    certificate_extend(made.x509, NID_subject_alt_name, for_whom);
    certificate_extend(made.x509, NID_basic_constraints,
                       issuer == NULL ? "critical,CA:TRUE" : "critical,CA:FALSE");
    CHECK(X509_sign(made.x509, signer->key, EVP_sha256()) > 0);
    return made;
}

/* Writes certificate and key into one file, as PHP reads them. */
static inline void certificate_write(const struct certificate *certificate, const char *path)
{
    FILE *file = fopen(path, "w");

    CHECK(file != NULL && PEM_write_X509(file, certificate->x509) == 1);
    CHECK(PEM_write_PrivateKey(file, certificate->key, NULL, NULL, 0, NULL, NULL) == 1);
    CHECK(fclose(file) == 0);
}

static inline void certificate_free(struct certificate *certificate)
{
    X509_free(certificate->x509);
    EVP_PKEY_free(certificate->key);
}
