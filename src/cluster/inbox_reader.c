#include "cluster/inbox_reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* So many entries are requested as should fit in about so many bytes, judged by the last ones.
 * Redis may end a connection for which it holds more (client-output-buffer-limit): with each new
 * connection it is half as much, and more again as long as there is much to read. */
#define BYTES_AT_ONCE_MAX 524288
#define BYTES_AT_ONCE_MIN 32768
#define BYTES_MORE 8192
#define ENTRIES_AT_ONCE_MAX 1000
#define ENTRIES_AT_FIRST 16
/* What was read is deleted so many entries at a time, or when nothing more comes. */
#define DELETED_AT_ONCE 64
#define INBOX 0 /* among the streams; the wide ones follow */
#define LETTERS "0123456789abcdef"

/* --- what is done with an entry ------------------------------------------------------------- */

/* If deleting is refused, the stream would grow for ever. */
static void on_deleted(const redisReply *reply, void *data, void *user)
{
    struct cluster_inbox_reader *reader = user;

    (void)data;
    if (reply != NULL && reply->type == REDIS_REPLY_ERROR)
        reader->on_refused(reply, reader->user);
}

static void begin_deleting(struct cluster_inbox_reader *reader)
{
    buffer_clear(&reader->done.arguments);
    reader->done.count = 0;
    cluster_resp_add_text(&reader->done, "XDEL");
    cluster_resp_add_text(&reader->done, reader->key);
}

static void delete_read(struct cluster_inbox_reader *reader, size_t count_min)
{
    if (reader->redis == NULL || reader->done.count < 2 + count_min)
        return;
    cluster_redis_send(reader->redis, &reader->done, on_deleted, NULL);
    begin_deleting(reader);
}

/* The index of an entry of a wide stream: its name, after an 'x' if its call wrote to several. */
static uint64_t index_of(struct bytes name)
{
    uint64_t index = 0;

    bytes_to_number(bytes_from(name, bytes_starts_with(name, BYTES("x"))), UINT64_MAX, &index);
    return index;
}

/* False if entries before it are missing. */
static bool follows(struct cluster_inbox_reader *reader, const struct cluster_merge_entry *entry)
{
    struct cluster_inbox_reader_stream *stream = &reader->streams[entry->stream];
    const uint64_t index = index_of(entry->name);

    if (entry->stream == INBOX)
        return true;
    if (index != stream->index + 1) {
        stream->index = index - 1; /* it is read when the node has joined again */
        return false;
    }
    stream->index = index;
    return true;
}

static void read_entry(struct cluster_inbox_reader *reader, const struct cluster_merge_entry *entry)
{
    reader->current = entry->id;
    reader->streams[entry->stream].last = entry->id;
    if (!bytes_equal(entry->name, BYTES("-"))) /* which only makes the stream exist */
        cluster_inbox_read(reader->inbox, entry->value);
    if (entry->stream != INBOX)
        return;
    cluster_resp_add(&reader->done, entry->id_text);
    reader->bytes_read += entry->value.len;
}

/* --- replies -------------------------------------------------------------------------------- */

static void adapt(struct cluster_inbox_reader *reader, size_t entries_count, size_t bytes)
{
    const size_t fit = reader->bytes_at_once / (bytes / entries_count + 1);
    const size_t grown = reader->entries_at_once * 2;

    if (entries_count >= reader->entries_at_once &&
        reader->bytes_at_once + BYTES_MORE <= BYTES_AT_ONCE_MAX)
        reader->bytes_at_once += BYTES_MORE;
    reader->entries_at_once = fit < grown ? fit : grown;
    if (reader->entries_at_once == 0)
        reader->entries_at_once = 1;
    if (reader->entries_at_once > ENTRIES_AT_ONCE_MAX)
        reader->entries_at_once = ENTRIES_AT_ONCE_MAX;
}

static size_t stream_of(const struct cluster_inbox_reader *reader, struct bytes key)
{
    const struct bytes wide_key = bytes_of(reader->wide_key);
    int letter = -1;

    if (key.len == wide_key.len + 1 && bytes_starts_with(key, wide_key))
        letter = bytes_hex_digit(key.data[wide_key.len]);
    return letter < 0 ? INBOX : 1 + (size_t)letter;
}

