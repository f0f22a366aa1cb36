#include "config/tls.h"

#include "unit/config/folder.h"

#define VALET ".config/valet/Certificates/"
#define HERD "Library/Application Support/Herd/config/valet/Certificates/"

static void write_tls(struct folder *folder, const char *options)
{
    struct buffer json = {0};

    buffer_printf(&json, "{\"servers\": {\"reverb\": {\"options\": {\"tls\": %s}}}}", options);
    folder_write_config(folder, buffer_text(&json));
    buffer_deinit(&json);
    folder_set_app();
}

static void a_certificate_and_a_key_turn_tls_on(void **state)
{
    const struct config *config;

    folder_write("a.crt", "c");
    folder_write("a.key", "k");
    write_tls(*state, "{\"local_cert\": \"a.crt\", \"local_pk\": \"a.key\", \"passphrase\": \"p\", "
                      "\"ciphers\": \"HIGH\"}");
    config = folder_load(*state);
    assert_true(config->tls.enabled);
    assert_string_equal(config->tls.local_cert, "a.crt");
    assert_string_equal(config->tls.local_pk, "a.key");
    assert_string_equal(config->tls.passphrase, "p");
    assert_string_equal(config->tls.ciphers, "HIGH");
    assert_false(config->tls.verify_peer);
}

static void the_environment_names_certificate_key_and_passphrase(void **state)
{
    const struct config *config;

    folder_set_app();
    folder_write("a.crt", "c");
    folder_write("a.key", "k");
    setenv("REVERB_TLS_LOCAL_CERT", "a.crt", 1);
    setenv("REVERB_TLS_LOCAL_PK", "a.key", 1);
    setenv("REVERB_TLS_PASSPHRASE", "p", 1);
    config = folder_load(*state);
    assert_true(config->tls.enabled);
    assert_string_equal(config->tls.passphrase, "p");
}

static void a_key_that_is_not_named_is_in_the_certificate_file(void **state)
{
    folder_write("a.pem", "c and k");
    write_tls(*state, "{\"local_cert\": \"a.pem\"}");
    assert_string_equal(folder_load(*state)->tls.local_pk, "a.pem");
}

static void the_hostname_finds_a_certificate_of_valet(void **state)
{
    const struct config *config;

    folder_set_app();
    folder_write(VALET "app.test.crt", "c");
    folder_write(VALET "app.test.key", "k");
    setenv("REVERB_HOST", "app.test", 1);
    config = folder_load(*state);
    assert_true(config->tls.enabled);
    assert_has(config->tls.local_cert, "/" VALET "app.test.crt");
    assert_has(config->tls.local_pk, "/" VALET "app.test.key");
    assert_false(config->tls.verify_peer);
    assert_has(folder_print(*state), "found by the hostname");
}

static void herd_comes_before_valet(void **state)
{
    folder_set_app();
    folder_write(VALET "app.test.crt", "c");
    folder_write(VALET "app.test.key", "k");
    folder_write(HERD "app.test.crt", "c");
    folder_write(HERD "app.test.key", "k");
    setenv("REVERB_HOST", "app.test", 1);
    assert_has(folder_load(*state)->tls.local_cert, "/Herd/");
}

static void a_certificate_that_is_given_comes_before_the_hostname(void **state)
{
    folder_write(VALET "app.test.crt", "c");
    folder_write(VALET "app.test.key", "k");
    folder_write("a.pem", "c");
    write_tls(*state, "{\"local_cert\": \"a.pem\"}");
    setenv("REVERB_HOST", "app.test", 1);
    assert_string_equal(folder_load(*state)->tls.local_cert, "a.pem");
}

static void a_hostname_without_a_certificate_is_plain_http(void **state)
{
    folder_set_app();
    setenv("REVERB_HOST", "localhost", 1);
    assert_false(folder_load(*state)->tls.enabled);
    assert_null(folder_load(*state)->tls.local_pk);
}

