#include "channel/fanout.h"
#include "channel/publish.h"

#include "net/backlog.h"
#include "support/workers.h"

#include <pthread.h>

#define BACKLOG_MAX ((size_t)64 * 1024 * 1024)

static struct workers workers;
static struct workers_member *here[4];  /* of worker 0 */
static struct workers_member *there[4]; /* of worker 1 */

static int open_sized(size_t backlog_bytes_max)
{
    workers_open(&workers, backlog_bytes_max);
    for (int i = 0; i < 4; i++) {
        here[i] =
            workers_add_client(&workers, 0, (enum ws_deflate_form)(i % WS_DEFLATE_FORMS_COUNT));
        there[i] =
            workers_add_client(&workers, 1, (enum ws_deflate_form)(i % WS_DEFLATE_FORMS_COUNT));
    }
    return 0;
}

static int open_crew(void **state)
{
    (void)state;
    return open_sized(BACKLOG_MAX);
}

static int open_small(void **state)
{
    (void)state;
    return open_sized(10000);
}

static int close_crew(void **state)
{
    (void)state;
    workers_close(&workers);
    return 0;
}

#define WORKERS_TEST(name) cmocka_unit_test_setup_teardown(name, open_crew, close_crew)

#define LONG "a text that is long enough to be worth compressing, as it says so, as it says so"

static void an_event_reaches_each_subscriber_of_each_worker_once(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        workers_join(&workers, here[i], "a");
        workers_join(&workers, there[i], "a");
    }
    workers_publish(&workers, 0, "a", "1", NULL);
    workers_publish(&workers, 1, "a", LONG, NULL);
    workers_publish(&workers, 0, "b", "nobody is here", NULL);
    workers_turn(&workers);
    for (int i = 0; i < 3; i++) {
        struct buffer received = {0};

        workers_received(here[i], &received);
        workers_received(there[i], &received);
        assert_int_equal(received.len, 2 * (sizeof "1;" - 1 + sizeof LONG ";" - 1));
        assert_holds(buffer_bytes(&received), "1;");
        assert_holds(buffer_bytes(&received), LONG ";");
        buffer_deinit(&received);
    }
    assert_member_received(here[3], "");
    assert_int_equal(metrics_read(&workers.workers[0].metrics.messages_sent), 6);
    assert_int_equal(metrics_read(&workers.workers[1].metrics.messages_sent), 6);
}

static void the_events_of_a_turn_come_in_their_order_in_every_form(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        workers_join(&workers, here[i], "a");
        workers_join(&workers, there[i], "a");
    }
    workers_publish(&workers, 0, "a", "1", NULL);
    workers_publish(&workers, 0, "a", LONG, NULL);
    workers_publish(&workers, 0, "a", "2", NULL);
    workers_turn(&workers);
    for (int i = 0; i < 4; i++) {
        assert_member_received(here[i], "1;" LONG ";2;");
        assert_member_received(there[i], "1;" LONG ";2;");
    }
}

static void who_is_excepted_is_left_out_on_whichever_worker(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        workers_join(&workers, here[i], "a");
        workers_join(&workers, there[i], "a");
    }
    workers_publish(&workers, 0, "a", "1", here[0]);
    workers_publish(&workers, 0, "a", "2", NULL);
    workers_publish(&workers, 0, "a", "3", there[1]);
    workers_publish(&workers, 0, "a", "4", here[0]);
    workers_publish(&workers, 0, "a", "5", here[3]); /* is not subscribed */
    workers_turn(&workers);
    assert_member_received(here[0], "2;3;5;");
    assert_member_received(here[1], "1;2;3;4;5;");
    assert_member_received(there[0], "1;2;3;4;5;");
    assert_member_received(there[1], "1;2;4;5;");
    workers_publish(&workers, 1, "a", "6", NULL);
    workers_turn(&workers);
    assert_member_received(here[0], "2;3;5;6;");
    assert_int_equal(metrics_read(&workers.workers[0].metrics.messages_sent), 16);
}

