/* Reads a node's streams, on a connection of its own: its inbox, and those of the wide channels
 * that it has. Waits for entries, hands them to the inbox in the order of their ids, and deletes
 * those of the inbox from it. Nothing is read while the workers are congested.
 *
 * Thread: the cluster's.
 */
#pragma once

#include "cluster/inbox.h"
#include "cluster/merge.h"
#include "cluster/redis.h"

/* After so long without an entry, Redis answers that there is none. */
#define CLUSTER_INBOX_READER_BLOCK_MS 1000

struct cluster_inbox_reader_stream {
    bool is_read;
    struct cluster_merge_id last; /* of the last entry read */
    uint64_t index;               /* of a wide stream: that entry's; the next has one more */
    uint64_t
        told_index; /* of its last entry in Redis, as the last heartbeat was answered; 0: none */
    uint64_t asked_index; /* the same, when the pending request was sent */
};

struct cluster_inbox_reader {
    /* Fixed. */
    struct cluster_inbox *inbox;
    char *key;      /* of the inbox */
    char *wide_key; /* of the wide streams, without the letter */
    bool (*is_congested)(void *user);
    void *congested_user;
    /* It is connected; Redis answered with an error; the connection is lost. */
    void (*on_ready)(void *user);
    void (*on_refused)(const redisReply *error, void *user);
    void (*on_lost)(const char *reason, const char *said, void *user);
    void (*on_gap)(void *user);  /* entries of a wide stream are gone that were not read */
    void (*on_read)(void *user); /* some entries were read */
    /* How many answers are pending that may bring events which come before unread entries. */
    size_t (*pending_echoes)(void *user);
    void *user;

    struct cluster_redis *redis; /* NULL: there is no connection */
    struct cluster_inbox_reader_stream streams[CLUSTER_MERGE_STREAMS_MAX]; /* the inbox is first */
    struct cluster_merge_id current; /* id of the entry that is being read */
    struct cluster_resp done;        /* the command that deletes what was read of the inbox */
    uint64_t bytes_read;             /* of the inbox, that were not reported to Redis yet */
    uint64_t last_number;            /* of Redis, as the last heartbeat was answered */
    uint64_t asked_number;           /* the same, when the pending request was sent */
    uint64_t read_number;            /* all streams have been read up to it */
    size_t entries_at_once;          /* how many are requested */
    size_t bytes_at_once;            /* and what they should have together */
    size_t waits_for;                /* pending echoes that come before what has arrived */
    bool is_waiting;                 /* the pending request waits for entries */
    bool has_read;                   /* a reply has come on this connection, or the last one */
    bool must_reread;                /* the last reply was not complete, or a stream was added */
    bool is_paused;
};

void cluster_inbox_reader_init(struct cluster_inbox_reader *reader);
void cluster_inbox_reader_deinit(struct cluster_inbox_reader *reader);

void cluster_inbox_reader_open(struct cluster_inbox_reader *reader, struct net_loop *loop,
                               const struct cluster_redis_address *address,
                               const struct cluster_redis_login *login, struct net_tls *tls);
void cluster_inbox_reader_close(struct cluster_inbox_reader *reader);

/* The inbox is a new one: reads it from its beginning, and nothing else. */
void cluster_inbox_reader_rewind(struct cluster_inbox_reader *reader);

/* What a heartbeat was answered: the number of Redis; a letter, the index of the last entry of that
 * wide stream, a blank, … */
void cluster_inbox_reader_told(struct cluster_inbox_reader *reader, struct bytes number,
                               struct bytes indices);

/* Writes the letters of the wide streams that are read. */
void cluster_inbox_reader_letters(const struct cluster_inbox_reader *reader,
                                  char letters[CLUSTER_MERGE_STREAMS_MAX]);

/* The latest number of a call that this node knows of. */
uint64_t cluster_inbox_reader_known_number(const struct cluster_inbox_reader *reader);

/* Starts reading once it is ready; continues if it was paused. */
void cluster_inbox_reader_resume(struct cluster_inbox_reader *reader);

/* The id of the last entry read of the inbox. False if there is more to read in order than that, or
 * the workers are congested: then this node's own events must come through the inbox. */
bool cluster_inbox_reader_is_echo_possible(const struct cluster_inbox_reader *reader, char *last_id,
                                           size_t last_id_len_max);
/* A pending echo has come: see `pending_echoes`. */
void cluster_inbox_reader_echoed(struct cluster_inbox_reader *reader);

/* Whether a reply is overdue. */
bool cluster_inbox_reader_is_silent(const struct cluster_inbox_reader *reader, uint64_t now_ms);
