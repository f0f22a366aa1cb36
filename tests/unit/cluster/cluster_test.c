/* The whole of a node's cluster beside a Redis that says what the test wants. */
#include "cluster/cluster.h"

#include "cluster/queries.h"
#include "support/inbox_fixture.h"
#include "support/redis_peer.h"

static struct redis_peer redis;
static struct fixture worker; /* whose mailbox takes answers */
static struct config_scaling settings;
static struct inbox_fixture noted; /* what is told; written by the cluster's thread */
static pthread_mutex_t told_lock = PTHREAD_MUTEX_INITIALIZER;
static struct net_descriptors descriptors;
static struct cluster *cluster;
static struct cluster_events events;
static struct buffer answered; /* by queries */
static struct fixture *host;   /* on whose thread the cluster runs; NULL: on its own */
static pthread_t host_thread;
static bool was_up_at_event; /* of the last event */

/* --- what the cluster tells ----------------------------------------------------------------- */

static bool was_told(const char *part)
{
    bool it_was;

    pthread_mutex_lock(&told_lock);
    it_was = unit_has(buffer_bytes(&noted.told), bytes_of(part));
    pthread_mutex_unlock(&told_lock);
    return it_was;
}

static void note(const char *text)
{
    pthread_mutex_lock(&told_lock);
    buffer_printf(&noted.told, "%s\n", text);
    pthread_mutex_unlock(&told_lock);
}

static void on_event(struct cluster_key key, uint64_t except, struct bytes frame, uint64_t ttl_ms,
                     void *user)
{
    (void)user;
    pthread_mutex_lock(&told_lock);
    was_up_at_event = cluster_is_up(cluster, key);
    inbox_fixture_on_event(key, except, frame, ttl_ms, &noted);
    pthread_mutex_unlock(&told_lock);
}

static void on_ready(struct cluster_key key, struct cluster_waiter waiter, void *user)
{
    (void)user;
    pthread_mutex_lock(&told_lock);
    inbox_fixture_on_ready(key, waiter, &noted);
    pthread_mutex_unlock(&told_lock);
}

static void on_members(struct cluster_key key, const struct cluster_member *members, size_t count,
                       bool is_partial, void *user)
{
    (void)user;
    pthread_mutex_lock(&told_lock);
    inbox_fixture_on_members(key, members, count, is_partial, &noted);
    pthread_mutex_unlock(&told_lock);
}

static void on_terminate(struct bytes app_id, struct bytes user_id, void *user)
{
    (void)user;
    pthread_mutex_lock(&told_lock);
    inbox_fixture_on_terminate(app_id, user_id, &noted);
    pthread_mutex_unlock(&told_lock);
}

static void on_admitted(struct bytes app_id, uint64_t socket_id, bool is_admitted, void *user)
{
    (void)user;
    pthread_mutex_lock(&told_lock);
    inbox_fixture_on_admitted(app_id, socket_id, is_admitted, &noted);
    pthread_mutex_unlock(&told_lock);
}

static void on_down(void *user)
{
    (void)user;
    note("down");
}

static void on_up(void *user)
{
    (void)user;
}

static bool is_congested(void *user)
{
    (void)user;
    return false;
}

/* --- set up --------------------------------------------------------------------------------- */