static void the_only_receiver_may_be_the_excepted_one(void **state)
{
    (void)state;
    workers_join(&workers, here[0], "a");
    workers_publish(&workers, 0, "a", "1", here[0]);
    workers_turn(&workers);
    assert_member_received(here[0], "");
    workers_publish(&workers, 0, "a", "2", NULL);
    workers_turn(&workers);
    assert_member_received(here[0], "2;");
}

static void a_newcomer_does_not_receive_what_was_published_before(void **state)
{
    (void)state;
    workers_join(&workers, here[0], "a");
    workers_publish(&workers, 0, "a", "before", NULL);
    workers_join(&workers, here[1], "a");
    workers_publish(&workers, 0, "a", "after", NULL);
    workers_turn(&workers);
    assert_member_received(here[0], "before;after;");
    assert_member_received(here[1], "after;");
}

static void newcomers_in_the_middle_of_a_turn_each_receive_the_rest_of_it_in_one_run(void **state)
{
    (void)state;
    workers_join(&workers, here[0], "a");
    for (int i = 1; i < 4; i++) {
        workers_publish(&workers, 0, "a", i == 2 ? LONG : "one", NULL);
        workers_publish(&workers, 0, "a", "two", here[i - 1]);
        workers_join(&workers, here[i], "a");
    }
    for (int i = 0; i < 4; i++)
        assert_member_received(here[i], ""); /* no join has sent the run */
    workers_publish(&workers, 0, "a", "last", here[2]);
    workers_turn(&workers);
    assert_member_received(here[0], "one;" LONG ";two;one;two;last;");
    assert_member_received(here[1], LONG ";one;two;last;");
    assert_member_received(here[2], "one;");
    assert_member_received(here[3], "last;");
}

static void newcomers_after_the_last_event_of_a_turn_receive_nothing_of_it(void **state)
{
    (void)state;
    workers_join(&workers, here[0], "a");
    workers_join(&workers, here[0], "b");
    workers_join(&workers, here[1], "a");
    workers_join(&workers, here[1], "b");
    workers_publish(&workers, 0, "a", "1", NULL);
    workers_join(&workers, here[2], "a");
    workers_publish(&workers, 0, "b", "2", NULL);
    workers_publish(&workers, 0, "a", "3", NULL); /* a second run of that channel */
    workers_join(&workers, here[3], "a");
    workers_join(&workers, here[3], "b");
    workers_turn(&workers);
    assert_member_received(here[0], "1;2;3;");
    assert_member_received(here[1], "1;2;3;");
    assert_member_received(here[2], "3;");
    assert_member_received(here[3], "");
}

static void who_is_over_leaves_without_sending_what_the_others_are_owed(void **state)
{
    struct channel_subscription *leaving[2];

    (void)state;
    for (int i = 0; i < 4; i++) {
        struct channel_subscription *joined = workers_join(&workers, here[i], "a");

        if (i < 2)
            leaving[i] = joined;
    }
    workers_publish(&workers, 0, "a", "1", NULL);
    ws_conn_close(&here[0]->ws, WS_CLOSE_NORMAL, BYTES(""));
    workers_leave(leaving[0]); /* the last receiver takes its place */
    workers_publish(&workers, 0, "a", "2", NULL);
    assert_member_received(here[3], "");
    net_conn_close(here[1]->ws.net);
    workers_leave(leaving[1]);
    workers_join(&workers, there[0], "a");
    workers_publish(&workers, 0, "a", "3", here[2]);
    assert_member_received(here[3], "");
    workers_turn(&workers);
    assert_member_received(here[2], "1;2;");
    assert_member_received(here[3], "1;2;3;");
    assert_member_received(there[0], "3;");
}

