/* Preloaded into a server under test (LD_PRELOAD): sets its wall clock wrong, keeps a thread that
 * receives certain words busy, as an endless job would, and limits what the kernel buffers for
 * sending.
 *
 *     FAULTS_CLOCK=FILE    a file of 8 bytes: the clock's error in seconds, signed; may change
 *     FAULTS_BUSY_MS=3000  how long receiving "keep-me-busy" takes
 *     FAULTS_SNDBUF=65536  what the kernel buffers for an accepted connection: over loopback that
 *                          would be megabytes, unlike in any real network
 *     FAULTS_URING=1       a system call of io_uring fails with this errno, by a seccomp filter as
 *                          Docker's
 *     FAULTS_NAMES=10.0.0.1,1.1.1.1    what each name resolves to that ends in ".test"
 *     FAULTS_NAMES=@FILE   the same, of a file that may change
 *     FAULTS_PUBLIC=arrives  what is sent to a public address of IPv4 arrives on this machine, at
 * the same port; "refuses": it is refused. Nothing leaves this machine
 *     FAULTS_LAST_SIGNAL=15    this signal comes just before the process blocks signals for good
 *     FAULTS_LATE_SIGNAL=15    this signal comes when the process does not handle it any more
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const char busy_words[] = "keep-me-busy";

static volatile const int64_t *offset_s;
static long busy_ms;
static int sndbuf_bytes;
static int (*real_clock_gettime)(clockid_t, struct timespec *);
static ssize_t (*real_recv)(int, void *, size_t, int);
static const char *names;
static const char *public_fate;
static int last_signal;
static int late_signal;
static int (*real_sigaction)(int, const struct sigaction *, struct sigaction *);
static int (*real_pthread_sigmask)(int, const sigset_t *, sigset_t *);
static int (*real_accept4)(int, struct sockaddr *, socklen_t *, int);
static int (*real_connect)(int, const struct sockaddr *, socklen_t);
static int (*real_getaddrinfo)(const char *, const char *, const struct addrinfo *,
                               struct addrinfo **);

/* A function's address as dlsym() gives it. */
static void find(void *function, const char *name)
{
    void *address = dlsym(RTLD_NEXT, name);

    memcpy(function, &address, sizeof address);
}

/* io_uring_setup, _enter and _register have numbers that follow each other. */
static void forbid_uring(int error)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, SYS_io_uring_setup, 0, 2),
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, SYS_io_uring_register, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        abort();
}

__attribute__((constructor)) static void begin(void)
{
    const char *uring = getenv("FAULTS_URING");
    const char *clock_file = getenv("FAULTS_CLOCK");
    const char *busy = getenv("FAULTS_BUSY_MS");
    const char *sndbuf = getenv("FAULTS_SNDBUF");
    const char *last = getenv("FAULTS_LAST_SIGNAL");
    const char *late = getenv("FAULTS_LATE_SIGNAL");

    find(&real_clock_gettime, "clock_gettime");
    find(&real_recv, "recv");
    find(&real_accept4, "accept4");
    find(&real_connect, "connect");
    find(&real_getaddrinfo, "getaddrinfo");
    find(&real_pthread_sigmask, "pthread_sigmask");
    find(&real_sigaction, "sigaction");
    names = getenv("FAULTS_NAMES");
    public_fate = getenv("FAULTS_PUBLIC");
    last_signal = last != NULL ? (int)strtol(last, NULL, 10) : 0;
    late_signal = late != NULL ? (int)strtol(late, NULL, 10) : 0;
    sndbuf_bytes = sndbuf != NULL ? (int)strtol(sndbuf, NULL, 10) : 0;
    if (uring != NULL)
        forbid_uring((int)strtol(uring, NULL, 10));
    busy_ms = busy != NULL ? strtol(busy, NULL, 10) : 0;
    if (clock_file != NULL) {
        const int fd = open(clock_file, O_RDONLY | O_CLOEXEC);
        void *mapped = mmap(NULL, sizeof *offset_s, PROT_READ, MAP_SHARED, fd, 0);

        if (fd < 0 || mapped == MAP_FAILED)
            abort();
        offset_s = mapped;
        close(fd);
    }
}

