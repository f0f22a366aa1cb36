/* Whether Redis is away for a node, logged once for all its links: when it goes away, when Redis
 * itself gives another reason, when it has been away for long, and when it is back.
 *
 * Thread: the cluster's; the reasons: any.
 */
#pragma once

#include "cluster/reason.h"
#include "config/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cluster_away {
    const struct config_scaling *settings;
    size_t links_count;      /* of links that are away */
    uint64_t since_ms;       /* when the first of them went away */
    uint64_t said_ms;        /* when it was logged last */
    uint64_t dropped_before; /* events dropped before it began */
    char said[32];           /* the last error code from Redis */
    bool has_gap;            /* what was not read yet was lost meanwhile */
    char policy[32];         /* Redis' maxmemory-policy; "": not known */
    const char *misfit;      /* "", or how its kind differs from the settings */
    struct cluster_reason reason;
    struct cluster_reason warning;
};

void cluster_away_init(struct cluster_away *away, const struct config_scaling *settings);
void cluster_away_deinit(struct cluster_away *away);

/* A link is away; `is_new`: it was not before. `server` is its address, or "". `said`: see
 * cluster/redis.h. `dropped_count`: events dropped up to now. */
void cluster_away_begin(struct cluster_away *away, bool is_new, const char *server,
                        const char *reason, const char *said, uint64_t now_ms,
                        uint64_t dropped_count);

/* Redis has no inbox of this node any more. */
void cluster_away_note_gap(struct cluster_away *away);

/* A link that was away is back. */
void cluster_away_end(struct cluster_away *away, uint64_t now_ms, uint64_t dropped_count);

/* Logs it again each time the configured timeout has passed. */
void cluster_away_remind(struct cluster_away *away, uint64_t now_ms);

/* Redis' maxmemory-policy, "" if it is not known, and whether it is a Redis Cluster: set or clear
 * the warning. */
void cluster_away_note_policy(struct cluster_away *away, struct bytes policy);
void cluster_away_note_kind(struct cluster_away *away, bool is_cluster);