#define UNTIL(condition)                                          \
    do {                                                          \
        const uint64_t began_ms_ = fixture_clock_ms();            \
        while (!(condition)) {                                    \
            if (fixture_clock_ms() - began_ms_ > FIXTURE_WAIT_MS) \
                fail_msg("waited in vain for %s", #condition);    \
            usleep(2000);                                         \
        }                                                         \
    } while (0)

static void *run_host(void *user)
{
    (void)user;
    net_loop_run(&host->loop);
    cluster_run_on(cluster);
    return NULL;
}

static void stop_host(struct net_mail *mail, void *owner)
{
    (void)owner;
    net_loop_stop(&host->loop);
    free(mail);
}

static bool end_cluster(void)
{
    struct net_mail *last;
    bool has_ended;

    if (host != NULL) {
        last = mem_new(sizeof *last);
        last->deliver = stop_host;
        net_mailbox_post(&host->loop.mailbox, last);
    }
    has_ended = cluster_end(cluster);
    if (host != NULL)
        pthread_join(host_thread, NULL);
    return has_ended;
}

static void on_change(const struct cluster_changes_change *change, void *user)
{
    (void)change;
    (void)user;
}

static void on_changes_lost(size_t link, void *user)
{
    (void)link;
    (void)user;
}

static void start(void)
{
    static const struct cluster_changes_events changes = {on_change, on_changes_lost};

    struct buffer error = {0};

    cluster = cluster_open(&settings, &events, NULL, &descriptors, &error);
    assert_non_null(cluster);
    cluster_take_changes(cluster, &changes, NULL);
    cluster_start(cluster, host != NULL ? &host->loop : NULL);
    if (host != NULL)
        assert_int_equal(pthread_create(&host_thread, NULL, run_host, NULL), 0);
    buffer_deinit(&error);
}

static void start_and_join(void)
{
    start();
    UNTIL(cluster_is_connected(cluster));
}

static int set_up(void **state)
{
    (void)state;
    redis_peer_open(&redis);
    fixture_open(&worker, 1000000);
    inbox_fixture_init(&noted);
    net_descriptors_init(&descriptors);
    settings = (struct config_scaling){.channel = "reverb",
                                       .prefix = "",
                                       .host = "127.0.0.1",
                                       .port = redis.port,
                                       .timeout_s = 60,
                                       .max_kept_bytes = 2000,
                                       .max_inbox_bytes = 1000000};
    events = inbox_fixture_events;
    events.on_event = on_event;
    events.on_ready = on_ready;
    events.on_members = on_members;
    events.on_terminate = on_terminate;
    events.on_admitted = on_admitted;
    events.on_down = on_down;
    events.on_up = on_up;
    events.is_congested = is_congested;
    return 0;
}

static int set_up_as_guest(void **state)
{
    static struct fixture only_worker;

    host = &only_worker;
    fixture_open(host, 1000000);
    return set_up(state);
}

static int tear_down(void **state)
{
    (void)state;
    if (cluster != NULL) {
        assert_true(end_cluster());
        cluster_free(cluster);
    }
    cluster = NULL;
    if (host != NULL)
        fixture_close(host);
    host = NULL;
    redis_peer_end(&redis);
    fixture_close(&worker);
    inbox_fixture_deinit(&noted);
    buffer_deinit(&answered);
    answered = (struct buffer){0};
    return 0;
}

#define ASKED(part) redis_peer_was_asked(&redis, part)
#define SUBSCRIBED(name) ((struct cluster_key){CLUSTER_KEY_CHANNEL, BYTES("app"), BYTES(name)})

static atomic_size_t not_taken;

static void publish(const char *text, bool is_delivered)
{
    struct net_chunk *frame = net_chunk_new(strlen(text));

    net_chunk_append(frame, text, strlen(text));
    cluster_publish(cluster, SUBSCRIBED("news"), 0, frame, 0, is_delivered ? NULL : &not_taken);
    net_chunk_unref(frame);
}

/* Puts one thing with its parts, NULL at the end, into the inbox. */
static void put(char letter, const char *const *parts)
{
    struct buffer packed = {0};
    struct buffer entry = {0};

    for (; *parts != NULL; parts++)
        inbox_fixture_pack(&packed, bytes_of(*parts));
    inbox_fixture_add(&entry, letter, buffer_bytes(&packed));
    redis_peer_put(&redis, &entry);
    buffer_deinit(&packed);
}

#define PUT(letter, ...) put(letter, (const char *const[]){__VA_ARGS__, NULL})

static struct cluster_status status(void)
{
    struct cluster_status now;

    cluster_read_status(cluster, &now);
    return now;
}

static bool reason_holds(const char *part)
{
    const struct cluster_status now = status();

    return strstr(now.reason, part) != NULL;
}

/* --- joining -------------------------------------------------------------------------------- */

static void a_node_says_hello_tells_what_it_has_and_is_in_step(void **state)
{
    (void)state;
    start_and_join();
    assert_true(ASKED("SCRIPT LOAD (long)"));
    assert_true(ASKED("XDEL reverb:native:{reverb0/1}:5:i:"));
    assert_true(ASKED(" H "));
    assert_true(ASKED(" F\n"));
    assert_true(ASKED(" Z\n"));
    assert_true(cluster_is_up(cluster, SUBSCRIBED("news")));
    assert_false(cluster_is_congested(cluster));
    assert_false(cluster_is_stalled(cluster));
    assert_int_equal(status().nodes_count > 1, 0);
    UNTIL(status().nodes_count == 1);
}

static void a_user_with_a_password_and_a_database_logs_in(void **state)
{
    (void)state;
    settings.username = "user";
    settings.password = "secret";
    settings.database = 3;
    start_and_join();
    assert_true(ASKED("AUTH user secret\nSELECT 3\nINFO server\n"));
}

static void what_refuses_is_the_reason(void **state)
{
    (void)state;
    redis_peer_rule(&redis, "SCRIPT LOAD", "-NOPERM no permission\r\n", true);
    start();
    UNTIL(reason_holds("NOPERM no permission"));
    redis_peer_drop_rules(&redis);
    redis_peer_rule(&redis, "INFO server", "$23\r\nredis_version:5.0.0\r\na:b\r\n", true);
    UNTIL(reason_holds("its version is 5.0.0, and Redis 6 or later is needed"));
    redis_peer_drop_rules(&redis);
    redis_peer_rule(&redis, "INFO server", "-NOAUTH Authentication required.\r\n", true);
    UNTIL(reason_holds("it wants a password (REDIS_PASSWORD): NOAUTH"));
    redis_peer_drop_rules(&redis);
    redis_peer_rule(&redis, "INFO server", "HTTP/1.1 400\r\n", true);
    UNTIL(reason_holds("what it answers is not the Redis protocol"));
    redis_peer_drop_rules(&redis);
    redis_peer_rule(&redis, " H ", "*2\r\n$6\r\nLAYOUT\r\n$1\r\n9\r\n", true);
    UNTIL(reason_holds("whose layout of keys is number 9"));
    redis_peer_drop_rules(&redis);
    redis_peer_rule(&redis, " H ", "*1\r\n$2\r\nOK\r\n", true);
    UNTIL(reason_holds("its answer to a hello is not understood"));
    redis_peer_drop_rules(&redis);
    UNTIL(cluster_is_connected(cluster));
    assert_string_equal(status().reason, "");
}

static void a_policy_that_evicts_is_a_warning(void **state)
{
    (void)state;
    redis_peer_rule(&redis, "INFO memory", "$28\r\nmaxmemory_policy:allkeys-lru\r\n", false);
    start_and_join();
    assert_non_null(strstr(status().warning, "allkeys-lru"));
    redis_peer_close_all(&redis);
    UNTIL(status().warning[0] == '\0');
}

static void a_redis_of_another_kind_than_configured_is_a_warning(void **state)
{
    (void)state;
    redis_peer_rule(&redis, "INFO cluster", "$17\r\ncluster_enabled:1\r\n", false);
    start_and_join();
    assert_non_null(strstr(status().warning, "REVERB_SCALING_CLUSTER is not true"));
    redis_peer_drop_rules(&redis);
    redis_peer_rule(&redis, "INFO cluster", "$17\r\ncluster_enabled:0\r\n", false);
    redis_peer_close_all(&redis);
    UNTIL(status().warning[0] == '\0');
}

static void a_sentinel_in_the_place_of_redis_is_the_reason(void **state)
{
    (void)state;
    redis_peer_rule(&redis, "INFO server", "$19\r\nredis_mode:sentinel\r\n", true);
    start();
    UNTIL(reason_holds("it is a Sentinel: REVERB_SCALING_HOSTS"));
    redis_peer_drop_rules(&redis);
    UNTIL(cluster_is_connected(cluster));
}

static void a_referral_is_followed(void **state)
{
    char moved[64];

    (void)state;
    snprintf(moved, sizeof moved, "-MOVED 12 :%u\r\n", redis.port);
    redis_peer_rule(&redis, "EXISTS", moved, false);
    start_and_join();
    assert_string_equal(status().reason, "");
}

/* The peer is Sentinel and master; returns the answer that names it. */
static const char *use_sentinel(void)
{
    static char address[32];
    static char master[64];
    static char *hosts[] = {address};
    const int digits = snprintf(NULL, 0, "%u", redis.port);

    snprintf(address, sizeof address, "127.0.0.1:%u", redis.port);
    snprintf(master, sizeof master, "*2\r\n$9\r\n127.0.0.1\r\n$%d\r\n%u\r\n", digits, redis.port);
    settings.sentinel = "mymaster";
    settings.hosts = hosts;
    settings.hosts_count = 1;
    return master;
}

static void a_sentinel_is_asked_for_the_master(void **state)
{
    const char *master = use_sentinel();

    (void)state;
    redis_peer_rule(&redis, "SENTINEL", "-ERR busy\r\n", false);
    redis_peer_rule(&redis, "SENTINEL", "*-1\r\n", false);
    redis_peer_rule(&redis, "SENTINEL", "", false);
    redis_peer_rule(&redis, "SENTINEL get-master-addr-by-name mymaster", master, true);
    start_and_join();
}

static uint64_t links_lost(void)
{
    struct cluster_status status;

    cluster_read_status(cluster, &status);
    return status.links_lost;
}

static void a_server_that_sentinel_does_not_name_any_more_is_left(void **state)
{
    static const char other[] = "*2\r\n$9\r\n127.0.0.1\r\n$1\r\n1\r\n";
    const char *master = use_sentinel();

    (void)state;
    redis_peer_rule(&redis, "SENTINEL", master, false);
    redis_peer_rule(&redis, "SENTINEL", other, false);
    redis_peer_rule(&redis, "SENTINEL", "-ERR busy\r\n", false);
    redis_peer_rule(&redis, "SENTINEL", other, false);
    redis_peer_rule(&redis, "SENTINEL", master, true);
    start_and_join();
    UNTIL(links_lost() == 1);
    UNTIL(cluster_is_connected(cluster));
}

/* --- in step -------------------------------------------------------------------------------- */

static void what_happens_here_is_told_to_redis(void **state)
{
    const struct cluster_member member = {BYTES("u"), BYTES("{}")};

    (void)state;
    start_and_join();
    cluster_subscriptions(cluster, SUBSCRIBED("news"), 1, CLUSTER_KEY_IS_PRESENCE);
    cluster_join(cluster, SUBSCRIBED("news"), member);
    cluster_await(cluster, SUBSCRIBED("news"), (struct cluster_waiter){7, 1}, 0);
    publish("one", false);
    cluster_leave(cluster, SUBSCRIBED("news"), BYTES("u"), true);
    cluster_terminate(cluster, BYTES("app"), BYTES("u"));
    cluster_forget_cached(cluster, BYTES("old"), 3000);
    cluster_connections(cluster, BYTES("app"), 2);
    cluster_admit(cluster, BYTES("app"), 9, 5);
    cluster_lookup_online(cluster, SUBSCRIBED("u"), (struct cluster_waiter){6, 2});
    cluster_subscriptions(cluster, SUBSCRIBED("news"), -1, CLUSTER_KEY_NOTIFIES_COUNT);
    UNTIL(ASKED("S c3:app:news 0 t"));
    assert_true(ASKED("S c3:app:news 1 p 1"));
    assert_true(ASKED("J c3:app:news u {}"));
    assert_true(ASKED("D c3:app:news 7:1"));
    assert_true(ASKED("E c3:app:news 1 ") && ASKED("one"));
    assert_true(ASKED("L c3:app:news u 1"));
    assert_true(ASKED("T app u 2"));
    assert_true(ASKED("X app 2"));
    UNTIL(ASKED("O old 3000"));
    assert_true(ASKED("M app 9 5:1"));
    assert_true(ASKED("Q c3:app:u 6:2"));
    UNTIL(status().events_kept <= 1);
}

static void what_stands_in_the_inbox_is_told_and_taken_out(void **state)
{
    (void)state;
    start_and_join();
    redis.ends_waits = true;
    PUT('E', "c3:app:news", "0", "1", "other", "frame");
    PUT('D', "c3:app:news", "7:3");
    PUT('M', "app", "5:1", "1");
    UNTIL(was_told("refused") || was_told("admitted"));
    assert_true(was_told("event app/news frame 0"));
    assert_true(was_told("ready"));
    UNTIL(ASKED("XDEL reverb:native:{reverb0/1}:5:i:") && ASKED(" 1-0"));
    UNTIL(status().events_received == 1);
    UNTIL(ASKED(" A "));
}

/* --- the echo of this node's own events ------------------------------------------------------ */

#define WITH_ECHO "*2\r\n$2\r\nOK\r\n$4\r\necho\r\n"

static void subscribe_and_wait(void)
{
    start_and_join();
    cluster_subscriptions(cluster, SUBSCRIBED("news"), 1, 0);
    UNTIL(ASKED("S c3:app:news 1 "));
}

static void read_process(char *process, size_t len_max)
{
    const char *key;

    pthread_mutex_lock(&redis.lock);
    key = strstr(buffer_text(&redis.log), ":i:");
    assert_non_null(key);
    snprintf(process, len_max, "%.12s", key + 3);
    pthread_mutex_unlock(&redis.lock);
}

static void own_events_come_with_the_answer_if_nothing_is_unread(void **state)
{
    (void)state;
    subscribe_and_wait();
    redis_peer_rule(&redis, " e 0-0", WITH_ECHO, false);
    publish("mine", false);
    UNTIL(was_told("event app/news mine 0"));
    UNTIL(status().events_kept == 0 && status().events_sent == 1);
    PUT('E', "c3:app:news", "0", "1", "other", "theirs");
    UNTIL(was_told("event app/news theirs 0"));
    redis_peer_rule(&redis, " e 1-0", WITH_ECHO, false);
    publish("after", false);
    UNTIL(was_told("event app/news after 0"));
}

static void what_others_did_later_waits_for_the_echo(void **state)
{
    const char *mine;

    (void)state;
    subscribe_and_wait();
    redis_peer_rule(&redis, " e 0-0", "~" WITH_ECHO, false);
    publish("mine", false);
    UNTIL(ASKED(" e 0-0"));
    PUT('E', "c3:app:news", "0", "1", "other", "theirs");
    UNTIL(redis_peer_has_given(&redis));
    cluster_connections(cluster, BYTES("app"), 2);
    UNTIL(ASKED("X app 2"));
    assert_false(was_told("theirs"));
    redis_peer_release(&redis);
    UNTIL(was_told("event app/news theirs 0"));
    pthread_mutex_lock(&told_lock);
    mine = strstr(buffer_text(&noted.told), "mine");
    assert_non_null(mine);
    assert_non_null(strstr(mine, "theirs"));
    pthread_mutex_unlock(&told_lock);
}

static void an_echo_that_does_not_come_with_the_answer_comes_through_the_inbox(void **state)
{
    char process[32] = "";

    (void)state;
    subscribe_and_wait();
    read_process(process, sizeof process);
    publish("mine", false);
    UNTIL(ASKED(" e 0-0"));
    UNTIL(status().events_sent == 1);
    assert_false(was_told("mine"));
    PUT('E', "c3:app:news", "0", "1", process, "mine");
    UNTIL(was_told("event app/news mine 0"));
    UNTIL(status().events_kept == 0);
}

static void without_subscribers_here_no_echo_is_asked_for(void **state)
{
    (void)state;
    start_and_join();
    publish("mine", false);
    UNTIL(status().events_sent == 1);
    assert_false(ASKED(" e "));
}

static void members_come_page_by_page(void **state)
{
    (void)state;
    start_and_join();
    cluster_subscriptions(cluster, SUBSCRIBED("hall"), 1, CLUSTER_KEY_IS_PRESENCE);
    UNTIL(ASKED("S c3:app:hall 1 p 1"));
    PUT('P', "c3:app:hall", "1", "17", "a", "{}");
    UNTIL(ASKED("Y c3:app:hall p 1 17"));
    assert_false(was_told("member"));
    PUT('P', "c3:app:hall", "1", "0", "b", "{}");
    UNTIL(was_told("all app/hall  2"));
}

/* The last page is in the inbox when the link is lost: by itself it is not the list. */
static void a_page_for_the_previous_incarnation_is_passed_over(void **state)
{
    (void)state;
    start_and_join();
    cluster_subscriptions(cluster, SUBSCRIBED("hall"), 1, CLUSTER_KEY_IS_PRESENCE);
    UNTIL(ASKED("S c3:app:hall 1 p 1"));
    PUT('P', "c3:app:hall", "1", "17", "a", "{}");
    UNTIL(ASKED("Y c3:app:hall p 1 17"));
    redis_peer_rule(&redis, " F\n", NULL, false); /* the next snapshot is not requested yet */
    redis_peer_clear_log(&redis);
    redis_peer_close_all(&redis);
    UNTIL(ASKED(" F\n"));
    PUT('P', "c3:app:hall", "1", "0", "b", "{}");
    PUT('D', "c3:app:hall", "7:3");
    UNTIL(was_told("ready"));
    assert_false(was_told("all app/hall"));
}

static void what_is_missing_of_a_wide_stream_is_counted_once_though_nothing_follows(void **state)
{
    (void)state;
    redis.ends_waits = true;
    start_and_join();
    redis_peer_rule(&redis, " H ", "*3\r\n$2\r\nOK\r\n$5\r\nepoch\r\n$1\r\n1\r\n", true);
    cluster_subscriptions(cluster, SUBSCRIBED("news"), 1, 0);
    UNTIL(ASKED("S c3:app:news 1"));
    PUT('W', "c3:app:news", "a", "4");
    UNTIL(ASKED(" B 1 1 a\n"));
    assert_int_equal(status().gaps, 0);
    redis_peer_rule(&redis, " B ", "*4\r\n$2\r\nOK\r\n$1\r\n0\r\n$1\r\n2\r\n$3\r\na5 \r\n", true);
    UNTIL(status().gaps == 1);
    UNTIL(ASKED(" H "));
    redis_peer_clear_log(&redis);
    UNTIL(cluster_is_connected(cluster));
    UNTIL(ASKED(" B 1 2 a\n"));
    assert_int_equal(status().gaps, 1);
}

/* Of the first request that is sent after a heartbeat, as many entries come as it has asked for. */
static void what_may_be_unread_is_not_reported_as_read(void **state)
{
    struct buffer full = {0};

    (void)state;
    redis_peer_rule(&redis, " B ", "*4\r\n$2\r\nOK\r\n$1\r\n0\r\n$4\r\n1000\r\n$0\r\n\r\n", true);
    start_and_join();
    UNTIL(ASKED(" B "));
    buffer_append_text(&full, "*1\r\n*2\r\n$5\r\ninbox\r\n*16\r\n");
    for (int number = 11; number <= 26; number++)
        buffer_printf(&full, "*2\r\n$4\r\n%d-1\r\n*2\r\n$1\r\n-\r\n$0\r\n\r\n", number);
    redis_peer_rule(&redis, "XREAD COUNT 16 ", buffer_text(&full), false);
    redis_peer_rule(&redis, "XREAD COUNT 32 ", NULL, true);
    redis.ends_waits = true;
    UNTIL(ASKED(" B 0 25 "));
    assert_false(ASKED(" B 0 1000 "));
    buffer_deinit(&full);
}

static void the_dead_are_taken_away_step_by_step(void **state)
{
    (void)state;
    start_and_join();
    redis_peer_rule(&redis, " B ", "*2\r\n$2\r\nOK\r\n$1\r\n1\r\n", false);
    redis_peer_rule(&redis, " R\n", "*2\r\n$2\r\nOK\r\n$1\r\n1\r\n", false);
    UNTIL(ASKED(" R\n"));
    redis_peer_clear_log(&redis);
    redis_peer_rule(&redis, " B ", "*2\r\n$2\r\nOK\r\n$1\r\n1\r\n", false);
    UNTIL(ASKED(" R\n"));
}

static void what_was_told_is_verified_and_renewed(void **state)
{
    const struct cluster_member member = {BYTES("u"), BYTES("{}")};

    (void)state;
    start_and_join();
    cluster_subscriptions(cluster, SUBSCRIBED("hall"), 1, 0);
    cluster_join(cluster, SUBSCRIBED("hall"), member);
    UNTIL(ASKED("V c3:app:hall 1 u"));
    UNTIL(ASKED(" N B "));
}

static void subscribe_to_many(size_t from, size_t count)
{
    for (size_t i = from; i < from + count; i++) {
        char name[32];

        snprintf(name, sizeof name, "c-%zu", i);
        cluster_subscriptions(
            cluster, (struct cluster_key){CLUSTER_KEY_CHANNEL, BYTES("app"), bytes_of(name)}, 1, 0);
    }
}

static void who_fills_the_queue_to_redis_is_noted_until_it_is_down(void **state)
{
    struct net_watermark *filled;
    size_t count = 0;

    (void)state;
    start_and_join();
    redis_peer_rule(&redis, "EVALSHA", NULL, true);
    net_watermark_take_filled();
    for (; count < 5000; count += 1000) { /* far less than its mailbox may hold */
        char last[32];

        subscribe_to_many(count, 1000);
        snprintf(last, sizeof last, ":c-%zu ", count + 999);
        UNTIL(ASKED(last));
    }
    subscribe_to_many(count, 1);
    filled = net_watermark_take_filled();
    assert_non_null(filled);
    redis_peer_drop_rules(&redis);
    redis_peer_close_all(&redis);
    UNTIL(atomic_load(&filled->amount) <= filled->high / 2);
    UNTIL(cluster_is_connected(cluster));
    net_watermark_take_filled();
    subscribe_to_many(count + 1, 1);
    assert_false(net_watermark_has_filled());
}

/* --- away ----------------------------------------------------------------------------------- */

static void while_redis_is_away_the_node_goes_on_and_then_sends_what_it_kept(void **state)
{
    (void)state;
    start_and_join();
    cluster_subscriptions(cluster, SUBSCRIBED("news"), 1, 0);
    UNTIL(ASKED("S c3:app:news 1"));
    redis_peer_rule(&redis, "INFO server", "", true);
    redis_peer_close_all(&redis);
    UNTIL(was_told("down"));
    assert_false(cluster_is_connected(cluster));
    publish("kept", false);
    UNTIL(atomic_load(&not_taken) == 0);
    cluster_terminate(cluster, BYTES("app"), BYTES("u"));
    cluster_forget_cached(cluster, BYTES("old"), 3000);
    UNTIL(was_told("event app/news kept 0"));
    UNTIL(was_told("terminate app/u"));
    assert_true(reason_holds("closed"));
    redis_peer_clear_log(&redis);
    redis_peer_drop_rules(&redis);
    UNTIL(ASKED("E c3:app:news 0 ") && ASKED("kept"));
    assert_true(ASKED("O old 3000"));
    assert_true(ASKED("S c3:app:news 1 ")); /* all it has, told anew */
    assert_true(ASKED("T app u 4"));
    UNTIL(cluster_is_connected(cluster));
    assert_int_equal(status().links_lost, 1);
}

/* Else what is published meanwhile, which workers then deliver themselves, would come before. */
static void pending_events_are_delivered_before_the_link_is_down(void **state)
{
    (void)state;
    start_and_join();
    cluster_subscriptions(cluster, SUBSCRIBED("news"), 1, 0);
    UNTIL(ASKED("S c3:app:news 1"));
    redis_peer_rule(&redis, " E ", NULL, true);
    publish("pending", false);
    UNTIL(ASKED("pending"));
    redis_peer_close_all(&redis);
    UNTIL(was_told("event app/news pending 0"));
    pthread_mutex_lock(&told_lock);
    assert_true(was_up_at_event);
    pthread_mutex_unlock(&told_lock);
    UNTIL(was_told("down"));
}

/* More channels than are reported in one turn. */
static void a_node_with_many_channels_joins_again(void **state)
{
    char name[32];

    (void)state;
    start_and_join();
    for (int i = 0; i < 9000; i++) {
        snprintf(name, sizeof name, "c-%d-", i);
        cluster_subscriptions(
            cluster, (struct cluster_key){CLUSTER_KEY_CHANNEL, BYTES("app"), bytes_of(name)}, 1, 0);
    }
    UNTIL(ASKED("S c3:app:c-8999- 1"));
    redis_peer_clear_log(&redis);
    redis_peer_close_all(&redis);
    UNTIL(was_told("down"));
    publish("meanwhile", true);
    UNTIL(cluster_is_connected(cluster));
    UNTIL(ASKED("meanwhile"));
    for (int i = 0; i < 9000; i += 1000) {
        snprintf(name, sizeof name, "S c3:app:c-%d- 1", i);
        assert_true(ASKED(name));
    }
}

static void what_does_not_fit_is_dropped_and_counted(void **state)
{
    (void)state;
    start();
    for (int i = 0; i < 100; i++)
        publish("a text of some length", true);
    UNTIL(status().events_dropped > 50);
    UNTIL(cluster_is_connected(cluster));
}

static void a_redis_without_memory_is_stayed_with_until_it_has_some(void **state)
{
    (void)state;
    start_and_join();
    UNTIL(ASKED(" N B "));
    redis_peer_rule(&redis, " W\n", "-OOM command not allowed\r\n", true);
    redis_peer_rule(&redis, " E ", "-OOM command not allowed\r\n", true);
    redis_peer_clear_log(&redis);
    publish("kept", true);
    UNTIL(was_told("down"));
    UNTIL(reason_holds("OOM"));
    UNTIL(ASKED(" W\n"));
    assert_false(ASKED(" H ")); /* it has not begun anew */
    redis_peer_drop_rules(&redis);
    UNTIL(cluster_is_connected(cluster));
    UNTIL(ASKED(" E c3:app:news"));
    assert_false(ASKED(" H "));
}

static void a_question_for_changes_that_redis_has_no_memory_for_is_asked_again(void **state)
{
    (void)state;
    start_and_join();
    redis_peer_rule(&redis, " W\n", "-OOM command not allowed\r\n", true);
    redis_peer_rule(&redis, " I 0 ", "-OOM command not allowed\r\n", false);
    cluster_want_changes(cluster, BYTES("wanted"));
    UNTIL(was_told("down"));
    UNTIL(reason_holds("OOM"));
    redis_peer_clear_log(&redis);
    redis_peer_drop_rules(&redis);
    UNTIL(cluster_is_connected(cluster));
    UNTIL(ASKED(" I 0  wanted "));
    assert_false(ASKED(" H ")); /* it has not begun anew */
}

/* More than one call holds: the first is refused, while the second is applied. */
static void what_was_refused_is_sent_again_though_later_events_were_applied(void **state)
{
    (void)state;
    settings.max_kept_bytes = 1000000;
    start_and_join();
    UNTIL(ASKED(" N B "));
    redis_peer_rule(&redis, " W\n", "-OOM command not allowed\r\n", true);
    redis_peer_rule(&redis, " E ", "-OOM command not allowed\r\n", false);
    publish("first", true);
    UNTIL(was_told("down"));
    for (int i = 0; i < 600; i++)
        publish("another", true);
    publish("last", true);
    UNTIL(status().events_kept == 602);
    redis_peer_rule(&redis, "first ", "-OOM command not allowed\r\n", false);
    redis_peer_clear_log(&redis);
    redis_peer_drop_rule(&redis, " W\n");
    UNTIL(ASKED("last"));
    UNTIL(status().events_kept == 0);
    /* Its number, before the length of this node's name. */
    assert_true(ASKED("603\f") && ASKED("first E ")); /* refused */
    assert_true(ASKED("1205\f"));
    assert_false(ASKED(" H ")); /* it has not begun anew */
}

static void the_end_of_a_user_that_was_lost_with_the_link_is_sent_again(void **state)
{
    (void)state;
    start_and_join();
    UNTIL(ASKED(" N B "));
    redis_peer_rule(&redis, " T app u", "", false);
    cluster_terminate(cluster, BYTES("app"), BYTES("u"));
    UNTIL(was_told("terminate app/u"));
    redis_peer_clear_log(&redis);
    UNTIL(ASKED(" T app u 1"));
    UNTIL(cluster_is_connected(cluster));
}

static void who_is_not_known_any_more_begins_anew_and_counts_a_gap(void **state)
{
    (void)state;
    start_and_join();
    redis_peer_rule(&redis, " B ", "*1\r\n$4\r\nGONE\r\n", false);
    UNTIL(status().gaps > 0);
    UNTIL(ASKED(".2 1000000 epoch H "));
    UNTIL(cluster_is_connected(cluster));
}

static void what_redis_has_lost_is_told_anew_without_a_gap(void **state)
{
    (void)state;
    start_and_join();
    redis_peer_rule(&redis, " B ", "*2\r\n$4\r\nLOST\r\n$3\r\nk:a\r\n", false);
    UNTIL(reason_holds("it has lost a part of what it was told (k:a)") ||
          ASKED(".2 1000000 epoch H "));
    UNTIL(ASKED(".2 1000000 epoch H "));
    UNTIL(cluster_is_connected(cluster));
}

static void a_redis_of_another_epoch_is_given_time_for_the_others(void **state)
{
    (void)state;
    start_and_join();
    redis_peer_rule(&redis, " H ", "*3\r\n$2\r\nOK\r\n$7\r\nanother\r\n$1\r\n1\r\n", false);
    redis_peer_close_all(&redis);
    UNTIL(was_told("down"));
    redis_peer_clear_log(&redis);
    UNTIL(ASKED(" B "));
    assert_false(cluster_is_connected(cluster));
    UNTIL(cluster_is_connected(cluster));
}

/* Until then a list of members lacks those of nodes that have not reported theirs yet. */
static void peers_are_waited_for_though_the_link_is_lost_meanwhile(void **state)
{
    (void)state;
    start_and_join();
    cluster_subscriptions(cluster, SUBSCRIBED("hall"), 1, CLUSTER_KEY_IS_PRESENCE);
    UNTIL(ASKED("S c3:app:hall 1 p 1"));
    redis_peer_rule(&redis, " H ", "*3\r\n$2\r\nOK\r\n$7\r\nanother\r\n$1\r\n1\r\n", true);
    for (int i = 0; i < 2; i++) {
        redis_peer_clear_log(&redis);
        redis_peer_close_all(&redis);
        UNTIL(ASKED(" Y c3:app:hall p "));
    }
    PUT('P', "c3:app:hall", "5", "0", "a", "{}"); /* the list that was requested last */
    PUT('D', "c3:app:hall", "7:3");
    UNTIL(was_told("ready"));
    assert_false(was_told("all app/hall"));
}

/* --- queries -------------------------------------------------------------------------------- */

static void on_answer(const struct cluster_query_answer *answer, void *user)
{
    (void)user;
    buffer_printf(&answered, "%s", answer->is_known ? "known" : "unknown");
    for (size_t i = 0; i < answer->channels_count; i++) {
        buffer_append_char(&answered, ' ');
        buffer_append_bytes(&answered, answer->channels[i].name);
        buffer_printf(&answered, ":%u,%u", answer->channels[i].subscription_count,
                      answer->channels[i].user_count);
    }
    for (size_t i = 0; i < answer->users_count; i++) {
        buffer_append_text(&answered, " user ");
        buffer_append_bytes(&answered, answer->users[i]);
    }
    buffer_printf(&answered, " %llu;", (unsigned long long)answer->connections_count);
}

static struct cluster_query_caller caller(void)
{
    return (struct cluster_query_caller){.mailbox = &worker.loop.mailbox, .on_answer = on_answer};
}

#define CHANNEL(name, count, users) \
    "*5\r\n$1\r\n" name "\r\n:" count "\r\n:" users "\r\n$0\r\n\r\n:0\r\n"

static void a_list_comes_page_by_page_and_nothing_twice(void **state)
{
    const struct cluster_query_caller asks = caller();

    (void)state;
    start_and_join();
    redis_peer_rule(&redis, "list 0 app pre 1 0",
                    "*2\r\n$2\r\n17\r\n*2\r\n" CHANNEL("a", "1", "2") CHANNEL("b", "3", "4"),
                    false);
    redis_peer_rule(&redis, "list 17 app pre 1 0",
                    "*2\r\n$1\r\n0\r\n*2\r\n" CHANNEL("b", "3", "4") CHANNEL("c", "5", "6"), false);
    cluster_queries_list(cluster, &asks, BYTES("app"), BYTES("pre"), true, false);
    FIXTURE_UNTIL(&worker, answered.len > 0);
    assert_text(buffer_bytes(&answered), "known a:1,2 b:3,4 c:5,6 0;");
}

static void on_page(const struct cluster_query_answer *page, void *user)
{
    buffer_append_text(&answered, "page ");
    on_answer(page, user);
}

static void a_caller_may_have_each_page_as_it_comes(void **state)
{
    struct cluster_query_caller asks = caller();

    (void)state;
    start_and_join();
    asks.on_page = on_page;
    redis_peer_rule(&redis, "list 0 app  0 0",
                    "*2\r\n$2\r\n17\r\n*2\r\n" CHANNEL("a", "1", "2") CHANNEL("b", "3", "4"),
                    false);
    redis_peer_rule(&redis, "list 17 app  0 0",
                    "*2\r\n$1\r\n0\r\n*2\r\n" CHANNEL("b", "3", "4") CHANNEL("c", "5", "6"), false);
    cluster_queries_list(cluster, &asks, BYTES("app"), BYTES(""), false, false);
    FIXTURE_UNTIL(&worker, strstr(buffer_text(&answered), "c:") != NULL);
    FIXTURE_UNTIL(&worker, strstr(buffer_text(&answered), ";known 0;") != NULL);
    assert_text(buffer_bytes(&answered), "page known a:1,2 b:3,4 0;page known c:5,6 0;known 0;");
    buffer_clear(&answered);
    redis_peer_rule(&redis, "users 0 c3:app:x",
                    "*3\r\n$1\r\n0\r\n*1\r\n" CHANNEL("x", "1", "2") "*1\r\n$1\r\nu\r\n", false);
    cluster_queries_users(cluster, &asks, BYTES("app"), BYTES("x"));
    FIXTURE_UNTIL(&worker, strstr(buffer_text(&answered), "x:1") != NULL);
    assert_text(buffer_bytes(&answered), "page known user u 0;known x:1,2 0;");
}

static void channels_and_users_are_asked_for_by_key(void **state)
{
    const struct bytes names[] = {BYTES("x"), BYTES("y")};
    const struct cluster_query_caller asks = caller();

    (void)state;
    start_and_join();
    redis_peer_rule(&redis, "channels 0 c3:app:x c3:app:y",
                    "*2\r\n$1\r\n0\r\n*2\r\n" CHANNEL("x", "1", "2") CHANNEL("y", "0", "0"), false);
    cluster_queries_channels(cluster, &asks, BYTES("app"), names, 2);
    FIXTURE_UNTIL(&worker, answered.len > 0);
    assert_text(buffer_bytes(&answered), "known x:1,2 y:0,0 0;");
    buffer_clear(&answered);
    redis_peer_rule(&redis, "users 0 c3:app:x",
                    "*3\r\n$1\r\n9\r\n*1\r\n" CHANNEL("x", "1", "2") "*1\r\n$1\r\nu\r\n", false);
    redis_peer_rule(&redis, "users 9 c3:app:x",
                    "*3\r\n$1\r\n0\r\n*1\r\n" CHANNEL("x", "1", "2") "*1\r\n$1\r\nv\r\n", false);
    cluster_queries_users(cluster, &asks, BYTES("app"), BYTES("x"));
    FIXTURE_UNTIL(&worker, answered.len > 0);
    assert_text(buffer_bytes(&answered), "known x:1,2 user u user v 0;");
}

static void connections_are_asked_for_and_acknowledgements_waited_for(void **state)
{
    const struct cluster_query_caller asks = caller();

    (void)state;
    start_and_join();
    redis_peer_rule(&redis, "connections 0 app", "*2\r\n$1\r\n0\r\n:12\r\n", false);
    cluster_queries_connections(cluster, &asks, BYTES("app"));
    FIXTURE_UNTIL(&worker, answered.len > 0);
    assert_text(buffer_bytes(&answered), "known 12;");
    buffer_clear(&answered);
    publish("one", true);
    cluster_queries_acked(cluster, &asks);
    FIXTURE_UNTIL(&worker, answered.len > 0);
    assert_text(buffer_bytes(&answered), "known 0;");
    assert_true(ASKED("E c3:app:news"));
}

static void what_redis_does_not_answer_in_time_is_not_known(void **state)
{
    const struct cluster_query_caller asks = caller();

    (void)state;
    start_and_join();
    redis_peer_rule(&redis, "connections 0 app", NULL, false);
    cluster_queries_connections(cluster, &asks, BYTES("app"));
    FIXTURE_UNTIL(&worker, answered.len > 0);
    assert_text(buffer_bytes(&answered), "unknown 0;");
    UNTIL(was_told("down"));
    UNTIL(reason_holds("it does not answer"));
}

static void without_redis_nothing_is_known(void **state)
{
    const struct cluster_query_caller asks = caller();

    (void)state;
    redis_peer_rule(&redis, "INFO server", "", true);
    start();
    cluster_queries_list(cluster, &asks, BYTES("app"), BYTES(""), false, false);
    FIXTURE_UNTIL(&worker, answered.len > 0);
    assert_text(buffer_bytes(&answered), "unknown 0;");
}

/* --- the end -------------------------------------------------------------------------------- */

static void a_node_that_ends_says_good_bye_until_nothing_of_it_is_left(void **state)
{
    (void)state;
    start_and_join();
    redis_peer_rule(&redis, " G\n", "*2\r\n$2\r\nOK\r\n$1\r\n1\r\n", false);
    publish("last", true);
    assert_true(end_cluster());
    assert_true(ASKED("E c3:app:news 0 ") && ASKED("last"));
    assert_true(ASKED(" G\n"));
    cluster_free(cluster);
    cluster = NULL;
}

static void nothing_is_a_cluster_too(void **state)
{
    (void)state;
    assert_false(cluster_is_connected(NULL));
    assert_false(cluster_is_up(NULL, SUBSCRIBED("news")));
    assert_false(cluster_is_stalled(NULL));
    cluster_free(NULL);
}

static void the_channels_of_a_redis_cluster_are_spread_over_links(void **state)
{
    char address[32];
    char *hosts[] = {address};

    (void)state;
    snprintf(address, sizeof address, "127.0.0.1:%u", redis.port);
    settings.cluster = true;
    settings.hosts = hosts;
    settings.hosts_count = 1;
    start_and_join();
    assert_true(ASKED("{reverb0/16}"));
    assert_true(ASKED("{reverb15/16}"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* The same on the thread of the only worker. */
#define AS_GUEST(name)                                              \
    {                                                               \
#name " (as guest)", name, set_up_as_guest, tear_down, NULL \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_node_says_hello_tells_what_it_has_and_is_in_step),
        TEST(a_user_with_a_password_and_a_database_logs_in),
        TEST(what_refuses_is_the_reason),
        TEST(a_policy_that_evicts_is_a_warning),
        TEST(a_redis_of_another_kind_than_configured_is_a_warning),
        TEST(a_sentinel_in_the_place_of_redis_is_the_reason),
        TEST(a_referral_is_followed),
        TEST(a_sentinel_is_asked_for_the_master),
        TEST(a_server_that_sentinel_does_not_name_any_more_is_left),
        TEST(what_happens_here_is_told_to_redis),
        TEST(what_stands_in_the_inbox_is_told_and_taken_out),
        TEST(own_events_come_with_the_answer_if_nothing_is_unread),
        TEST(what_others_did_later_waits_for_the_echo),
        TEST(an_echo_that_does_not_come_with_the_answer_comes_through_the_inbox),
        TEST(without_subscribers_here_no_echo_is_asked_for),
        TEST(members_come_page_by_page),
        TEST(a_page_for_the_previous_incarnation_is_passed_over),
        TEST(what_is_missing_of_a_wide_stream_is_counted_once_though_nothing_follows),
        TEST(what_may_be_unread_is_not_reported_as_read),
        TEST(the_dead_are_taken_away_step_by_step),
        TEST(what_was_told_is_verified_and_renewed),
        TEST(who_fills_the_queue_to_redis_is_noted_until_it_is_down),
        TEST(pending_events_are_delivered_before_the_link_is_down),
        TEST(a_node_with_many_channels_joins_again),
        TEST(while_redis_is_away_the_node_goes_on_and_then_sends_what_it_kept),
        TEST(what_does_not_fit_is_dropped_and_counted),
        TEST(a_redis_without_memory_is_stayed_with_until_it_has_some),
        TEST(a_question_for_changes_that_redis_has_no_memory_for_is_asked_again),
        TEST(what_was_refused_is_sent_again_though_later_events_were_applied),
        TEST(the_end_of_a_user_that_was_lost_with_the_link_is_sent_again),
        TEST(who_is_not_known_any_more_begins_anew_and_counts_a_gap),
        TEST(what_redis_has_lost_is_told_anew_without_a_gap),
        TEST(a_redis_of_another_epoch_is_given_time_for_the_others),
        TEST(peers_are_waited_for_though_the_link_is_lost_meanwhile),
        TEST(a_list_comes_page_by_page_and_nothing_twice),
        TEST(a_caller_may_have_each_page_as_it_comes),
        TEST(channels_and_users_are_asked_for_by_key),
        TEST(connections_are_asked_for_and_acknowledgements_waited_for),
        TEST(what_redis_does_not_answer_in_time_is_not_known),
        TEST(without_redis_nothing_is_known),
        TEST(a_node_that_ends_says_good_bye_until_nothing_of_it_is_left),
        TEST(nothing_is_a_cluster_too),
        TEST(the_channels_of_a_redis_cluster_are_spread_over_links),
        AS_GUEST(a_node_says_hello_tells_what_it_has_and_is_in_step),
        AS_GUEST(what_happens_here_is_told_to_redis),
        AS_GUEST(own_events_come_with_the_answer_if_nothing_is_unread),
        AS_GUEST(who_fills_the_queue_to_redis_is_noted_until_it_is_down),
        AS_GUEST(while_redis_is_away_the_node_goes_on_and_then_sends_what_it_kept),
        AS_GUEST(connections_are_asked_for_and_acknowledgements_waited_for),
        AS_GUEST(a_node_that_ends_says_good_bye_until_nothing_of_it_is_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
