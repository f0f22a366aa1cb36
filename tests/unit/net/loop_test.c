#include "net/loop.h"

#include "support/fixture.h"

#include <pthread.h>

#define SENDERS_COUNT 3
#define MAILS_COUNT 5000
/* Each would wait for the loop's tick if nobody saw to it, and all of them for minutes. */
#define BOUNCES_COUNT 2000
#define FIRINGS_COUNT 200
/* More than a loop sends to before it asks whether its guest has waited for too long. */
#define READERS_COUNT 100
/* Longer than a guest is to wait. */
#define LONG_NS UINT64_C(5000000)

/* A loop that runs on a thread, perhaps with a guest, and others that post to it. */
struct party {
    struct net_loop loop;
    struct party *other; /* where what bounces goes next */
    size_t next[SENDERS_COUNT];
    size_t delivered_count;
    size_t bounced_count;
    size_t turns_count;
    void (*at_turn_end)(void); /* NULL: nothing */
    bool is_busy;              /* in a callback */
    bool is_dismissed;
};

struct letter {
    struct net_mail mail;
    size_t sender;
    size_t number;
};

static struct net_descriptors descriptors;
static struct party host;
static struct party guest;
static struct net_mailbox *targets[2];
static uint64_t began_ms;

/* Nothing of one loop happens within a callback of another. */
static void enter(struct party *party)
{
    CHECK(!host.is_busy && !guest.is_busy);
    party->is_busy = true;
    CHECK(fixture_clock_ms() - began_ms < FIXTURE_WAIT_MS);
}

static void leave(struct party *party)
{
    party->is_busy = false;
}

static void on_turn_end(void *user)
{
    struct party *party = user;

    enter(party);
    party->turns_count++;
    if (party->at_turn_end != NULL)
        party->at_turn_end();
    leave(party);
}

static void open_party(struct party *party, struct party *other)
{
    *party = (struct party){.other = other};
    CHECK(net_loop_open(&party->loop, &descriptors, 1000000, on_turn_end, party) == 0);
}

static int set_up(void **state)
{
    (void)state;
    net_descriptors_init(&descriptors);
    open_party(&host, &host);
    open_party(&guest, &host);
    targets[0] = &host.loop.mailbox;
    targets[1] = &guest.loop.mailbox;
    began_ms = fixture_clock_ms();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    net_loop_close(&host.loop);
    net_loop_close(&guest.loop);
    return 0;
}

/* --- its own mail --------------------------------------------------------------------------- */

static void bounce(struct party *to);

static bool is_done(void)
{
    return host.bounced_count + guest.bounced_count == BOUNCES_COUNT &&
           host.delivered_count == (size_t)SENDERS_COUNT * MAILS_COUNT;
}

static void on_bounced(struct net_mail *mail, void *owner)
{
    struct party *party = owner;

    enter(party);
    free(LIST_OWNER(mail, struct letter, mail));
    party->bounced_count++;
    if (host.bounced_count + guest.bounced_count < BOUNCES_COUNT)
        bounce(party->other);
    if (is_done())
        net_loop_stop(&host.loop);
    leave(party);
}

static void bounce(struct party *to)
{
    struct letter *letter = mem_new(sizeof *letter);

    letter->mail.deliver = on_bounced;
    NET_MAILBOX_POST(&to->loop.mailbox, letter);
}

static void on_letter(struct net_mail *mail, void *owner)
{
    struct letter *letter = LIST_OWNER(mail, struct letter, mail);
    struct party *party = owner;

    enter(party);
    CHECK(party->next[letter->sender] == letter->number);
    party->next[letter->sender]++;
    host.delivered_count++;
    if (is_done())
        net_loop_stop(&host.loop);
    free(letter);
    leave(party);
}

static void *send_all(void *user)
{
    const size_t sender = *(const size_t *)user;
    size_t numbers[2] = {0};

    for (size_t i = 0; i < MAILS_COUNT; i++) {
        const size_t target = i % 2 == 0 || targets[1] == NULL ? 0 : 1;
        struct letter *letter = mem_new(sizeof *letter);

        *letter = (struct letter){
            .mail.deliver = on_letter, .sender = sender, .number = numbers[target]++};
        NET_MAILBOX_POST(targets[target], letter);
    }
    return NULL;
}

