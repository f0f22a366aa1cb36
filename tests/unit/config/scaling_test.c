#include "config/scaling.h"

#include "config/process.h"
#include "unit/config/folder.h"

static const struct config_scaling *load(struct folder *folder)
{
    return &folder_load(folder)->scaling;
}

static int open_scaling(void **state)
{
    folder_open(state);
    folder_set_app();
    setenv("REVERB_SCALING_ENABLED", "true", 1);
    return 0;
}

#define SCALING_TEST(name) cmocka_unit_test_setup_teardown(name, open_scaling, folder_close)

static void write_scaling(struct folder *folder, const char *scaling)
{
    struct buffer json = {0};

    buffer_printf(&json, "{\"servers\": {\"reverb\": {\"scaling\": {%s}}}}", scaling);
    folder_write_config(folder, buffer_text(&json));
    buffer_deinit(&json);
}

static void scaling_is_off_by_default_and_has_defaults(void **state)
{
    const struct config_scaling *scaling;

    unsetenv("REVERB_SCALING_ENABLED");
    assert_false(load(*state)->enabled);
    setenv("REVERB_SCALING_ENABLED", "true", 1);
    scaling = load(*state);
    assert_true(scaling->enabled);
    assert_string_equal(scaling->channel, "reverb");
    assert_string_equal(scaling->prefix, "");
    assert_null(scaling->url);
    assert_string_equal(scaling->host, "127.0.0.1");
    assert_int_equal(scaling->port, 6379);
    assert_null(scaling->username);
    assert_null(scaling->password);
    assert_int_equal(scaling->database, 0);
    assert_int_equal(scaling->timeout_s, 60);
    assert_false(scaling->tls.enabled);
    assert_true(scaling->tls.verify_peer);
    assert_int_equal(scaling->hosts_count, 0);
    assert_null(scaling->sentinel);
    assert_false(scaling->cluster);
    assert_int_equal(scaling->max_kept_bytes, 16777216);
    assert_int_equal(scaling->max_inbox_bytes, 67108864);
}

static void the_environment_says_it_in_laravels_words(void **state)
{
    const struct config_scaling *scaling;

    setenv("REDIS_HOST", "redis.test", 1);
    setenv("REDIS_PORT", "6380", 1);
    setenv("REDIS_USERNAME", "u", 1);
    setenv("REDIS_PASSWORD", "p", 1);
    setenv("REDIS_DB", "3", 1);
    setenv("REDIS_TIMEOUT", "5", 1);
    setenv("REDIS_SCHEME", "tls", 1);
    setenv("REVERB_SCALING_CHANNEL", "c", 1);
    setenv("REVERB_SCALING_PREFIX", "app_", 1);
    setenv("REVERB_SCALING_VERIFY_PEER", "false", 1);
    setenv("REVERB_SCALING_MAX_KEPT", "1000", 1);
    scaling = load(*state);
    assert_string_equal(scaling->host, "redis.test");
    assert_int_equal(scaling->port, 6380);
    assert_string_equal(scaling->username, "u");
    assert_string_equal(scaling->password, "p");
    assert_int_equal(scaling->database, 3);
    assert_int_equal(scaling->timeout_s, 5);
    assert_true(scaling->tls.enabled);
    assert_false(scaling->tls.verify_peer);
    assert_string_equal(scaling->channel, "c");
    assert_string_equal(scaling->prefix, "app_");
    assert_int_equal(scaling->max_kept_bytes, 1000);
    setenv("REDIS_PASSWORD", "null", 1);
    assert_null(load(*state)->password);
}

