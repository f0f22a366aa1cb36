#include "config/cores.h"

#include "base/buffer.h"
#include "config/read.h"

#include <sched.h>
#include <unistd.h>

#define FILE_LEN_MAX 4096
#define PERIOD_US 100000

uint32_t config_cores_of_quota(struct bytes text)
{
    struct bytes quota_text;
    uint64_t quota;
    uint64_t period = PERIOD_US;

    if (!bytes_next(&text, ' ', &quota_text) ||
        !bytes_to_number(bytes_trim(quota_text), UINT32_MAX, &quota) || quota == 0)
        return 0; /* "max", or "-1" */
    while (text.len > 0 && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == ' '))
        text.len--;
    if (!bytes_to_number(text, UINT32_MAX, &period) || period == 0)
        period = PERIOD_US;
    return (uint32_t)((quota + period - 1) / period);
}

/* The quota of the group that this process sees as the root: in a container its own. */
static uint32_t quota(void)
{
    struct buffer text = {0};
    uint32_t cores = 0;

    if (config_read_file("/sys/fs/cgroup/cpu.max", FILE_LEN_MAX, &text) == 0) {
        cores = config_cores_of_quota(buffer_bytes(&text));
    } else {
        buffer_clear(&text);
        if (config_read_file("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", FILE_LEN_MAX, &text) == 0) {
            while (text.len > 0 && text.data[text.len - 1] == '\n')
                text.len--;
            buffer_append_char(&text, ' ');
            config_read_file("/sys/fs/cgroup/cpu/cpu.cfs_period_us", FILE_LEN_MAX, &text);
            cores = config_cores_of_quota(buffer_bytes(&text));
        }
    }
    buffer_deinit(&text);
    return cores;
}

static uint32_t affinity(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);
#ifdef __linux__
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) == 0)
        count = CPU_COUNT(&set);
#endif
    return count < 1 ? 1 : (uint32_t)count;
}

uint32_t config_cores_count(void)
{
    const uint32_t cores = affinity();
    const uint32_t limit = quota();

    return limit > 0 && limit < cores ? limit : cores;
}
