#include "net/tls.h"

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/platform.h"
#include "config/crypto_method.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

/* `struct net_tls_session` is OpenSSL's SSL under another name: no other file needs OpenSSL. */

struct file_mark {
    struct timespec changed_at;
    ino_t inode;
    off_t len;
};

struct net_tls {
    bool is_client;
    pthread_mutex_t lock; /* over all fields below, which one thread alone changes */
    SSL_CTX *context;
    struct config_tls settings; /* a copy */
    struct file_mark cert_mark;
    struct file_mark key_mark;
    struct file_mark authorities_mark;
};

static SSL *ssl_of(const struct net_tls_session *session)
{
    return (SSL *)session;
}

static struct file_mark mark_of(const char *path)
{
    struct file_mark mark = {0};
    struct stat info;

    if (path != NULL && stat(path, &info) == 0) {
#ifdef __APPLE__
        mark.changed_at = info.st_mtimespec;
#else
        mark.changed_at = info.st_mtim;
#endif
        mark.inode = info.st_ino;
        mark.len = info.st_size;
    }
    return mark;
}

static bool mark_equal(struct file_mark a, struct file_mark b)
{
    return a.changed_at.tv_sec == b.changed_at.tv_sec &&
           a.changed_at.tv_nsec == b.changed_at.tv_nsec && a.inode == b.inode && a.len == b.len;
}

static const char *key_file(const struct config_tls *settings)
{
    /* As in PHP, the certificate's file may hold the key as well. */
    return settings->local_pk ? settings->local_pk : settings->local_cert;
}

/* NULL: there are none, or they are in a folder, which OpenSSL reads when it needs one. */
static const char *authorities_file(const struct config_tls *settings, bool is_client)
{
    const char *of_system = getenv(X509_get_default_cert_file_env());

    if (settings->cafile != NULL || settings->capath != NULL || !is_client)
        return settings->cafile;
    return of_system ? of_system : X509_get_default_cert_file();
}

static int give_passphrase(char *out, int out_len, int is_writing, void *user)
{
    const struct config_tls *settings = user;
    size_t len = settings->passphrase ? strlen(settings->passphrase) : 0;

    (void)is_writing;
    if (len >= (size_t)out_len)
        return 0;
    if (len > 0)
        memcpy(out, settings->passphrase, len);
    return (int)len;
}

/* DER begins with the tag of an ASN.1 sequence, PEM with text. */
static bool is_der(const char *path)
{
    FILE *file = fopen(path, "re");
    const int first = file != NULL ? fgetc(file) : EOF;

    if (file != NULL)
        fclose(file);
    return first == 0x30;
}

/* OpenSSL's error depends on how the key was encrypted. */
static bool is_wrong_passphrase(void)
{
    char text[256];

    ERR_error_string_n(ERR_peek_error(), text, sizeof text);
    return strstr(text, "bad decrypt") != NULL || strstr(text, "bad password") != NULL;
}

static void say_why(struct buffer *error, const char *what, const char *path)
{
    const unsigned long code = ERR_peek_error(); /* the first is the cause */
    const char *reason = code ? ERR_reason_error_string(code) : NULL;

    if (is_der(path))
        reason = "this is DER, and PEM is needed (openssl x509 or pkey -inform der)";
    else if (ERR_GET_REASON(code) == PEM_R_BAD_DECRYPT || is_wrong_passphrase())
        reason = "wrong passphrase";
    else if (ERR_GET_REASON(code) == X509_R_KEY_VALUES_MISMATCH ||
             ERR_GET_REASON(code) == X509_R_KEY_TYPE_MISMATCH)
        reason = "key and certificate do not belong together";
    else if (ERR_GET_REASON(code) == PEM_R_NO_START_LINE)
        reason = "it holds nothing of that kind in PEM";
    buffer_printf(error, "%s \"%s\" cannot be used: %s", what, path,
                  reason ? reason : strerror(errno));
    ERR_clear_error();
}