static void who_leaves_has_received_what_was_published_before(void **state)
{
    struct channel_subscription *leaving = workers_join(&workers, here[0], "a");

    (void)state;
    workers_join(&workers, here[1], "a");
    workers_publish(&workers, 0, "a", "before", NULL);
    workers_leave(leaving);
    workers_publish(&workers, 0, "a", "after", NULL);
    workers_turn(&workers);
    assert_member_received(here[0], "before;");
    assert_member_received(here[1], "before;after;");
}

static void events_of_several_channels_come_in_the_publishers_order(void **state)
{
    static const char *const channels[] = {"a", "b", "c", "a", "a", "c", "b", "a"};

    (void)state;
    workers_join(&workers, here[0], "a");
    workers_join(&workers, here[0], "b");
    workers_join(&workers, here[0], "c");
    workers_join(&workers, here[1], "a");
    workers_join(&workers, there[0], "a");
    workers_join(&workers, there[0], "b");
    workers_join(&workers, there[1], "b");
    for (size_t i = 0; i < 8; i++) {
        char text[2] = {(char)('1' + i)};

        workers_publish(&workers, 0, channels[i], text, NULL);
    }
    workers_turn(&workers);
    assert_member_received(here[0], "1;2;3;4;5;6;7;8;");
    assert_member_received(here[1], "1;4;5;8;");
    assert_member_received(there[0], "1;2;4;5;7;8;");
    assert_member_received(there[1], "2;7;");
}

/* As in a cluster, where several wait for their answers at one time. */
static void who_was_alone_in_a_channel_keeps_the_order_when_others_become_active(void **state)
{
    struct channel_fanout *fanout = &workers.workers[0].fanout;
    struct channel_subscription *waiting[2];

    (void)state;
    workers_join(&workers, here[0], "a");
    waiting[0] = workers_subscribe(&workers, here[0], "b");
    waiting[1] = workers_subscribe(&workers, here[0], "c");
    channel_fanout_activate(fanout, waiting[0], NULL, NULL);
    channel_fanout_activate(fanout, waiting[1], NULL, NULL);
    workers_publish(&workers, 0, "a", "1", NULL);
    workers_publish(&workers, 0, "b", "2", NULL);
    workers_publish(&workers, 0, "a", "3", NULL);
    workers_turn(&workers);
    assert_member_received(here[0], "1;2;3;");
}

static void each_is_left_out_of_its_own_events_however_many_there_are(void **state)
{
    struct buffer should[4] = {0};

    (void)state;
    for (int i = 0; i < 4; i++)
        workers_join(&workers, here[i], "a");
    for (int i = 0; i < 1000; i++) {
        char text[16];

        snprintf(text, sizeof text, "%d", i);
        workers_publish(&workers, 0, "a", text, here[i % 3]);
        for (int j = 0; j < 4; j++)
            if (j != i % 3)
                buffer_printf(&should[j], "%s;", text);
    }
    workers_turn(&workers);
    for (int i = 0; i < 4; i++) {
        assert_member_received(here[i], buffer_text(&should[i]));
        buffer_deinit(&should[i]);
    }
}

static void a_peer_that_does_not_read_is_named_when_the_turn_ends(void **state)
{
    static char text[4000];

    (void)state;
    memset(text, 'x', sizeof text - 1);
    workers_join(&workers, here[0], "a");
    for (int i = 0; i < 2000 && !here[0]->is_slow; i++) {
        workers_publish(&workers, 0, "a", text, NULL);
        workers_turn(&workers);
    }
    assert_true(here[0]->is_slow);
    assert_true(net_conn_backlog_bytes(here[0]->ws.net) <= 10000 * (2 + NET_BACKLOG_MORE));
}

static void publish_large(const struct channel_fanout_set *fanouts, int count)
{
    static char text[65536];
    struct channel *channel = channel_registry_find(workers.registry, BYTES("a"));
    struct ws_message *message = ws_message_new((struct bytes){text, sizeof text});

    for (int i = 0; i < count; i++) {
        channel_publish_in_order(fanouts, channel, message, 0);
        net_mailbox_drain(&workers.workers[0].fixture.loop.mailbox);
    }
    ws_message_unref(message);
    channel_unref(channel);
}

