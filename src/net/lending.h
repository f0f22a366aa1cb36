/* A loop with a thread of its own, which lends it to the loop that alone uses it.
 *
 * A mail to another thread, and the answer, wake a thread each. If mail comes one at a time and
 * from one loop, that is most of what it costs: then the thread lets that loop have its own as a
 * guest (net/loop.h), and sleeps until it is given back. It is given back when there is more to do
 * than one thread should: much mail in a turn, mail from other loops, long turns; or when the host
 * ends.
 *
 * Thread: whoever runs the loop has it, and everything of the owner here; the offer, a mail, and
 * the semaphore order who that is. net_lending_close(): any.
 */
#pragma once

#include "net/loop.h"

/* So many mails in a row come from one loop before it is lent, at most so many in a turn. */
#define NET_LENDING_ALONE 16
#define NET_LENDING_TURN_MAX 2
/* It is given back after a turn with more mails than that, or if so many come from other loops
 * while the host posts fewer than NET_LENDING_ALONE. */
#define NET_LENDING_LENT_TURN_MAX 4
#define NET_LENDING_OTHERS_MAX 4
/* It then stays with its thread for so long. */
#define NET_LENDING_REST_MS 100

struct net_lending {
    struct net_loop *loop; /* fixed */

    /* Owner. */
    struct net_loop *sender; /* the host, if it is lent */
    unsigned sent_count;     /* mails of the sender alone */
    unsigned others_count;   /* mails of others meanwhile */
    unsigned turn_count;     /* mails in this turn */
    bool is_lent;
    bool is_due; /* the thread lends it when its loop has stopped for that */
    uint64_t rests_until_ms;

    /* Any thread. */
    atomic_int state;
    uv_sem_t is_back;
    struct net_mail offer;
};

void net_lending_init(struct net_lending *lending, struct net_loop *loop);
void net_lending_deinit(struct net_lending *lending);

/* On the loop's thread: runs the loop, or waits while it is lent, until net_loop_stop(). */
void net_lending_run(struct net_lending *lending);

/* From now on it is not lent any more; who has it gives it back soon. To be called when one of the
 * loops that send to it has ended, and before it is stopped. */
void net_lending_close(struct net_lending *lending);

/* A mail is being delivered that the thread of `from` has posted (net_loop_running()); NULL: a
 * thread without a loop. Only loops with `takes_guests` count, and get it. */
void net_lending_note(struct net_lending *lending, struct net_loop *from);

/* At the end of each turn of the loop. */
void net_lending_end_turn(struct net_lending *lending);
