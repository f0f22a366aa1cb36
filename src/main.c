#include "cli/cli.h"

#include <fcntl.h>
#include <unistd.h>

/* Whoever starts us may have closed the standard streams: what is opened next, a client's socket,
 * would be where the log is written to. */
static void keep_standard_streams(void)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO)
        close(fd);
}

int main(int argc, char **argv)
{
    keep_standard_streams();
    return cli_run(argc, argv);
}
