#include "server/minder.h"

#include "server/mind.h"
#include "server/notify.h"

#include <signal.h>

pid_t server_minder_pid(const struct server_state *server)
{
    const pid_t known = server->start->predecessor->minder;

    if (server_notify_is_heard())
        return 0;
    return known != 0 && server_mind_adopts() ? known : uv_os_getpid();
}

bool server_minder_is_self(const struct server_state *server)
{
    return server->succession.is_done && server->succession.pid != 0 &&
           server_minder_pid(server) == uv_os_getpid();
}

/* Who sends signals knows the process that was started. The new one may have been succeeded itself,
 * by others of its process group. */
void server_minder_hand_on(struct server_state *server, int number)
{
    const pid_t pid = server->succession.pid;

    if (server_minder_is_self(server))
        kill(-pid, number);
    else if (!server->succession.is_done)
        server_succession_signal(&server->succession, number);
    else if (pid != 0 && server_minder_pid(server) == 0)
        kill(pid, number);
}