static void the_file_says_it_as_laravels_connections_do(void **state)
{
    const struct config_scaling *scaling;

    folder_write("ca.pem", "a");
    folder_write("c.pem", "c");
    write_scaling(*state, "\"server\": {\"scheme\": \"tls\", \"host\": \"h\", \"port\": \"1\", "
                          "\"database\": \"2\", \"timeout\": 5.0, \"read_timeout\": 1, "
                          "\"options\": {\"prefix\": \"x:\"}, \"context\": {\"ssl\": {\"cafile\": "
                          "\"ca.pem\", \"verify_peer\": false}, \"stream\": {\"local_cert\": "
                          "\"c.pem\"}}}");
    scaling = load(*state);
    assert_true(scaling->tls.enabled);
    assert_string_equal(scaling->host, "h");
    assert_int_equal(scaling->port, 1);
    assert_int_equal(scaling->database, 2);
    assert_int_equal(scaling->timeout_s, 5);
    assert_string_equal(scaling->prefix, "x:");
    assert_string_equal(scaling->tls.cafile, "ca.pem");
    assert_string_equal(scaling->tls.local_cert, "c.pem");
    assert_false(scaling->tls.verify_peer);
    assert_has(folder_print(*state), "servers.reverb.scaling.server.context.ssl.cafile in reverb.");
    write_scaling(*state, "\"server\": {\"scheme\": \"rediss\", \"tls\": {\"cafile\": \"ca.pem\"}, "
                          "\"prefix\": \"y\"}");
    scaling = load(*state);
    assert_true(scaling->tls.enabled);
    assert_string_equal(scaling->tls.cafile, "ca.pem");
    assert_string_equal(scaling->prefix, "y");
}

static void a_url_beats_the_parts_it_says(void **state)
{
    const struct config_scaling *scaling;

    setenv("REDIS_HOST", "parts.test", 1);
    setenv("REDIS_PORT", "1", 1);
    setenv("REDIS_PASSWORD", "parts", 1);
    setenv("REDIS_USERNAME", "parts", 1);
    setenv("REDIS_DB", "1", 1);
    setenv("REDIS_URL", "rediss://url.test/5", 1);
    scaling = load(*state);
    assert_true(scaling->tls.enabled);
    assert_string_equal(scaling->host, "url.test");
    assert_int_equal(scaling->port, 1);
    assert_string_equal(scaling->password, "parts");
    assert_int_equal(scaling->database, 5);
    setenv("REDIS_URL", "redis://:p%40ss@url.test:2", 1);
    scaling = load(*state);
    assert_false(scaling->tls.enabled);
    assert_int_equal(scaling->port, 2);
    assert_null(scaling->username);
    assert_string_equal(scaling->password, "p@ss");
    assert_int_equal(scaling->database, 1);
    setenv("REDIS_URL", "unix:///run/redis.sock?db=4", 1);
    scaling = load(*state);
    assert_string_equal(scaling->host, "/run/redis.sock");
    assert_int_equal(scaling->database, 4);
}

static void a_host_may_be_written_as_a_url(void **state)
{
    const struct config_scaling *scaling;

    setenv("REDIS_HOST", "tls://redis.test", 1);
    setenv("REDIS_PORT", "25061", 1);
    scaling = load(*state);
    assert_true(scaling->tls.enabled);
    assert_string_equal(scaling->host, "redis.test");
    assert_int_equal(scaling->port, 25061);
    setenv("REDIS_HOST", "/run/redis.sock", 1);
    assert_false(load(*state)->tls.enabled);
}

static void a_host_with_its_port_is_refused(void **state)
{
    setenv("REDIS_HOST", "redis.test:6380", 1);
    assert_has(folder_fail(*state),
               "REDIS_HOST in the environment: \"redis.test:6380\" is a host "
               "and a port; give the port as scaling.server.port (REDIS_PORT)");
    setenv("REDIS_HOST", "::1", 1);
    assert_string_equal(load(*state)->host, "::1");
}

static void secrets_are_in_no_output(void **state)
{
    struct folder *folder = *state;

    setenv("REDIS_PASSWORD", "s3cr3t", 1);
    setenv("REVERB_SCALING_SENTINEL_PASSWORD", "s3cr3t", 1);
    setenv("REDIS_URL", "redis://user:s3cr3t@url.test:7?password=s3cr3t&what=s3cr3t", 1);
    assert_string_equal(load(folder)->password, "s3cr3t");
    assert_lacks(folder_print(folder), "s3cr3t");
    assert_has(folder_print(folder), "servers.reverb.scaling.server.url");
    assert_has(folder_print(folder), "url.test");
    assert_lacks(buffer_text(&folder->warnings), "s3cr3t");
    assert_has(buffer_text(&folder->warnings), "only db, database, username, password and timeout");
    setenv("REDIS_URL", "redis://user:s3cr3t/more@url.test", 1);
    assert_has(folder_fail(folder), "REDIS_URL in the environment: this is no URL of a Redis: its "
                                    "port is not from 1 to 65535; give one such as redis://");
    assert_lacks(buffer_text(&folder->error), "s3cr3t");
    setenv("REDIS_URL", "s3cr3t", 1);
    assert_lacks(folder_fail(folder), "s3cr3t");
}