/* Runs the host, while the first mail that bounces and all mails of other threads are under way. */
static void run_among_senders(void)
{
    static const size_t numbers[SENDERS_COUNT] = {0, 1, 2};
    pthread_t senders[SENDERS_COUNT];

    bounce(&host);
    for (size_t i = 0; i < SENDERS_COUNT; i++)
        assert_int_equal(pthread_create(&senders[i], NULL, send_all, (void *)&numbers[i]), 0);
    net_loop_run(&host.loop);
    for (size_t i = 0; i < SENDERS_COUNT; i++)
        pthread_join(senders[i], NULL);
}

static void a_loop_never_waits_with_mail_of_its_own_thread(void **state)
{
    (void)state;
    targets[1] = NULL;
    run_among_senders();
    assert_true(is_done());
}

#if NET_POLLER_EPOLL

static void what_a_loop_posts_to_itself_wakes_nobody(void **state)
{
    uint64_t count;

    (void)state;
    net_mailbox_begin_reading(&host.loop.mailbox);
    bounce(&host);
    assert_true(read(host.loop.mailbox.wake_fd, &count, sizeof count) < 0);
    net_loop_turn(&host.loop, true);
    assert_int_equal(host.bounced_count, 1);
    net_mailbox_end_reading(&host.loop.mailbox);
    assert_int_equal(read(host.loop.mailbox.wake_fd, &count, sizeof count), -1);
    net_mailbox_drain(&host.loop.mailbox);
    bounce(&host);
    assert_int_equal(read(host.loop.mailbox.wake_fd, &count, sizeof count), sizeof count);
}

/* --- a guest -------------------------------------------------------------------------------- */

static void invite(void)
{
    host.other = &guest;
    assert_true(net_loop_take_guest(&host.loop, &guest.loop));
}

static void mail_goes_to_and_fro_between_a_loop_and_its_guest(void **state)
{
    (void)state;
    invite();
    run_among_senders();
    assert_true(is_done());
    assert_true(host.bounced_count > 0 && guest.bounced_count > 0);
}

static size_t firings_count;

static void on_fire(uv_timer_t *timer)
{
    struct party *party = timer->data;

    enter(party);
    if (++firings_count == FIRINGS_COUNT)
        net_loop_stop(&host.loop);
    leave(party);
}

static void a_guest_has_its_timers(void **state)
{
    static uv_timer_t timer; /* closed when its loop is */

    (void)state;
    invite();
    firings_count = 0;
    assert_int_equal(uv_timer_init(&guest.loop.uv, &timer), 0);
    timer.data = &guest;
    assert_int_equal(uv_timer_start(&timer, on_fire, 1, 1), 0);
    net_loop_run(&host.loop);
    assert_int_equal(firings_count, FIRINGS_COUNT);
    uv_close((uv_handle_t *)&timer, NULL);
}

static size_t read_count;

static void on_data(struct net_conn *conn, char *data, size_t len)
{
    struct party *party = net_conn_user(conn);

    enter(party);
    CHECK(len == 1 && *data == 'x');
    read_count++;
    net_conn_write(conn, BYTES("y"));
    if (read_count == BOUNCES_COUNT)
        net_loop_stop(&host.loop);
    leave(party);
}

static void on_end(struct net_conn *conn)
{
    net_conn_close(conn);
}

static void on_nothing(struct net_conn *conn)
{
    (void)conn;
}

static void on_no_timer(struct net_conn *conn, uint64_t now_ms)
{
    (void)conn;
    (void)now_ms;
}

static const struct net_conn_events conn_events = {
    .on_data = on_data,
    .on_end = on_end,
    .on_timer = on_no_timer,
    .on_closed = on_nothing,
};

static void *ask_again_and_again(void *user)
{
    const int fd = *(const int *)user;
    char answer;

    for (size_t i = 0; i < BOUNCES_COUNT; i++) {
        CHECK(write(fd, "x", 1) == 1);
        CHECK(i + 1 == BOUNCES_COUNT || read(fd, &answer, 1) == 1);
    }
    return NULL;
}

