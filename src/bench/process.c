#include "bench/process.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* Reads the beginning of a file in /proc; empty if there is no such file. */
static void read_file(const char *path, char *text, size_t len)
{
    FILE *file = fopen(path, "re");

    text[0] = '\0';
    if (file == NULL)
        return;
    text[fread(text, 1, len - 1, file)] = '\0';
    fclose(file);
}

/* The number behind `name` in a text of lines "name: number". */
static uint64_t number_after(const char *text, const char *name)
{
    const char *at = strstr(text, name);

    return at == NULL ? 0 : strtoull(at + strlen(name), NULL, 10);
}

#ifdef __linux__

static void read_times(pid_t pid, struct bench_process_usage *usage)
{
    const double ticks = (double)sysconf(_SC_CLK_TCK);
    char path[64];
    char text[1024];
    char *at;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    read_file(path, text, sizeof text);
    at = strrchr(text, ')'); /* the name in front of it may hold any character */
    for (int field = 2; at != NULL && field < 14; field++)
        at = strchr(at + 1, ' ');
    if (at == NULL)
        return;
    usage->user_s = (double)strtoull(at, &at, 10) / ticks;
    usage->system_s = (double)strtoull(at, &at, 10) / ticks;
}

struct bench_process_usage bench_process_usage(pid_t pid)
{
    struct bench_process_usage usage = {0};
    char path[64];
    char text[4096];
    struct timespec used;
    clockid_t clock;

    if (pid == 0)
        pid = getpid();
    if (clock_getcpuclockid(pid, &clock) == 0 && clock_gettime(clock, &used) == 0)
        usage.cpu_ns = (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
    read_times(pid, &usage);
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    read_file(path, text, sizeof text);
    usage.memory_bytes = number_after(text, "VmRSS:") * 1024;
    usage.memory_bytes_peak = number_after(text, "VmHWM:") * 1024;
    return usage;
}

#else

/* Such systems report other processes only to their own tools. */
struct bench_process_usage bench_process_usage(pid_t pid)
{
    struct bench_process_usage usage = {0};
    struct rusage own;

    if ((pid != 0 && pid != getpid()) || getrusage(RUSAGE_SELF, &own) != 0)
        return usage;
    usage.user_s = (double)own.ru_utime.tv_sec + (double)own.ru_utime.tv_usec / 1e6;
    usage.system_s = (double)own.ru_stime.tv_sec + (double)own.ru_stime.tv_usec / 1e6;
    usage.cpu_ns = (uint64_t)((usage.user_s + usage.system_s) * 1e9);
    return usage;
}

#endif

bool bench_process_is_there(pid_t pid)
{
    return kill(pid, 0) == 0 || errno == EPERM;
}

static json_t *processor(void)
{
    char text[4096];
    const char *at;

    read_file("/proc/cpuinfo", text, sizeof text);
    at = strstr(text, "model name");
    at = at ? strchr(at, ':') : NULL;
    return at ? json_stringn(at + 2, strcspn(at + 2, "\n")) : json_string("unknown");
}

json_t *bench_process_machine(void)
{
    json_t *machine = json_object();
    struct utsname system = {0};
    char text[4096];
    char kernel[2 * sizeof system.sysname];

    uname(&system);
    snprintf(kernel, sizeof kernel, "%s %s", system.sysname, system.release);
    read_file("/proc/meminfo", text, sizeof text);
    json_object_set_new(machine, "processor", processor());
    json_object_set_new(machine, "cores", json_integer(sysconf(_SC_NPROCESSORS_ONLN)));
    json_object_set_new(machine, "memory_mb",
                        json_integer((json_int_t)(number_after(text, "MemTotal:") / 1024)));
    json_object_set_new(machine, "kernel", json_string(kernel));
    return machine;
}
