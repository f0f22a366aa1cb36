/* A restart without a moment in which nobody listens: a new process takes the place of this one.
 *
 *     this process                                the new one
 *     starts it, or waits for it                  REVERB_SUCCEEDS=/run/…/8080.sock
 *     the control socket          <── handover    once its configuration is loaded
 *     {"sockets":2} and copies    ──>             opens all that it needs, and serves
 *                                 <── ready       or "failed" and a line
 *     ends: its clients find the new one
 *
 * Until "ready" nothing has changed for anybody; a new process that cannot start leaves this one
 * where it is.
 *
 * Thread: main.
 */
#pragma once

#include "server/control.h"

#define SERVER_SUCCESSION_PATH "REVERB_SUCCEEDS"
#define SERVER_SUCCESSION_MINDER "REVERB_MINDER"
#define SERVER_SUCCESSION_ASK "handover"
#define SERVER_SUCCESSION_READY "ready"
#define SERVER_SUCCESSION_FAILED "failed "

struct server_succession_events {
    /* A new process serves. */
    void (*on_done)(void *user);
    /* There is none, for that reason; this one serves on, if it can. */
    void (*on_failed)(const char *reason, void *user);
};

struct server_succession {
    const struct server_succession_events *events;
    void *user;
    uv_loop_t *loop;
    uv_timer_t deadline;
    pid_t pid;                              /* of the new one, if we have started it; else 0 */
    struct server_control_asker *requester; /* who asked for the restart, and waits */
    struct server_control_asker *successor; /* who has the sockets */
    int exit_status;                        /* of a new process that has ended since */
    bool is_awaited;                        /* one may come and take over */
    bool is_done;
};

void server_succession_init(struct server_succession *succession, uv_loop_t *loop,
                            const struct server_succession_events *events, void *user);

/* Whether none is under way. */
bool server_succession_is_possible(const struct server_succession *succession);

/* Starts `argv` as the new process. The requester is answered when it serves or has failed. */
void server_succession_start(struct server_succession *succession, char *const *argv,
                             const char *control_path, pid_t minder,
                             struct server_control_asker *requester);

/* Somebody else starts it. The requester may be NULL. */
void server_succession_await(struct server_succession *succession,
                             struct server_control_asker *requester);

/* It does not come, for that reason. */
void server_succession_fail(struct server_succession *succession, const char *reason);

/* Whether the line was one of a new process, and was dealt with. */
bool server_succession_hear(struct server_succession *succession,
                            struct server_control_asker *asker, struct bytes line, const int *fds,
                            size_t fds_count);

/* The asker is no longer there. */
void server_succession_forget(struct server_succession *succession,
                              struct server_control_asker *asker);

/* For whoever closes all handles of the loop: that of the new process is on the heap. */
void server_succession_free_process(uv_handle_t *handle);
