#include "base/log.h"

#include "base/buffer.h"
#include "base/check.h"
#include "base/jsonwrite.h"
#include "base/printable.h"

#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Longer lines are cut, before they are made printable. */
#define LINE_LEN_MAX 2048

/* How long a line waits for the reader to read what was written before. */
#define READER_WAIT_MS 100

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int stalled_fd = -1; /* the descriptor whose reader did not read in that time */

/* Whether systemd's journal reads standard error: each line then begins with its priority
 * (sd-daemon(3)). */
static bool is_journal;

static struct log_options options = {.level = LOG_LEVEL_INFO};

static const char *const level_names[] = {"error", "warn", "info", "debug"};
static const char *const priorities[] = {"<3>", "<4>", "<6>", "<7>"};

/* JOURNAL_STREAM is inherited, also by a process whose standard error goes elsewhere: it names the
 * journal's socket by device and inode (systemd.exec(5)). */
static bool writes_to_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat info;
    char own[64];

    if (stream == NULL || fstat(STDERR_FILENO, &info) != 0)
        return false;
    snprintf(own, sizeof own, "%llu:%llu", (unsigned long long)info.st_dev,
             (unsigned long long)info.st_ino);
    return strcmp(stream, own) == 0;
}

void log_init(struct log_options log_options)
{
    options = log_options;
    is_journal = writes_to_journal();
}

static void format_time(char *out, size_t out_len)
{
    struct timespec now;
    struct tm utc;
    char seconds[32];

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(out, out_len, "%s.%03ldZ", seconds, now.tv_nsec / 1000000);
}

/* Whether a write of up to PIPE_BUF bytes would not block. Waits for a slow reader; for one that
 * has stopped reading, it waits only once. */
static bool has_room(int fd)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};

    stalled_fd = poll(&poll_fd, 1, fd == stalled_fd ? 0 : READER_WAIT_MS) == 0 ? fd : -1;
    return stalled_fd != fd;
}

/* The lock keeps lines of several threads apart, and no other thread can fill the pipe between the
 * check for room and the write. */
bool log_write(int fd, struct bytes text)
{
    CHECK(pthread_mutex_lock(&lock) == 0);
    while (text.len > 0 && has_room(fd)) {
        const ssize_t written = write(fd, text.data, text.len < PIPE_BUF ? text.len : PIPE_BUF);

        if (written <= 0)
            break; /* a failing log cannot report its own failure */
        text = bytes_from(text, (size_t)written);
    }
    CHECK(pthread_mutex_unlock(&lock) == 0);
    return text.len == 0;
}

/* Appends the time, the level and the text, which is printable already, as text or as JSON. */
static void append_line(struct buffer *line, enum log_level level, struct bytes text)
{
    char time_text[48];

    if (is_journal)
        buffer_append_text(line, priorities[level]);
    format_time(time_text, sizeof time_text);
    if (options.json) {
        buffer_printf(line, "{\"time\":\"%s\",\"level\":\"%s\",\"message\":", time_text,
                      level_names[level]);
        jsonwrite_string(line, text);
        buffer_append_char(line, '}');
    } else {
        buffer_printf(line, "%s %-5s ", time_text, level_names[level]);
        buffer_append_bytes(line, text);
    }
    buffer_append_char(line, '\n');
}

__attribute__((format(printf, 2, 0))) static void log_line(enum log_level level, const char *format,
                                                           va_list args)
{
    struct buffer text = {0};
    struct buffer line = {0};
    char raw[LINE_LEN_MAX];

    if (level > options.level)
        return;
    vsnprintf(raw, sizeof raw, format, args);
    printable_append(&text, bytes_of(raw));
    append_line(&line, level, buffer_bytes(&text));
    log_write(STDERR_FILENO, buffer_bytes(&line));
    buffer_deinit(&line);
    buffer_deinit(&text);
}

#define DEFINE_LEVEL(name, level)            \
    void log_##name(const char *format, ...) \
    {                                        \
        va_list args;                        \
                                             \
        va_start(args, format);              \
        log_line(level, format, args);       \
        va_end(args);                        \
    }

DEFINE_LEVEL(error, LOG_LEVEL_ERROR)
DEFINE_LEVEL(warn, LOG_LEVEL_WARN)
DEFINE_LEVEL(info, LOG_LEVEL_INFO)
DEFINE_LEVEL(debug, LOG_LEVEL_DEBUG)

void log_warn_lines(struct bytes lines)
{
    struct bytes line;

    while (bytes_next(&lines, '\n', &line))
        if (line.len > 0)
            log_warn("%.*s", BYTES_ARGS(line));
}
