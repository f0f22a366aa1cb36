/* Passes every file of the named folders to a fuzzer, without libFuzzer: each `make test` replays
 * what was found before, with any compiler. */

#include "base/buffer.h"
#include "base/check.h"

#include <dirent.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void replay(const char *path)
{
    struct buffer content = {0};
    FILE *file = fopen(path, "rb");
    char *exact;
    size_t len;

    CHECK(file != NULL);
    while ((len = fread(buffer_reserve(&content, 4096), 1, 4096, file)) > 0)
        content.len += len;
    fclose(file);
    /* In memory of exactly its length, so that the sanitizer notices a read beyond the end. */
    exact = bytes_copy(buffer_bytes(&content));
    exact = realloc(exact, content.len ? content.len : 1);
    CHECK(exact != NULL);
    LLVMFuzzerTestOneInput((const uint8_t *)exact, content.len);
    free(exact);
    buffer_deinit(&content);
}

static size_t replay_folder(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    size_t count = 0;

    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        struct buffer name = {0};

        if (entry->d_name[0] == '.')
            continue;
        buffer_printf(&name, "%s/%s", path, entry->d_name);
        replay(buffer_text(&name));
        buffer_deinit(&name);
        count++;
    }
    if (folder != NULL)
        closedir(folder);
    return count;
}

int main(int count, char **folders)
{
    size_t replayed = 0;

    for (int i = 1; i < count; i++)
        replayed += replay_folder(folders[i]);
    printf("%zu replayed\n", replayed);
    return 0;
}
