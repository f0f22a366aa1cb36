#include "cli/import.h"

#include "support/command.h"
#include "unit/config/folder.h"

#include <jansson.h>

static json_t *printed;

static void import(const char *file, const char *text)
{
    if (text != NULL)
        folder_write(file, text);
    command_run(&command, cli_import, COMMAND_WORDS("import", file));
    json_decref(printed);
    printed = json_loadb(command.out.data, command.out.len, 0, NULL);
}

/* What stands at a path, such as "servers.reverb.port", as JSON; "" if nothing does. */
static const char *at(const char *path)
{
    static char text[256];
    const json_t *value = printed;
    struct bytes rest = bytes_of(path);
    struct bytes part;
    char *dumped;

    while (bytes_next(&rest, '.', &part))
        value = json_is_array(value) ? json_array_get(value, (size_t)(part.data[0] - '0'))
                                     : json_object_getn(value, part.data, part.len);
    dumped = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    snprintf(text, sizeof text, "%s", dumped != NULL ? dumped : "");
    free(dumped);
    return text;
}

static void assert_noted(const char *line)
{
    assert_has(buffer_text(&command.err), line);
}

static void webhooks_keep_their_events_headers_and_filter(void **state)
{
    (void)state;
    import("webhooks.json", "{\"appManager\": {\"array\": {\"apps\": [{\"id\": \"a\", \"key\": "
                            "\"k\", \"secret\": \"s\","
                            " \"webhooks\": [{\"url\": \"https://a.example/\", \"event_types\": "
                            "[\"cache_miss\", \"x\"],"
                            " \"headers\": {\"X-Own\": \"1\"}, \"filter\": "
                            "{\"channel_name_ends_with\": \"-b\", \"y\": 1}},"
                            " {\"lambda_function\": \"f\"}]}]}}}");
    assert_int_equal(command.status, 0);
    assert_string_equal(at("apps.apps.0.webhooks.0.events"), "[\"cache_miss\"]");
    assert_string_equal(at("apps.apps.0.webhooks.0.headers"), "{\"X-Own\":\"1\"}");
    assert_string_equal(at("apps.apps.0.webhooks.0.filter"), "{\"channel_name_ends_with\":\"-b\"}");
    assert_string_equal(at("apps.apps.0.webhooks.0.batching"), "{\"enabled\":false}");
    assert_string_equal(at("apps.apps.0.webhooks.1"), "");
    assert_noted("app a: the webhooks' event \"x\" has no counterpart");
    assert_noted("app a: the webhooks' filter \"y\" has no counterpart");
    assert_noted("app a: a webhook without a URL is left out");
}

static void soketis_json_becomes_a_configuration_of_ours(void **state)
{
    (void)state;
    import("soketi.json",
           "{\"host\": \"127.0.0.1\", \"port\": 6002, \"pathPrefix\": \"/ws\","
           " \"shutdownGracePeriod\": 3000, \"httpApi\": {\"requestLimitInMb\": \"2\"},"
           " \"ssl\": {\"certPath\": \"c.pem\", \"keyPath\": \"k.pem\"},"
           " \"appManager\": {\"array\": {\"apps\": [{\"id\": 1, \"key\": \"k\", \"secret\": \"s\","
           " \"maxConnections\": -1, \"enableClientMessages\": true,"
           " \"allowedOrigins\": [\"https://a.example:443/x\", \"b.example\"]}]}}}");
    assert_int_equal(command.status, 0);
    assert_int_equal(command.err.len, 0);
    assert_string_equal(at("servers.reverb.host"), "\"127.0.0.1\"");
    assert_string_equal(at("servers.reverb.port"), "6002");
    assert_string_equal(at("servers.reverb.path"), "\"/ws\"");
    assert_string_equal(at("servers.reverb.shutdown_timeout"), "3");
    assert_string_equal(at("servers.reverb.max_request_size"), "2097152");
    assert_string_equal(at("servers.reverb.options.tls.local_cert"), "\"c.pem\"");
    assert_string_equal(at("apps.apps.0.app_id"), "\"1\"");
    assert_string_equal(at("apps.apps.0.max_connections"), "");
    assert_string_equal(at("apps.apps.0.accept_client_events_from"), "\"members\"");
    assert_string_equal(at("apps.apps.0.allowed_origins"), "[\"a.example\",\"b.example\"]");
}

