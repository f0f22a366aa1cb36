#include "admin/exposition.h"

#include "support/unit.h"

static void a_counter_is_named_as_each_format_wants_it(void **state)
{
    struct buffer out = {0};
    struct admin_exposition exposition = {.out = &out};

    (void)state;
    admin_exposition_begin(&exposition, "x_bytes", ADMIN_EXPOSITION_COUNTER, "Help.");
    admin_exposition_add(&exposition, NULL, 0, 3);
    admin_exposition_end(&exposition);
    assert_string_equal(buffer_text(&out), "# HELP x_bytes_total Help.\n"
                                           "# TYPE x_bytes_total counter\n"
                                           "x_bytes_total 3\n");
    buffer_clear(&out);
    exposition.is_open_metrics = true;
    admin_exposition_begin(&exposition, "x_bytes", ADMIN_EXPOSITION_COUNTER, "Help.");
    admin_exposition_add(&exposition, NULL, 0, 3);
    admin_exposition_end(&exposition);
    assert_string_equal(buffer_text(&out), "# HELP x_bytes Help.\n"
                                           "# TYPE x_bytes counter\n"
                                           "x_bytes_total 3\n"
                                           "# EOF\n");
    buffer_deinit(&out);
}

static void a_label_may_be_any_text(void **state)
{
    const struct admin_exposition_label labels[] = {
        {"app", BYTES("a\"b\\c\nd")},
        {"kind", BYTES("x")},
    };
    struct buffer out = {0};
    struct admin_exposition exposition = {.out = &out};

    (void)state;
    admin_exposition_begin(&exposition, "x", ADMIN_EXPOSITION_GAUGE, "Help.");
    buffer_clear(&out);
    admin_exposition_add(&exposition, labels, 2, 0.5);
    assert_string_equal(buffer_text(&out), "x{app=\"a\\\"b\\\\c\\nd\",kind=\"x\"} 0.5\n");
    buffer_deinit(&out);
}

static void a_histogram_counts_up_over_all_threads(void **state)
{
    struct metrics_histogram a = {0};
    struct metrics_histogram b = {0};
    const struct metrics_histogram *both[] = {&a, &b};
    struct buffer out = {0};
    struct admin_exposition exposition = {.out = &out};

    (void)state;
    metrics_observe(&a, 1, 1);
    metrics_observe(&b, 2, 1);
    metrics_observe(&b, UINT32_MAX, 1);
    admin_exposition_begin(&exposition, "x", ADMIN_EXPOSITION_HISTOGRAM, "Help.");
    admin_exposition_add_histogram(&exposition, both, 2, 1, 1);
    assert_non_null(strstr(buffer_text(&out), "x_bucket{le=\"1\"} 1\n"));
    assert_non_null(strstr(buffer_text(&out), "x_bucket{le=\"2\"} 2\n"));
    assert_non_null(strstr(buffer_text(&out), "x_bucket{le=\"524288\"} 2\n"));
    assert_non_null(strstr(buffer_text(&out), "x_bucket{le=\"+Inf\"} 3\n"));
    assert_non_null(strstr(buffer_text(&out), "x_sum 4294967298\nx_count 3\n"));
    buffer_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_counter_is_named_as_each_format_wants_it),
        cmocka_unit_test(a_label_may_be_any_text),
        cmocka_unit_test(a_histogram_counts_up_over_all_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