/* [[stream, [entry, …]], …]; the number of streams. */
static size_t gather(struct cluster_inbox_reader *reader, const redisReply *reply,
                     struct cluster_merge *merge)
{
    size_t count = 0;

    for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++) {
        const redisReply *stream = reply->element[i];

        if (stream->type != REDIS_REPLY_ARRAY || stream->elements != 2 ||
            stream->element[1]->type != REDIS_REPLY_ARRAY || stream->element[1]->elements == 0)
            continue;
        cluster_merge_add(merge, stream_of(reader, cluster_redis_text(stream->element[0])),
                          stream->element[1], reader->entries_at_once);
        count++;
    }
    return count;
}

static size_t read_streams_count(const struct cluster_inbox_reader *reader)
{
    size_t count = 0;

    for (size_t i = 0; i < CLUSTER_MERGE_STREAMS_MAX; i++)
        count += reader->streams[i].is_read;
    return count;
}

/* A request that waited is answered by one stream alone, which may lack what the same call has
 * added to others. */
static bool is_complete(const struct cluster_inbox_reader *reader, size_t streams_count)
{
    return !reader->is_waiting || streams_count != 1 || read_streams_count(reader) == 1;
}

static void note_read(struct cluster_inbox_reader *reader, bool is_all)
{
    uint64_t number = reader->current.number;

    if (!is_all && number > 0)
        number--; /* there may be more of that call */
    else if (number < reader->asked_number)
        number = reader->asked_number;
    if (number > reader->read_number)
        reader->read_number = number;
}

/* Whether Redis had entries, when it was asked, that have not come with all that it has. */
static bool is_short(struct cluster_inbox_reader *reader)
{
    bool is_behind = false;

    for (size_t i = 0; i < CLUSTER_MERGE_STREAMS_MAX; i++) {
        struct cluster_inbox_reader_stream *stream = &reader->streams[i];

        if (!stream->is_read || stream->index >= stream->asked_index)
            continue;
        stream->index = stream->asked_index; /* once is enough */
        is_behind = true;
    }
    return is_behind;
}

/* False if the connection was closed by what was read. */
static bool read_entries(struct cluster_inbox_reader *reader, struct cluster_merge *merge,
                         bool is_complete)
{
    struct cluster_merge_entry entry;
    size_t entries_count = 0;
    size_t bytes = 0;
    bool is_all;

    reader->must_reread = false;
    while (!reader->must_reread && cluster_merge_next(merge, &entry)) {
        if (!is_complete && bytes_starts_with(entry.name, BYTES("x"))) {
            reader->must_reread = true;
            break;
        }
        if (!follows(reader, &entry)) {
            reader->on_gap(reader->user);
            return false;
        }
        read_entry(reader, &entry);
        entries_count++;
        bytes += entry.value.len;
    }
    reader->must_reread |= merge->is_cut;
    reader->has_read = true;
    if (entries_count > 0)
        adapt(reader, entries_count, bytes);
    is_all = !reader->must_reread && !merge->has_horizon;
    note_read(reader, is_all);
    if (reader->redis != NULL && is_all && is_short(reader))
        reader->on_gap(reader->user);
    return reader->redis != NULL;
}

/* Nil after the time is up. */
static void on_entries(const redisReply *reply, void *data, void *user)
{
    struct cluster_inbox_reader *reader = user;
    struct cluster_merge merge = {0};
    size_t streams_count;

    (void)data;
    if (reply == NULL)
        return;
    if (reply->type == REDIS_REPLY_ERROR) {
        reader->on_refused(reply, reader->user);
        return;
    }
    streams_count = gather(reader, reply, &merge);
    if (!read_entries(reader, &merge, is_complete(reader, streams_count)))
        return;
    delete_read(reader, streams_count > 0 ? DELETED_AT_ONCE : 1);
    if (streams_count > 0)
        reader->on_read(reader->user);
    cluster_inbox_reader_resume(reader);
}

