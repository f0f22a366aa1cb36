#include "doctor/limits.h"

#include "unit/config/folder.h"

static struct doctor_report report;

/* What is found with these settings of the kernel, which are in the test's folder. */
static const char *found(const char *somaxconn, const char *ports, const char *used)
{
    static struct buffer out;
    struct config config = {.host = (char[]){"127.0.0.1"}, .port = 8080};
    const struct doctor_subject subject = {.config = &config};

    mkdir("net", 0700);
    mkdir("net/core", 0700);
    mkdir("net/ipv4", 0700);
    mkdir("net/netfilter", 0700);
    folder_write("net/core/somaxconn", somaxconn);
    folder_write("net/ipv4/ip_local_port_range", ports);
    folder_write("net/netfilter/nf_conntrack_max", "1000\n");
    folder_write("net/netfilter/nf_conntrack_count", used);
    doctor_report_deinit(&report);
    doctor_limits_check_kernel(&report, &subject, ".");
    buffer_clear(&out);
    doctor_report_write(&report, &out);
    return buffer_text(&out);
}

static void each_setting_that_is_too_small_has_its_line(void **state)
{
    (void)state;
    assert_has(found("4096\n", "1025\t65535\n", "10\n"), "ok      kernel");
    assert_has(found("128\n", "1025\t65535\n", "10\n"), "sysctl: net.core.somaxconn = 8192");
    assert_has(found("4096\n", "32768\t60999\n", "10\n"), "there are 28232");
    assert_has(found("4096\n", "32768\t60999\n", "10\n"),
               "sysctl: net.ipv4.ip_local_port_range = 1025 65535");
    assert_has(found("4096\n", "1025\t65535\n", "801\n"), "fault   kernel");
    assert_has(found("4096\n", "1025\t65535\n", "801\n"),
               "sysctl: net.netfilter.nf_conntrack_max = 1048576");
}

static void more_clients_than_files_are_promised_too_much(void **state)
{
    struct config_app apps[] = {{.max_connections = 400000000}, {.max_connections = 400000000}};
    struct config config = {.apps = apps, .apps_count = 2};
    const struct doctor_subject subject = {.config = &config};

    (void)state;
    doctor_report_deinit(&report);
    doctor_limits_check_files(&report, &subject, getpid());
    assert_int_equal(doctor_report_count(&report, DOCTOR_REPORT_WARNING), 1);
    assert_string_equal(report.findings[0].cures[0].line, "LimitNOFILE=1048576");
    doctor_report_deinit(&report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(each_setting_that_is_too_small_has_its_line),
        FOLDER_TEST(more_clients_than_files_are_promised_too_much),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