static void a_guest_reads_its_sockets_and_answers(void **state)
{
    struct net_conn *conn;
    pthread_t peer;
    int ends[2];

    (void)state;
    invite();
    read_count = 0;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    assert_int_equal(fcntl(ends[1], F_SETFL, 0), 0);
    assert_true(net_descriptors_take_connection(&descriptors));
    conn = net_conn_open(&guest.loop, ends[0], NULL, &conn_events, &guest);
    assert_int_equal(pthread_create(&peer, NULL, ask_again_and_again, &ends[1]), 0);
    net_loop_run(&host.loop);
    pthread_join(peer, NULL);
    assert_int_equal(read_count, BOUNCES_COUNT);
    net_conn_close(conn);
    net_loop_turn(&guest.loop, false);
    close(ends[1]);
}

/* --- in a long turn ------------------------------------------------------------------------- */

static struct net_conn *readers[READERS_COUNT];
static int reader_fds[READERS_COUNT];
static uv_timer_t late; /* closed when its loop is */
static size_t heard_count;
static size_t sent_to_before; /* the guest's turn */

static size_t count_those_sent_to(void)
{
    size_t count = 0;
    char byte;

    for (size_t i = 0; i < READERS_COUNT; i++)
        if (recv(reader_fds[i], &byte, 1, MSG_PEEK) == 1)
            count++;
    return count;
}

