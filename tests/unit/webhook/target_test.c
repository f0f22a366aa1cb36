#include "webhook/target.h"

#include "net/loop.h"
#include "unit/webhook/changes.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* A target and a receiver that answers each request with `answer`. */
struct fixture {
    struct webhook_delivery *delivery;
    struct webhook_target *target;
    struct webhook_pipe pipe;
    struct webhook_spec spec;
    char url[64];
    int listening;
    int fd;
    const char *answer;
    struct buffer request; /* the last one, as far as it has come */
    struct buffer requests;
    size_t requests_count;
};

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define FAILURE "HTTP/1.1 500 Bad\r\nContent-Length: 0\r\n\r\n"

static uint64_t now_ms(void)
{
    return uv_hrtime() / 1000000;
}

/* The other end of the pipe: it keeps each body as a line, or has an `answer` why not. */
static const char *take_from_pipe(struct bytes app_id, struct bytes body, void *user)
{
    struct fixture *fixture = user;

    assert_text(app_id, "app");
    fixture->requests_count++;
    if (strcmp(fixture->answer, OK) != 0)
        return fixture->answer;
    buffer_append_bytes(&fixture->requests, body);
    buffer_append_char(&fixture->requests, '\n');
    return NULL;
}

static void open_fixture(struct fixture *fixture)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;

    *fixture = (struct fixture){.fd = -1, .answer = OK};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fixture->listening = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fixture->listening, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fixture->listening, 8), 0);
    assert_int_equal(getsockname(fixture->listening, (struct sockaddr *)&address, &len), 0);
    fcntl(fixture->listening, F_SETFL, O_NONBLOCK);
    snprintf(fixture->url, sizeof fixture->url, "http://127.0.0.1:%u/hooks",
             ntohs(address.sin_port));
    fixture->spec = (struct webhook_spec){
        .app_id = (char *)(uintptr_t) "app",
        .key = (char *)(uintptr_t) "key",
        .secret = (char *)(uintptr_t) "secret",
        .webhook = {.url = fixture->url,
                    .kinds = 0x7f,
                    .batching_enabled = true,
                    .batching_max_events = 2,
                    .batching_max_payload_bytes = 100000,
                    .timeout_s = 5,
                    .retry_for_s = 300},
        .queue_bytes_max = 100000,
    };
    fixture->delivery = webhook_delivery_new(&fixture->requests);
    assert_non_null(fixture->delivery);
    fixture->pipe = (struct webhook_pipe){take_from_pipe, fixture};
    fixture->target = webhook_target_new(fixture->delivery, &fixture->pipe, "source");
    webhook_target_configure(fixture->target, &fixture->spec);
}

static void close_fixture(struct fixture *fixture)
{
    webhook_target_free(fixture->target);
    webhook_delivery_free(fixture->delivery);
    close(fixture->listening);
    if (fixture->fd >= 0)
        close(fixture->fd);
    buffer_deinit(&fixture->request);
    buffer_deinit(&fixture->requests);
}

static bool is_whole(struct buffer *request)
{
    const char *head_end = strstr(buffer_text(request), "\r\n\r\n");

    return head_end != NULL && strstr(head_end, "]}") != NULL;
}

static void serve(struct fixture *fixture)
{
    char in[4096];
    ssize_t len;
    const int fd = accept(fixture->listening, NULL, NULL);

    if (fd >= 0 && fixture->fd >= 0)
        close(fixture->fd); /* the one before has served */
    if (fd >= 0)
        fixture->fd = fd;
    if (fixture->fd < 0)
        return;
    fcntl(fixture->fd, F_SETFL, O_NONBLOCK);
    len = recv(fixture->fd, in, sizeof in, 0);
    if (len == 0) {
        close(fixture->fd);
        fixture->fd = -1;
        return;
    }
    if (len > 0)
        buffer_append(&fixture->request, in, (size_t)len);
    if (!is_whole(&fixture->request))
        return;
    buffer_append_bytes(&fixture->requests, buffer_bytes(&fixture->request));
    buffer_clear(&fixture->request);
    fixture->requests_count++;
    assert_true(send(fixture->fd, fixture->answer, strlen(fixture->answer), MSG_NOSIGNAL) > 0);
}

