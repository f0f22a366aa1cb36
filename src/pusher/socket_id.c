#include "pusher/socket_id.h"

#include "base/check.h"
#include "base/random.h"

#include <stdio.h>

#define PART_MAX 1000000000u

static uint64_t join(uint32_t first, uint32_t second)
{
    return (uint64_t)first << 32 | second;
}

static uint32_t first_of(uint64_t socket_id)
{
    return (uint32_t)(socket_id >> 32);
}

uint64_t pusher_socket_id_draw(size_t worker, size_t workers_count)
{
    const uint32_t drawn = random_between_1_and(PART_MAX);
    const uint32_t count = (uint32_t)workers_count;
    uint32_t first = drawn - drawn % count + (uint32_t)worker;

    if (first == 0 || first > PART_MAX)
        first = count + (uint32_t)worker;
    return join(first, random_between_1_and(PART_MAX));
}

size_t pusher_socket_id_worker(uint64_t socket_id, size_t workers_count)
{
    return first_of(socket_id) % workers_count;
}

size_t pusher_socket_id_write(uint64_t socket_id, char out[PUSHER_SOCKET_ID_LEN_MAX])
{
    const int len =
        snprintf(out, PUSHER_SOCKET_ID_LEN_MAX, "%u.%u", first_of(socket_id), (uint32_t)socket_id);

    CHECK(len > 0 && len < PUSHER_SOCKET_ID_LEN_MAX);
    return (size_t)len;
}

uint64_t pusher_socket_id_parse(struct bytes text)
{
    struct bytes second = text;
    struct bytes first;
    uint64_t high;
    uint64_t low;

    if (!bytes_next(&second, '.', &first) || second.data == NULL ||
        !bytes_to_number(first, UINT32_MAX, &high) || !bytes_to_number(second, UINT32_MAX, &low))
        return 0;
    return join((uint32_t)high, (uint32_t)low);
}
