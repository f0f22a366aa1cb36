/* The resources that a process has used so far, and a description of this machine.
 *
 * Thread: any. A value that the system does not report is 0.
 */
#pragma once

#include "base/buffer.h"

#include <jansson.h>
#include <sys/types.h>

struct bench_process_usage {
    uint64_t cpu_ns;       /* of all its threads */
    double user_s;         /* of these in user code, to a hundredth of a second */
    double system_s;       /* and in the kernel's */
    uint64_t memory_bytes; /* resident */
    uint64_t memory_bytes_peak;
};

/* `pid` 0: this process. */
struct bench_process_usage bench_process_usage(pid_t pid);

bool bench_process_is_there(pid_t pid);

/* Processor, cores, memory and kernel, as an object that the caller owns. */
json_t *bench_process_machine(void);