static void sentinels_and_nodes_are_hosts_with_ports(void **state)
{
    const struct config_scaling *scaling;
    struct bytes host;
    uint16_t port;

    setenv("REVERB_SCALING_HOSTS", "a.test:26379, [::1]:26380", 1);
    setenv("REVERB_SCALING_SENTINEL", "mymaster", 1);
    setenv("REVERB_SCALING_SENTINEL_USERNAME", "su", 1);
    setenv("REVERB_SCALING_SENTINEL_PASSWORD", "sp", 1);
    scaling = load(*state);
    assert_int_equal(scaling->hosts_count, 2);
    assert_string_equal(scaling->hosts[0], "a.test:26379");
    assert_true(config_scaling_split_host(bytes_of(scaling->hosts[1]), &host, &port));
    assert_true(bytes_equal(host, BYTES("::1")));
    assert_int_equal(port, 26380);
    assert_string_equal(scaling->sentinel, "mymaster");
    assert_string_equal(scaling->sentinel_username, "su");
    assert_string_equal(scaling->sentinel_password, "sp");
    unsetenv("REVERB_SCALING_HOSTS");
    unsetenv("REVERB_SCALING_SENTINEL");
    write_scaling(*state, "\"server\": {\"cluster\": true, \"hosts\": [\"a:1\", \"b:2\"]}");
    scaling = load(*state);
    assert_true(scaling->cluster);
    assert_int_equal(scaling->hosts_count, 2);
    write_scaling(*state, "\"server\": {\"cluster\": true, \"hosts\": \"a:1,b:2,c:3\"}");
    assert_int_equal(load(*state)->hosts_count, 3);
    write_scaling(*state, "\"server\": {\"cluster\": true, \"hosts\": null}");
    assert_int_equal(load(*state)->hosts_count, 0);
}

static void what_is_no_host_and_port_is_refused(void **state)
{
    static const char *const wrong[] = {"a", "a:", ":1", "a:0", "a:65536", "a:x", "::1", "[]:1"};

    setenv("REVERB_SCALING_CLUSTER", "true", 1);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        setenv("REVERB_SCALING_HOSTS", wrong[i], 1);
        assert_has(folder_fail(*state), "REVERB_SCALING_HOSTS in the environment: \"");
        assert_has(folder_fail(*state), "\" is not a host and its port; give host:port");
    }
}

static void what_cannot_go_together_is_refused(void **state)
{
    static const struct {
        const char *scaling;
        const char *error;
    } wrong[] = {
        {"\"server\": {\"cluster\": true, \"database\": 3}",
         "scaling.server.database in reverb.json: \"3\" cannot be with scaling.server.cluster"},
        {"\"server\": {\"cluster\": true, \"sentinel\": \"m\"}",
         "scaling.server.cluster in reverb.json: a Redis Cluster has no Sentinels"},
        {"\"server\": {\"hosts\": [\"a:1\"]}",
         "scaling.server.hosts in reverb.json: hosts are of a Redis Cluster or of Sentinels"},
        {"\"server\": {\"scheme\": \"tls\", \"host\": \"/s\"}",
         "scaling.server.host in reverb.json: \"/s\" is a Unix socket, which has no TLS"},
        {"\"server\": {\"scheme\": \"unix\"}", "default: \"127.0.0.1\" is no path"},
        {"\"server\": {\"scheme\": \"tls\", \"tls\": {\"cafile\": \"nowhere\"}}",
         "scaling.server.tls.cafile in reverb.json: the file of authorities \"nowhere\" cannot"},
        {"\"server\": {\"scheme\": \"tls\", \"tls\": {\"local_pk\": \"x\"}}",
         "scaling.server.tls.local_pk in reverb.json: a private key without a certificate"},
        {"\"server\": {\"scheme\": \"http\"}",
         "scaling.server.scheme in reverb.json: \"http\" is not known; give tcp, tls, redis,"},
        {"\"server\": {\"port\": 0}", "\"0\" is out of range; give a port from 1 to 65535"},
        {"\"server\": {\"host\": \"http://h\"}", "scaling.server.host in reverb.json: this is no"},
        {"\"server\": {\"hosts\": [1]}", "scaling.server.hosts in reverb.json: a number does not"},
        {"\"max_kept\": -1", "scaling.max_kept in reverb.json: \"-1\" is out of range"},
        {"\"server\": {\"tls\": {\"cafle\": \"x\"}}", "did you mean cafile?"},
        {"\"prefx\": \"x\"", "did you mean prefix?"},
    };

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        write_scaling(*state, wrong[i].scaling);
        assert_has(folder_fail(*state), wrong[i].error);
    }
}

