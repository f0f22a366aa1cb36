/* libcurl. It brings 26 more, which take five MB, so it is loaded only where webhooks are sent; a
 * program that is built with `make LIBCURL=linked`, as the static ones are, has it from the start.
 *
 * Thread: main; what it gives, any.
 */
#pragma once

#include "base/buffer.h"

#include <curl/curl.h>

/* Those of its functions that are used, without `curl_`. */
#define WEBHOOK_CURL_FUNCTIONS(USE) \
    USE(global_init)                \
    USE(version_info)               \
    USE(slist_append)               \
    USE(slist_free_all)             \
    USE(easy_init)                  \
    USE(easy_cleanup)               \
    USE(easy_setopt)                \
    USE(easy_getinfo)               \
    USE(easy_strerror)              \
    USE(multi_init)                 \
    USE(multi_cleanup)              \
    USE(multi_add_handle)           \
    USE(multi_remove_handle)        \
    USE(multi_perform)              \
    USE(multi_info_read)            \
    USE(multi_poll)                 \
    USE(multi_wakeup)

#define WEBHOOK_CURL_FIELD(name) __typeof__(curl_##name) *name;

struct webhook_curl {
    WEBHOOK_CURL_FUNCTIONS(WEBHOOK_CURL_FIELD)
};

/* The same each time, until the process ends. NULL and a line in `error` if it cannot be had; the
 * next call tries again. */
const struct webhook_curl *webhook_curl(struct buffer *error);
