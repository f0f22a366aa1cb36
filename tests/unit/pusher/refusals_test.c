#include "pusher/refusals.h"

#include "base/buffer.h"
#include "base/log.h"
#include "support/oracle.h"
#include "support/unit.h"

#include <unistd.h>

static struct pusher_refusals *refusals;
static FILE *file;
static int stderr_before;

static int capture(void **state)
{
    (void)state;
    refusals = pusher_refusals_new();
    file = tmpfile();
    stderr_before = dup(STDERR_FILENO);
    dup2(fileno(file), STDERR_FILENO);
    log_init((struct log_options){.level = LOG_LEVEL_INFO});
    return 0;
}

static int release(void **state)
{
    (void)state;
    dup2(stderr_before, STDERR_FILENO);
    close(stderr_before);
    fclose(file);
    pusher_refusals_free(refusals);
    return 0;
}

/* All that was logged so far. */
static struct buffer logged(void)
{
    struct buffer out = {0};
    const ssize_t len = pread(fileno(file), buffer_reserve(&out, 262144), 262144, 0);

    assert_true(len >= 0);
    out.len = (size_t)len;
    return out;
}

static size_t lines_count(void)
{
    struct buffer out = logged();
    size_t count = 0;

    for (size_t i = 0; i < out.len; i++)
        count += out.data[i] == '\n';
    buffer_deinit(&out);
    return count;
}

static void assert_logged(const char *text)
{
    struct buffer out = logged();

    assert_holds(buffer_bytes(&out), text);
    buffer_deinit(&out);
}

static void note(enum metrics_app_reject reason, const char *app, const char *address,
                 uint64_t now_ms)
{
    pusher_refusals_note(refusals, reason, bytes_of(app), bytes_of(address), now_ms);
}

static void the_first_is_logged_at_once_and_the_others_by_their_count(void **state)
{
    (void)state;
    for (uint64_t now_ms = 1000; now_ms < 1100; now_ms++) {
        note(METRICS_APP_REJECT_AUTH, "7", "192.0.2.1", now_ms);
        pusher_refusals_flush(refusals, now_ms);
    }
    assert_int_equal(lines_count(), 1);
    assert_logged("refused: app 7, address 192.0.2.1: a subscription or sign-in has a wrong "
                  "signature: is the secret the same?\n");
    pusher_refusals_flush(refusals, 1000 + PUSHER_REFUSALS_INTERVAL_MS);
    assert_int_equal(lines_count(), 2);
    assert_logged("is the secret the same?; 99 times more\n");
    pusher_refusals_flush(refusals, 1000 + 2 * PUSHER_REFUSALS_INTERVAL_MS);
    assert_int_equal(lines_count(), 2);
    note(METRICS_APP_REJECT_AUTH, "7", "192.0.2.1", 1000 + 2 * PUSHER_REFUSALS_INTERVAL_MS);
    assert_int_equal(lines_count(), 3);
}

static void each_reason_app_and_address_has_its_own_line(void **state)
{
    (void)state;
    note(METRICS_APP_REJECT_ORIGIN, "7", "192.0.2.1", 1000);
    note(METRICS_APP_REJECT_AUTH, "7", "192.0.2.1", 1000);
    note(METRICS_APP_REJECT_ORIGIN, "8", "192.0.2.1", 1000);
    note(METRICS_APP_REJECT_ORIGIN, "7", "2001:db8::1", 1000);
    pusher_refusals_note(refusals, METRICS_APP_REJECT_KEY, BYTES_NONE, BYTES("192.0.2.1"), 1000);
    assert_int_equal(lines_count(), 5);
    assert_logged("refused: address 192.0.2.1: no app has that key or id\n");
    note(METRICS_APP_REJECT_RATE, "7", "192.0.2.1", 1000);
    note(METRICS_APP_REJECT_MESSAGE, "7", "192.0.2.1", 1000);
    assert_int_equal(lines_count(), 5);
}

/* A million addresses leave as many lines as the table has entries, and one for the others. */
static void who_comes_from_many_addresses_does_not_fill_the_log(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 1000000; i++) {
        char address[32];

        snprintf(address, sizeof address, "10.%u.%u.%u", i >> 16 & 255, i >> 8 & 255, i & 255);
        note(METRICS_APP_REJECT_ORIGIN, "7", address, 1000);
    }
    assert_int_equal(lines_count(), 64);
    pusher_refusals_flush(refusals, 1000 + PUSHER_REFUSALS_INTERVAL_MS);
    pusher_refusals_flush(refusals, 2000 + PUSHER_REFUSALS_INTERVAL_MS);
    assert_int_equal(lines_count(), 65);
    assert_logged("refused: 999936 times more, of other addresses, apps and reasons");
    note(METRICS_APP_REJECT_ORIGIN, "7", "192.0.2.1", 3000 + PUSHER_REFUSALS_INTERVAL_MS);
    assert_int_equal(lines_count(), 66);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_first_is_logged_at_once_and_the_others_by_their_count,
                                        capture, release),
        cmocka_unit_test_setup_teardown(each_reason_app_and_address_has_its_own_line, capture,
                                        release),
        cmocka_unit_test_setup_teardown(who_comes_from_many_addresses_does_not_fill_the_log,
                                        capture, release),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