static void only_what_clients_publish_holds_them_back(void **state)
{
    const struct channel_fanout_set of_cluster = {workers.fanouts, .is_of_cluster = true};
    const struct channel_fanout *fanout = &workers.workers[0].fanout;

    (void)state;
    workers_join(&workers, here[0], "a");
    net_watermark_take_filled();
    publish_large(&of_cluster, 1100);
    assert_false(net_watermark_has_filled());
    assert_true(channel_fanout_is_full(workers.fanouts[0]));
    assert_false(channel_fanout_is_full(workers.fanouts[1]));
    publish_large(&fanout->all, 1);
    assert_false(net_watermark_has_filled());
    publish_large(&fanout->all, 600);
    assert_true(net_watermark_has_filled());
    net_watermark_take_filled();
    FIXTURE_UNTIL(&workers.workers[0].fixture, fanout->first_run == NULL);
    assert_false(channel_fanout_is_full(workers.fanouts[0]));
}

static void a_turn_sends_many_short_runs_together(void **state)
{
    struct channel_fanout *fanout = &workers.workers[0].fanout;

    (void)state;
    fanout->slice_ns = UINT64_MAX / 2;
    for (int i = 0; i < 3; i++) {
        workers_join(&workers, here[i], "a");
        workers_join(&workers, here[i], "b");
    }
    for (int i = 0; i < 1000; i++)
        workers_publish(&workers, 0, i % 2 == 0 ? "a" : "b", "x", NULL);
    fixture_turn(&workers.workers[0].fixture);
    assert_null(fanout->first_run);
}

static void nobody_is_overloaded_until_a_mailbox_is_full(void **state)
{
    struct channel *channel;

    (void)state;
    workers_join(&workers, here[0], "a");
    workers_join(&workers, there[0], "a");
    channel = channel_registry_find(workers.registry, BYTES("a"));
    assert_false(channel_publish_is_overloaded(&workers.workers[0].fanout, channel));
    atomic_fetch_add(&workers.workers[1].fixture.loop.mailbox.watermark.amount,
                     NET_MAILBOX_BYTES_MAX);
    assert_true(channel_publish_is_overloaded(&workers.workers[0].fanout, channel));
    assert_false(channel_publish_is_overloaded(&workers.workers[1].fanout, channel));
    atomic_fetch_sub(&workers.workers[1].fixture.loop.mailbox.watermark.amount,
                     NET_MAILBOX_BYTES_MAX);
    channel_unref(channel);
}

/* --- at random, and on threads -------------------------------------------------------------- */

#define CHANNELS_COUNT 3

struct model {
    struct channel_subscription *in[4][CHANNELS_COUNT];
    bool is_waiting[4][CHANNELS_COUNT];
    struct buffer should[4];
};

static void step(struct model *model, struct unit_random *random, int number)
{
    const size_t who = unit_random_below(random, 4);
    const size_t where = unit_random_below(random, CHANNELS_COUNT);
    const size_t what = unit_random_below(random, 10);
    const char name[] = {(char)('a' + where), '\0'};
    struct channel_subscription **in = &model->in[who][where];
    bool *is_waiting = &model->is_waiting[who][where];
    char text[128];

    if (what == 0 && *in == NULL) {
        *is_waiting = unit_random_below(random, 2) == 0;
        *in = *is_waiting ? workers_subscribe(&workers, here[who], name)
                          : workers_join(&workers, here[who], name);
    } else if (what == 0 && *is_waiting) {
        channel_fanout_activate(&workers.workers[0].fanout, *in, NULL, NULL);
        *is_waiting = false;
    } else if (what == 1 && *in != NULL) {
        workers_leave(*in);
        *in = NULL;
    } else if (what > 1) {
        const size_t except = unit_random_below(random, 8);

        snprintf(text, sizeof text, "%d%s", number, what == 9 ? LONG : "");
        workers_publish(&workers, 0, name, text, except < 4 ? here[except] : NULL);
        for (size_t i = 0; i < 4; i++)
            if (model->in[i][where] != NULL && !model->is_waiting[i][where] && i != except)
                buffer_printf(&model->should[i], "%s;", text);
    }
}

