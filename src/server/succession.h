/* A restart without a gap in listening: a new process succeeds this one.
 *
 *     this process                                the new one
 *     starts it, or waits for it                  REVERB_SUCCEEDS=/run/…/8080.sock
 *     the control socket          <── handover    once its configuration is loaded
 *     {"sockets":2} and copies    ──>             opens all that it needs, and serves
 *                                 <── ready       or "failed" and a line
 *     ends: its clients find the new one
 *
 * Until "ready" nothing changes for clients; if the new process cannot start, this one continues.
 *
 * Thread: main.
 */
#pragma once

#include "server/control.h"

#define SERVER_SUCCESSION_PATH "REVERB_SUCCEEDS"
#define SERVER_SUCCESSION_MINDER "REVERB_MINDER"
#define SERVER_SUCCESSION_ASK "handover"
/* Of a process that was not told of us, and has found us on its port. */
#define SERVER_SUCCESSION_ASK_PORT "handover port"
#define SERVER_SUCCESSION_READY "ready"
#define SERVER_SUCCESSION_FAILED "failed "

struct server_succession_events {
    /* A new process serves. */
    void (*on_done)(void *user);
    /* It failed, for that reason; this process continues to serve, if it can. */
    void (*on_failed)(const char *reason, void *user);
    /* It served, and has died for that reason, while this process still ends. */
    void (*on_lost)(const char *reason, void *user);
};

struct server_succession {
    const struct server_succession_events *events;
    void *user;
    uv_loop_t *loop;
    uv_timer_t deadline;
    char *const *argv; /* of the program that was started last */
    const char *control_path;
    pid_t minder;
    pid_t pid;                               /* of the new process, if we have started it; else 0 */
    struct server_control_caller *requester; /* requested the restart, and waits for the answer */
    struct server_control_caller *successor; /* has received the sockets */
    int deferred;                            /* a signal for the new process once it serves; or 0 */
    int exit_status;                         /* of a new process that has ended since */
    bool is_awaited;                         /* a new process may connect and take over */
    bool is_done;
};

void server_succession_init(struct server_succession *succession, uv_loop_t *loop,
                            const struct server_succession_events *events, void *user);

/* Whether a succession may begin: none is under way. */
bool server_succession_is_possible(const struct server_succession *succession);

/* Starts `argv`, which stays the caller's as `control_path` does, as the new process. The requester
 * is answered when it serves or has failed. */
void server_succession_start(struct server_succession *succession, char *const *argv,
                             const char *control_path, pid_t minder,
                             struct server_control_caller *requester);

/* Waits for a new process that another one starts. The requester may be NULL. */
void server_succession_await(struct server_succession *succession,
                             struct server_control_caller *requester);

/* Ends the wait: no new process comes, for that reason. */
void server_succession_fail(struct server_succession *succession, const char *reason);

/* A signal to this process that concerns the service, while the new process does not serve yet:
 * that one is not ready for it, but has perhaps read its configuration already. If it is a signal
 * to end, no new process takes over. */
void server_succession_signal(struct server_succession *succession, int number);

/* Handles a line of a new process; false if it is another kind of line. */
bool server_succession_hear(struct server_succession *succession,
                            struct server_control_caller *caller, struct bytes line, const int *fds,
                            size_t fds_count);

/* The caller has gone. */
void server_succession_forget(struct server_succession *succession,
                              struct server_control_caller *caller);

/* Frees the new process's handle, which is on the heap, when all handles of the loop are closed. */
void server_succession_free_process(uv_handle_t *handle);
