/* A server whose control socket answers by a script: for the commands that ask a running server. */
#pragma once

#include "support/scripted.h"

static struct scripted control_peer;

/* In the current folder, for the server on that port; one answer for each question. */
#define CONTROL_PEER_ANSWER(port, ...) \
    control_peer_open(port, (struct scripted){.answers = {__VA_ARGS__}})

static inline void control_peer_open(const char *port, struct scripted scripted)
{
    char folder[256];
    struct buffer path = {0};

    assert_non_null(getcwd(folder, sizeof folder));
    setenv("REVERB_CONTROL", folder, 1);
    buffer_printf(&path, "%s/%s.sock", folder, port);
    control_peer = scripted;
    scripted_open_unix(&control_peer, buffer_text(&path));
    buffer_deinit(&path);
}

/* When all has been answered: these lines have come. */
static inline void control_peer_assert_asked(const char *lines)
{
    pthread_join(control_peer.thread, NULL);
    assert_string_equal(buffer_text(&control_peer.heard), lines);
    buffer_deinit(&control_peer.heard);
}