/* Until the receiver has had so many requests, and the last one was answered. */
static void run_until(struct fixture *fixture, size_t count)
{
    const uint64_t end_ms = now_ms() + 10000;

    while (fixture->requests_count < count || fixture->target->is_sending) {
        assert_true(now_ms() < end_ms);
        webhook_target_turn(fixture->target, now_ms());
        webhook_delivery_work(fixture->delivery);
        serve(fixture);
        webhook_delivery_wait(fixture->delivery, 1);
    }
}

static void take(struct fixture *fixture, enum config_webhook_kind kind, const char *channel)
{
    struct webhook_change *change = change_of(kind, channel, NULL);

    snprintf(change->id, sizeof change->id, "id-of-%.20s", channel);
    webhook_target_take(fixture->target, change, now_ms());
    webhook_change_unref(change);
}

static bool was_sent(struct fixture *fixture, const char *text)
{
    return strstr(buffer_text(&fixture->requests), text) != NULL;
}

static void events_are_sent_in_batches_with_headers_and_numbers(void **state)
{
    struct fixture fixture;

    (void)state;
    open_fixture(&fixture);
    take(&fixture, CONFIG_WEBHOOK_CHANNEL_OCCUPIED, "a");
    take(&fixture, CONFIG_WEBHOOK_CHANNEL_OCCUPIED, "b");
    take(&fixture, CONFIG_WEBHOOK_CACHE_MISS, "c");
    assert_false(webhook_target_is_idle(fixture.target));
    run_until(&fixture, 2);
    assert_true(webhook_target_is_idle(fixture.target));
    assert_true(was_sent(&fixture, "POST /hooks HTTP/1.1"));
    assert_true(was_sent(&fixture, "X-Pusher-Key: key"));
    assert_true(was_sent(&fixture, "webhook-id: source-1\r\n"));
    assert_true(was_sent(&fixture, "webhook-id: source-3\r\n"));
    assert_true(was_sent(&fixture, "\"id\":\"id-of-b\",\"sequence\":2}]}"));
    assert_int_equal(fixture.target->delivered_count, 3);
    assert_int_equal(fixture.target->last_status, 200);
    assert_int_equal(webhook_target_age_ms(fixture.target, now_ms()), 0);
    assert_true(webhook_target_due_ms(fixture.target) == UINT64_MAX);
    close_fixture(&fixture);
}

static void what_failed_is_sent_again_as_it_was_and_later_events_wait(void **state)
{
    struct fixture fixture;
    uint64_t due_ms;

    (void)state;
    open_fixture(&fixture);
    fixture.answer = FAILURE;
    take(&fixture, CONFIG_WEBHOOK_CHANNEL_OCCUPIED, "a");
    run_until(&fixture, 1);
    take(&fixture, CONFIG_WEBHOOK_CHANNEL_OCCUPIED, "b");
    due_ms = webhook_target_due_ms(fixture.target);
    assert_true(due_ms > now_ms() + 100 && due_ms <= now_ms() + 500);
    assert_int_equal(fixture.target->failures, 1);
    assert_string_equal(fixture.target->last_reason, "it answered 500");
    fixture.answer = OK;
    run_until(&fixture, 2);
    assert_false(was_sent(&fixture, "id-of-b"));
    run_until(&fixture, 3);
    assert_true(was_sent(&fixture, "id-of-b"));
    assert_int_equal(fixture.target->failures, 0);
    assert_int_equal(fixture.target->failed_count, 1);
    close_fixture(&fixture);
}

static void what_is_too_old_is_dropped_and_counted(void **state)
{
    struct fixture fixture;

    (void)state;
    open_fixture(&fixture);
    fixture.spec.webhook.retry_for_s = 0;
    webhook_target_configure(fixture.target, &fixture.spec);
    fixture.answer = FAILURE;
    take(&fixture, CONFIG_WEBHOOK_CHANNEL_OCCUPIED, "a");
    take(&fixture, CONFIG_WEBHOOK_CHANNEL_OCCUPIED, "b");
    run_until(&fixture, 1);
    assert_true(webhook_target_is_idle(fixture.target));
    assert_int_equal(fixture.target->expired_count, 2);
    close_fixture(&fixture);
}

