#include "config/certificate.h"

#include "unit/config/folder.h"

#define VALET ".config/valet/Certificates/"

static void assert_found(const char *hostname, bool is_found)
{
    char *certificate;
    char *key;

    assert_int_equal(config_certificate_find(hostname, &certificate, &key), is_found);
    assert_int_equal(certificate != NULL, is_found);
    assert_int_equal(key != NULL, is_found);
    free(certificate);
    free(key);
}

static void write_pair(void)
{
    folder_write(VALET "app.test.crt", "c");
    folder_write(VALET "app.test.key", "k");
}

static void a_hostname_may_be_a_url(void **state)
{
    (void)state;
    write_pair();
    assert_found("app.test", true);
    assert_found("https://app.test", true);
    assert_found("https://app.test:8443/path?x#y", true);
    assert_found("https://user:password@app.test/", true);
    assert_found("app.test:8080", true);
    assert_found("app.test/path", true);
}

static void another_hostname_has_none(void **state)
{
    (void)state;
    write_pair();
    assert_found("other.test", false);
    assert_found("", false);
    assert_found("https://", false);
    assert_found("[::1]:80", false);
}

static void both_files_must_be_there(void **state)
{
    (void)state;
    folder_write(VALET "app.test.crt", "c");
    assert_found("app.test", false);
}

static void nobody_is_at_home_without_home(void **state)
{
    (void)state;
    write_pair();
    unsetenv("HOME");
    assert_found("app.test", false);
    setenv("HOME", "", 1);
    assert_found("app.test", false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(a_hostname_may_be_a_url),
        FOLDER_TEST(another_hostname_has_none),
        FOLDER_TEST(both_files_must_be_there),
        FOLDER_TEST(nobody_is_at_home_without_home),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
