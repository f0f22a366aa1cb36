#include "net/mailbox.h"

/* Senders push onto a stack with one compare-and-swap; the reader takes the whole stack at once and
 * reverses it. So mails are delivered in the order in which they were posted. */

static void on_wake(uv_async_t *wake)
{
    net_mailbox_drain(wake->data);
}

int net_mailbox_open(struct net_mailbox *mailbox, uv_loop_t *loop, void *owner)
{
    atomic_init(&mailbox->newest, NULL);
    net_watermark_init(&mailbox->watermark, NET_MAILBOX_BYTES_HIGH);
    mailbox->owner = owner;
    mailbox->is_draining = false;
    mailbox->wake.data = mailbox;
    return uv_async_init(loop, &mailbox->wake, on_wake);
}

void net_mailbox_close(struct net_mailbox *mailbox)
{
    while (atomic_load(&mailbox->newest) != NULL)
        net_mailbox_drain(mailbox);
    uv_close((uv_handle_t *)&mailbox->wake, NULL);
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
        uv_async_send(&mailbox->wake);
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

    if (mailbox->is_draining ||
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
