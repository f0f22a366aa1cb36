#include "doctor/bundle.h"

#include "config/read.h"

#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define BUNDLE "bundle"

#define FILE_LEN_MAX ((size_t)16 * 1024 * 1024)
#define DEPTH_MAX 16
/* Around `broadcaster`: a minified call has all its settings there. */
#define SETTINGS_LEN_MAX 1000

/* nftw() has no argument for its callback's user. */
static struct {
    struct doctor_report *report;
    const struct doctor_subject *subject;
    size_t found_count;
} walk;

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$';
}

struct bytes doctor_bundle_setting(struct bytes text, const char *name)
{
    const size_t name_len = strlen(name);

    for (size_t i = 0; i + name_len + 1 < text.len; i++) {
        struct bytes rest = bytes_from(text, i + name_len);
        const char *end;

        if (memcmp(text.data + i, name, name_len) != 0 || (i > 0 && is_name_char(text.data[i - 1])))
            continue;
        if (rest.data[0] == '"' || rest.data[0] == '\'') /* a quoted name */
            rest = bytes_from(rest, 1);
        rest = bytes_trim(rest);
        if (rest.len < 2 || rest.data[0] != ':')
            continue;
        rest = bytes_trim(bytes_from(rest, 1));
        if (rest.len > 1 && strchr("\"'`", rest.data[0]) != NULL) {
            end = memchr(rest.data + 1, rest.data[0], rest.len - 1);
            return end ? (struct bytes){rest.data + 1, (size_t)(end - rest.data) - 1} : BYTES_NONE;
        }
        for (end = rest.data; end < rest.data + rest.len && *end >= '0' && *end <= '9';)
            end++;
        return end > rest.data ? (struct bytes){rest.data, (size_t)(end - rest.data)} : BYTES_NONE;
    }
    return BYTES_NONE;
}

static bool is_key_of_an_app(struct bytes key)
{
    const struct config *config = walk.subject->config;

    for (size_t i = 0; config != NULL && i < config->apps_count; i++)
        if (bytes_equal(bytes_of(config->apps[i].key), key))
            return true;
    return walk.subject->app != NULL && bytes_equal(bytes_of(walk.subject->app->key), key);
}

static bool check_host(struct bytes host, const char *path)
{
    const struct config_app *app = walk.subject->app;
    const char *public_host = app != NULL ? app->public_host : NULL;

    if (host.data == NULL || public_host == NULL || bytes_equal(host, bytes_of(public_host)))
        return true;
    doctor_report_add(walk.report, DOCTOR_REPORT_FAULT, BUNDLE,
                      "%s connects to \"%.*s\", and the server is at \"%s\"", path,
                      BYTES_ARGS(host), public_host);
    doctor_report_cure(walk.report, ".env",
                       "VITE_REVERB_HOST=\"${REVERB_HOST}\"    # then: npm run build");
    return false;
}

static void check_settings(struct bytes text, const char *path)
{
    const struct bytes key = doctor_bundle_setting(text, "key");

    walk.found_count++;
    if (key.data == NULL || key.len == 0) {
        doctor_report_add(walk.report, DOCTOR_REPORT_FAULT, BUNDLE,
                          "%s has an Echo without a key: VITE_REVERB_APP_KEY was missing when it "
                          "was built",
                          path);
        doctor_report_cure(walk.report, ".env",
                           "VITE_REVERB_APP_KEY=\"${REVERB_APP_KEY}\"    # then: npm run build");
        return;
    }
    if (!is_key_of_an_app(key)) {
        doctor_report_add(walk.report, DOCTOR_REPORT_FAULT, BUNDLE,
                          "%s was built with the key \"%.*s\", which none of the server's apps has",
                          path, BYTES_ARGS(key));
        doctor_report_cure(walk.report, "shell", "npm run build    # with the .env of today");
        return;
    }
    if (check_host(doctor_bundle_setting(text, "wsHost"), path))
        doctor_report_add(walk.report, DOCTOR_REPORT_OK, BUNDLE,
                          "%s has the key and the host of the server", path);
}

static void check_file(const char *path)
{
    struct buffer file = {0};
    struct bytes text;
    const char *at;

    if (config_read_file(path, FILE_LEN_MAX, &file) == 0) {
        text = buffer_bytes(&file);
        for (size_t from = 0; from < text.len;) {
            at = memmem(text.data + from, text.len - from, "broadcaster", 11);
            if (at == NULL)
                break;
            from = (size_t)(at - text.data) + 11;
            text.len = from + SETTINGS_LEN_MAX < file.len ? from + SETTINGS_LEN_MAX : file.len;
            if (bytes_equal(doctor_bundle_setting(bytes_from(text, from - 11), "broadcaster"),
                            BYTES("reverb")))
                check_settings(bytes_from(text, from - 11), path);
            text.len = file.len;
        }
    }
    buffer_deinit(&file);
}

static int on_entry(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    const size_t len = strlen(path);

    (void)info;
    (void)place;
    if (kind == FTW_F && len > 3 &&
        (strcmp(path + len - 3, ".js") == 0 || len < 4 || strcmp(path + len - 4, ".mjs") == 0))
        check_file(path);
    return 0;
}

void doctor_bundle_check(struct doctor_report *report, const struct doctor_subject *subject)
{
    const char *path = subject->bundle != NULL ? subject->bundle : "public/build";

    walk.report = report;
    walk.subject = subject;
    walk.found_count = 0;
    if (nftw(path, on_entry, DEPTH_MAX, FTW_PHYS) != 0 && subject->bundle != NULL) {
        doctor_report_add(report, DOCTOR_REPORT_FAULT, BUNDLE, "%s cannot be read", path);
        doctor_report_cure(report, "shell", "npm run build");
        return;
    }
    if (walk.found_count == 0)
        doctor_report_add(report, DOCTOR_REPORT_SKIPPED, BUNDLE,
                          "no JavaScript in %s has an Echo for reverb", path);
}
