#include "net/lending.h"

#include "support/fixture.h"

#include <pthread.h>
#include <sched.h>

/* --- when it is lent, and when it is given back --------------------------------------------- */

static struct net_descriptors descriptors;
static struct net_loop shared;
static struct net_loop hosts[2];
static struct net_lending lending;

static void on_no_turn_end(void *user)
{
    (void)user;
}

static void open_loop(struct net_loop *loop, void (*on_turn_end)(void *user))
{
    CHECK(net_loop_open(loop, &descriptors, 1000000, on_turn_end, loop) == 0);
}

static int set_up(void **state)
{
    (void)state;
    net_descriptors_init(&descriptors);
    open_loop(&shared, on_no_turn_end);
    for (size_t i = 0; i < 2; i++) {
        open_loop(&hosts[i], on_no_turn_end);
        hosts[i].takes_guests = true;
    }
    net_lending_init(&lending, &shared);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    net_lending_close(&lending);
    for (size_t i = 0; i < 2; i++)
        net_loop_close(&hosts[i]);
    net_loop_close(&shared);
    net_lending_deinit(&lending);
    return 0;
}

/* A turn that delivers so many mails of each host. */
static void turn(unsigned first_count, unsigned second_count)
{
    for (unsigned i = 0; i < first_count; i++)
        net_lending_note(&lending, &hosts[0]);
    for (unsigned i = 0; i < second_count; i++)
        net_lending_note(&lending, &hosts[1]);
    net_lending_end_turn(&lending);
}

static void turns(unsigned count, unsigned first_count, unsigned second_count)
{
    while (count-- > 0)
        turn(first_count, second_count);
}

#if NET_POLLER_EPOLL

static void it_is_lent_to_the_loop_that_alone_has_sent_the_last_mails(void **state)
{
    (void)state;
    turns(NET_LENDING_ALONE - 1, 1, 0);
    assert_false(lending.is_due);
    turns(10, 0, 0); /* what comes meanwhile from sockets says nothing */
    assert_false(lending.is_due);
    turn(1, 0);
    assert_true(lending.is_due);
    assert_ptr_equal(lending.sender, &hosts[0]);
}

static void mail_of_another_loop_is_counted_from_the_start(void **state)
{
    (void)state;
    turns(NET_LENDING_ALONE - 1, 1, 0);
    turn(0, 1);
    turns(NET_LENDING_ALONE - 1, 1, 0);
    assert_false(lending.is_due);
    turns(NET_LENDING_ALONE, 0, 1);
    assert_true(lending.is_due);
    assert_ptr_equal(lending.sender, &hosts[1]);
}

static void two_loops_that_send_by_turns_do_not_get_it(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        turn(1, 0);
        turn(0, 1);
        turn(1, 1);
    }
    assert_false(lending.is_due);
}

static void much_mail_in_a_turn_is_counted_from_the_start(void **state)
{
    (void)state;
    turns(NET_LENDING_ALONE, NET_LENDING_TURN_MAX + 1, 0);
    assert_false(lending.is_due);
    turns(NET_LENDING_ALONE - 1, 1, 0);
    assert_false(lending.is_due);
    turns(1, 1, 0);
    assert_true(lending.is_due);
}

static void mail_of_who_takes_no_guests_says_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        net_lending_note(&lending, NULL);
        net_lending_note(&lending, &shared);
        net_lending_end_turn(&lending);
    }
    assert_false(lending.is_due);
    for (unsigned i = 0; i < NET_LENDING_ALONE; i++) {
        net_lending_note(&lending, NULL);
        turn(1, 0);
    }
    assert_true(lending.is_due);
}

static void it_rests_after_it_was_given_back(void **state)
{
    (void)state;
    lending.rests_until_ms = net_loop_now_ms(&shared) + 1;
    turns(1000, 1, 0);
    assert_false(lending.is_due);
    lending.rests_until_ms = net_loop_now_ms(&shared);
    turn(1, 0);
    assert_true(lending.is_due);
}

static void it_is_not_lent_any_more_if_it_is_closed(void **state)
{
    (void)state;
    net_lending_close(&lending);
    turns(1000, 1, 0);
    assert_false(lending.is_due);
}

static void on_no_dismissed(void *lender)
{
    (void)lender;
}

/* As if the first host had it. */
static void be_lent(void)
{
    lending.sender = &hosts[0];
    lending.is_lent = true;
    shared.on_dismissed = on_no_dismissed;
}

static void it_stays_lent_while_others_send_little(void **state)
{
    (void)state;
    be_lent();
    for (int i = 0; i < 100; i++) {
        turns(NET_LENDING_ALONE, 1, 0);
        turns(NET_LENDING_OTHERS_MAX - 1, 0, 1);
    }
    turn(NET_LENDING_LENT_TURN_MAX, 0);
    assert_false(shared.is_leaving);
}

