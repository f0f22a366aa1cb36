#include "webhook/delivery.h"

#include "base/buffer.h"
#include "base/check.h"
#include "base/mem.h"
#include "base/version.h"
#include "config/webhook.h"
#include "webhook/address.h"
#include "webhook/curl.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <uv.h>

/* More of an answer's body is not read: nothing in it matters. */
#define ANSWER_BYTES_MAX ((size_t)65536)

struct webhook_delivery {
    const struct webhook_curl *curl;
    CURLM *multi;
};

struct webhook_delivery_request {
    struct webhook_delivery *delivery;
    webhook_delivery_done_fn on_done;
    void *user;
    CURL *easy;
    struct curl_slist *headers;
    size_t answer_bytes;
    uint64_t fresh_ns; /* when a new connection was asked for; older ones are not used any more */
    bool is_sending;
    bool denies_private;
    char denied[INET6_ADDRSTRLEN]; /* the address that was forbidden; "": none */
    char error[CURL_ERROR_SIZE];
    char reason[WEBHOOK_DELIVERY_REASON_LEN_MAX];
};

struct webhook_delivery *webhook_delivery_new(struct buffer *error)
{
    const struct webhook_curl *curl = webhook_curl(error);
    struct webhook_delivery *delivery;

    if (curl == NULL)
        return NULL;
    delivery = mem_new(sizeof *delivery);
    delivery->curl = curl;
    delivery->multi = curl->multi_init();
    CHECK(delivery->multi != NULL);
    return delivery;
}

void webhook_delivery_free(struct webhook_delivery *delivery)
{
    if (delivery == NULL)
        return;
    delivery->curl->multi_cleanup(delivery->multi);
    free(delivery);
}

/* --- libcurl's callbacks -------------------------------------------------------------------- */

static size_t on_answer_body(char *data, size_t size, size_t count, void *user)
{
    struct webhook_delivery_request *request = user;

    (void)data;
    request->answer_bytes += size * count;
    return request->answer_bytes > ANSWER_BYTES_MAX ? 0 : size * count;
}

/* This is the address that is connected to: what is checked here cannot be another one later. */
static curl_socket_t on_open_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct webhook_delivery_request *request = user;
    const struct sockaddr *to = &address->addr;

    (void)purpose;
    if (request->denies_private && webhook_address_is_private(to)) {
        const void *at =
            to->sa_family == AF_INET6
                ? (const void *)&((const struct sockaddr_in6 *)(const void *)to)->sin6_addr
                : (const void *)&((const struct sockaddr_in *)(const void *)to)->sin_addr;

        if (inet_ntop(to->sa_family, at, request->denied, sizeof request->denied) == NULL)
            snprintf(request->denied, sizeof request->denied, "unknown");
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype, address->protocol);
}

/* The system's authorities are where OpenSSL finds them, also for the connections to Redis: a
 * static program runs on systems that have them elsewhere than libcurl was told. */
static CURLcode on_ssl_context(CURL *easy, void *context, void *user)
{
    (void)easy;
    (void)user;
    SSL_CTX_set_default_verify_paths(context);
    return CURLE_OK;
}

/* --- a request ------------------------------------------------------------------------------ */

#define SET(option, value) CHECK(curl->easy_setopt(easy, option, value) == CURLE_OK)

/* How long a name keeps its address, unless a request fails. */
#define DNS_CACHE_S 60L
#define NS_PER_S UINT64_C(1000000000)

/* A resolver that hangs must not hang the thread that ends a request. */
static void forbid_waiting(const struct webhook_curl *curl, CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075700
    SET(CURLOPT_QUICK_EXIT, 1L);
#endif
    SET(CURLOPT_NOSIGNAL, 1L);
}

static void allow_http_alone(const struct webhook_curl *curl, CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
#else
    SET(CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PROXY, ""); /* the variables of a shell do not say where events go */
}

