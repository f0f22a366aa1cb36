/* One receiver: what waits for it, in order; the batch that is being sent, until the receiver has
 * it or it is given up.
 *
 * Thread: owner. Life: to the end of its webhook; a reload that still has its URL keeps it.
 */
#pragma once

#include "base/buffer.h"
#include "base/list.h"
#include "webhook/pipe.h"
#include "webhook/smoothing.h"
#include "webhook/spec.h"

#define WEBHOOK_TARGET_BATCH_ID_LEN_MAX 64

struct webhook_target_batch {
    struct list events; /* empty: there is none */
    size_t count;
    struct buffer body;
    char id[WEBHOOK_TARGET_BATCH_ID_LEN_MAX];
    uint64_t ready_ms; /* when its first event was ready */
    unsigned attempts;
};

struct webhook_target {
    struct list link; /* its owner's */
    struct webhook_spec spec;
    const char *source;              /* of the sequence; its owner's */
    const struct webhook_pipe *pipe; /* its owner's */
    bool is_in_use;                  /* for its owner, in a reload */

    struct webhook_smoothing smoothing;
    struct list queue;
    size_t queue_count;
    size_t queue_bytes;
    uint64_t sequence; /* the number of the last event */

    struct webhook_delivery_request *request;
    struct webhook_target_batch batch;
    bool is_sending;
    bool is_fresh;   /* its settings are new, or a request failed: the next opens a connection */
    bool is_hurried; /* nothing is retried, and no batch waits to grow */
    uint64_t retry_at_ms;     /* 0: it does not wait */
    unsigned failures;        /* attempts that failed in a row */
    uint64_t regrouped_count; /* requests that have events of one that was given up */

    /* For status and metrics. */
    uint64_t delivered_count;
    uint64_t failed_count;  /* attempts */
    uint64_t full_count;    /* events dropped: the queue was full */
    uint64_t expired_count; /* events dropped: not delivered within `retry_for` */
    unsigned last_status;   /* of HTTP; 0: there was no answer, or the pipe took it */
    uint64_t last_ms;       /* when the last attempt ended, Unix time; 0: none has */
    char last_reason[WEBHOOK_DELIVERY_REASON_LEN_MAX]; /* ""; why it failed */
};

/* Without settings: webhook_target_configure() comes next. `source` and `pipe` stay the
 * caller's. */
struct webhook_target *webhook_target_new(struct webhook_delivery *delivery,
                                          const struct webhook_pipe *pipe, const char *source);

/* Drops what waits, and logs how much that is. */
void webhook_target_free(struct webhook_target *target);

/* Takes up a copy of other settings; what waits stays. */
void webhook_target_configure(struct webhook_target *target, const struct webhook_spec *spec);

/* Whether it is the target of that app and URL. */
bool webhook_target_is_of(const struct webhook_target *target, const struct webhook_spec *spec);

/* Takes a reference of its own, if the change concerns it. */
void webhook_target_take(struct webhook_target *target, struct webhook_change *change,
                         uint64_t now_ms);

/* Reports what is due, and begins to send if it may. */
void webhook_target_turn(struct webhook_target *target, uint64_t now_ms);

/* When there is something to do for webhook_target_turn(); UINT64_MAX: nothing, until something is
 * taken or sent. */
uint64_t webhook_target_due_ms(const struct webhook_target *target);

/* From now on nothing waits: for the end of the server. */
void webhook_target_hurry(struct webhook_target *target);

/* Whether nothing waits and nothing is being sent. */
bool webhook_target_is_idle(const struct webhook_target *target);

/* Drops the changes of that link of the cluster, and gives up a request that has such: another node
 * sends them. */
void webhook_target_forget_link(struct webhook_target *target, size_t link);

/* How long the first event has been waiting; 0 if none does. */
uint64_t webhook_target_age_ms(const struct webhook_target *target, uint64_t now_ms);