/* Warns of a certificate that the server can use but that clients will refuse. */
static void warn_of_certificate(SSL_CTX *context, const char *path)
{
    X509 *leaf = SSL_CTX_get0_certificate(context);
    STACK_OF(X509) *chain = NULL;

    if (leaf == NULL)
        return;
    if (X509_cmp_current_time(X509_get0_notAfter(leaf)) < 0)
        log_warn("the certificate %s has expired: clients will refuse it", path);
    else if (X509_cmp_current_time(X509_get0_notBefore(leaf)) > 0)
        log_warn("the certificate %s is not valid yet: clients will refuse it", path);
    SSL_CTX_get0_chain_certs(context, &chain);
    if (sk_X509_num(chain) <= 0 && X509_check_issued(leaf, leaf) != X509_V_OK)
        log_warn("the certificate %s stands alone, without the chain of its issuer: clients that "
                 "do not know the issuer will refuse it (use fullchain.pem)",
                 path);
}

static bool use_certificate(SSL_CTX *context, const struct config_tls *settings,
                            struct buffer *error)
{
    SSL_CTX_set_default_passwd_cb(context, give_passphrase);
    SSL_CTX_set_default_passwd_cb_userdata(context, (void *)(uintptr_t)settings);
    if (SSL_CTX_use_certificate_chain_file(context, settings->local_cert) != 1) {
        say_why(error, "certificate (local_cert)", settings->local_cert);
        return false;
    }
    if (SSL_CTX_use_PrivateKey_file(context, key_file(settings), SSL_FILETYPE_PEM) != 1) {
        say_why(error, "private key (local_pk)", key_file(settings));
        return false;
    }
    if (SSL_CTX_check_private_key(context) != 1) {
        say_why(error, "private key (local_pk), which must belong to the certificate,",
                key_file(settings));
        return false;
    }
    warn_of_certificate(context, settings->local_cert);
    return true;
}

static bool use_authorities(SSL_CTX *context, bool is_client, const struct config_tls *settings,
                            struct buffer *error)
{
    if (settings->cafile != NULL || settings->capath != NULL) {
        if (SSL_CTX_load_verify_locations(context, settings->cafile, settings->capath) != 1) {
            say_why(error, "certificate authority (cafile, capath)",
                    settings->cafile ? settings->cafile : settings->capath);
            return false;
        }
        if (settings->cafile != NULL && !is_client)
            SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(settings->cafile));
    } else if (is_client) {
        SSL_CTX_set_default_verify_paths(context);
    }
    if (settings->verify_peer)
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    return true;
}

/* OpenSSL takes the lowest and the highest version. */
static void limit_versions(SSL_CTX *context, const char *method)
{
    unsigned versions = 0;

    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    if (method == NULL || !config_crypto_method_parse(bytes_of(method), &versions))
        return;
    if ((versions & CONFIG_CRYPTO_METHOD_TLS_1_2) == 0)
        SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    if ((versions & CONFIG_CRYPTO_METHOD_TLS_1_3) == 0)
        SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
}

static SSL_CTX *context_new(const struct config_tls *settings, bool is_client, struct buffer *error)
{
    static const unsigned char session_id_context[] = "reverb";
    SSL_CTX *context = SSL_CTX_new(is_client ? TLS_client_method() : TLS_server_method());

    CHECK(context != NULL);
    limit_versions(context, settings->crypto_method);
    /* Moving buffers: unsent bytes are copied anew. Release: idle connections own no buffer. */
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                     SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_session_id_context(context, session_id_context, sizeof session_id_context - 1);
    if (settings->ciphers != NULL && SSL_CTX_set_cipher_list(context, settings->ciphers) != 1) {
        say_why(error, "cipher list (ciphers)", settings->ciphers);
        SSL_CTX_free(context);
        return NULL;
    }
    if ((!(is_client && settings->local_cert == NULL) &&
         !use_certificate(context, settings, error)) ||
        !use_authorities(context, is_client, settings, error)) {
        SSL_CTX_free(context);
        return NULL;
    }
    return context;
}

static char *copy_text(const char *text)
{
    return text ? bytes_copy(bytes_of(text)) : NULL;
}

static struct config_tls settings_copy(const struct config_tls *settings)
{
    struct config_tls copy = *settings;

