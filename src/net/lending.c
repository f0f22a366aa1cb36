#include "net/lending.h"

#include "base/check.h"
#include "base/list.h"

/*      thread offers          host takes
 *  OWN ─────────────▶ OFFERED ──────────▶ LENT
 *   ▲                    │                  │ host gives back
 *   └────────────────────┼──────────────────┘
 *                        ▼ closed, by anybody and from each state
 *                      CLOSED
 *
 * For each offer the semaphore is posted once: by the host that has taken it, or, if it was not
 * taken, by who has closed it. A host that has ended never looks at its mail again, and closes. */
enum { OWN, OFFERED, LENT, CLOSED };

static bool change(struct net_lending *lending, int from, int to)
{
    return atomic_compare_exchange_strong(&lending->state, &from, to);
}

/* On the host's thread, which does not touch the loop any more. */
static void give_back(void *lender)
{
    struct net_lending *lending = lender;

    change(lending, LENT, OWN);
    uv_sem_post(&lending->is_back);
}

static void on_offer(struct net_mail *mail, void *owner)
{
    struct net_lending *lending = LIST_OWNER(mail, struct net_lending, offer);

    (void)owner;
    if (change(lending, OFFERED, LENT) && !net_loop_take_guest(lending->sender, lending->loop))
        give_back(lending);
}

void net_lending_init(struct net_lending *lending, struct net_loop *loop)
{
    *lending = (struct net_lending){.loop = loop, .offer.deliver = on_offer};
    atomic_init(&lending->state, NET_POLLER_EPOLL ? OWN : CLOSED);
    CHECK(uv_sem_init(&lending->is_back, 0) == 0);
}

void net_lending_deinit(struct net_lending *lending)
{
    uv_sem_destroy(&lending->is_back);
}

void net_lending_close(struct net_lending *lending)
{
    if (atomic_exchange(&lending->state, CLOSED) == OFFERED)
        uv_sem_post(&lending->is_back);
}

static void count_anew(struct net_lending *lending)
{
    lending->sent_count = 0;
    lending->others_count = 0;
}

static void lend(struct net_lending *lending)
{
    lending->is_due = false;
    count_anew(lending);
    if (!change(lending, OWN, OFFERED))
        return;
    lending->is_lent = true;
    lending->loop->on_dismissed = give_back;
    lending->loop->lender = lending;
    net_mailbox_post(&lending->sender->mailbox, &lending->offer);
    uv_sem_wait(&lending->is_back);
    lending->is_lent = false;
    count_anew(lending);
    uv_update_time(&lending->loop->uv);
    lending->rests_until_ms = net_loop_now_ms(lending->loop) + NET_LENDING_REST_MS;
}

void net_lending_run(struct net_lending *lending)
{
    net_loop_run(lending->loop);
    while (lending->is_due) {
        lend(lending);
        net_loop_come_back(lending->loop);
        net_loop_run(lending->loop);
    }
}

void net_lending_note(struct net_lending *lending, struct net_loop *from)
{
    if (from == NULL || !from->takes_guests)
        return;
    lending->turn_count++;
    if (from == lending->sender) {
        lending->sent_count++;
    } else if (lending->is_lent) {
        lending->others_count++;
    } else {
        lending->sender = from;
        lending->sent_count = 1;
    }
}

static void end_turn_of_thread(struct net_lending *lending, unsigned turn_count)
{
    if (turn_count > NET_LENDING_TURN_MAX)
        lending->sent_count = 0;
    if (lending->sent_count < NET_LENDING_ALONE ||
        net_loop_now_ms(lending->loop) < lending->rests_until_ms)
        return;
    lending->is_due = true;
    net_loop_stop(lending->loop);
}

static void end_turn_of_guest(struct net_lending *lending, unsigned turn_count)
{
    if (turn_count > NET_LENDING_LENT_TURN_MAX || lending->others_count >= NET_LENDING_OTHERS_MAX)
        net_loop_leave(lending->loop);
    else if (lending->sent_count >= NET_LENDING_ALONE)
        count_anew(lending);
}

void net_lending_end_turn(struct net_lending *lending)
{
    const unsigned turn_count = lending->turn_count;

    lending->turn_count = 0;
    if (atomic_load_explicit(&lending->state, memory_order_acquire) == CLOSED) {
        if (lending->is_lent)
            net_loop_leave(lending->loop);
    } else if (lending->is_lent) {
        end_turn_of_guest(lending, turn_count);
    } else if (turn_count > 0) {
        end_turn_of_thread(lending, turn_count);
    }
}