static void it_is_given_back_if_others_send_more(void **state)
{
    (void)state;
    be_lent();
    for (int i = 0; i < NET_LENDING_OTHERS_MAX; i++) {
        assert_false(shared.is_leaving);
        turn(1, 0);
        turn(0, 1);
    }
    assert_true(shared.is_leaving);
}

static void it_is_given_back_after_much_mail_in_a_turn(void **state)
{
    (void)state;
    be_lent();
    turn(NET_LENDING_LENT_TURN_MAX + 1, 0);
    assert_true(shared.is_leaving);
}

static void it_is_given_back_if_it_is_closed(void **state)
{
    (void)state;
    be_lent();
    net_lending_close(&lending);
    turn(0, 0);
    assert_true(shared.is_leaving);
}

/* --- threads -------------------------------------------------------------------------------- */

/* Each host plays with balls: it posts them to the shared loop, which posts them back. A third
 * thread posts letters meanwhile. Who has which phase of the game is decided at the shared loop:
 *
 *  FIRST   the first host plays with one ball, until it has had the loop for a while
 *  BOTH    the second one has many, until the loop is with its thread
 *  SECOND  it alone plays on, with one, until it has had the loop for a while
 *  LAST    it has ended; the first one plays with one again, and does not get the loop any more */
enum { FIRST, BOTH, SECOND, LAST, OVER };

#define PLAYED_COUNT 300
#define MANY_BALLS 20
#define LETTERS_AHEAD_MAX 64

struct ball {
    struct net_mail mail;
    size_t host;
    size_t number;
};

struct letter {
    struct net_mail mail;
    size_t number;
};

static struct {
    pthread_t threads[2];
    size_t sent_count[2];     /* by each host's thread */
    atomic_int phase;         /* the rest but `letters_count` is of who has the loop */
    size_t received_count[2]; /* balls of each host */
    size_t balls_count[2];    /* that are in play */
    size_t played_count;      /* in this phase, where it is to be played */
    size_t next_letter;
    atomic_size_t letters_count; /* delivered */
    atomic_flag is_entered;
    uint64_t began_ms;
} game;

static void serve(size_t host, size_t count);

static void on_ball_at_shared(struct net_mail *mail, void *owner);

static void on_ball_at_host(struct net_mail *mail, void *owner)
{
    struct ball *ball = LIST_OWNER(mail, struct ball, mail);

    if (net_loop_running() != owner) {
        free(ball); /* the host has ended */
        return;
    }
    ball->mail.deliver = on_ball_at_shared;
    ball->number = game.sent_count[ball->host]++;
    NET_MAILBOX_POST(&shared.mailbox, ball);
}

static void on_stop(struct net_mail *mail, void *owner)
{
    net_loop_stop(owner);
    free(mail);
}

static void stop(struct net_loop *loop)
{
    struct letter *letter = mem_new(sizeof *letter);

    letter->mail.deliver = on_stop;
    NET_MAILBOX_POST(&loop->mailbox, letter);
}

static void begin(int phase)
{
    game.played_count = 0;
    atomic_store(&game.phase, phase);
    if (phase == FIRST || phase == LAST)
        serve(0, 1);
    else if (phase == BOTH)
        serve(1, MANY_BALLS);
    else if (phase == OVER)
        stop(&shared);
}

static void enter(void)
{
    CHECK(!atomic_flag_test_and_set(&game.is_entered));
    CHECK(fixture_clock_ms() - game.began_ms < FIXTURE_WAIT_MS);
}

static void leave(void)
{
    atomic_flag_clear(&game.is_entered);
}

/* Whether that host's ball is to be played on. The second one ends while it has the loop. */
static bool is_in_play(size_t host)
{
    switch (atomic_load(&game.phase)) {
    case FIRST:
    case LAST:
        return host == 0;
    case BOTH:
        return true;
    case SECOND:
        return host == 1 && game.balls_count[1] == 1;
    default:
        return false;
    }
}

static void look_at_phase(void)
{
    const struct net_loop *const player = net_loop_running();
    const struct net_loop *const wanted[] = {&hosts[0], &shared, &hosts[1], &shared};
    const int phase = atomic_load(&game.phase);

    if (phase == OVER || player != wanted[phase] || ++game.played_count != PLAYED_COUNT)
        return;
    if (phase == SECOND)
        stop(&hosts[1]);
    else
        begin(phase + 1);
}

static void on_ball_at_shared(struct net_mail *mail, void *owner)
{
    struct ball *ball = LIST_OWNER(mail, struct ball, mail);
    const size_t host = ball->host;

    (void)owner;
    enter();
    CHECK(ball->number == game.received_count[host]);
    game.received_count[host]++;
    net_lending_note(&lending, &hosts[host]);
    if (is_in_play(host)) {
        ball->mail.deliver = on_ball_at_host;
        NET_MAILBOX_POST(&hosts[host].mailbox, ball);
    } else {
        game.balls_count[host]--;
        free(ball);
    }
    look_at_phase();
    leave();
}