static void open_readers(void)
{
    for (size_t i = 0; i < READERS_COUNT; i++) {
        int ends[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
        assert_true(net_descriptors_take_connection(&descriptors));
        readers[i] = net_conn_open(&host.loop, ends[0], NULL, &conn_events, &host);
        reader_fds[i] = ends[1];
    }
}

static void close_readers(void)
{
    for (size_t i = 0; i < READERS_COUNT; i++) {
        net_conn_close(readers[i]);
        close(reader_fds[i]);
    }
    net_loop_turn(&host.loop, false);
}

static void on_heard(struct net_mail *mail, void *owner)
{
    enter(owner);
    free(LIST_OWNER(mail, struct letter, mail));
    heard_count++;
    leave(owner);
}

static void on_late_fire(uv_timer_t *timer)
{
    enter(timer->data);
    firings_count++;
    leave(timer->data);
}

/* From now on the guest has mail, a timer that is due, and no turn since this one began. */
static void write_to_all_and_take_long(void)
{
    const uint64_t began_ns = uv_hrtime();
    struct letter *letter = mem_new(sizeof *letter);

    for (size_t i = 0; i < READERS_COUNT; i++)
        assert_true(net_conn_write(readers[i], BYTES("x")));
    letter->mail.deliver = on_heard;
    NET_MAILBOX_POST(&guest.loop.mailbox, letter);
    assert_int_equal(uv_timer_start(&late, on_late_fire, 1, 0), 0);
    while (uv_hrtime() - began_ns < LONG_NS)
        ;
}

static void note_who_was_sent_to(void)
{
    if (heard_count > 0 && sent_to_before == 0)
        sent_to_before = count_those_sent_to();
}

/* It comes while the host still sends: after some connections, and not after all. */
static void a_guest_has_a_turn_within_a_long_one_of_its_host(void **state)
{
    size_t sent_to_after;

    (void)state;
    invite();
    firings_count = 0;
    heard_count = 0;
    sent_to_before = 0;
    open_readers();
    assert_int_equal(uv_timer_init(&guest.loop.uv, &late), 0);
    late.data = &guest;
    host.at_turn_end = write_to_all_and_take_long;
    guest.at_turn_end = note_who_was_sent_to;
    net_loop_turn(&host.loop, false);
    host.at_turn_end = NULL;
    sent_to_after = count_those_sent_to();
    uv_close((uv_handle_t *)&late, NULL);
    close_readers();
    assert_in_range(sent_to_before, 1, READERS_COUNT - 1);
    assert_int_equal(sent_to_after, READERS_COUNT);
    assert_int_equal(heard_count, 1);
    assert_int_equal(firings_count, 1);
}

static void on_last_mail(struct net_mail *mail, void *owner)
{
    free(LIST_OWNER(mail, struct letter, mail));
    net_loop_stop(&((struct party *)owner)->loop);
}

static void post_last(struct party *to)
{
    struct letter *letter = mem_new(sizeof *letter);

    letter->mail.deliver = on_last_mail;
    NET_MAILBOX_POST(&to->loop.mailbox, letter);
}

static void when_its_host_has_ended_a_guest_may_run_by_itself(void **state)
{
    (void)state;
    invite();
    post_last(&host);
    net_loop_run(&host.loop);
    post_last(&guest);
    net_loop_run(&guest.loop);
}

/* --- a guest that may leave ----------------------------------------------------------------- */

static void on_dismissed(void *lender)
{
    CHECK(lender == &guest && host.loop.guest == NULL);
    guest.is_dismissed = true;
}

static void invite_for_a_while(void)
{
    invite();
    guest.loop.on_dismissed = on_dismissed;
    guest.loop.lender = &guest;
}

static void a_guest_that_leaves_is_dismissed_after_its_turn(void **state)
{
    size_t bounced_count;

    (void)state;
    invite_for_a_while();
    net_loop_leave(&guest.loop);
    guest.other = &guest;
    bounce(&guest);
    net_loop_turn(&host.loop, false);
    assert_true(guest.is_dismissed);
    assert_true(guest.bounced_count > 0);
    /* It may come again, and finds the mail that has waited. */
    bounced_count = guest.bounced_count;
    net_loop_turn(&host.loop, false);
    assert_int_equal(guest.bounced_count, bounced_count);
    invite_for_a_while();
    net_loop_turn(&host.loop, false);
    assert_true(guest.bounced_count > bounced_count);
}

static void pass_some_ms(void)
{
    const uint64_t now_ms = fixture_clock_ms();

    while (fixture_clock_ms() < now_ms + 4)
        ;
}

static void a_long_turn_is_no_place_for_a_guest_that_may_leave(void **state)
{
    (void)state;
    invite_for_a_while();
    pass_some_ms();
    net_loop_turn_guest_between(&host.loop);
    assert_true(guest.is_dismissed);
    net_loop_turn_guest_between(&host.loop);
}

static void a_guest_that_may_leave_does_so_at_the_end_of_a_long_turn(void **state)
{
    (void)state;
    invite_for_a_while();
    host.at_turn_end = pass_some_ms;
    net_loop_turn(&host.loop, false);
    assert_true(guest.is_dismissed);
}

static void on_visit(struct net_mail *mail, void *owner)
{
    struct party *party = owner;

    free(LIST_OWNER(mail, struct letter, mail));
    CHECK(net_loop_running() == &party->loop);
    invite();
    bounce(&host);
}

/* As before the run. */
static void a_loop_that_runs_may_take_a_guest(void **state)
{
    struct letter *letter = mem_new(sizeof *letter);

    (void)state;
    letter->mail.deliver = on_visit;
    NET_MAILBOX_POST(&host.loop.mailbox, letter);
    host.delivered_count = (size_t)SENDERS_COUNT * MAILS_COUNT;
    net_loop_run(&host.loop);
    assert_true(host.bounced_count > 0 && guest.bounced_count > 0);
    assert_null(net_loop_running());
}

#endif

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_loop_never_waits_with_mail_of_its_own_thread),
#if NET_POLLER_EPOLL
        TEST(what_a_loop_posts_to_itself_wakes_nobody),
        TEST(mail_goes_to_and_fro_between_a_loop_and_its_guest),
        TEST(a_guest_has_its_timers),
        TEST(a_guest_reads_its_sockets_and_answers),
        TEST(a_guest_has_a_turn_within_a_long_one_of_its_host),
        TEST(when_its_host_has_ended_a_guest_may_run_by_itself),
        TEST(a_guest_that_leaves_is_dismissed_after_its_turn),
        TEST(a_long_turn_is_no_place_for_a_guest_that_may_leave),
        TEST(a_guest_that_may_leave_does_so_at_the_end_of_a_long_turn),
        TEST(a_loop_that_runs_may_take_a_guest),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
