/* Truth: whatever an inbox holds, what is reported lies within it, and an entry with another node's
 * event that is read twice is reported once.
 *
 * The input is a list of entries: a letter, a length of two bytes, and so many bytes.
 */

#include "support/inbox_fixture.h"

#include "fuzz.h"

static void check_within(const struct inbox_fixture *fixture, size_t packed_len)
{
    /* Each member is reported by one line, and no part is reported twice. */
    CHECK(fixture->told.len <= 64 + packed_len * 32);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct inbox_fixture fixture;

    inbox_fixture_init(&fixture);
    while (len >= 3) {
        struct buffer entry = {0};
        size_t packed_len = (size_t)data[1] | (size_t)data[2] << 8;
        uint64_t received;

        if (packed_len > len - 3)
            packed_len = len - 3;
        inbox_fixture_add(&entry, (char)data[0],
                          (struct bytes){(const char *)data + 3, packed_len});
        data += 3;
        len -= 3;
        buffer_clear(&fixture.told);
        cluster_inbox_read(&fixture.inbox, buffer_bytes(&entry));
        check_within(&fixture, packed_len);
        received = fixture.inbox.received_count;
        cluster_inbox_read(&fixture.inbox, buffer_bytes(&entry));
        CHECK(fixture.inbox.received_count == received);
        buffer_deinit(&entry);
        data += packed_len;
        len -= packed_len;
    }
    inbox_fixture_deinit(&fixture);
    return 0;
}