static void files_that_cannot_be_read_are_named(void **state)
{
    folder_write("a.crt", "c");
    write_tls(*state, "{\"local_cert\": \"b.crt\"}");
    assert_string_equal(folder_fail(*state),
                        "servers.reverb.options.tls.local_cert in reverb.json: the certificate "
                        "\"b.crt\" cannot be read: No such file or directory");
    write_tls(*state, "{\"local_cert\": \"a.crt\", \"local_pk\": \"b.key\"}");
    assert_has(folder_fail(*state), "the private key \"b.key\" cannot be read");
    write_tls(*state, "{\"local_cert\": \"a.crt\", \"cafile\": \"b\"}");
    assert_has(folder_fail(*state), "\"b\" cannot be read");
    write_tls(*state, "{\"local_cert\": \".\"}");
    assert_has(folder_fail(*state), "\".\" is a folder; give the path of the certificate");
    write_tls(*state, "{\"local_cert\": \"a.crt\", \"capath\": \"a.crt\"}");
    assert_has(folder_fail(*state), "\"a.crt\" is no folder");
}

static void a_key_without_a_certificate_is_an_error(void **state)
{
    folder_write("a.key", "k");
    write_tls(*state, "{\"local_pk\": \"a.key\"}");
    assert_has(folder_fail(*state), "a private key without a certificate");
}

static void verifying_clients_needs_somebody_to_trust(void **state)
{
    folder_write("a.pem", "c");
    write_tls(*state, "{\"local_cert\": \"a.pem\", \"verify_peer\": true}");
    assert_has(folder_fail(*state), "servers.reverb.options.tls.verify_peer in reverb.json: ");
    write_tls(*state, "{\"local_cert\": \"a.pem\", \"verify_peer\": true, \"cafile\": \"a.pem\"}");
    assert_true(folder_load(*state)->tls.verify_peer);
}

static void options_of_php_that_mean_nothing_here_are_named_in_warnings(void **state)
{
    struct folder *folder = *state;

    write_tls(folder, "{\"peer_name\": \"x\", \"allow_self_signed\": true, \"SNI_enabled\": true, "
                      "\"security_level\": 2, \"disable_compression\": null}");
    folder_load(folder);
    assert_has(buffer_text(&folder->warnings),
               "servers.reverb.options.tls.peer_name in reverb.json");
    assert_has(buffer_text(&folder->warnings), "allow_self_signed");
    assert_has(buffer_text(&folder->warnings), "SNI_enabled");
    assert_has(buffer_text(&folder->warnings), "security_level");
    assert_lacks(buffer_text(&folder->warnings), "disable_compression");
}

static void an_option_that_php_does_not_know_is_an_error(void **state)
{
    write_tls(*state, "{\"local_crt\": \"x\"}");
    assert_has(folder_fail(*state), "options.tls.local_crt in reverb.json is not a setting; did "
                                    "you mean local_cert?");
}

static void tls_options_without_a_certificate_are_a_warning(void **state)
{
    struct folder *folder = *state;

    write_tls(folder, "{\"passphrase\": \"s3cr3t\"}");
    assert_false(folder_load(folder)->tls.enabled);
    assert_has(buffer_text(&folder->warnings), "the server speaks plain HTTP");
    assert_lacks(buffer_text(&folder->warnings), "s3cr3t");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(a_certificate_and_a_key_turn_tls_on),
        FOLDER_TEST(the_environment_names_certificate_key_and_passphrase),
        FOLDER_TEST(a_key_that_is_not_named_is_in_the_certificate_file),
        FOLDER_TEST(the_hostname_finds_a_certificate_of_valet),
        FOLDER_TEST(herd_comes_before_valet),
        FOLDER_TEST(a_certificate_that_is_given_comes_before_the_hostname),
        FOLDER_TEST(a_hostname_without_a_certificate_is_plain_http),
        FOLDER_TEST(files_that_cannot_be_read_are_named),
        FOLDER_TEST(a_key_without_a_certificate_is_an_error),
        FOLDER_TEST(verifying_clients_needs_somebody_to_trust),
        FOLDER_TEST(options_of_php_that_mean_nothing_here_are_named_in_warnings),
        FOLDER_TEST(an_option_that_php_does_not_know_is_an_error),
        FOLDER_TEST(tls_options_without_a_certificate_are_a_warning),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
