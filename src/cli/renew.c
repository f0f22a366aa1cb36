#include "cli/renew.h"

#include "base/printable.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* PHP has only a few open. */
#define DESCRIPTORS_MAX 4096

int cli_renew(int argc, char **argv)
{
    for (int fd = STDERR_FILENO + 1; fd < DESCRIPTORS_MAX; fd++)
        close(fd);
    if (argc > 1)
        execvp(argv[1], argv + 1);
    printable_print_line(stderr, "reverb: %s cannot be run: %s", argc > 1 ? argv[1] : "nothing",
                         argc > 1 ? strerror(errno) : "give a command");
    return 1;
}
