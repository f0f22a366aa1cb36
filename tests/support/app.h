/* The app that Pusher's documentation uses in its examples. */
#pragma once

#include "config/config.h"

static char *app_any_origin[] = {(char[]){"*"}};

static inline struct config_app app_of_documentation(void)
{
    static char id[] = "3";
    static char key[] = "278d425bdf160c739803";
    static char secret[] = "7ad3773142a6692b25b8";

    return (struct config_app){
        .id = id,
        .key = key,
        .secret = secret,
        .allowed_origins = app_any_origin,
        .allowed_origins_count = 1,
        .ping_interval_s = 60,
        .activity_timeout_s = 30,
        .max_message_size_bytes = 10000,
        .accept_client_events_from = CONFIG_CLIENT_EVENTS_MEMBERS,
        .cache_ttl_s = 1800,
    };
}
