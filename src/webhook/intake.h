/* Where workers put what has happened: a list that the webhooks' thread takes as a whole. Its lock
 * is held for some instructions only, and gives the changes their order.
 *
 * Thread: any, unless noted.
 */
#pragma once

#include "webhook/change.h"

#include <pthread.h>

/* Links of the cluster; each is one bit. */
#define WEBHOOK_INTAKE_LINKS_COUNT_MAX 64

struct webhook_intake {
    void (*wake)(void *user); /* the thread is to look here */
    void *wake_user;

    pthread_mutex_t lock; /* over all below */
    struct webhook_change *first;
    struct webhook_change **last;
    size_t bytes;
    uint64_t overflow_count;
    uint64_t links_to_forget;
    bool is_ending;
};

/* What was in it. */
struct webhook_intake_content {
    struct webhook_change *first; /* a list by `next`, of references */
    uint64_t links_to_forget;     /* one bit each: their changes are to be forgotten */
    bool is_ending;
};

void webhook_intake_init(struct webhook_intake *intake, void (*wake)(void *user), void *wake_user);

/* Abandons what is in it. After all threads have ended. */
void webhook_intake_deinit(struct webhook_intake *intake);

/* Takes `*change`; drops and counts it if too many wait. The calls for one channel must be in the
 * order of its changes. */
void webhook_intake_put(struct webhook_intake *intake, struct webhook_change **change);

/* Another node sends what came from that link of the cluster. */
void webhook_intake_forget_link(struct webhook_intake *intake, size_t link);

/* From now on nothing is put in any more. */
void webhook_intake_end(struct webhook_intake *intake);

/* Only the webhooks' thread. */
struct webhook_intake_content webhook_intake_take(struct webhook_intake *intake);

uint64_t webhook_intake_overflow_count(struct webhook_intake *intake);