/* --- requests ------------------------------------------------------------------------------- */

static void add_keys(const struct cluster_inbox_reader *reader, struct cluster_resp *command)
{
    char key[512];

    cluster_resp_add_text(command, reader->key);
    for (size_t i = 0; i < strlen(LETTERS); i++) {
        if (!reader->streams[1 + i].is_read)
            continue;
        snprintf(key, sizeof key, "%s%c", reader->wide_key, LETTERS[i]);
        cluster_resp_add_text(command, key);
    }
}

static void write_id(struct cluster_merge_id id, char *text, size_t len_max)
{
    snprintf(text, len_max, "%" PRIu64 "-%" PRIu64, id.number, id.order);
}

static void add_ids(const struct cluster_inbox_reader *reader, struct cluster_resp *command)
{
    char id[48];

    for (size_t i = 0; i < CLUSTER_MERGE_STREAMS_MAX; i++) {
        const struct cluster_inbox_reader_stream *stream = &reader->streams[i];

        if (!stream->is_read)
            continue;
        write_id(stream->last, id, sizeof id);
        cluster_resp_add_text(command, id);
    }
}

static void leave_streams(struct cluster_inbox_reader *reader)
{
    for (size_t i = 0; i < strlen(LETTERS); i++)
        if (!cluster_state_has_wide(reader->inbox->state, LETTERS[i]))
            reader->streams[1 + i].is_read = false;
}

void cluster_inbox_reader_resume(struct cluster_inbox_reader *reader)
{
    struct cluster_resp command = {0};

    if (reader->redis == NULL)
        return;
    reader->is_paused = reader->is_congested(reader->congested_user);
    if (reader->is_paused)
        return;
    leave_streams(reader);
    reader->is_waiting = !reader->must_reread;
    reader->asked_number = reader->last_number;
    for (size_t i = 0; i < CLUSTER_MERGE_STREAMS_MAX; i++)
        reader->streams[i].asked_index = reader->streams[i].told_index;
    cluster_resp_add_text(&command, "XREAD");
    cluster_resp_add_text(&command, "COUNT");
    cluster_resp_add_number(&command, (int64_t)reader->entries_at_once);
    if (reader->is_waiting) {
        cluster_resp_add_text(&command, "BLOCK");
        cluster_resp_add_number(&command, CLUSTER_INBOX_READER_BLOCK_MS);
    }
    cluster_resp_add_text(&command, "STREAMS");
    add_keys(reader, &command);
    add_ids(reader, &command);
    cluster_redis_send(reader->redis, &command, on_entries, NULL);
    cluster_resp_deinit(&command);
}

bool cluster_inbox_reader_is_silent(const struct cluster_inbox_reader *reader, uint64_t now_ms)
{
    return reader->redis != NULL && cluster_redis_waits_ms(reader->redis, now_ms) >
                                        CLUSTER_INBOX_READER_BLOCK_MS + CLUSTER_REDIS_SILENT_MS;
}

/* --- its streams ---------------------------------------------------------------------------- */

/* What follows the entry that is being read may stand in the new stream. */
static void on_wide(char letter, uint64_t index, void *user)
{
    struct cluster_inbox_reader *reader = user;
    struct cluster_inbox_reader_stream *stream = &reader->streams[1 + bytes_hex_digit(letter)];

    if (stream->is_read)
        return;
    *stream = (struct cluster_inbox_reader_stream){
        .is_read = true, .last = reader->current, .index = index};
    reader->must_reread = true;
}

void cluster_inbox_reader_rewind(struct cluster_inbox_reader *reader)
{
    cluster_state_forget_wide(reader->inbox->state);
    for (size_t i = 0; i < CLUSTER_MERGE_STREAMS_MAX; i++)
        reader->streams[i] = (struct cluster_inbox_reader_stream){.is_read = i == INBOX};
    begin_deleting(reader);
}

void cluster_inbox_reader_init(struct cluster_inbox_reader *reader)
{
    reader->inbox->on_wide = on_wide;
    reader->inbox->wide_user = reader;
    reader->has_read = true;
    reader->bytes_at_once = 2 * BYTES_AT_ONCE_MAX; /* the first connection halves it */
    cluster_inbox_reader_rewind(reader);
}

