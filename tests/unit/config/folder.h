/* A folder and an environment of a test's own, and what loading a configuration there gives. */
#pragma once

#include "base/buffer.h"
#include "base/mem.h"
#include "config/free.h"
#include "config/load.h"
#include "config/print.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define FOLDER_TEST(name) cmocka_unit_test_setup_teardown(name, folder_open, folder_close)

struct folder {
    char path[64];
    char before[512];
    struct config_options options;
    struct config *config;
    struct buffer error;
    struct buffer warnings;
    struct buffer printed;
};

static inline void folder_clear_environment(void)
{
    static const char *const kept[] = {"PATH=", "ASAN_", "LSAN_", "UBSAN_", "TSAN_"};

    for (size_t i = 0; environ[i] != NULL;) {
        size_t keep = 0;
        char *name;

        while (keep < 5 && strncmp(environ[i], kept[keep], strlen(kept[keep])) != 0)
            keep++;
        if (keep < 5) {
            i++;
            continue;
        }
        name = mem_copy_text(environ[i], strcspn(environ[i], "="));
        unsetenv(name);
        free(name);
    }
}

static inline int folder_open(void **state)
{
    struct folder *folder = mem_new(sizeof *folder);

    strcpy(folder->path, "/tmp/reverb-config-XXXXXX");
    assert_non_null(getcwd(folder->before, sizeof folder->before));
    assert_non_null(mkdtemp(folder->path));
    assert_int_equal(chdir(folder->path), 0);
    folder_clear_environment();
    setenv("HOME", folder->path, 1);
    *state = folder;
    return 0;
}

static inline void folder_remove(const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry;

    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        struct buffer inner = {0};

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        buffer_printf(&inner, "%s/%s", path, entry->d_name);
        if (remove(buffer_text(&inner)) != 0)
            folder_remove(buffer_text(&inner));
        buffer_deinit(&inner);
    }
    if (folder != NULL)
        closedir(folder);
    remove(path);
}

static inline int folder_close(void **state)
{
    struct folder *folder = *state;

    config_free(folder->config);
    buffer_deinit(&folder->error);
    buffer_deinit(&folder->warnings);
    buffer_deinit(&folder->printed);
    assert_int_equal(chdir(folder->before), 0);
    folder_remove(folder->path);
    free(folder);
    return 0;
}

/* Writes a file; the folders before it are made. */
static inline void folder_write(const char *name, const char *text)
{
    char path[256];
    FILE *file;

    snprintf(path, sizeof path, "%s", name);
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
    file = fopen(name, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    fclose(file);
}

static inline void folder_set_app(void)
{
    setenv("REVERB_APP_ID", "1001", 1);
    setenv("REVERB_APP_KEY", "the-key", 1);
    setenv("REVERB_APP_SECRET", "the-secret", 1);
}

static inline void folder_write_config(struct folder *folder, const char *json)
{
    folder_write("reverb.json", json);
    folder->options.config_file = "reverb.json";
}

static inline const struct config *folder_load(struct folder *folder)
{
    config_free(folder->config);
    buffer_clear(&folder->error);
    buffer_clear(&folder->warnings);
    folder->config = config_load(&folder->options, &folder->error, &folder->warnings);
    if (folder->config == NULL)
        print_message("%s\n", buffer_text(&folder->error));
    assert_non_null(folder->config);
    assert_int_equal(folder->error.len, 0);
    return folder->config;
}

/* The one line it fails with. */
static inline const char *folder_fail(struct folder *folder)
{
    config_free(folder->config);
    buffer_clear(&folder->error);
    buffer_clear(&folder->warnings);
    folder->config = config_load(&folder->options, &folder->error, &folder->warnings);
    assert_null(folder->config);
    assert_true(folder->error.len > 0);
    assert_null(strchr(buffer_text(&folder->error), '\n'));
    return buffer_text(&folder->error);
}

static inline const char *folder_print(struct folder *folder)
{
    buffer_clear(&folder->printed);
    config_print(folder->config, &folder->printed);
    return buffer_text(&folder->printed);
}

static inline void assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" does not have \"%s\"", text, part);
}

static inline void assert_lacks(const char *text, const char *part)
{
    if (strstr(text, part) != NULL)
        fail_msg("\"%s\" has \"%s\"", text, part);
}