static void a_full_queue_drops_what_comes_and_keeps_the_numbers(void **state)
{
    struct fixture fixture;

    (void)state;
    open_fixture(&fixture);
    fixture.spec.queue_bytes_max = 500;
    webhook_target_configure(fixture.target, &fixture.spec);
    for (int i = 0; i < 20; i++)
        take(&fixture, CONFIG_WEBHOOK_CHANNEL_OCCUPIED, "a");
    assert_in_range(fixture.target->queue_count, 1, 3);
    assert_int_equal(fixture.target->full_count, 20 - fixture.target->queue_count);
    run_until(&fixture, 1);
    take(&fixture, CONFIG_WEBHOOK_CHANNEL_OCCUPIED, "late");
    run_until(&fixture, 2);
    assert_true(was_sent(&fixture, "\"sequence\":21}"));
    close_fixture(&fixture);
}

static void leaving_is_smoothed_and_at_the_end_nothing_waits(void **state)
{
    struct fixture fixture;

    (void)state;
    open_fixture(&fixture);
    fixture.spec.webhook.disconnect_smoothing_ms = 60000;
    fixture.spec.webhook.batching_max_delay_ms = 60000;
    webhook_target_configure(fixture.target, &fixture.spec);
    take(&fixture, CONFIG_WEBHOOK_CHANNEL_VACATED, "gone");
    take(&fixture, CONFIG_WEBHOOK_CHANNEL_VACATED, "back");
    take(&fixture, CONFIG_WEBHOOK_CHANNEL_OCCUPIED, "back");
    assert_int_equal(fixture.target->queue_count, 0);
    assert_true(webhook_target_due_ms(fixture.target) > now_ms() + 50000);
    webhook_target_hurry(fixture.target);
    run_until(&fixture, 1);
    assert_true(was_sent(&fixture, "gone"));
    assert_false(was_sent(&fixture, "back"));
    close_fixture(&fixture);
}

/* The node before may have sent that it left: a coming that cancels it would be missed. */
static void what_another_node_has_left_is_sent_as_it_is(void **state)
{
    struct webhook_change *left = change_of(CONFIG_WEBHOOK_MEMBER_REMOVED, "presence-a", "ann");
    struct fixture fixture;

    (void)state;
    open_fixture(&fixture);
    fixture.spec.webhook.disconnect_smoothing_ms = 60000;
    webhook_target_configure(fixture.target, &fixture.spec);
    left->is_certain = true;
    webhook_target_take(fixture.target, left, now_ms());
    webhook_change_unref(left);
    assert_int_equal(fixture.target->queue_count, 1);
    left = change_of(CONFIG_WEBHOOK_MEMBER_ADDED, "presence-a", "ann");
    webhook_target_take(fixture.target, left, now_ms());
    webhook_change_unref(left);
    assert_int_equal(fixture.target->queue_count, 2);
    close_fixture(&fixture);
}

/* Whatever the receiver knows, and whatever waits: it knows it then. */
static void what_is_certain_is_neither_swallowed_nor_undone(void **state)
{
    struct webhook_change *change;
    struct fixture fixture;

    (void)state;
    open_fixture(&fixture);
    fixture.spec.webhook.disconnect_smoothing_ms = 60000;
    webhook_target_configure(fixture.target, &fixture.spec);
    for (int i = 0; i < 2; i++) {
        take(&fixture, CONFIG_WEBHOOK_CHANNEL_VACATED, "a");
        change = change_of(
            i == 0 ? CONFIG_WEBHOOK_CHANNEL_OCCUPIED : CONFIG_WEBHOOK_CHANNEL_VACATED, "a", NULL);
        change->is_certain = true;
        webhook_target_take(fixture.target, change, now_ms());
        webhook_change_unref(change);
        assert_int_equal(fixture.target->queue_count, i + 1);
        assert_int_equal(webhook_smoothing_due_ms(&fixture.target->smoothing), UINT64_MAX);
    }
    close_fixture(&fixture);
}