struct webhook_delivery_request *webhook_delivery_request_new(struct webhook_delivery *delivery,
                                                              webhook_delivery_done_fn on_done,
                                                              void *user)
{
    struct webhook_delivery_request *request = mem_new(sizeof *request);
    const struct webhook_curl *curl = delivery->curl;
    CURL *easy = curl->easy_init();

    CHECK(easy != NULL);
    request->delivery = delivery;
    request->on_done = on_done;
    request->user = user;
    request->easy = easy;
    allow_http_alone(curl, easy);
    forbid_waiting(curl, easy);
    SET(CURLOPT_PRIVATE, (char *)request);
    SET(CURLOPT_ERRORBUFFER, request->error);
    SET(CURLOPT_USERAGENT, "reverb/" VERSION);
    SET(CURLOPT_WRITEFUNCTION, on_answer_body);
    SET(CURLOPT_WRITEDATA, request);
    SET(CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    SET(CURLOPT_OPENSOCKETDATA, request);
    /* Without HTTP/2 in libcurl, HTTP/1.1 it is. */
    curl->easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    if (curl->easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_ssl_context) == CURLE_OK) {
        curl->easy_setopt(easy, CURLOPT_CAINFO, NULL);
        curl->easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    return request;
}

static void end(struct webhook_delivery_request *request)
{
    const struct webhook_curl *curl = request->delivery->curl;

    curl->multi_remove_handle(request->delivery->multi, request->easy);
    curl->slist_free_all(request->headers);
    request->headers = NULL;
    request->is_sending = false;
}

void webhook_delivery_cancel(struct webhook_delivery_request *request)
{
    if (request->is_sending)
        end(request);
}

void webhook_delivery_request_free(struct webhook_delivery_request *request)
{
    if (request == NULL)
        return;
    webhook_delivery_cancel(request);
    request->delivery->curl->easy_cleanup(request->easy);
    free(request);
}

static void add_header(struct webhook_delivery_request *request, const char *line)
{
    request->headers = request->delivery->curl->slist_append(request->headers, line);
    CHECK(request->headers != NULL);
}

static void choose_connection(struct webhook_delivery_request *request, bool is_fresh)
{
    const struct webhook_curl *curl = request->delivery->curl;
    CURL *easy = request->easy;
    const uint64_t now_ns = uv_hrtime();
    long age_s;

    if (is_fresh)
        request->fresh_ns = now_ns;
    SET(CURLOPT_FRESH_CONNECT, (long)is_fresh);
    SET(CURLOPT_DNS_CACHE_TIMEOUT, is_fresh ? 0L : DNS_CACHE_S);
    age_s = (long)((now_ns - request->fresh_ns) / NS_PER_S);
#if LIBCURL_VERSION_NUM >= 0x075000
    SET(CURLOPT_MAXLIFETIME_CONN, age_s > 0 ? age_s : 1L);
#endif
}

void webhook_delivery_send(struct webhook_delivery_request *request,
                           const struct config_webhook *webhook, bool denies_private, bool is_fresh,
                           char *const *headers, struct bytes body)
{
    const struct webhook_curl *curl = request->delivery->curl;
    CURL *easy = request->easy;

    request->denies_private = denies_private;
    request->denied[0] = '\0';
    request->error[0] = '\0';
    request->answer_bytes = 0;
    for (size_t i = 0; headers[i] != NULL; i++)
        add_header(request, headers[i]);
    add_header(request, "Expect:"); /* the body without an invitation */
    SET(CURLOPT_URL, webhook->url);
    SET(CURLOPT_HTTPHEADER, request->headers);
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
    SET(CURLOPT_POSTFIELDS, body.data);
    choose_connection(request, is_fresh);
    SET(CURLOPT_TIMEOUT_MS, (long)webhook->timeout_s * 1000);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)webhook->timeout_s * 1000);
    CHECK(curl->multi_add_handle(request->delivery->multi, easy) == CURLM_OK);
    request->is_sending = true;
}

/* --- results -------------------------------------------------------------------------------- */

static bool is_success(long status)
{
    return status >= 200 && status < 300;
}

/* An answer that is cut off because it is too long has come nevertheless. */
static bool is_delivered(const struct webhook_delivery_request *request, CURLcode code, long status)
{
    return is_success(status) && (code == CURLE_OK || request->answer_bytes > ANSWER_BYTES_MAX);
}

static void say_why(struct webhook_delivery_request *request, CURLcode code, long status)
{
    if (status == 0 && request->denied[0] != '\0')
        snprintf(
            request->reason, sizeof request->reason,
            "its address %s is none of the public internet, which webhook_deny_private forbids",
            request->denied);
    else if (status >= 300 && status < 400)
        snprintf(request->reason, sizeof request->reason,
                 "it answered %ld, and redirects are not followed", status);
    else if (code == CURLE_OK || (status != 0 && !is_success(status)))
        snprintf(request->reason, sizeof request->reason, "it answered %ld", status);
    else
        snprintf(request->reason, sizeof request->reason, "%.200s",
                 request->error[0] != '\0' ? request->error
                                           : request->delivery->curl->easy_strerror(code));
}

static void finish(struct webhook_delivery_request *request, CURLcode code)
{
    const struct webhook_curl *curl = request->delivery->curl;
    struct webhook_delivery_result result = {0};
    curl_off_t retry_after = 0;
    long status = 0;

    curl->easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &status);
    curl->easy_getinfo(request->easy, CURLINFO_RETRY_AFTER, &retry_after);
    end(request);
    result.status = (unsigned)status;
    result.is_delivered = is_delivered(request, code, status);
    result.retry_after_s = retry_after > 0 && retry_after < INT32_MAX ? (unsigned)retry_after : 0;
    request->reason[0] = '\0';
    if (!result.is_delivered)
        say_why(request, code, status);
    result.reason = request->reason;
    request->on_done(&result, request->user);
}

void webhook_delivery_wait(struct webhook_delivery *delivery, int wait_ms)
{
    delivery->curl->multi_poll(delivery->multi, NULL, 0, wait_ms, NULL);
}

void webhook_delivery_work(struct webhook_delivery *delivery)
{
    const struct webhook_curl *curl = delivery->curl;
    CURLMsg *message;
    int count;

    curl->multi_perform(delivery->multi, &count);
    while ((message = curl->multi_info_read(delivery->multi, &count)) != NULL) {
        struct webhook_delivery_request *request = NULL;
        const CURLcode code = message->data.result;

        if (message->msg != CURLMSG_DONE)
            continue;
        curl->easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &request);
        finish(request, code);
    }
}

void webhook_delivery_wake(struct webhook_delivery *delivery)
{
    delivery->curl->multi_wakeup(delivery->multi);
}
