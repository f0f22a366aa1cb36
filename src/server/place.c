#include "server/place.h"

#include "base/platform.h"

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET_SUFFIX ".sock"
#define CHANGED_BY_OTHERS (S_IWGRP | S_IWOTH)

static bool is_named(void)
{
    return bytes_of(getenv("REVERB_CONTROL")).len > 0;
}

bool server_place_folder(size_t index, struct buffer *path)
{
    const struct bytes runtime = bytes_of(getenv("XDG_RUNTIME_DIR"));
    const struct bytes named = bytes_of(getenv("REVERB_CONTROL"));

    buffer_clear(path);
    if (named.len > 0) {
        buffer_append_bytes(path, named);
        return index == 0;
    }
    if (runtime.len > 0 && index == 0)
        buffer_printf(path, "%.*s/reverb", BYTES_ARGS(runtime));
    else
        buffer_printf(path, "/tmp/reverb-%u", (unsigned)geteuid());
    return index == 0 || (runtime.len > 0 && index == 1);
}

bool server_place_socket(size_t index, uint16_t port, struct buffer *path)
{
    const bool is_place = server_place_folder(index, path);

    buffer_printf(path, "/%u" SOCKET_SUFFIX, port);
    return is_place;
}

/* --- trust ---------------------------------------------------------------------------------- */

/* A folder that was named may also belong to root; root may use a named folder of any user. */
static bool is_trusted_owner(uid_t owner)
{
    return owner == geteuid() || (is_named() && (owner == 0 || geteuid() == 0));
}

static bool is_trusted(const char *path, mode_t kind, const char *what, struct buffer *error)
{
    struct stat info;

    if (lstat(path, &info) != 0)
        return false; /* it does not exist */
    if ((info.st_mode & S_IFMT) != kind)
        buffer_printf(error, "%s is not a %s; it is not used", path, what);
    else if (!is_trusted_owner(info.st_uid))
        buffer_printf(error, "%s belongs to somebody else (user id %u); it is not used", path,
                      (unsigned)info.st_uid);
    else if (kind == S_IFDIR && (info.st_mode & CHANGED_BY_OTHERS) != 0)
        buffer_printf(error, "%s may be changed by others (mode %03o); it is not used: chmod 700",
                      path, (unsigned)(info.st_mode & 0777));
    else
        return true;
    return false;
}

bool server_place_make(struct buffer *error)
{
    struct buffer path = {0};
    bool is_ours = false;

    server_place_folder(0, &path);
    if (mkdir(buffer_text(&path), 0700) != 0 && errno != EEXIST)
        buffer_printf(error, "%s cannot be made: %s", buffer_text(&path), strerror(errno));
    else
        is_ours = is_trusted(buffer_text(&path), S_IFDIR, "folder", error);
    buffer_deinit(&path);
    return is_ours;
}

static bool is_trusted_socket(const char *path, struct buffer *error)
{
    const char *slash = strrchr(path, '/');
    char *folder = bytes_copy((struct bytes){path, slash ? (size_t)(slash - path) : 0});
    const bool ok =
        is_trusted(folder, S_IFDIR, "folder", error) && is_trusted(path, S_IFSOCK, "socket", error);

    free(folder);
    return ok;
}

int server_place_connect(const char *path, struct buffer *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd;

    if (strlen(path) >= sizeof address.sun_path || !is_trusted_socket(path, error))
        return -1;
    memcpy(address.sun_path, path, strlen(path) + 1);
    fd = platform_socket(AF_UNIX);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* --- finding servers ------------------------------------------------------------------------ */

static uint16_t port_of(const char *name)
{
    const struct bytes text = bytes_of(name);
    const size_t suffix_len = sizeof SOCKET_SUFFIX - 1;
    uint64_t port;

    if (text.len <= suffix_len ||
        !bytes_equal(bytes_from(text, text.len - suffix_len), BYTES(SOCKET_SUFFIX)) ||
        !bytes_to_number((struct bytes){text.data, text.len - suffix_len}, UINT16_MAX, &port))
        return 0;
    return (uint16_t)port;
}

/* The number of sockets in the folder; `port` is the last one's. */
static size_t count_sockets(const char *folder, uint16_t *port)
{
    DIR *list = opendir(folder);
    size_t count = 0;

    for (struct dirent *entry; list != NULL && (entry = readdir(list)) != NULL;)
        if (port_of(entry->d_name) != 0) {
            *port = port_of(entry->d_name);
            count++;
        }
    if (list != NULL)
        closedir(list);
    return count;
}

uint16_t server_place_lone_port(void)
{
    struct buffer folder = {0};
    uint16_t port = 0;
    size_t count = 0;

    for (size_t i = 0; server_place_folder(i, &folder); i++)
        count += count_sockets(buffer_text(&folder), &port);
    buffer_deinit(&folder);
    return count == 1 ? port : 0;
}

bool server_place_find_other(uint16_t port, struct buffer *path, struct buffer *user)
{
    static const char *const folders[] = {"/tmp/reverb-*", "/run/reverb*", "/run/user/*/reverb"};
    glob_t found = {0};
    struct stat info;
    bool is_found = false;

    for (size_t i = 0; geteuid() == 0 && i < sizeof folders / sizeof folders[0]; i++) {
        buffer_clear(path);
        buffer_printf(path, "%s/%u" SOCKET_SUFFIX, folders[i], port);
        glob(buffer_text(path), i > 0 ? GLOB_APPEND : 0, NULL, &found);
    }
    for (size_t i = 0; i < found.gl_pathc && !is_found; i++) {
        const struct passwd *owner;

        if (lstat(found.gl_pathv[i], &info) != 0 || !S_ISSOCK(info.st_mode) ||
            info.st_uid == geteuid())
            continue;
        owner = getpwuid(info.st_uid);
        is_found = owner != NULL;
        buffer_clear(path);
        buffer_append_text(path, found.gl_pathv[i]);
        buffer_append_text(user, is_found ? owner->pw_name : "");
    }
    globfree(&found);
    return is_found;
}
