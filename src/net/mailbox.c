#include "net/mailbox.h"

#include "base/check.h"
#include "base/list.h"

#if NET_POLLER_EPOLL
#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>
#endif

/* Senders push onto a stack with one compare-and-swap; the reader takes the whole stack at once and
 * reverses it. So mails are delivered in the order in which they were posted. */

/* Who posts into an empty mailbox wakes the reader; who finds mail in it does not, as somebody has
 * posted that and seen to it. The reader's own thread wakes nobody: it is awake, and looks for mail
 * before it waits (net/loop.c). So no mail is left behind: if the mailbox holds mail when the
 * reader looks, the reader does not wait; and if it is empty then, the next post is another
 * thread's, which wakes. The reader may become another thread (net/lending.c): what the one before
 * has posted may have woken nobody, so the new one looks before it waits for the first time. What a
 * third thread posts while nobody reads makes the eventfd ready, which stays so. */

static void on_wake(uv_async_t *wake)
{
    net_mailbox_drain(wake->data);
}

static void init(struct net_mailbox *mailbox, void *owner)
{
    atomic_init(&mailbox->newest, NULL);
    net_watermark_init(&mailbox->watermark, NET_MAILBOX_BYTES_HIGH, 0);
    mailbox->owner = owner;
    mailbox->is_draining = false;
}

static int open_async(struct net_mailbox *mailbox, uv_loop_t *loop)
{
    mailbox->wake.data = mailbox;
    return uv_async_init(loop, &mailbox->wake, on_wake);
}

#if NET_POLLER_EPOLL

/* --- waking by an eventfd of our own ------------------------------------------------------------
 *
 * uv_async_send() first marks the handle as busy, then writes, then marks it as sent. The write
 * wakes the receiver, who often finds the handle still busy and spins for a thousand pauses; and
 * libuv waits in an epoll of its own within ours. */

static void on_ready(struct net_poller_watch *watch, bool is_readable, bool is_writable)
{
    struct net_mailbox *mailbox = LIST_OWNER(watch, struct net_mailbox, watch);
    uint64_t count;

    (void)is_readable;
    (void)is_writable;
    (void)!read(mailbox->wake_fd, &count, sizeof count);
    net_mailbox_drain(mailbox);
}

int net_mailbox_open(struct net_mailbox *mailbox, uv_loop_t *loop, void *owner)
{
    init(mailbox, owner);
    atomic_init(&mailbox->reader, NULL);
    mailbox->poller = NULL;
    return open_async(mailbox, loop);
}

int net_mailbox_open_on(struct net_mailbox *mailbox, struct net_poller *poller, void *owner)
{
    int status;

    init(mailbox, owner);
    mailbox->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (mailbox->wake_fd < 0)
        return -errno;
    atomic_init(&mailbox->reader, NULL);
    mailbox->poller = poller;
    mailbox->watch = (struct net_poller_watch){.on_ready = on_ready};
    status = net_poller_add(poller, &mailbox->watch, mailbox->wake_fd, true, false);
    if (status < 0)
        close(mailbox->wake_fd);
    return status;
}

static void close_wake(struct net_mailbox *mailbox)
{
    if (mailbox->poller == NULL) {
        uv_close((uv_handle_t *)&mailbox->wake, NULL);
        return;
    }
    net_poller_remove(mailbox->poller, &mailbox->watch);
    close(mailbox->wake_fd);
}

/* Its address is another in each thread. */
static _Thread_local char this_thread;

void net_mailbox_begin_reading(struct net_mailbox *mailbox)
{
    atomic_store_explicit(&mailbox->reader, &this_thread, memory_order_relaxed);
}

void net_mailbox_end_reading(struct net_mailbox *mailbox)
{
    atomic_store_explicit(&mailbox->reader, NULL, memory_order_relaxed);
}

static void wake(struct net_mailbox *mailbox)
{
    const uint64_t one = 1;

    /* Other threads may see an old value, but never their own address. */
    if (atomic_load_explicit(&mailbox->reader, memory_order_relaxed) == &this_thread)
        return;
    if (mailbox->poller == NULL)
        uv_async_send(&mailbox->wake);
    else
        (void)!write(mailbox->wake_fd, &one, sizeof one); /* full: it is awake already */
}

#else

int net_mailbox_open(struct net_mailbox *mailbox, uv_loop_t *loop, void *owner)
{
    init(mailbox, owner);
    return open_async(mailbox, loop);
}

int net_mailbox_open_on(struct net_mailbox *mailbox, struct net_poller *poller, void *owner)
{
    return net_mailbox_open(mailbox, poller->uv, owner);
}

static void close_wake(struct net_mailbox *mailbox)
{
    uv_close((uv_handle_t *)&mailbox->wake, NULL);
}

/* libuv does not ask before it waits. */
void net_mailbox_begin_reading(struct net_mailbox *mailbox)
{
    (void)mailbox;
}

void net_mailbox_end_reading(struct net_mailbox *mailbox)
{
    (void)mailbox;
}

static void wake(struct net_mailbox *mailbox)
{
    uv_async_send(&mailbox->wake);
}

#endif

void net_mailbox_close(struct net_mailbox *mailbox)
{
    mailbox->holds_count = 0;
    while (atomic_load(&mailbox->newest) != NULL)
        net_mailbox_drain(mailbox);
    close_wake(mailbox);
}

void net_mailbox_post(struct net_mailbox *mailbox, struct net_mail *mail)
{
    struct net_mail *newest = atomic_load_explicit(&mailbox->newest, memory_order_relaxed);

    net_watermark_add(&mailbox->watermark, NET_MAILBOX_MAIL_BYTES + mail->bytes);
    do
        mail->next = newest;
    while (!atomic_compare_exchange_weak_explicit(&mailbox->newest, &newest, mail,
                                                  memory_order_release, memory_order_relaxed));
    if (newest == NULL)
        wake(mailbox);
}

static struct net_mail *take_oldest_first(struct net_mailbox *mailbox)
{
    struct net_mail *mail = atomic_exchange_explicit(&mailbox->newest, NULL, memory_order_acquire);
    struct net_mail *oldest = NULL;

    while (mail != NULL) {
        struct net_mail *next = mail->next;

        mail->next = oldest;
        oldest = mail;
        mail = next;
    }
    return oldest;
}

void net_mailbox_drain(struct net_mailbox *mailbox)
{
    struct net_mail *mail;
    struct net_mail *next;

    if (mailbox->is_draining || mailbox->holds_count > 0 ||
        atomic_load_explicit(&mailbox->newest, memory_order_relaxed) == NULL)
        return;
    mailbox->is_draining = true;
    for (mail = take_oldest_first(mailbox); mail != NULL; mail = next) {
        next = mail->next;
        net_watermark_sub(&mailbox->watermark, NET_MAILBOX_MAIL_BYTES + mail->bytes);
        mail->deliver(mail, mailbox->owner);
    }
    mailbox->is_draining = false;
}

void net_mailbox_hold(struct net_mailbox *mailbox)
{
    mailbox->holds_count++;
}

void net_mailbox_release(struct net_mailbox *mailbox)
{
    CHECK(mailbox->holds_count > 0);
    mailbox->holds_count--;
}

bool net_mailbox_is_idle(const struct net_mailbox *mailbox)
{
    return !mailbox->is_draining &&
           atomic_load_explicit(&mailbox->newest, memory_order_relaxed) == NULL;
}

bool net_mailbox_is_full(struct net_mailbox *mailbox)
{
    return atomic_load_explicit(&mailbox->watermark.amount, memory_order_relaxed) >=
           NET_MAILBOX_BYTES_MAX;
}