static void whatever_has_no_counterpart_is_named(void **state)
{
    (void)state;
    import("soketi.json",
           "{\"debug\": true, \"cors\": {\"credentials\": true}, \"channelLimits\":"
           " {\"maxNameLength\": 100, \"cacheTtl\": 60}, \"queue\": {\"enabled\": false},"
           " \"ssl\": {\"enabled\": false, \"certPath\": \"c.pem\"},"
           " \"adapter\": {\"driver\": \"nats\"}, \"metrics\": {\"enabled\": true, \"port\": 9700},"
           " \"apps\": [{\"id\": \"a\", \"key\": \"k\", \"secret\": \"s\","
           " \"maxClientEventsPerSecond\": \"5\", \"webhooks\": [{\"url\": \"x\"}]},"
           " {\"id\": \"b\", \"key\": \"l\", \"secret\": \"t\", \"enabled\": false}]}");
    assert_int_equal(command.status, 0);
    assert_noted("reverb: \"cors\" has no counterpart\n");
    assert_noted("reverb: \"channel_limits.max_name_length\" has no counterpart\n");
    assert_noted("reverb: debug: start the server with --debug\n");
    assert_noted("reverb: adapter.driver \"nats\": several servers act as one over Redis here\n");
    assert_noted("reverb: metrics are at http://127.0.0.1:9700/metrics, under names of our own\n");
    assert_noted("reverb: app a: a webhook without events is left out\n");
    assert_noted("reverb: app a: rate_limiting counts every message of a connection");
    assert_noted("reverb: app b is not enabled, and is left out\n");
    assert_lacks(buffer_text(&command.err), "queue");
    assert_string_equal(at("servers.reverb.admin"), "\"127.0.0.1:9700\"");
    assert_string_equal(at("servers.reverb.options"), "");
    assert_string_equal(at("apps.apps.0.cache_ttl"), "60");
    assert_string_equal(at("apps.apps.0.rate_limiting.max_attempts"), "5");
    assert_string_equal(at("apps.apps.0.accept_client_events_from"), "\"none\"");
    assert_string_equal(at("apps.apps.1"), "");
}

static void several_servers_are_one_over_the_same_redis(void **state)
{
    (void)state;
    import("sentinel.json",
           "{\"adapter\": {\"driver\": \"redis\"}, \"database\": {\"redis\": {\"password\": \"p\","
           " \"sentinels\": [{\"host\": \"a\", \"port\": 26379}, {\"host\": \"b\"}]}}}");
    assert_string_equal(at("servers.reverb.scaling.enabled"), "true");
    assert_string_equal(at("servers.reverb.scaling.server.password"), "\"p\"");
    assert_string_equal(at("servers.reverb.scaling.server.hosts"), "[\"a:26379\",\"b:6379\"]");
    assert_string_equal(at("servers.reverb.scaling.server.sentinel"), "\"mymaster\"");
    assert_noted("reverb: no app is listed: add one to apps.apps\n");
    import("cluster.json",
           "{\"adapter\": {\"driver\": \"redis-cluster\"}, \"database\": {\"redis\":"
           " {\"clusterNodes\": [{\"host\": \"n\", \"port\": \"7000\"}]}}}");
    assert_string_equal(at("servers.reverb.scaling.server.hosts"), "[\"n:7000\"]");
    assert_string_equal(at("servers.reverb.scaling.server.cluster"), "true");
}

static void an_environment_of_soketis_is_understood(void **state)
{
    (void)state;
    import(".env.soketi", "APP_NAME=x\nSOKETI_PORT=6003\nSOKETI_DEFAULT_APP_ID=77\n"
                          "SOKETI_DEFAULT_APP_KEY=key\nSOKETI_DEFAULT_APP_SECRET=secret\n"
                          "SOKETI_DEFAULT_APP_ENABLE_CLIENT_MESSAGES=true\nSOKETI_OTHER=1\n");
    assert_int_equal(command.status, 0);
    assert_string_equal(at("servers.reverb.port"), "\"6003\"");
    assert_string_equal(at("apps.apps.0.app_id"), "\"77\"");
    assert_string_equal(at("apps.apps.0.accept_client_events_from"), "\"members\"");
    assert_noted("reverb: SOKETI_OTHER has no counterpart\n");
}

static void assert_import_fails(const char *file, const char *text, const char *reason)
{
    import(file, text);
    assert_int_equal(command.status, 1);
    assert_int_equal(command.out.len, 0);
    assert_has(buffer_text(&command.err), reason);
}

static void a_file_that_cannot_be_understood_is_one_line_of_error(void **state)
{
    (void)state;
    assert_import_fails("none.json", NULL, "reverb: none.json cannot be read: No such file");
    assert_import_fails("bad.json", "{\"a\": }",
                        "reverb: bad.json is not JSON: line 1, column 7\n");
    assert_import_fails("list.json", "[]", "reverb: list.json holds no object\n");
    assert_import_fails("other.env", "A=1\n",
                        "reverb: other.env is neither JSON nor PHP, and sets no SOKETI_… variable");
    assert_import_fails("--x", NULL, "reverb: usage: reverb import FILE\n");
}

static void a_php_file_needs_php(void **state)
{
    (void)state;
    setenv("PATH", "/nowhere", 1);
    assert_import_fails("websockets.php", "<?php return [];",
                        "reverb: websockets.php cannot be read: there is no php on the PATH\n");
}

static int release(void **state)
{
    json_decref(printed);
    return command_release(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(soketis_json_becomes_a_configuration_of_ours),
        FOLDER_TEST(webhooks_keep_their_events_headers_and_filter),
        FOLDER_TEST(whatever_has_no_counterpart_is_named),
        FOLDER_TEST(several_servers_are_one_over_the_same_redis),
        FOLDER_TEST(an_environment_of_soketis_is_understood),
        FOLDER_TEST(a_file_that_cannot_be_understood_is_one_line_of_error),
        FOLDER_TEST(a_php_file_needs_php),
    };

    return cmocka_run_group_tests(tests, NULL, release);
}
