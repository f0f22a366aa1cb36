/* What a channel's name says about it. The dash belongs to the prefix: `privatefoo` is public.
 *
 * Source: Pusher Channels, "Channel types". Thread: any.
 */
#pragma once

#include "base/bytes.h"

struct channel_kind {
    bool needs_auth;  /* private, encrypted and presence channels */
    bool is_presence; /* has a list of members */
    bool is_cache;    /* caches its last event */
    bool is_encrypted;
};

struct channel_kind channel_kind_of(struct bytes name);

/* Kinds have numbers, from 0 on, and names by which operators know them: "private-cache". */
#define CHANNEL_KIND_COUNT 8

unsigned channel_kind_number(struct channel_kind kind);
const char *channel_kind_name(unsigned number);
