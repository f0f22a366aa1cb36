#include "config/certificate.h"

#include "base/buffer.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Below $HOME, in the order in which they are searched. */
static const char *const folders[] = {
    "Library/Application Support/Herd/config/valet/Certificates",
    ".config/valet/Certificates",
};

/* "https://app.test:8080/x" is "app.test". */
static struct bytes host_of(const char *hostname)
{
    const char *scheme_end = strstr(hostname, "://");
    struct bytes host = bytes_of(scheme_end != NULL ? scheme_end + 3 : hostname);
    const char *at;

    host.len = strcspn(host.data, "/?#");
    at = host.len ? memchr(host.data, '@', host.len) : NULL;
    if (at != NULL)
        host = bytes_from(host, (size_t)(at - host.data) + 1);
    if (host.len > 0 && host.data[0] != '[') {
        const char *port = memchr(host.data, ':', host.len);

        if (port != NULL)
            host.len = (size_t)(port - host.data);
    }
    return host;
}

static char *path_of(const char *home, const char *folder, struct bytes host, const char *ending)
{
    struct buffer path = {0};
    char *copy;

    buffer_printf(&path, "%s/%s/%.*s%s", home, folder, BYTES_ARGS(host), ending);
    copy = bytes_copy(buffer_bytes(&path));
    buffer_deinit(&path);
    return copy;
}

bool config_certificate_find(const char *hostname, char **certificate, char **key)
{
    const char *home = getenv("HOME");
    struct bytes host = host_of(hostname);

    *certificate = NULL;
    *key = NULL;
    if (home == NULL || *home == '\0' || host.len == 0)
        return false;
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        *certificate = path_of(home, folders[i], host, ".crt");
        *key = path_of(home, folders[i], host, ".key");
        if (access(*certificate, F_OK) == 0 && access(*key, F_OK) == 0)
            return true;
        free(*certificate);
        free(*key);
        *certificate = NULL;
        *key = NULL;
    }
    return false;
}