static void check_model(uint64_t seed)
{
    struct unit_random random = {seed};
    struct model model = {0};

    for (int i = 0; i < 20000; i++) {
        step(&model, &random, i);
        if (unit_random_below(&random, 6) == 0)
            fixture_turn(&workers.workers[0].fixture);
        if (i % 100 == 0)
            for (size_t who = 0; who < 4; who++)
                fixture_receive(here[who]->peer, &here[who]->sent);
    }
    FIXTURE_UNTIL(&workers.workers[0].fixture, workers.workers[0].fanout.first_run == NULL);
    workers_turn(&workers);
    for (size_t who = 0; who < 4; who++) {
        assert_member_received(here[who], buffer_text(&model.should[who]));
        buffer_deinit(&model.should[who]);
    }
}

static void whatever_happens_each_receives_what_was_published_while_it_was_in(void **state)
{
    (void)state;
    check_model(1);
}

/* A turn sends to one receiver: others come, go and publish in between. */
static void slice_thinly(void)
{
    struct channel_fanout *fanout = &workers.workers[0].fanout;

    fanout->slice_ns = 0;
    fanout->sends_a_look = 1;
}

static void whatever_happens_between_the_slices_of_a_run_each_receives_the_same(void **state)
{
    (void)state;
    slice_thinly();
    check_model(2);
}

static void a_run_is_sent_in_slices_and_the_next_turn_does_not_wait(void **state)
{
    struct fixture *fixture = &workers.workers[0].fixture;
    struct channel_subscription *leaving;

    (void)state;
    slice_thinly();
    workers_join(&workers, here[0], "a");
    leaving = workers_join(&workers, here[1], "a");
    workers_join(&workers, here[2], "a");
    workers_publish(&workers, 0, "a", "1", NULL);
    fixture_turn(fixture);
    assert_member_received(here[0], "1;");
    assert_member_received(here[1], "");
    workers_publish(&workers, 0, "a", "2", NULL);
    workers_join(&workers, here[3], "a");
    workers_leave(leaving); /* it has been sent what waited */
    net_loop_turn(&fixture->loop, true);
    assert_member_received(here[1], "1;2;");
    assert_member_received(here[2], "1;");
    FIXTURE_UNTIL(fixture, workers.workers[0].fanout.first_run == NULL);
    assert_member_received(here[0], "1;2;");
    assert_member_received(here[2], "1;2;");
    assert_member_received(here[3], "");
}

/* One large event of an app is on its way when another app publishes. */
static void check_another_app(bool is_followed)
{
    struct fixture *fixture = &workers.workers[0].fixture;
    struct channel_registry *others = workers.registry;
    struct channel_registry *own = channel_registry_new(WORKERS_WORKERS_COUNT, true);
    struct channel_subscription *subscription;
    atomic_size_t refs;
    bool is_last;

    atomic_init(&refs, 0);
    channel_registry_count_refs_in(own, &refs);
    slice_thinly();
    for (int i = 0; i < 3; i++)
        workers_join(&workers, here[i], "large");
    workers_publish(&workers, 0, "large", "1", NULL);
    workers_publish(&workers, 0, "large", "2", NULL);
    fixture_turn(fixture); /* the slice ends after the first receiver */
    workers.registry = own;
    subscription = workers_join(&workers, here[3], "small");
    workers_publish(&workers, 0, "small", "first", NULL);
    workers_publish(&workers, 0, "small", "second", NULL);
    workers.registry = others;
    if (is_followed)
        workers_publish(&workers, 0, "large", "3", NULL);
    fixture_turn(fixture);
    assert_member_received(here[3], "first;second;");
    assert_member_received(here[2], "");
    FIXTURE_UNTIL(fixture, workers.workers[0].fanout.first_run == NULL);
    for (int i = 0; i < 3; i++)
        assert_member_received(here[i], is_followed ? "1;2;3;" : "1;2;");
    channel_unref(channel_fanout_leave(&workers.workers[0].fanout, subscription, &is_last));
    channel_registry_free(own);
}

