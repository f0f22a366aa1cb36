#include "doctor/bundle.h"

#include "support/unit.h"
#include "unit/config/folder.h"

static struct bytes setting(const char *text, const char *name)
{
    return doctor_bundle_setting(bytes_of(text), name);
}

static void a_setting_is_a_text_or_a_number(void **state)
{
    (void)state;
    assert_bytes_equal(setting("{key:\"abc\",wsPort:80}", "key"), BYTES("abc"));
    assert_bytes_equal(setting("{key:'abc'}", "key"), BYTES("abc"));
    assert_bytes_equal(setting("{ \"key\" : `abc` }", "key"), BYTES("abc"));
    assert_bytes_equal(setting("{key:\"abc\",wsPort:80}", "wsPort"), BYTES("80"));
    assert_bytes_equal(setting("{key:\"\"}", "key"), BYTES(""));
}

static void anything_else_is_none(void **state)
{
    static const char *const texts[] = {
        "",      "key",          "key:",        "key:void 0",
        "{key}", "monkey:\"a\"", "key:\"never", "key:import.meta.env.X"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_null(setting(texts[i], "key").data);
}

static void an_echo_is_found_in_any_file_below_the_folder(void **state)
{
    struct config_app app = {.key = (char[]){"k"}, .public_host = (char[]){"a.test"}};
    struct config config = {.apps = &app, .apps_count = 1};
    const struct doctor_subject subject = {.config = &config, .app = &app, .bundle = "."};
    struct doctor_report report = {0};

    (void)state;
    mkdir("assets", 0700);
    folder_write("assets/app.js", "new E({broadcaster:\"reverb\",key:\"k\",wsHost:\"a.test\"})");
    folder_write("assets/old.mjs",
                 "new E({broadcaster:'reverb',key:'old'});{broadcaster:'pusher'}");
    folder_write("assets/page.html", "{broadcaster:\"reverb\",key:\"html\"}");
    doctor_bundle_check(&report, &subject);
    assert_int_equal(report.count, 2);
    assert_int_equal(doctor_report_count(&report, DOCTOR_REPORT_OK), 1);
    assert_int_equal(doctor_report_count(&report, DOCTOR_REPORT_FAULT), 1);
    doctor_report_deinit(&report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_setting_is_a_text_or_a_number),
        cmocka_unit_test(anything_else_is_none),
        FOLDER_TEST(an_echo_is_found_in_any_file_below_the_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
