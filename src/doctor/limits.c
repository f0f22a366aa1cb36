#include "doctor/limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define FILES "open files"
#define KERNEL "kernel"

/* Fewer than these are soon used up; the values that are recommended are in packaging/sysctl.conf.
 */
#define FILES_FEW 10000
#define SOMAXCONN_FEW 4096
#define BACKLOG_FEW 1024
#define PORTS_FEW 40000
#define CONNTRACK_FULL_PERCENT 80

/* --- open files ----------------------------------------------------------------------------- */

#define OPEN_FILES "Max open files"

/* The hard limit, to which the server raises itself. */
static uint64_t limit_of(pid_t pid)
{
    struct rlimit own = {0};
    char path[64];
    char line[256];
    FILE *file;
    uint64_t soft = 0;

    snprintf(path, sizeof path, "/proc/%d/limits", (int)pid);
    file = pid > 0 ? fopen(path, "re") : NULL;
    while (file != NULL && soft == 0 && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, OPEN_FILES, strlen(OPEN_FILES)) == 0)
            soft = strtoull(line + strlen(OPEN_FILES), NULL, 10);
    if (file != NULL)
        fclose(file);
    if (soft > 0)
        return soft;
    getrlimit(RLIMIT_NOFILE, &own);
    return own.rlim_max;
}

static uint64_t wanted_connections(const struct config *config)
{
    uint64_t count = 0;

    for (size_t i = 0; config != NULL && i < config->apps_count; i++)
        count += config->apps[i].max_connections;
    return count;
}

void doctor_limits_check_files(struct doctor_report *report, const struct doctor_subject *subject,
                               pid_t pid)
{
    const uint64_t limit = limit_of(pid);
    const uint64_t wanted = wanted_connections(subject->config);
    const char *whose = pid > 0 ? "the server" : "a server started here";

    if (limit >= FILES_FEW && wanted <= limit) {
        doctor_report_add(report, DOCTOR_REPORT_OK, FILES, "%s may have %" PRIu64, whose, limit);
        return;
    }
    if (wanted > limit && wanted < UINT32_MAX)
        doctor_report_add(report, DOCTOR_REPORT_WARNING, FILES,
                          "%s may have %" PRIu64 ", and max_connections of the apps promises "
                          "%" PRIu64 " clients",
                          whose, limit, wanted);
    else if (limit < FILES_FEW)
        doctor_report_add(report, DOCTOR_REPORT_WARNING, FILES,
                          "%s may have %" PRIu64 ", and each client is one", whose, limit);
    else
        return;
    doctor_report_cure(report, "systemd", "LimitNOFILE=1048576");
    doctor_report_cure(report, "supervisord.conf, [supervisord]", "minfds=1048576");
    doctor_report_cure(report, "shell", "ulimit -Hn 1048576 && ulimit -n 1048576");
}

/* --- the kernel ----------------------------------------------------------------------------- */

/* Up to two numbers of a setting; how many there are. */
static int read_setting(const char *proc, const char *name, uint64_t values[2])
{
    char path[512];
    char line[128] = "";
    char *at = line;
    FILE *file;
    int count = 0;

    snprintf(path, sizeof path, "%s/%s", proc, name);
    file = fopen(path, "re");
    if (file == NULL)
        return 0;
    if (fgets(line, sizeof line, file) == NULL)
        line[0] = '\0';
    fclose(file);
    for (; count < 2; count++) {
        char *end;

        values[count] = strtoull(at, &end, 10);
        if (end == at)
            break;
        at = end;
    }
    return count;
}

static size_t check_queue(struct doctor_report *report, const char *proc, const char *name,
                          const char *key, uint64_t few, unsigned better)
{
    uint64_t values[2];

    if (read_setting(proc, name, values) == 0 || values[0] >= few)
        return 0;
    doctor_report_add(report, DOCTOR_REPORT_WARNING, KERNEL,
                      "%s is %" PRIu64 ": when all clients come back at once, the rest is refused",
                      key, values[0]);
    doctor_report_cure(report, "sysctl", "%s = %u", key, better);
    return 1;
}

/* A proxy on this machine needs a local port for each client. */
static size_t check_ports(struct doctor_report *report, const struct doctor_subject *subject,
                          const char *proc)
{
    const bool is_behind_local_proxy =
        subject->config != NULL && strncmp(subject->config->host, "127.", 4) == 0;
    uint64_t range[2];

    if (!is_behind_local_proxy || read_setting(proc, "net/ipv4/ip_local_port_range", range) < 2 ||
        range[1] - range[0] + 1 >= PORTS_FEW)
        return 0;
    doctor_report_add(report, DOCTOR_REPORT_WARNING, KERNEL,
                      "a proxy on this machine needs a local port for each client, and there are "
                      "%" PRIu64,
                      range[1] - range[0] + 1);
    doctor_report_cure(report, "sysctl", "net.ipv4.ip_local_port_range = 1025 65535");
    doctor_report_cure(report, "sysctl", "net.ipv4.ip_local_reserved_ports = %u",
                       subject->config->port);
    return 1;
}

static size_t check_conntrack(struct doctor_report *report, const char *proc)
{
    uint64_t max[2];
    uint64_t used[2];

    if (read_setting(proc, "net/netfilter/nf_conntrack_max", max) == 0 ||
        read_setting(proc, "net/netfilter/nf_conntrack_count", used) == 0 ||
        used[0] * 100 < max[0] * CONNTRACK_FULL_PERCENT)
        return 0;
    doctor_report_add(report, DOCTOR_REPORT_FAULT, KERNEL,
                      "the firewall tracks %" PRIu64 " connections of %" PRIu64
                      ": beyond that packets are dropped",
                      used[0], max[0]);
    doctor_report_cure(report, "sysctl", "net.netfilter.nf_conntrack_max = %" PRIu64,
                       max[0] * 4 > 1048576 ? max[0] * 4 : 1048576);
    return 1;
}

void doctor_limits_check_kernel(struct doctor_report *report, const struct doctor_subject *subject,
                                const char *proc)
{
    const size_t found =
        check_queue(report, proc, "net/core/somaxconn", "net.core.somaxconn", SOMAXCONN_FEW, 8192) +
        check_queue(report, proc, "net/ipv4/tcp_max_syn_backlog", "net.ipv4.tcp_max_syn_backlog",
                    BACKLOG_FEW, 16384) +
        check_ports(report, subject, proc) + check_conntrack(report, proc);

    if (found == 0)
        doctor_report_add(report, DOCTOR_REPORT_OK, KERNEL,
                          "queues, ports and tracked connections are enough");
}