static void while_scaling_is_off_nothing_of_it_can_be_wrong(void **state)
{
    struct folder *folder = *state;

    unsetenv("REVERB_SCALING_ENABLED");
    setenv("REDIS_URL", "nonsense", 1);
    setenv("REDIS_PORT", "nonsense", 1);
    setenv("REVERB_SCALING_CLUSTER", "nonsense", 1);
    write_scaling(folder, "\"channel\": [], \"server\": {\"database\": true, \"hosts\": [7], "
                          "\"tls\": {\"cafile\": \"nowhere\", \"verify_peer\": \"maybe\"}}");
    assert_int_equal(load(folder)->port, 6379);
    assert_int_equal(folder->warnings.len, 0);
    assert_string_equal(folder->config->scaling.channel, "reverb");
    assert_true(folder->config->scaling.tls.verify_peer);
    assert_has(folder_print(folder), "servers.reverb.scaling.server.cluster");
    setenv("REVERB_SCALING_ENABLED", "true", 1);
    folder_fail(folder);
}

/* Its own env() has asked for REDIS_HOST where it wanted to. */
static void laravels_file_comes_before_variables_that_are_laravels(void **state)
{
    struct folder *folder = *state;
    char *php;

    setenv("REDIS_HOST", "cache.test", 1);
    setenv("REDIS_PASSWORD", "cache", 1);
    setenv("REDIS_DB", "7", 1);
    write_scaling(folder, "\"server\": {\"host\": \"reverb.test\", \"password\": null}");
    assert_string_equal(load(folder)->host, "cache.test"); /* a file of JSON comes after */
    folder->options.config_file = NULL;
    php = config_process_find("php");
    if (php == NULL)
        skip();
    free(php);
    folder_write("artisan", "");
    folder_write("config/reverb.php",
                 "<?php return ['servers' => ['reverb' => ['scaling' => ['channel' => 'file', "
                 "'server' => ['host' => 'reverb.test', 'password' => null]]]]];");
    setenv("REVERB_SCALING_CHANNEL", "ours", 1);
    assert_string_equal(load(folder)->host, "reverb.test");
    assert_null(folder->config->scaling.password);
    assert_int_equal(folder->config->scaling.database, 7); /* which it does not mention */
    assert_string_equal(folder->config->scaling.channel, "ours");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCALING_TEST(scaling_is_off_by_default_and_has_defaults),
        SCALING_TEST(the_environment_says_it_in_laravels_words),
        SCALING_TEST(the_file_says_it_as_laravels_connections_do),
        SCALING_TEST(a_url_beats_the_parts_it_says),
        SCALING_TEST(a_host_may_be_written_as_a_url),
        SCALING_TEST(a_host_with_its_port_is_refused),
        SCALING_TEST(secrets_are_in_no_output),
        SCALING_TEST(sentinels_and_nodes_are_hosts_with_ports),
        SCALING_TEST(what_is_no_host_and_port_is_refused),
        SCALING_TEST(what_cannot_go_together_is_refused),
        SCALING_TEST(while_scaling_is_off_nothing_of_it_can_be_wrong),
        SCALING_TEST(laravels_file_comes_before_variables_that_are_laravels),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
