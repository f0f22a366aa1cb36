#include "cli/mind.h"

#include "base/bytes.h"
#include "server/mind.h"

#include <stdio.h>

int cli_mind(int argc, char **argv)
{
    uint64_t child = 0;

    if (argc != 2 || !bytes_to_number(bytes_of(argv[1]), INT32_MAX, &child) || child <= 1) {
        fputs("reverb: nothing can be minded: give the process id of a child\n", stderr);
        return 1;
    }
    server_mind_block_signals(NULL);
    return server_mind((pid_t)child);
}
