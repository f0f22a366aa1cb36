#include "server/signals.h"

#include "base/check.h"
#include "server/minder.h"
#include "server/requests.h"

#include <signal.h>

static const int ending_signals[SERVER_STATE_ENDING_SIGNALS] = {SIGINT, SIGTERM, SIGQUIT, SIGTSTP};

static void on_reload_signal(uv_signal_t *handle, int number)
{
    struct server_state *server = handle->data;

    server_minder_hand_on(server, number);
    if (!server->is_ending)
        server_reload_run(&server->reload, NULL);
}

/* A process manager may send SIGTERM more than once, directly and through our parent: that must not
 * hasten the end. A second Ctrl-C does. */
static void on_ending_signal(uv_signal_t *handle, int number)
{
    struct server_state *server = handle->data;

    server_requests_end(server, number, number == SIGINT && server->is_ending);
}

void server_signals_watch(struct server_state *server)
{
    sigset_t reload;

    for (size_t i = 0; i < SERVER_STATE_ENDING_SIGNALS; i++) {
        CHECK(uv_signal_init(&server->loop, &server->signals[i]) == 0);
        server->signals[i].data = server;
        CHECK(uv_signal_start(&server->signals[i], on_ending_signal, ending_signals[i]) == 0);
    }
    CHECK(uv_signal_init(&server->loop, &server->reload_signal) == 0);
    server->reload_signal.data = server;
    CHECK(uv_signal_start(&server->reload_signal, on_reload_signal, SIGHUP) == 0);
    sigemptyset(&reload);
    sigaddset(&reload, SIGHUP);
    pthread_sigmask(SIG_UNBLOCK, &reload, NULL); /* it was held while the server started */
}