static void an_event_does_not_wait_for_the_run_of_another_app(void **state)
{
    (void)state;
    check_another_app(false);
}

static void the_events_of_an_app_stay_together_when_another_goes_first(void **state)
{
    (void)state;
    check_another_app(true);
}

static void one_can_be_sent_what_is_queued_before_the_others(void **state)
{
    struct fixture *fixture = &workers.workers[0].fixture;

    (void)state;
    for (int i = 0; i < 2; i++) {
        workers_join(&workers, here[i], "a");
        workers_join(&workers, here[i], "b");
    }
    for (int i = 0; i < 3; i++) {
        workers_publish(&workers, 0, "a", "a", i == 1 ? here[0] : NULL);
        workers_publish(&workers, 0, "b", "b", NULL);
    }
    channel_fanout_catch_up(&workers.workers[0].fanout, &here[0]->subscriber);
    net_conn_flush(here[0]->ws.net);
    assert_member_received(here[0], "a;b;b;a;b;");
    assert_member_received(here[1], "");
    fixture_turn(fixture);
    assert_member_received(here[0], "a;b;b;a;b;");
    assert_member_received(here[1], "a;b;a;b;a;b;");
}

static void a_channel_that_all_have_left_is_forgotten_when_its_run_has_been_dealt_with(void **state)
{
    struct fixture *fixture = &workers.workers[0].fixture;
    struct channel_subscription *first = workers_join(&workers, here[0], "a");
    struct channel_subscription *second = workers_join(&workers, here[1], "a");

    (void)state;
    slice_thinly();
    workers_publish(&workers, 0, "a", "1", here[1]);
    net_conn_close(here[0]->ws.net);
    workers_leave(first);
    workers_leave(second);
    workers_join(&workers, here[2], "a");
    workers_publish(&workers, 0, "a", "2", NULL);
    FIXTURE_UNTIL(fixture, workers.workers[0].fanout.first_run == NULL);
    assert_member_received(here[1], "");
    assert_member_received(here[2], "2;");
}

#define EVENTS_COUNT 3000

struct publisher {
    pthread_t thread;
    size_t worker;
};

/* Numbered events to two channels in turn, from a worker that meanwhile delivers the other's. */
static void *publish_all(void *user)
{
    const struct publisher *publisher = user;
    struct channel *channels[] = {channel_registry_find(workers.registry, BYTES("a")),
                                  channel_registry_find(workers.registry, BYTES("b"))};

    for (int i = 0; i < EVENTS_COUNT; i++) {
        struct ws_message *message;
        char text[32];

        snprintf(text, sizeof text, "%zu %d", publisher->worker, i);
        message = ws_message_new(bytes_of(text));
        channel_publish(&workers.workers[publisher->worker].fanout, channels[i % 2], message, 0);
        ws_message_unref(message);
        if (i % 3 == 0)
            fixture_turn(&workers.workers[publisher->worker].fixture);
    }
    channel_unref(channels[0]);
    channel_unref(channels[1]);
    return NULL;
}

