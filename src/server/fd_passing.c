#include "server/fd_passing.h"

#include "base/check.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define TEXT_LEN_MAX 4096

/* On other systems the sender ignores SIGPIPE, and the receiver sets FD_CLOEXEC itself. */
#ifdef MSG_NOSIGNAL
#define SEND_FLAGS MSG_NOSIGNAL
#else
#define SEND_FLAGS 0
#endif
#ifdef MSG_CMSG_CLOEXEC
#define RECEIVE_FLAGS MSG_CMSG_CLOEXEC
#else
#define RECEIVE_FLAGS 0
#endif

union control {
    char space[CMSG_SPACE(SERVER_FD_PASSING_MAX * sizeof(int))];
    struct cmsghdr alignment;
};

bool server_fd_passing_send(int fd, struct bytes text, const int *fds, size_t count)
{
    union control control = {0};
    struct iovec piece = {.iov_base = (void *)(uintptr_t)text.data, .iov_len = text.len};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    struct cmsghdr *header;

    CHECK(count <= SERVER_FD_PASSING_MAX);
    if (count > 0) {
        message.msg_control = control.space;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
        header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(header), fds, count * sizeof(int));
    }
    return sendmsg(fd, &message, SEND_FLAGS) == (ssize_t)text.len;
}

int server_fd_passing_receive(int fd, struct buffer *text, int fds[SERVER_FD_PASSING_MAX])
{
    union control control = {0};
    struct iovec piece = {.iov_base = buffer_reserve(text, TEXT_LEN_MAX), .iov_len = TEXT_LEN_MAX};
    struct msghdr message = {
        .msg_iov = &piece,
        .msg_iovlen = 1,
        .msg_control = control.space,
        .msg_controllen = sizeof control.space,
    };
    size_t count = 0;
    ssize_t len;

    do {
        len = recvmsg(fd, &message, RECEIVE_FLAGS);
    } while (len < 0 && errno == EINTR);
    if (len <= 0)
        return -1;
    text->len += (size_t)len;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != NULL;
         header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS || count > 0)
            continue;
        count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(fds, CMSG_DATA(header), count * sizeof(int));
    }
    return (int)count;
}
