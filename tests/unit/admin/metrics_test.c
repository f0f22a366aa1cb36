#include "admin/metrics.h"

#include "base/mem.h"
#include "base/version.h"
#include "metrics/metrics.h"
#include "support/app.h"
#include "support/unit.h"

#define WORKERS_COUNT 2

static struct metrics metrics[WORKERS_COUNT];
static struct pusher_worker workers[WORKERS_COUNT];
static struct net_descriptors descriptors = {.connections_max = 900};
static struct buffer page;

static const struct net_io io = {.name = "epoll"};

static struct webhook *webhook; /* NULL: there are none */

static void write_page(struct pusher_apps *apps, bool is_open_metrics)
{
    buffer_clear(&page);
    admin_metrics_write(&page,
                        &(struct admin_metrics_source){.apps = apps,
                                                       .webhook = webhook,
                                                       .workers = workers,
                                                       .metrics = metrics,
                                                       .workers_count = WORKERS_COUNT,
                                                       .descriptors = &descriptors,
                                                       .io = &io,
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
    metrics_requests_add(metrics_app_requests(pusher_app_metrics(app, 0)), METRICS_REQUESTS_EVENTS,
                         200);
    metrics_requests_add(metrics_app_requests(pusher_app_metrics(app, 1)), METRICS_REQUESTS_EVENTS,
                         200);
    metrics_requests_add(metrics_app_requests(workers[1].strangers), METRICS_REQUESTS_UP, 418);
    metrics_add(&workers[0].strangers->rejected[METRICS_APP_REJECT_KEY], 1);
    metrics_add(&metrics[1].slow_readers_closed, 1);
    metrics_observe(&metrics[0].fanout_receivers, 4, 1);
    metrics_add(&pusher_app_metrics(app, 0)->messages_sent, 10);
    metrics_add(&pusher_app_metrics(app, 1)->messages_sent, 1);
    atomic_store(&app->connections_count, 7);
    write_page(apps, false);
    assert_holds(buffer_bytes(&page), "\nreverb_io_info{by=\"epoll\"} 1\n");
    assert_holds(buffer_bytes(&page), "\nreverb_build_info{version=\"" VERSION "\"} 1\n");
    assert_holds(buffer_bytes(&page), "\nreverb_start_time_seconds 1700000000\n");
    assert_holds(buffer_bytes(&page), "\nreverb_workers 2\n");
    assert_holds(buffer_bytes(&page), "\nreverb_open_files_limit 900\n");
    assert_holds(buffer_bytes(&page),
                 "\nreverb_requests_total{app=\"3\",route=\"events\",status=\"200\"} 2\n");
    assert_holds(buffer_bytes(&page),
                 "\nreverb_requests_total{app=\"\",route=\"up\",status=\"other\"} 1\n");
    assert_holds(buffer_bytes(&page), "\nreverb_rejected_total{app=\"\",reason=\"key\"} 1\n");
    assert_holds(buffer_bytes(&page), "\nreverb_channels{app=\"3\",kind=\"presence-cache\"} 0\n");
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

/* A page of 10 000 apps that are idle is about as long as that of one. */
static void apps_that_are_idle_among_many_are_left_out(void **state)
{
    const size_t count = 10000;
    struct config_app *settings = mem_new(count * sizeof *settings);
    char(*ids)[8] = mem_new(count * sizeof *ids);
    const struct config config = {.apps = settings, .apps_count = count};
    struct pusher_apps *apps;

    (void)state;
    for (size_t i = 0; i < count; i++) {
        settings[i] = app_of_documentation();
        snprintf(ids[i], sizeof ids[i], "%zu", i);
        settings[i].id = ids[i];
        settings[i].key = ids[i];
    }
    apps = pusher_apps_new(&config, WORKERS_COUNT, NULL, NULL);
    metrics_add(&pusher_app_metrics(pusher_apps_find_by_id(apps, BYTES("77")), 1)->events_published,
                1);
    write_page(apps, false);
    assert_holds(buffer_bytes(&page), "\nreverb_events_published_total{app=\"77\"} 1\n");
    assert_lacks_text(buffer_bytes(&page), "app=\"78\"");
    assert_true(page.len < 20000);
    pusher_apps_free(apps);
    free(settings);
    free(ids);
}

static int make_strangers(void **state)
{
    (void)state;
    for (size_t i = 0; i < WORKERS_COUNT; i++) {
        workers[i].index = i;
        workers[i].strangers = metrics_app_new(1);
    }
    return 0;
}

static int release(void **state)
{
    (void)state;
    for (size_t i = 0; i < WORKERS_COUNT; i++)
        metrics_app_free(workers[i].strangers, 1);
    buffer_deinit(&page);
    return 0;
}

static void webhooks_are_told_by_app_and_address(void **state)
{
    struct config_webhook hook = {.url = (char *)(uintptr_t) "https://u:hidden@a.test/h?hidden"};
    struct config_app settings = app_of_documentation();
    const struct config config = {.apps = &settings, .apps_count = 1};
    struct pusher_apps *apps;
    struct buffer error = {0};

    (void)state;
    settings.webhooks = &hook;
    settings.webhooks_count = 1;
    apps = pusher_apps_new(&config, WORKERS_COUNT, NULL, NULL);
    webhook = webhook_new(&config, NULL, &error);
    write_page(apps, false);
    assert_holds(buffer_bytes(&page),
                 "\nreverb_webhook_queue_bytes{app=\"3\",url=\"https://a.test/h\"} 0\n");
    assert_holds(buffer_bytes(&page),
                 "\nreverb_webhook_events_delivered_total{app=\"3\",url=\"https://a.test/h\"} 0\n");
    webhook_free(webhook);
    webhook = NULL;
    pusher_apps_free(apps);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_sums_what_all_workers_counted),
        cmocka_unit_test(webhooks_are_told_by_app_and_address),
        cmocka_unit_test(open_metrics_ends_with_its_end),
        cmocka_unit_test(a_removed_app_is_no_longer_shown),
        cmocka_unit_test(apps_that_are_idle_among_many_are_left_out),
    };

    return cmocka_run_group_tests(tests, make_strangers, release);
}
