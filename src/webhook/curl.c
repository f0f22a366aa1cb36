#include "webhook/curl.h"

#include <stdio.h>

static struct webhook_curl functions;
static bool is_ready;

#ifdef WITH_LIBCURL_LINKED

#define LINK_FUNCTION(name) .name = curl_##name,

static bool find_functions(struct buffer *error)
{
    (void)error;
    functions = (struct webhook_curl){WEBHOOK_CURL_FUNCTIONS(LINK_FUNCTION)};
    return true;
}

#else

#include <dlfcn.h>

#define LIBRARY "libcurl.so.4"

static void *find(void *library, const char *name, struct buffer *error)
{
    void *function = dlsym(library, name);

    if (function == NULL && error->len == 0)
        buffer_printf(error, "webhooks cannot be sent: %s has no %s", LIBRARY, name);
    return function;
}

/* What dlsym() gives is a function by POSIX, and by ISO C only through its bytes. */
#define FIND_FUNCTION(name)                         \
    found = find(library, "curl_" #name, &missing); \
    memcpy(&functions.name, &found, sizeof found);

static bool find_functions(struct buffer *error)
{
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    struct buffer missing = {0};
    bool has_all;
    void *found;

    if (library == NULL) {
        buffer_printf(error,
                      "webhooks are sent by libcurl, which cannot be loaded: %s; Debian's package "
                      "is libcurl4",
                      dlerror());
        return false;
    }
    WEBHOOK_CURL_FUNCTIONS(FIND_FUNCTION)
    has_all = missing.len == 0;
    buffer_append_bytes(error, buffer_bytes(&missing));
    buffer_deinit(&missing);
    return has_all;
}

#endif

/* Which options there are was decided by the headers. */
static bool is_new_enough(struct buffer *error)
{
    const curl_version_info_data *info = functions.version_info(CURLVERSION_NOW);

    if (info->version_num >= LIBCURL_VERSION_NUM)
        return true;
    buffer_printf(error,
                  "webhooks cannot be sent: libcurl is %s, and this server was built with %s",
                  info->version, LIBCURL_VERSION);
    return false;
}

const struct webhook_curl *webhook_curl(struct buffer *error)
{
    if (is_ready)
        return &functions;
    if (!find_functions(error) || !is_new_enough(error))
        return NULL;
    if (functions.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        buffer_append_text(error, "webhooks cannot be sent: libcurl cannot be used");
        return NULL;
    }
    is_ready = true;
    return &functions;
}
