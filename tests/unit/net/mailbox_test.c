#include "net/mailbox.h"

#include "base/check.h"
#include "base/list.h"
#include "support/unit.h"

#include <pthread.h>

#define SENDERS_COUNT 4
#define MAILS_COUNT 20000

struct numbered {
    struct net_mail mail;
    size_t sender;
    size_t number;
};

struct receiver {
    struct net_mailbox mailbox;
    size_t next[SENDERS_COUNT]; /* the number that must come next from each */
    size_t delivered_count;
};

static void on_delivered(struct net_mail *mail, void *owner)
{
    struct numbered *numbered = LIST_OWNER(mail, struct numbered, mail);
    struct receiver *receiver = owner;

    CHECK(numbered->number == receiver->next[numbered->sender]);
    receiver->next[numbered->sender]++;
    receiver->delivered_count++;
    free(numbered);
}

static void post_of(struct receiver *receiver, size_t sender, size_t number, size_t bytes)
{
    struct numbered *numbered = mem_new(sizeof *numbered);

    *numbered = (struct numbered){
        .mail = {.deliver = on_delivered, .bytes = bytes}, .sender = sender, .number = number};
    NET_MAILBOX_POST(&receiver->mailbox, numbered);
}

static void post(struct receiver *receiver, size_t sender, size_t number)
{
    post_of(receiver, sender, number, 0);
}

static struct receiver receiver;
static uv_loop_t loop;

static int open_mailbox(void **state)
{
    (void)state;
    receiver = (struct receiver){.delivered_count = 0};
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(net_mailbox_open(&receiver.mailbox, &loop, &receiver), 0);
    return 0;
}

static int close_mailbox(void **state)
{
    (void)state;
    net_mailbox_close(&receiver.mailbox);
    uv_run(&loop, UV_RUN_DEFAULT);
    return uv_loop_close(&loop);
}

#define MAILBOX_TEST(name) cmocka_unit_test_setup_teardown(name, open_mailbox, close_mailbox)

static void mails_are_delivered_in_the_order_they_were_posted(void **state)
{
    (void)state;
    for (size_t i = 0; i < 100; i++)
        post(&receiver, 0, i);
    net_mailbox_drain(&receiver.mailbox);
    assert_int_equal(receiver.delivered_count, 100);
    net_mailbox_drain(&receiver.mailbox);
    assert_int_equal(receiver.delivered_count, 100);
}

static void a_mail_wakes_the_loop(void **state)
{
    (void)state;
    post(&receiver, 0, 0);
    post(&receiver, 0, 1);
    uv_run(&loop, UV_RUN_ONCE);
    assert_int_equal(receiver.delivered_count, 2);
}

static void what_is_left_is_delivered_before_it_closes(void **state)
{
    (void)state;
    post(&receiver, 0, 0); /* close_mailbox() delivers it, or it leaks */
}

struct sender {
    pthread_t thread;
    size_t index;
};

static void *send_all(void *user)
{
    const struct sender *sender = user;

    for (size_t i = 0; i < MAILS_COUNT; i++)
        post(&receiver, sender->index, i);
    return NULL;
}

static void the_mails_of_each_thread_stay_in_order(void **state)
{
    struct sender senders[SENDERS_COUNT];

    (void)state;
    for (size_t i = 0; i < SENDERS_COUNT; i++) {
        senders[i].index = i;
        assert_int_equal(pthread_create(&senders[i].thread, NULL, send_all, &senders[i]), 0);
    }
    /* Each post into an empty mailbox wakes the loop: it never waits in vain. */
    while (receiver.delivered_count < SENDERS_COUNT * (size_t)MAILS_COUNT)
        uv_run(&loop, UV_RUN_ONCE);
    for (size_t i = 0; i < SENDERS_COUNT; i++)
        pthread_join(senders[i].thread, NULL);
    assert_false(net_mailbox_is_full(&receiver.mailbox));
    assert_int_equal(atomic_load(&receiver.mailbox.watermark.amount), 0);
}

static void on_delivered_post_more(struct net_mail *mail, void *owner)
{
    struct receiver *to = owner;
    const size_t number = LIST_OWNER(mail, struct numbered, mail)->number;

    on_delivered(mail, owner);
    post(to, 1, number);
    net_mailbox_drain(&to->mailbox); /* does nothing: what was posted comes in its turn */
    CHECK(to->next[1] <= number);
}

static void a_delivery_may_post_and_nothing_is_delivered_within_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < 10; i++) {
        struct numbered *numbered = mem_new(sizeof *numbered);

        *numbered = (struct numbered){.mail.deliver = on_delivered_post_more, .number = i};
        NET_MAILBOX_POST(&receiver.mailbox, numbered);
    }
    net_mailbox_drain(&receiver.mailbox);
    assert_int_equal(receiver.next[0], 10);
    assert_int_equal(receiver.next[1], 0); /* not for ever: the loop comes back to them */
    net_mailbox_drain(&receiver.mailbox);
    assert_int_equal(receiver.next[1], 10);
}

static void a_mailbox_is_full_at_its_limit(void **state)
{
    (void)state;
    post_of(&receiver, 0, 0, NET_MAILBOX_BYTES_MAX - 2 * NET_MAILBOX_MAIL_BYTES);
    assert_false(net_mailbox_is_full(&receiver.mailbox));
    post(&receiver, 0, 1);
    assert_true(net_mailbox_is_full(&receiver.mailbox));
    net_mailbox_drain(&receiver.mailbox);
    assert_false(net_mailbox_is_full(&receiver.mailbox));
}

static struct net_poller poller;

static void on_poller(void *user)
{
    (void)user;
}

static int open_mailbox_on_poller(void **state)
{
    (void)state;
    receiver = (struct receiver){.delivered_count = 0};
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(net_poller_open(&poller, &loop, on_poller, on_poller, NULL), 0);
    assert_int_equal(net_mailbox_open_on(&receiver.mailbox, &poller, &receiver), 0);
    return 0;
}

static int close_mailbox_on_poller(void **state)
{
    (void)state;
    net_mailbox_close(&receiver.mailbox);
    net_poller_close(&poller);
    uv_run(&loop, UV_RUN_DEFAULT);
    return uv_loop_close(&loop);
}

static void a_poller_is_woken_by_each_post_into_an_empty_mailbox(void **state)
{
    struct sender sender = {.index = 0};

    (void)state;
    net_poller_turn(&poller, false);
    assert_int_equal(receiver.delivered_count, 0);
    assert_int_equal(pthread_create(&sender.thread, NULL, send_all, &sender), 0);
    while (receiver.delivered_count < MAILS_COUNT)
        net_poller_turn(&poller, true);
    pthread_join(sender.thread, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MAILBOX_TEST(mails_are_delivered_in_the_order_they_were_posted),
        MAILBOX_TEST(a_mail_wakes_the_loop),
        MAILBOX_TEST(what_is_left_is_delivered_before_it_closes),
        MAILBOX_TEST(the_mails_of_each_thread_stay_in_order),
        MAILBOX_TEST(a_delivery_may_post_and_nothing_is_delivered_within_it),
        MAILBOX_TEST(a_mailbox_is_full_at_its_limit),
        cmocka_unit_test_setup_teardown(a_poller_is_woken_by_each_post_into_an_empty_mailbox,
                                        open_mailbox_on_poller, close_mailbox_on_poller),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