static void serve(size_t host, size_t count)
{
    game.balls_count[host] += count;
    for (size_t i = 0; i < count; i++) {
        struct ball *ball = mem_new(sizeof *ball);

        ball->mail.deliver = on_ball_at_host;
        ball->host = host;
        NET_MAILBOX_POST(&hosts[host].mailbox, ball);
    }
}

static void on_letter(struct net_mail *mail, void *owner)
{
    struct letter *letter = LIST_OWNER(mail, struct letter, mail);

    (void)owner;
    enter();
    CHECK(letter->number == game.next_letter);
    game.next_letter++;
    atomic_store(&game.letters_count, game.next_letter);
    free(letter);
    leave();
}

static void *send_letters(void *user)
{
    size_t number = 0;

    (void)user;
    while (atomic_load(&game.phase) != OVER) {
        struct letter *letter;

        if (number - atomic_load(&game.letters_count) >= LETTERS_AHEAD_MAX) {
            sched_yield();
            continue;
        }
        letter = mem_new(sizeof *letter);
        letter->mail.deliver = on_letter;
        letter->number = number++;
        NET_MAILBOX_POST(&shared.mailbox, letter);
    }
    return NULL;
}

static void *run_shared(void *user)
{
    (void)user;
    net_lending_run(&lending);
    return NULL;
}

static void on_second_ended(struct net_mail *mail, void *owner)
{
    (void)owner;
    free(mail);
    enter();
    game.balls_count[1] = 0;
    begin(LAST);
    leave();
}

static void *run_host(void *user)
{
    struct net_loop *loop = user;
    struct letter *letter;

    net_loop_run(loop);
    net_lending_close(&lending);
    if (loop != &hosts[1])
        return NULL;
    letter = mem_new(sizeof *letter);
    letter->mail.deliver = on_second_ended;
    NET_MAILBOX_POST(&shared.mailbox, letter);
    return NULL;
}

static void on_turn_end(void *user)
{
    (void)user;
    net_lending_end_turn(&lending);
}

static void it_moves_between_threads_and_all_mail_comes_in_order(void **state)
{
    pthread_t thread;
    pthread_t third;

    (void)state;
    memset(&game, 0, sizeof game);
    game.began_ms = fixture_clock_ms();
    shared.on_turn_end = on_turn_end;
    begin(FIRST);
    assert_int_equal(pthread_create(&thread, NULL, run_shared, NULL), 0);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&game.threads[i], NULL, run_host, &hosts[i]), 0);
    assert_int_equal(pthread_create(&third, NULL, send_letters, NULL), 0);
    pthread_join(thread, NULL);
    pthread_join(third, NULL);
    stop(&hosts[0]);
    for (size_t i = 0; i < 2; i++)
        pthread_join(game.threads[i], NULL);
    net_mailbox_drain(&shared.mailbox);
    assert_true(game.next_letter > 0);
}

/* A host that has ended does not look at its mail. */
static void what_nobody_has_taken_runs_on_when_it_is_closed(void **state)
{
    const uint64_t began_ms = fixture_clock_ms();
    pthread_t thread;

    (void)state;
    memset(&game, 0, sizeof game);
    shared.on_turn_end = on_turn_end;
    turns(NET_LENDING_ALONE, 1, 0);
    assert_true(lending.is_due);
    assert_int_equal(pthread_create(&thread, NULL, run_shared, NULL), 0);
    while (net_mailbox_is_idle(&hosts[0].mailbox)) {
        assert_true(fixture_clock_ms() - began_ms < FIXTURE_WAIT_MS);
        sched_yield();
    }
    net_lending_close(&lending);
    net_lending_close(&lending);
    stop(&shared);
    pthread_join(thread, NULL);
    net_loop_turn(&hosts[0], false);
    assert_null(hosts[0].guest);
}

#else

static void without_epoll_nothing_is_lent(void **state)
{
    (void)state;
    turns(1000, 1, 0);
    assert_false(lending.is_due);
}

#endif

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
#if NET_POLLER_EPOLL
        TEST(it_is_lent_to_the_loop_that_alone_has_sent_the_last_mails),
        TEST(mail_of_another_loop_is_counted_from_the_start),
        TEST(two_loops_that_send_by_turns_do_not_get_it),
        TEST(much_mail_in_a_turn_is_counted_from_the_start),
        TEST(mail_of_who_takes_no_guests_says_nothing),
        TEST(it_rests_after_it_was_given_back),
        TEST(it_is_not_lent_any_more_if_it_is_closed),
        TEST(it_stays_lent_while_others_send_little),
        TEST(it_is_given_back_if_others_send_more),
        TEST(it_is_given_back_after_much_mail_in_a_turn),
        TEST(it_is_given_back_if_it_is_closed),
        TEST(it_moves_between_threads_and_all_mail_comes_in_order),
        TEST(what_nobody_has_taken_runs_on_when_it_is_closed),
#else
        TEST(without_epoll_nothing_is_lent),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
