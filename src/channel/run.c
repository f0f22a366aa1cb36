#include "channel/run.h"

#include "base/check.h"
#include "base/mem.h"
#include "channel/channel.h"

struct channel_run_skip {
    struct channel_subscription *subscription;
    size_t message; /* the index of the one it is not sent */
};

struct channel_run *channel_run_new(struct channel *channel, uint64_t first)
{
    struct channel_run *run = mem_new(sizeof *run);

    run->channel = channel_ref(channel);
    run->first = first;
    return run;
}

void channel_run_free(struct channel_run *run)
{
    for (size_t i = 0; i < run->skips_count; i++)
        run->skips[i].subscription->skips--;
    for (size_t i = 0; i < run->messages_count; i++)
        ws_message_unref(run->messages[i]);
    for (int form = 0; form < WS_DEFLATE_FORMS_COUNT; form++) {
        net_chunk_unref(run->frames[form].all);
        free(run->frames[form].starts);
    }
    free(run->messages);
    free(run->skips);
    channel_unref(run->channel);
    free(run);
}

static void note_skip(struct channel_run *run, struct channel_subscription *subscription)
{
    run->skips = mem_room(run->skips, run->skips_count, &run->skips_cap, sizeof *run->skips);
    run->skips[run->skips_count++] = (struct channel_run_skip){subscription, run->messages_count};
    subscription->skips++;
}

void channel_run_add(struct channel_run *run, struct ws_message *message,
                     struct channel_subscription *skipping)
{
    if (skipping != NULL)
        note_skip(run, skipping);
    run->messages = mem_room(run->messages, run->messages_count, &run->messages_cap,
                             sizeof(struct ws_message *));
    run->messages[run->messages_count++] = ws_message_ref(message);
    run->bytes += ws_message_frame(message, WS_DEFLATE_PLAIN, NULL)->len;
    run->text_bytes += ws_message_text(message).len;
}

void channel_run_forget(struct channel_run *run, struct channel_subscription *subscription)
{
    size_t kept_count = 0;

    for (size_t i = 0; i < run->skips_count; i++)
        if (run->skips[i].subscription != subscription)
            run->skips[kept_count++] = run->skips[i];
    subscription->skips -= (uint32_t)(run->skips_count - kept_count);
    run->skips_count = kept_count;
}

void channel_run_mark_skipping(const struct channel_run *run, bool is_skipping)
{
    for (size_t i = 0; i < run->skips_count; i++)
        run->skips[i].subscription->is_skipping = is_skipping;
}

bool channel_run_next(const struct channel_run *run,
                      const struct channel_subscription *subscription, size_t *message,
                      size_t *skip)
{
    /* The skips are in the order of their messages, at most one a message. */
    for (; *message < run->messages_count; ++*message) {
        while (*skip < run->skips_count && run->skips[*skip].message < *message)
            ++*skip;
        if (*skip == run->skips_count || run->skips[*skip].message != *message ||
            run->skips[*skip].subscription != subscription)
            return true;
    }
    return false;
}

/* --- frames --------------------------------------------------------------------------------- */

struct net_chunk *channel_run_frames_for(const struct channel_run *run, size_t first,
                                         const struct channel_subscription *subscription,
                                         enum ws_deflate_form form, struct ws_deflate *deflate)
{
    struct net_chunk *frames;
    size_t len = 0;
    size_t skip = 0;

    for (size_t i = first; channel_run_next(run, subscription, &i, &skip); i++)
        len += ws_message_frame(run->messages[i], form, deflate)->len;
    if (len == 0)
        return NULL;
    frames = net_chunk_new(len);
    skip = 0;
    for (size_t i = first; channel_run_next(run, subscription, &i, &skip); i++) {
        const struct net_chunk *frame = ws_message_frame(run->messages[i], form, deflate);

        net_chunk_append(frames, frame->data, frame->len);
    }
    return frames;
}

struct net_chunk *channel_run_make_frames(struct channel_run *run, enum ws_deflate_form form,
                                          struct ws_deflate *deflate)
{
    struct net_chunk **all = &run->frames[form].all;

    *all = run->messages_count == 1
               ? net_chunk_ref(ws_message_frame(run->messages[0], form, deflate))
               : channel_run_frames_for(run, 0, NULL, form, deflate);
    return *all;
}

static uint32_t *starts_new(const struct channel_run *run, enum ws_deflate_form form,
                            struct ws_deflate *deflate)
{
    uint32_t *starts = mem_new(run->messages_count * sizeof *starts);

    for (size_t i = 1; i < run->messages_count; i++)
        starts[i] = starts[i - 1] + ws_message_frame(run->messages[i - 1], form, deflate)->len;
    return starts;
}

size_t channel_run_start(struct channel_run *run, size_t message, enum ws_deflate_form form,
                         struct ws_deflate *deflate)
{
    uint32_t **starts = &run->frames[form].starts;

    if (message == 0)
        return 0;
    if (*starts == NULL)
        *starts = starts_new(run, form, deflate);
    return (*starts)[message];
}
