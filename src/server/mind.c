#include "server/mind.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

static const int handed_on[] = {SIGTERM, SIGINT, SIGQUIT, SIGTSTP, SIGHUP};

static sigset_t waited_for(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    for (size_t i = 0; i < sizeof handed_on / sizeof handed_on[0]; i++)
        sigaddset(&set, handed_on[i]);
    return set;
}

void server_mind_block_signals(sigset_t *before)
{
    const sigset_t set = waited_for();

    pthread_sigmask(SIG_BLOCK, &set, before);
}

bool server_mind_adopts(void)
{
#ifdef __linux__
    return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0;
#else
    return false;
#endif
}

static int exit_status(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* True if a process of the group is left. */
static bool reap(pid_t group, int *status)
{
    pid_t reaped;

    do {
        reaped = waitpid(-group, status, WNOHANG);
    } while (reaped > 0 || (reaped < 0 && errno == EINTR));
    return reaped == 0;
}

int server_mind(pid_t child)
{
    const sigset_t set = waited_for();
    int status = 0;
    int number;

    while (reap(child, &status)) {
        if (sigwait(&set, &number) == 0 && number != SIGCHLD)
            kill(-child, number);
    }
    return exit_status(status);
}

/* Children, blocked signals and standard streams stay. `program` may have been replaced by a
 * version that cannot mind. */
_Noreturn void server_mind_exec(const char *program, pid_t child)
{
    char number[16];

    snprintf(number, sizeof number, "%d", (int)child);
    server_mind_block_signals(NULL);
#ifdef __linux__
    execl("/proc/self/exe", program, "mind", number, (char *)NULL);
#endif
    execlp(program, program, "mind", number, (char *)NULL);
    _exit(server_mind(child));
}
