#include "cluster/reason.h"

#include "base/check.h"

#include <stdio.h>
#include <string.h>

void cluster_reason_init(struct cluster_reason *reason)
{
    CHECK(pthread_mutex_init(&reason->lock, NULL) == 0);
    reason->text[0] = '\0';
}

void cluster_reason_deinit(struct cluster_reason *reason)
{
    pthread_mutex_destroy(&reason->lock);
}

void cluster_reason_set(struct cluster_reason *reason, const char *text)
{
    CHECK(pthread_mutex_lock(&reason->lock) == 0);
    snprintf(reason->text, sizeof reason->text, "%s", text);
    CHECK(pthread_mutex_unlock(&reason->lock) == 0);
}

void cluster_reason_read(struct cluster_reason *reason, char text[CLUSTER_REASON_LEN_MAX])
{
    CHECK(pthread_mutex_lock(&reason->lock) == 0);
    memcpy(text, reason->text, sizeof reason->text);
    CHECK(pthread_mutex_unlock(&reason->lock) == 0);
}

void cluster_reason_describe(struct bytes answer, struct bytes what, char *text, size_t len)
{
    if (bytes_equal(answer, BYTES("LOST")))
        snprintf(text, len,
                 "it has lost a part of what it was told (%.*s), so that all nodes tell it anew; "
                 "if it evicts keys, its maxmemory-policy must be noeviction",
                 BYTES_ARGS(what));
    else if (bytes_equal(answer, BYTES("LAYOUT")))
        snprintf(text, len,
                 "nodes of another version are there, whose layout of keys is number %.*s: they "
                 "and this one do not understand each other; it joins when they have ended",
                 BYTES_ARGS(what));
    else
        snprintf(text, len, "it does not know this node any more");
}