static void check_order(struct workers_member *member)
{
    struct buffer received = {0};
    uint64_t next[2] = {0};
    struct bytes piece;
    struct bytes rest;

    workers_received(member, &received);
    rest = buffer_bytes(&received);
    while (bytes_next(&rest, ';', &piece) && piece.len > 0) {
        struct bytes number_text = piece;
        struct bytes worker_text;
        uint64_t worker;
        uint64_t number;

        assert_true(bytes_next(&number_text, ' ', &worker_text));
        assert_true(bytes_to_number(worker_text, 10, &worker) && worker < 2);
        assert_true(bytes_to_number(number_text, EVENTS_COUNT, &number));
        assert_int_equal(number, next[worker]++);
    }
    assert_int_equal(next[0], EVENTS_COUNT);
    assert_int_equal(next[1], EVENTS_COUNT);
    buffer_deinit(&received);
}

static void two_workers_that_publish_at_the_same_time_keep_each_ones_order(void **state)
{
    struct publisher publishers[2];

    (void)state;
    for (int i = 0; i < 2; i++) {
        workers_join(&workers, here[i], "a");
        workers_join(&workers, here[i], "b");
        workers_join(&workers, there[i], "a");
        workers_join(&workers, there[i], "b");
    }
    for (size_t i = 0; i < 2; i++) {
        publishers[i].worker = i;
        assert_int_equal(pthread_create(&publishers[i].thread, NULL, publish_all, &publishers[i]),
                         0);
    }
    for (size_t i = 0; i < 2; i++)
        pthread_join(publishers[i].thread, NULL);
    for (int generation = 0; generation < 50; generation++) {
        workers_turn(&workers);
        for (int i = 0; i < 2; i++) {
            fixture_receive(here[i]->peer, &here[i]->sent);
            fixture_receive(there[i]->peer, &there[i]->sent);
        }
    }
    for (int i = 0; i < 2; i++) {
        check_order(here[i]);
        check_order(there[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORKERS_TEST(an_event_reaches_each_subscriber_of_each_worker_once),
        WORKERS_TEST(the_events_of_a_turn_come_in_their_order_in_every_form),
        WORKERS_TEST(who_is_excepted_is_left_out_on_whichever_worker),
        WORKERS_TEST(the_only_receiver_may_be_the_excepted_one),
        WORKERS_TEST(a_newcomer_does_not_receive_what_was_published_before),
        WORKERS_TEST(newcomers_in_the_middle_of_a_turn_each_receive_the_rest_of_it_in_one_run),
        WORKERS_TEST(newcomers_after_the_last_event_of_a_turn_receive_nothing_of_it),
        WORKERS_TEST(who_is_over_leaves_without_sending_what_the_others_are_owed),
        WORKERS_TEST(who_leaves_has_received_what_was_published_before),
        WORKERS_TEST(events_of_several_channels_come_in_the_publishers_order),
        WORKERS_TEST(who_was_alone_in_a_channel_keeps_the_order_when_others_become_active),
        WORKERS_TEST(each_is_left_out_of_its_own_events_however_many_there_are),
        cmocka_unit_test_setup_teardown(a_peer_that_does_not_read_is_named_when_the_turn_ends,
                                        open_small, close_crew),
        WORKERS_TEST(only_what_clients_publish_holds_them_back),
        WORKERS_TEST(a_turn_sends_many_short_runs_together),
        WORKERS_TEST(nobody_is_overloaded_until_a_mailbox_is_full),
        WORKERS_TEST(whatever_happens_each_receives_what_was_published_while_it_was_in),
        WORKERS_TEST(whatever_happens_between_the_slices_of_a_run_each_receives_the_same),
        WORKERS_TEST(a_run_is_sent_in_slices_and_the_next_turn_does_not_wait),
        WORKERS_TEST(an_event_does_not_wait_for_the_run_of_another_app),
        WORKERS_TEST(the_events_of_an_app_stay_together_when_another_goes_first),
        WORKERS_TEST(one_can_be_sent_what_is_queued_before_the_others),
        WORKERS_TEST(a_channel_that_all_have_left_is_forgotten_when_its_run_has_been_dealt_with),
        WORKERS_TEST(two_workers_that_publish_at_the_same_time_keep_each_ones_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
