#include "admin/metrics.h"

#include "base/version.h"
#include "metrics/metrics.h"
#include "support/app.h"
#include "support/unit.h"

#define WORKERS_COUNT 2

static struct metrics metrics[WORKERS_COUNT];
static struct net_descriptors descriptors = {.connections_max = 900};
static struct buffer page;

static void write_page(struct pusher_apps *apps, bool is_open_metrics)
{
    buffer_clear(&page);
    admin_metrics_write(&page,
                        &(struct admin_metrics_source){.apps = apps,
                                                       .metrics = metrics,
                                                       .workers_count = WORKERS_COUNT,
                                                       .descriptors = &descriptors,
                                                       .started_s = 1700000000},
                        is_open_metrics);
}

static void the_page_sums_what_all_workers_counted(void **state)
{
    struct config_app settings = app_of_documentation();
    const struct config config = {.apps = &settings, .apps_count = 1};
    struct pusher_apps *apps = pusher_apps_new(&config, WORKERS_COUNT, NULL, NULL);
    struct pusher_app *app = pusher_apps_first(apps);

    (void)state;
    metrics_add(&metrics[0].requests_handled, 2);
    metrics_add(&metrics[1].requests_handled, 3);
    metrics_add(&metrics[1].slow_readers_closed, 1);
    metrics_observe(&metrics[0].fanout_receivers, 4, 1);
    metrics_add(&pusher_app_metrics(app, 0)->messages_sent, 10);
    metrics_add(&pusher_app_metrics(app, 1)->messages_sent, 1);
    atomic_store(&app->connections_count, 7);
    write_page(apps, false);
    assert_holds(buffer_bytes(&page), "\nreverb_build_info{version=\"" VERSION "\"} 1\n");
    assert_holds(buffer_bytes(&page), "\nreverb_start_time_seconds 1700000000\n");
    assert_holds(buffer_bytes(&page), "\nreverb_workers 2\n");
    assert_holds(buffer_bytes(&page), "\nreverb_open_files_limit 900\n");
    assert_holds(buffer_bytes(&page), "\nreverb_requests_total 5\n");
    assert_holds(buffer_bytes(&page), "\nreverb_slow_readers_closed_total 1\n");
    assert_holds(buffer_bytes(&page), "\nreverb_stale_closed_total 0\n");
    assert_holds(buffer_bytes(&page), "\nreverb_connections{app=\"3\"} 7\n");
    assert_holds(buffer_bytes(&page), "\nreverb_messages_sent_total{app=\"3\"} 11\n");
    assert_holds(buffer_bytes(&page),
                 "\nreverb_connections_closed_total{app=\"3\",code=\"4201\"} 0\n");
    assert_holds(buffer_bytes(&page), "\nreverb_rejected_total{app=\"3\",reason=\"quota\"} 0\n");
    assert_holds(buffer_bytes(&page), "\nreverb_fanout_receivers_count 1\n");
    assert_lacks_text(buffer_bytes(&page), "reverb_cluster");       /* it is alone */
    assert_lacks_text(buffer_bytes(&page), "7ad3773142a6692b25b8"); /* the secret */
    pusher_apps_free(apps);
}

static void open_metrics_ends_with_its_end(void **state)
{
    const struct config config = {0};
    struct pusher_apps *apps = pusher_apps_new(&config, WORKERS_COUNT, NULL, NULL);

    (void)state;
    write_page(apps, true);
    assert_holds(buffer_bytes(&page), "# TYPE reverb_requests counter\n");
    assert_text(bytes_from(buffer_bytes(&page), page.len - 6), "# EOF\n");
    pusher_apps_free(apps);
}

static void a_removed_app_is_no_longer_shown(void **state)
{
    struct config_app settings = app_of_documentation();
    const struct config config = {.apps = &settings, .apps_count = 1};
    const struct config none = {0};
    struct pusher_apps *apps = pusher_apps_new(&config, WORKERS_COUNT, NULL, NULL);

    (void)state;
    pusher_apps_reload(apps, &none);
    write_page(apps, false);
    assert_lacks_text(buffer_bytes(&page), "app=\"3\"");
    pusher_apps_free(apps);
}

static int release(void **state)
{
    (void)state;
    buffer_deinit(&page);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_sums_what_all_workers_counted),
        cmocka_unit_test(open_metrics_ends_with_its_end),
        cmocka_unit_test(a_removed_app_is_no_longer_shown),
    };

    return cmocka_run_group_tests(tests, NULL, release);
}
