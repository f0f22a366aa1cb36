#include "doctor/report.h"

#include "support/unit.h"

static struct doctor_report report;
static struct buffer out;

static int release(void **state)
{
    (void)state;
    doctor_report_deinit(&report);
    buffer_deinit(&out);
    return 0;
}

static void a_finding_is_a_line_and_each_cure_one_below_it(void **state)
{
    (void)state;
    doctor_report_add(&report, DOCTOR_REPORT_OK, "port", "%d is free", 80);
    doctor_report_add(&report, DOCTOR_REPORT_FAULT, "redis", "it is away");
    doctor_report_cure(&report, ".env", "REDIS_PORT=%d", 6379);
    doctor_report_write(&report, &out);
    assert_string_equal(buffer_text(&out), "ok      port         80 is free\n"
                                           "fault   redis        it is away\n"
                                           "                       .env: REDIS_PORT=6379\n"
                                           "1 fault, 0 warnings\n");
    assert_int_equal(doctor_report_count(&report, DOCTOR_REPORT_FAULT), 1);
}

static void what_a_peer_has_sent_cannot_break_either_form(void **state)
{
    (void)state;
    doctor_report_add(&report, DOCTOR_REPORT_WARNING, "proxy", "\x1b[2J\"\xff\n");
    doctor_report_write(&report, &out);
    assert_string_equal(buffer_text(&out), "warning proxy        \\u001b[2J\"\\xff\\n\n"
                                           "0 faults, 1 warning\n");
    buffer_clear(&out);
    doctor_report_write_json(&report, &out);
    assert_string_equal(buffer_text(&out),
                        "{\"faults\":0,\"warnings\":1,\"findings\":[\n{\"level\":\"warning\","
                        "\"check\":\"proxy\",\"text\":\"\\\\u001b[2J\\\"\\\\xff\\\\n\","
                        "\"cures\":[]}\n]}\n");
}

static void an_empty_report_is_json_too(void **state)
{
    (void)state;
    doctor_report_write_json(&report, &out);
    assert_string_equal(buffer_text(&out), "{\"faults\":0,\"warnings\":0,\"findings\":[\n]}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_finding_is_a_line_and_each_cure_one_below_it, release),
        cmocka_unit_test_teardown(what_a_peer_has_sent_cannot_break_either_form, release),
        cmocka_unit_test_teardown(an_empty_report_is_json_too, release),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
