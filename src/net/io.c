#include "net/io.h"

#include "net/poller.h"
#include "net/ring.h"

#include <stddef.h>

struct net_io net_io_choose(bool wants_uring)
{
    struct net_io io = {.name = NET_POLLER_EPOLL ? "epoll" : "portable"};

    if (!NET_POLLER_EPOLL || !wants_uring)
        return io;
    io.has_batches = net_ring_probe(&io.reason);
    if (io.has_batches)
        io.name = "io_uring";
    return io;
}