static void on_done(size_t link, struct bytes stream_id, void *user)
{
    (void)link;
    (void)stream_id;
    ++*(size_t *)user;
}

static void take_of_link(struct fixture *fixture, const struct webhook_change_owner *owner,
                         size_t link, const char *channel)
{
    struct webhook_change *change = change_of(CONFIG_WEBHOOK_CHANNEL_OCCUPIED, channel, NULL);

    snprintf(change->id, sizeof change->id, "id-of-%.20s", channel);
    change->owner = owner;
    change->link = link;
    webhook_target_take(fixture->target, change, now_ms());
    webhook_change_unref(change);
}

static void a_request_with_what_another_node_sends_now_is_given_up(void **state)
{
    size_t done_count = 0;
    const struct webhook_change_owner owner = {on_done, &done_count};
    struct fixture fixture;

    (void)state;
    open_fixture(&fixture);
    take_of_link(&fixture, &owner, 1, "stays");
    take_of_link(&fixture, &owner, 2, "goes");
    take_of_link(&fixture, &owner, 1, "waits");
    webhook_target_turn(fixture.target, now_ms());
    assert_true(fixture.target->is_sending);
    while (fixture.fd < 0) {
        webhook_delivery_work(fixture.delivery);
        fixture.fd = accept(fixture.listening, NULL, NULL);
    }
    webhook_target_forget_link(fixture.target, 3);
    assert_true(fixture.target->is_sending);
    webhook_target_forget_link(fixture.target, 2);
    assert_false(fixture.target->is_sending);
    assert_int_equal(fixture.target->queue_count, 2);
    close(fixture.fd);
    fixture.fd = -1;
    run_until(&fixture, 1);
    assert_false(was_sent(&fixture, "goes"));
    assert_true(was_sent(&fixture, "\"sequence\":1}"));
    assert_true(was_sent(&fixture, "\"sequence\":3}"));
    assert_true(was_sent(&fixture, "webhook-id: source-1-1\r\n"));
    assert_int_equal(done_count, 2);
    close_fixture(&fixture);
}

static void only_what_was_asked_for_is_sent(void **state)
{
    struct fixture fixture;

    (void)state;
    open_fixture(&fixture);
    fixture.spec.webhook.kinds = 1u << CONFIG_WEBHOOK_CHANNEL_VACATED;
    fixture.spec.webhook.channel_starts_with = (char *)(uintptr_t) "pri";
    fixture.spec.webhook.channel_ends_with = (char *)(uintptr_t) "ate";
    fixture.spec.denies_private = true;
    webhook_target_configure(fixture.target, &fixture.spec);
    take(&fixture, CONFIG_WEBHOOK_CHANNEL_OCCUPIED, "private");
    take(&fixture, CONFIG_WEBHOOK_CHANNEL_VACATED, "privat");
    take(&fixture, CONFIG_WEBHOOK_CHANNEL_VACATED, "te");
    take(&fixture, CONFIG_WEBHOOK_CHANNEL_VACATED, "ate");
    assert_true(webhook_target_is_idle(fixture.target));
    take(&fixture, CONFIG_WEBHOOK_CHANNEL_VACATED, "private");
    assert_false(webhook_target_is_idle(fixture.target));
    while (fixture.target->failed_count == 0) {
        webhook_target_turn(fixture.target, now_ms());
        webhook_delivery_work(fixture.delivery);
        webhook_delivery_wait(fixture.delivery, 1);
    }
    assert_non_null(strstr(fixture.target->last_reason, "127.0.0.1"));
    assert_int_equal(accept(fixture.listening, NULL, NULL), -1);
    close_fixture(&fixture);
}

static void open_pipe(struct fixture *fixture)
{
    open_fixture(fixture);
    fixture->spec.webhook.url = (char *)(uintptr_t) "artisan";
    webhook_target_configure(fixture->target, &fixture->spec);
}

