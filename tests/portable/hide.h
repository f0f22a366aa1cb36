/* Makes of this system one that is not Linux, as far as a compiler can tell: it is read before each
 * source file (`tests/run portable`). Constants and functions that only Linux has get other names,
 * in the system's own headers; then `__linux__` goes. Headers that only Linux has stand beside this
 * file, and stop the compiler.
 *
 * What is hidden is what macOS lacks; the list grows by what was missed. */
#pragma once
#pragma GCC system_header

/* Constants that are enumerators too. */
#define MSG_MORE hidden_MSG_MORE
#define MSG_NOSIGNAL hidden_MSG_NOSIGNAL
#define MSG_ERRQUEUE hidden_MSG_ERRQUEUE
#define MSG_ZEROCOPY hidden_MSG_ZEROCOPY
#define MSG_CMSG_CLOEXEC hidden_MSG_CMSG_CLOEXEC
#define SOCK_CLOEXEC hidden_SOCK_CLOEXEC
#define SOCK_NONBLOCK hidden_SOCK_NONBLOCK

#define accept4 hidden_accept4
#define clock_getcpuclockid hidden_clock_getcpuclockid
#define close_range hidden_close_range
#define execvpe hidden_execvpe
#define explicit_bzero hidden_explicit_bzero
#define fallocate hidden_fallocate
#define getrandom hidden_getrandom
#define gettid hidden_gettid
#define memfd_create hidden_memfd_create
#define mempcpy hidden_mempcpy
#define memrchr hidden_memrchr
#define pipe2 hidden_pipe2
#define ppoll hidden_ppoll
#define prlimit hidden_prlimit
#define pthread_setname_np hidden_pthread_setname_np
#define qsort_r hidden_qsort_r
#define rawmemchr hidden_rawmemchr
#define reallocarray hidden_reallocarray
#define recvmmsg hidden_recvmmsg
#define sched_getaffinity hidden_sched_getaffinity
#define sched_setaffinity hidden_sched_setaffinity
#define sched_getcpu hidden_sched_getcpu
#define secure_getenv hidden_secure_getenv
#define sendmmsg hidden_sendmmsg
#define strchrnul hidden_strchrnul

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Its structs are this system's, whatever the sources are told. */
#include <uv.h>

#undef MSG_MORE
#undef MSG_NOSIGNAL
#undef MSG_ERRQUEUE
#undef MSG_ZEROCOPY
#undef MSG_CMSG_CLOEXEC
#undef SOCK_CLOEXEC
#undef SOCK_NONBLOCK
#undef accept4
#undef clock_getcpuclockid
#undef close_range
#undef execvpe
#undef explicit_bzero
#undef fallocate
#undef getrandom
#undef gettid
#undef memfd_create
#undef mempcpy
#undef memrchr
#undef pipe2
#undef ppoll
#undef prlimit
#undef pthread_setname_np
#undef qsort_r
#undef rawmemchr
#undef reallocarray
#undef recvmmsg
#undef sched_getaffinity
#undef sched_setaffinity
#undef sched_getcpu
#undef secure_getenv
#undef sendmmsg
#undef strchrnul

#undef CLOCK_BOOTTIME
#undef CLOCK_MONOTONIC_COARSE
#undef CLOCK_REALTIME_COARSE
#undef CPU_COUNT
#undef CPU_SET
#undef CPU_ZERO
#undef POLLRDHUP
#undef SO_INCOMING_CPU
#undef SO_PEERCRED
#undef SO_ZEROCOPY
#undef TCP_CORK
#undef TCP_DEFER_ACCEPT
#undef TCP_INFO
#undef TCP_QUICKACK
#undef TCP_ULP
#undef TCP_USER_TIMEOUT

#undef __linux__
#undef __linux
#undef linux