void cluster_inbox_reader_deinit(struct cluster_inbox_reader *reader)
{
    cluster_resp_deinit(&reader->done);
    free(reader->key);
    free(reader->wide_key);
}

void cluster_inbox_reader_told(struct cluster_inbox_reader *reader, struct bytes number,
                               struct bytes indices)
{
    struct bytes one;

    bytes_to_number(number, UINT64_MAX, &reader->last_number);
    while (bytes_next(&indices, ' ', &one)) {
        const int letter = one.len > 0 ? bytes_hex_digit(one.data[0]) : -1;

        if (letter >= 0)
            bytes_to_number(bytes_from(one, 1), UINT64_MAX,
                            &reader->streams[1 + letter].told_index);
    }
}

void cluster_inbox_reader_letters(const struct cluster_inbox_reader *reader,
                                  char letters[CLUSTER_MERGE_STREAMS_MAX])
{
    size_t count = 0;

    for (size_t i = 0; i < strlen(LETTERS); i++)
        if (reader->streams[1 + i].is_read)
            letters[count++] = LETTERS[i];
    letters[count] = '\0';
}

uint64_t cluster_inbox_reader_known_number(const struct cluster_inbox_reader *reader)
{
    const uint64_t read = reader->current.number;

    return read > reader->last_number ? read : reader->last_number;
}

/* --- its connection ------------------------------------------------------------------------- */

static void on_ready(void *user)
{
    struct cluster_inbox_reader *reader = user;

    /* Deletes nothing: only checks whether the command is allowed. */
    cluster_redis_command(reader->redis, on_deleted, "XDEL", reader->key, "0-1", NULL);
    reader->on_ready(reader->user);
}

/* Events of this node that Redis applied before it added these entries may still be on their way.
 */
static bool must_wait(void *user)
{
    struct cluster_inbox_reader *reader = user;

    reader->waits_for = reader->pending_echoes(reader->user);
    return reader->waits_for > 0;
}

void cluster_inbox_reader_echoed(struct cluster_inbox_reader *reader)
{
    if (reader->redis != NULL && reader->waits_for > 0 && --reader->waits_for == 0)
        cluster_redis_resume(reader->redis);
}

bool cluster_inbox_reader_is_echo_possible(const struct cluster_inbox_reader *reader, char *last_id,
                                           size_t last_id_len_max)
{
    if (reader->redis == NULL || read_streams_count(reader) > 1 ||
        reader->is_congested(reader->congested_user))
        return false;
    write_id(reader->streams[INBOX].last, last_id, last_id_len_max);
    return true;
}

static void on_lost(const char *reason, const char *said, void *user)
{
    struct cluster_inbox_reader *reader = user;

    reader->on_lost(reason, said, reader->user);
}

static const struct cluster_redis_events redis_events = {
    .on_ready = on_ready,
    .on_lost = on_lost,
    .must_wait = must_wait,
};

void cluster_inbox_reader_open(struct cluster_inbox_reader *reader, struct net_loop *loop,
                               const struct cluster_redis_address *address,
                               const struct cluster_redis_login *login, struct net_tls *tls)
{
    if (reader->bytes_at_once / 2 >= BYTES_AT_ONCE_MIN)
        reader->bytes_at_once /= 2;
    reader->entries_at_once = reader->has_read ? ENTRIES_AT_FIRST : 1;
    reader->has_read = false;
    reader->must_reread = false;
    for (size_t i = 0; i < CLUSTER_MERGE_STREAMS_MAX; i++)
        reader->streams[i].told_index = 0; /* a replica may not have had all of them */
    reader->waits_for = 0;
    reader->redis = cluster_redis_open(loop, address, login, tls, &redis_events, reader);
}

void cluster_inbox_reader_close(struct cluster_inbox_reader *reader)
{
    struct cluster_redis *redis = reader->redis;

    reader->redis = NULL;
    reader->is_paused = false;
    cluster_redis_close(redis);
}