static void a_pipe_gets_the_same_batches(void **state)
{
    struct fixture fixture;

    (void)state;
    open_pipe(&fixture);
    take(&fixture, CONFIG_WEBHOOK_CHANNEL_OCCUPIED, "a");
    take(&fixture, CONFIG_WEBHOOK_CHANNEL_OCCUPIED, "b");
    take(&fixture, CONFIG_WEBHOOK_CACHE_MISS, "c");
    run_until(&fixture, 2);
    assert_true(webhook_target_is_idle(fixture.target));
    assert_true(was_sent(&fixture, "\"id\":\"id-of-a\",\"sequence\":1},{"));
    assert_true(was_sent(&fixture, "\"id\":\"id-of-b\",\"sequence\":2}]}\n{\"time_ms\":"));
    assert_true(was_sent(&fixture, "\"id\":\"id-of-c\",\"sequence\":3}]}\n"));
    assert_int_equal(fixture.target->delivered_count, 3);
    assert_true(webhook_target_due_ms(fixture.target) == UINT64_MAX);
    close_fixture(&fixture);
}

static void what_a_pipe_does_not_take_is_sent_again_in_its_order(void **state)
{
    struct fixture fixture;
    uint64_t due_ms;

    (void)state;
    open_pipe(&fixture);
    fixture.answer = "full";
    take(&fixture, CONFIG_WEBHOOK_CHANNEL_OCCUPIED, "a");
    run_until(&fixture, 1);
    take(&fixture, CONFIG_WEBHOOK_CHANNEL_OCCUPIED, "b");
    due_ms = webhook_target_due_ms(fixture.target);
    assert_true(due_ms != 0 && due_ms != UINT64_MAX);
    webhook_target_turn(fixture.target, due_ms - 1);
    assert_int_equal(fixture.requests_count, 1);
    assert_string_equal(fixture.target->last_reason, "full");
    fixture.answer = OK;
    webhook_target_turn(fixture.target, due_ms);
    webhook_target_turn(fixture.target, due_ms + 60000);
    assert_int_equal(fixture.requests_count, 3);
    assert_true(was_sent(&fixture, "\"id\":\"id-of-a\",\"sequence\":1}]}\n"));
    assert_true(was_sent(&fixture, "\"id\":\"id-of-b\",\"sequence\":2}]}\n"));
    assert_int_equal(fixture.target->failed_count, 1);
    assert_int_equal(fixture.target->failures, 0);
    close_fixture(&fixture);
}

static void what_a_pipe_has_not_taken_in_time_is_dropped_and_counted(void **state)
{
    struct fixture fixture;

    (void)state;
    open_pipe(&fixture);
    fixture.spec.webhook.retry_for_s = 0;
    webhook_target_configure(fixture.target, &fixture.spec);
    fixture.answer = "gone";
    take(&fixture, CONFIG_WEBHOOK_CHANNEL_OCCUPIED, "a");
    run_until(&fixture, 1);
    assert_true(webhook_target_is_idle(fixture.target));
    assert_int_equal(fixture.target->expired_count, 1);
    close_fixture(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_sent_in_batches_with_headers_and_numbers),
        cmocka_unit_test(what_failed_is_sent_again_as_it_was_and_later_events_wait),
        cmocka_unit_test(what_is_too_old_is_dropped_and_counted),
        cmocka_unit_test(a_full_queue_drops_what_comes_and_keeps_the_numbers),
        cmocka_unit_test(leaving_is_smoothed_and_at_the_end_nothing_waits),
        cmocka_unit_test(what_another_node_has_left_is_sent_as_it_is),
        cmocka_unit_test(what_is_certain_is_neither_swallowed_nor_undone),
        cmocka_unit_test(a_request_with_what_another_node_sends_now_is_given_up),
        cmocka_unit_test(only_what_was_asked_for_is_sent),
        cmocka_unit_test(a_pipe_gets_the_same_batches),
        cmocka_unit_test(what_a_pipe_does_not_take_is_sent_again_in_its_order),
        cmocka_unit_test(what_a_pipe_has_not_taken_in_time_is_dropped_and_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