/* The system's headers have names of their own for these.
 * NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int status;

    if (real_clock_gettime == NULL)
        find(&real_clock_gettime, "clock_gettime");
    status = real_clock_gettime(clock, now);
    if (status == 0 && clock == CLOCK_REALTIME && offset_s != NULL)
        now->tv_sec += *offset_s;
    return status;
}

time_t time(time_t *out)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (out != NULL)
        *out = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    struct timespec now;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    *out = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return 0;
}

ssize_t recv(int fd, void *out, size_t len, int flags)
{
    ssize_t received;

    if (real_recv == NULL)
        find(&real_recv, "recv");
    received = real_recv(fd, out, len, flags);
    if (busy_ms > 0 && received > 0 &&
        memmem(out, (size_t)received, busy_words, sizeof busy_words - 1) != NULL)
        usleep((useconds_t)busy_ms * 1000);
    return received;
}

int accept4(int listener, struct sockaddr *address, socklen_t *len, int flags)
{
    int fd;

    if (real_accept4 == NULL)
        find(&real_accept4, "accept4");
    fd = real_accept4(listener, address, len, flags);
    if (fd >= 0 && sndbuf_bytes > 0)
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &sndbuf_bytes, sizeof sndbuf_bytes);
    return fd;
}

static int is_fake(const char *name)
{
    const char *end = names != NULL && name != NULL ? strrchr(name, '.') : NULL;

    return end != NULL && strcmp(end, ".test") == 0;
}

static void read_names(char *list, size_t len_max)
{
    FILE *file = names[0] == '@' ? fopen(names + 1, "r") : NULL;

    memset(list, 0, len_max);
    if (file == NULL)
        strncpy(list, names, len_max - 1);
    else if (fgets(list, (int)len_max, file) == NULL)
        list[0] = '\0';
    if (file != NULL)
        fclose(file);
}

int getaddrinfo(const char *restrict name, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict found)
{
    struct addrinfo **last = found;
    char list[256];
    char *rest = NULL;

    if (real_getaddrinfo == NULL)
        find(&real_getaddrinfo, "getaddrinfo");
    if (!is_fake(name))
        return real_getaddrinfo(name, service, hints, found);
    read_names(list, sizeof list);
    for (char *one = strtok_r(list, ",", &rest); one != NULL; one = strtok_r(NULL, ",", &rest)) {
        const int status = real_getaddrinfo(one, service, hints, last);

        if (status != 0)
            return status;
        while (*last != NULL)
            last = &(*last)->ai_next;
    }
    return 0;
}

int connect(int fd, const struct sockaddr *address, socklen_t len)
{
    struct sockaddr_in to;

    if (real_connect == NULL)
        find(&real_connect, "connect");
    if (public_fate == NULL || address->sa_family != AF_INET)
        return real_connect(fd, address, len);
    memcpy(&to, address, sizeof to);
    if ((ntohl(to.sin_addr.s_addr) >> 24) == 127)
        return real_connect(fd, address, len);
    if (strcmp(public_fate, "arrives") != 0) {
        errno = ECONNREFUSED;
        return -1;
    }
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return real_connect(fd, (const struct sockaddr *)&to, sizeof to);
}

/* For good: who means to unblock them again asks what was blocked before. */
int pthread_sigmask(int how, const sigset_t *set, sigset_t *before)
{
    if (real_pthread_sigmask == NULL)
        find(&real_pthread_sigmask, "pthread_sigmask");
    if (last_signal != 0 && how == SIG_BLOCK && before == NULL && sigismember(set, last_signal))
        raise(last_signal);
    return real_pthread_sigmask(how, set, before);
}

int sigaction(int number, const struct sigaction *action, struct sigaction *before)
{
    int status;

    if (real_sigaction == NULL)
        find(&real_sigaction, "sigaction");
    status = real_sigaction(number, action, before);
    if (late_signal != 0 && number == late_signal && action != NULL &&
        action->sa_handler == SIG_DFL)
        raise(late_signal);
    return status;
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
