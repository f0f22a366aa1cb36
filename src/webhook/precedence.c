#include "webhook/precedence.h"

#include "base/buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

void webhook_precedence_init(struct webhook_precedence *precedence)
{
    *precedence = (struct webhook_precedence){.fd = -1, .next_fd = -1};
}

/* A file that cannot be locked, for another reason than that it is locked, keeps nobody waiting. */
static bool lock(int *fd, const char *path, const char *suffix)
{
    struct buffer name = {0};

    if (*fd < 0) {
        buffer_printf(&name, "%s%s", path, suffix);
        *fd = open(buffer_text(&name), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        buffer_deinit(&name);
    }
    return *fd < 0 || flock(*fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

static void unlock(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

bool webhook_precedence_has(struct webhook_precedence *precedence)
{
    if (precedence->has || precedence->path == NULL)
        return true;
    if (!lock(&precedence->next_fd, precedence->path, ".next") ||
        !lock(&precedence->fd, precedence->path, ""))
        return false;
    unlock(&precedence->next_fd);
    precedence->has = true;
    return true;
}

void webhook_precedence_leave(struct webhook_precedence *precedence)
{
    unlock(&precedence->fd);
    unlock(&precedence->next_fd);
    precedence->has = false;
}

void webhook_precedence_deinit(struct webhook_precedence *precedence)
{
    webhook_precedence_leave(precedence);
    free(precedence->path);
}
