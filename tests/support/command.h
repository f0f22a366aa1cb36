/* Commands of the command line, run by the test, and what they write. */
#pragma once

#include "support/unit.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

typedef int (*command_fn)(int argc, char **argv);

struct command {
    int status; /* its exit status */
    struct buffer out;
    struct buffer err;
};

static inline int command_temporary(void)
{
    char path[] = "/tmp/reverb-command-XXXXXX";
    const int fd = mkstemp(path);

    assert_true(fd >= 0);
    unlink(path);
    return fd;
}

/* From its beginning; closes it. */
static inline void command_read(int fd, struct buffer *text)
{
    ssize_t len;

    buffer_clear(text);
    lseek(fd, 0, SEEK_SET);
    while ((len = read(fd, buffer_reserve(text, 4096), 4096)) > 0)
        text->len += (size_t)len;
    close(fd);
}

static inline int command_call(command_fn run, const char *const *words)
{
    int count = 0;

    while (words[count] != NULL)
        count++;
    return run(count, (char **)(uintptr_t)words);
}

/* In this process. */
static inline void command_run(struct command *command, command_fn run, const char *const *words)
{
    const int before[] = {dup(STDOUT_FILENO), dup(STDERR_FILENO)};
    const int out = command_temporary();
    const int err = command_temporary();

    fflush(stdout);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    command->status = command_call(run, words);
    fflush(stdout);
    dup2(before[0], STDOUT_FILENO);
    dup2(before[1], STDERR_FILENO);
    close(before[0]);
    close(before[1]);
    command_read(out, &command->out);
    command_read(err, &command->err);
}

/* In a process of its own, with `out` as standard output, which stays the caller's. */
static inline pid_t command_start(command_fn run, const char *const *words, int out, int err)
{
    pid_t pid;

    fflush(NULL);
    pid = fork();
    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    alarm(60); /* nobody has to wait for one that hangs */
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    exit(command_call(run, words));
}

static inline int command_wait(pid_t pid)
{
    int status;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* In a process of its own; what it writes to `out` is not kept. */
static inline void command_run_apart(struct command *command, command_fn run,
                                     const char *const *words, int out)
{
    const int err = command_temporary();

    command->status = command_wait(command_start(run, words, out, err));
    command_read(err, &command->err);
}

static inline void command_deinit(struct command *command)
{
    buffer_deinit(&command->out);
    buffer_deinit(&command->err);
}

/* What a program's tests run, one after another; freed after the last. */
static struct command command;

static inline int command_release(void **state)
{
    (void)state;
    command_deinit(&command);
    return 0;
}

#define COMMAND_WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