    copy.local_cert = copy_text(settings->local_cert);
    copy.local_pk = copy_text(settings->local_pk);
    copy.passphrase = copy_text(settings->passphrase);
    copy.cafile = copy_text(settings->cafile);
    copy.capath = copy_text(settings->capath);
    copy.ciphers = copy_text(settings->ciphers);
    copy.crypto_method = copy_text(settings->crypto_method);
    return copy;
}

static void settings_free(struct config_tls *settings)
{
    free(settings->local_cert);
    free(settings->local_pk);
    if (settings->passphrase != NULL)
        OPENSSL_cleanse(settings->passphrase, strlen(settings->passphrase));
    free(settings->passphrase);
    free(settings->cafile);
    free(settings->capath);
    free(settings->ciphers);
    free(settings->crypto_method);
}

bool net_tls_reload(struct net_tls *tls, const struct config_tls *settings, struct buffer *error)
{
    struct file_mark cert_mark = mark_of(settings->local_cert);
    struct file_mark key_mark = mark_of(key_file(settings));
    struct file_mark authorities_mark = mark_of(authorities_file(settings, tls->is_client));
    struct config_tls former = tls->settings;
    SSL_CTX *context = context_new(settings, tls->is_client, error);
    SSL_CTX *old;

    pthread_mutex_lock(&tls->lock);
    tls->settings = settings_copy(settings);
    tls->cert_mark = cert_mark;
    tls->key_mark = key_mark;
    tls->authorities_mark = authorities_mark;
    old = tls->context;
    if (context != NULL)
        tls->context = context;
    pthread_mutex_unlock(&tls->lock);
    settings_free(&former);
    if (context != NULL)
        SSL_CTX_free(old); /* connections that use it have references */
    return context != NULL;
}

static struct net_tls *new_of(const struct config_tls *settings, bool is_client,
                              struct buffer *error)
{
    struct net_tls *tls = mem_new(sizeof *tls);

    tls->is_client = is_client;
    pthread_mutex_init(&tls->lock, NULL);
    if (!net_tls_reload(tls, settings, error)) {
        net_tls_free(tls);
        return NULL;
    }
    return tls;
}

struct net_tls *net_tls_new(const struct config_tls *settings, struct buffer *error)
{
    return new_of(settings, false, error);
}

struct net_tls *net_tls_new_client(const struct config_tls *settings, struct buffer *error)
{
    return new_of(settings, true, error);
}

void net_tls_free(struct net_tls *tls)
{
    if (tls == NULL)
        return;
    SSL_CTX_free(tls->context);
    settings_free(&tls->settings);
    pthread_mutex_destroy(&tls->lock);
    free(tls);
}

int64_t net_tls_expires_s(struct net_tls *tls)
{
    struct tm at = {0};
    const X509 *leaf;
    int64_t expires_s = 0;

    pthread_mutex_lock(&tls->lock);
    leaf = SSL_CTX_get0_certificate(tls->context);
    if (leaf != NULL && ASN1_TIME_to_tm(X509_get0_notAfter(leaf), &at) == 1)
        expires_s = (int64_t)timegm(&at);
    pthread_mutex_unlock(&tls->lock);
    return expires_s;
}

bool net_tls_is_stale(struct net_tls *tls)
{
    bool is_outdated;

    pthread_mutex_lock(&tls->lock);
    is_outdated = !mark_equal(tls->cert_mark, mark_of(tls->settings.local_cert)) ||
                  !mark_equal(tls->key_mark, mark_of(key_file(&tls->settings))) ||
                  !mark_equal(tls->authorities_mark,
                              mark_of(authorities_file(&tls->settings, tls->is_client)));
    pthread_mutex_unlock(&tls->lock);
    return is_outdated;
}

bool net_tls_refresh(struct net_tls *tls, struct buffer *error)
{
    return !net_tls_is_stale(tls) || net_tls_reload(tls, &tls->settings, error);
}

static SSL *ssl_new(struct net_tls *tls, int fd)
{
    SSL *ssl;

    pthread_mutex_lock(&tls->lock);
    ssl = SSL_new(tls->context);
    pthread_mutex_unlock(&tls->lock);
    if (ssl == NULL)
        return NULL;
    if (SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        return NULL;
    }
    return ssl;
}

struct net_tls_session *net_tls_session_new(struct net_tls *tls, int fd)
{
    SSL *ssl = ssl_new(tls, fd);

