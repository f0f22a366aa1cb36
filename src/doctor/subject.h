/* What the doctor examines: a configuration, the server that runs with it, and the address at which
 * browsers and publishers reach that.
 *
 * Thread: main. Memory: borrows everything; the caller keeps it until the doctor is done.
 */
#pragma once

#include "client/server.h"
#include "config/config.h"
#include "config/env.h"

struct doctor_subject {
    const struct config *config;  /* NULL: there is none; then `app` and `url` were given */
    const struct config_app *app; /* NULL: none is known */
    const char *url;       /* the address that was asked for; NULL: that of the configuration */
    const char *origin;    /* NULL: APP_URL, or none */
    const char *bundle;    /* a file or folder of built JavaScript; NULL: public/build */
    struct config_env env; /* the application's .env; empty if there is none */
    bool has_env;
    bool is_trusting; /* any certificate is accepted */
    uint32_t idle_s;  /* how long a silent client is watched; 0: not at all */
};

/* The variable's value in the process environment, else in `.env`; "" if there is none. */
const char *doctor_subject_variable(const struct doctor_subject *subject, const char *name);
