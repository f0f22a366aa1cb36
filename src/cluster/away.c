#include "cluster/away.h"

#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void cluster_away_init(struct cluster_away *away, const struct config_scaling *settings)
{
    *away = (struct cluster_away){.settings = settings, .misfit = ""};
    cluster_reason_init(&away->reason);
    cluster_reason_init(&away->warning);
}

void cluster_away_deinit(struct cluster_away *away)
{
    cluster_reason_deinit(&away->reason);
    cluster_reason_deinit(&away->warning);
}

/* Remembers the code of what Redis says; false if it is the one that was said before. */
static bool is_news(struct cluster_away *away, const char *said)
{
    const size_t len = said ? strcspn(said, " ") : 0;

    /* What waits while Redis becomes a replica hears this; what writes hears why. */
    if (len == strlen("UNBLOCKED") && strncmp(said, "UNBLOCKED", len) == 0)
        return false;
    if (len == 0 || (strncmp(away->said, said, len) == 0 && away->said[len] == '\0'))
        return false;
    snprintf(away->said, sizeof away->said, "%.*s", (int)len, said);
    return true;
}

void cluster_away_begin(struct cluster_away *away, bool is_new, const char *server,
                        const char *reason, const char *said, uint64_t now_ms,
                        uint64_t dropped_count)
{
    const bool is_first = is_new && away->links_count++ == 0;
    const char *blank = server[0] != '\0' ? " " : "";

    cluster_reason_set(&away->reason, reason);
    if (is_first) {
        away->said[0] = '\0';
        away->since_ms = now_ms;
        away->said_ms = now_ms;
        away->dropped_before = dropped_count;
    }
    if (is_news(away, said) && !is_first)
        log_error("Redis%s%s is still away: %s", blank, server, reason);
    if (is_first)
        log_error("Redis%s%s is away: %s; clients stay, this node goes on by itself and tries "
                  "again",
                  blank, server, reason);
}

void cluster_away_note_gap(struct cluster_away *away)
{
    away->has_gap = true;
}

void cluster_away_end(struct cluster_away *away, uint64_t now_ms, uint64_t dropped_count)
{
    const uint64_t dropped = dropped_count - away->dropped_before;

    if (--away->links_count > 0)
        return;
    cluster_reason_set(&away->reason, "");
    log_info("Redis is back after %" PRIu64 " s", (now_ms - away->since_ms + 500) / 1000);
    if (dropped > 0)
        log_warn("%" PRIu64
                 " events of that time were dropped for the other nodes: no more than %u "
                 "bytes are kept (REVERB_SCALING_MAX_KEPT)",
                 dropped, away->settings->max_kept_bytes);
    if (away->has_gap)
        log_warn(
            "Redis had lost what this node had not read yet: events of other nodes may be missing");
    away->has_gap = false;
}

void cluster_away_remind(struct cluster_away *away, uint64_t now_ms)
{
    const uint64_t timeout_ms = away->settings->timeout_s * UINT64_C(1000);

    if (away->links_count == 0 || timeout_ms == 0 || now_ms - away->said_ms < timeout_ms)
        return;
    away->said_ms = now_ms;
    log_error("Redis is away for %" PRIu64 " s now", (now_ms - away->since_ms) / 1000);
}

/* The nodes of the other kind spread the keys over other slots: neither would notice the other. */
static const char *misfit(const struct cluster_away *away, bool is_cluster)
{
    if (is_cluster == away->settings->cluster)
        return "";
    return is_cluster
               ? "Redis is a node of a Redis Cluster, and REVERB_SCALING_CLUSTER is not true: "
                 "nodes for which it is are another cluster"
               : "Redis is no Redis Cluster, and REVERB_SCALING_CLUSTER is true: nodes for "
                 "which it is not are another cluster";
}

static void warn(struct cluster_away *away)
{
    char text[CLUSTER_REASON_LEN_MAX];
    char before[CLUSTER_REASON_LEN_MAX];

    snprintf(text, sizeof text, "%s", away->misfit);
    if (text[0] == '\0' && away->policy[0] != '\0' && strcmp(away->policy, "noeviction") != 0)
        snprintf(text, sizeof text,
                 "Redis evicts keys when its memory is full (maxmemory-policy %s), and with them "
                 "what the nodes have told it: it must be noeviction",
                 away->policy);
    cluster_reason_read(&away->warning, before);
    if (strcmp(text, before) == 0)
        return;
    cluster_reason_set(&away->warning, text);
    if (text[0] != '\0')
        log_error("%s", text);
}

void cluster_away_note_policy(struct cluster_away *away, struct bytes policy)
{
    snprintf(away->policy, sizeof away->policy, "%.*s", BYTES_ARGS(policy));
    warn(away);
}

void cluster_away_note_kind(struct cluster_away *away, bool is_cluster)
{
    away->misfit = misfit(away, is_cluster);
    warn(away);
}