    if (ssl != NULL)
        SSL_set_accept_state(ssl);
    return (struct net_tls_session *)ssl;
}

/* An IP address must not be sent as server name (RFC 6066), and is in another field of the
 * certificate. */
static bool expect_host(SSL *ssl, const char *host)
{
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1)
        return true;
    ERR_clear_error();
    return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

struct net_tls_session *net_tls_session_new_client(struct net_tls *tls, int fd, const char *host)
{
    SSL *ssl = ssl_new(tls, fd);

    if (ssl == NULL)
        return NULL;
    if (host != NULL && !expect_host(ssl, host)) {
        ERR_clear_error();
        SSL_free(ssl);
        return NULL;
    }
    SSL_set_connect_state(ssl);
    return (struct net_tls_session *)ssl;
}

static void say_why_not(SSL *ssl, int status, struct buffer *error)
{
    const int system_error = errno;
    const long verified = SSL_get_verify_result(ssl);
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());

    if (verified != X509_V_OK && SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE)
        buffer_printf(error, "certificate verify failed: %s",
                      X509_verify_cert_error_string(verified));
    else if (reason != NULL)
        buffer_printf(error, "TLS handshake failed: %s", reason);
    else if (status == SSL_ERROR_SYSCALL && system_error != 0)
        buffer_printf(error, "TLS handshake failed: %s", strerror(system_error));
    else
        buffer_append_text(error, "TLS handshake failed: the peer closed the connection");
}

bool net_tls_handshake(struct net_tls_session *session, bool *wants_write, struct buffer *error)
{
    SSL *ssl = ssl_of(session);
    int result;
    int status;

    ERR_clear_error();
    errno = 0;
    result = SSL_do_handshake(ssl);
    status = SSL_get_error(ssl, result);
    if (result == 1)
        return true;
    if (status == SSL_ERROR_WANT_READ || status == SSL_ERROR_WANT_WRITE) {
        *wants_write = status == SSL_ERROR_WANT_WRITE;
        errno = EAGAIN;
        return false;
    }
    say_why_not(ssl, status, error);
    ERR_clear_error();
    errno = EPROTO;
    return false;
}

void net_tls_session_free(struct net_tls_session *session)
{
    SSL_free(ssl_of(session));
}

/* Tells a client that speaks plain HTTP to this port why it fails. Its request is read first:
 * otherwise closing might discard the answer. */
static void answer_plain(int fd)
{
    static const char answer[] =
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n"
        "Content-Length: 45\r\n\r\nThis port speaks TLS: use https:// or wss://\n";
    char sent[4096];
    ssize_t len;

    do {
        len = recv(fd, sent, sizeof sent, MSG_DONTWAIT);
    } while (len == (ssize_t)sizeof sent);
    platform_send(fd, BYTES(answer));
}

/* Converts OpenSSL's result into that of read() and write(). */
static ssize_t result_of(SSL *ssl, int result)
{
    switch (SSL_get_error(ssl, result)) {
    case SSL_ERROR_NONE:
        return result;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        errno = EAGAIN;
        return -1;
    default:
        if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST)
            answer_plain(SSL_get_fd(ssl));
        ERR_clear_error();
        errno = EPROTO;
        return -1;
    }
}

ssize_t net_tls_read(struct net_tls_session *session, char *out, size_t len)
{
    ERR_clear_error();
    return result_of(ssl_of(session), SSL_read(ssl_of(session), out, (int)len));
}

ssize_t net_tls_write(struct net_tls_session *session, const char *data, size_t len)
{
    ssize_t written;

    ERR_clear_error();
    written = result_of(ssl_of(session), SSL_write(ssl_of(session), data, (int)len));
    if (written == 0) { /* the peer has closed: nothing more can be sent */
        errno = EPIPE;
        return -1;
    }
    return written;
}

bool net_tls_has_decrypted(const struct net_tls_session *session)
{
    return SSL_pending(ssl_of(session)) > 0;
}

void net_tls_end(struct net_tls_session *session)
{
    ERR_clear_error();
    if (SSL_is_init_finished(ssl_of(session)))
        SSL_shutdown(ssl_of(session));
    ERR_clear_error();
}
