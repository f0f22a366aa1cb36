#include "ws/message.h"

#include "base/mem.h"
#include "ws/frame.h"

struct ws_message {
    atomic_uint refs;
    uint32_t header_len;
    _Atomic(struct net_chunk *) frames[WS_DEFLATE_FORMS_COUNT];
};

static struct net_chunk *frame_new(struct bytes payload, bool is_compressed, size_t *header_len)
{
    struct net_chunk *chunk = net_chunk_new(WS_FRAME_SERVER_HEADER_LEN_MAX + payload.len);
    uint8_t header[WS_FRAME_SERVER_HEADER_LEN_MAX];

    *header_len = ws_frame_header(header, WS_FRAME_TEXT, is_compressed, payload.len);
    net_chunk_append(chunk, header, *header_len);
    net_chunk_append(chunk, payload.data, payload.len);
    return chunk;
}

struct ws_message *ws_message_new(struct bytes text)
{
    struct ws_message *message = mem_new(sizeof *message);
    size_t header_len;

    atomic_init(&message->refs, 1);
    atomic_init(&message->frames[WS_DEFLATE_PLAIN], frame_new(text, false, &header_len));
    message->header_len = (uint32_t)header_len;
    return message;
}

/* RFC 6455 section 5.2: seven bits, or 126 and two bytes, or 127 and eight. */
static size_t header_len_of(struct bytes frame)
{
    const unsigned len = frame.len > 1 ? (unsigned char)frame.data[1] & 0x7fU : 0;
    const size_t header_len = len == 127 ? 10 : len == 126 ? 4 : 2;

    return header_len < frame.len ? header_len : frame.len;
}

struct bytes ws_message_text_of_frame(struct bytes frame)
{
    return bytes_from(frame, header_len_of(frame));
}

struct ws_message *ws_message_new_of_frame(struct bytes frame)
{
    struct ws_message *message = mem_new(sizeof *message);
    struct net_chunk *chunk = net_chunk_new(frame.len);

    net_chunk_append(chunk, frame.data, frame.len);
    atomic_init(&message->refs, 1);
    atomic_init(&message->frames[WS_DEFLATE_PLAIN], chunk);
    message->header_len = (uint32_t)header_len_of(frame);
    return message;
}

struct ws_message *ws_message_ref(struct ws_message *message)
{
    atomic_fetch_add_explicit(&message->refs, 1, memory_order_relaxed);
    return message;
}

void ws_message_unref(struct ws_message *message)
{
    if (message == NULL || atomic_fetch_sub_explicit(&message->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (int form = 0; form < WS_DEFLATE_FORMS_COUNT; form++)
        net_chunk_unref(atomic_load(&message->frames[form]));
    free(message);
}

struct bytes ws_message_text(const struct ws_message *message)
{
    struct net_chunk *frame =
        atomic_load_explicit(&message->frames[WS_DEFLATE_PLAIN], memory_order_relaxed);

    return bytes_from(net_chunk_bytes(frame), message->header_len);
}

struct net_chunk *ws_message_frame(struct ws_message *message, enum ws_deflate_form form,
                                   struct ws_deflate *deflate)
{
    struct net_chunk *frame = atomic_load_explicit(&message->frames[form], memory_order_acquire);
    struct net_chunk *made;
    struct buffer payload = {0};
    size_t header_len;

    if (frame != NULL)
        return frame;
    if (ws_message_text(message).len < WS_DEFLATE_LEN_MIN)
        return ws_message_frame(message, WS_DEFLATE_PLAIN, NULL);
    ws_deflate_compress(deflate, form, ws_message_text(message), &payload);
    made = frame_new(buffer_bytes(&payload), true, &header_len);
    buffer_deinit(&payload);
    /* Two workers may compress it at the same time: the first one's frame is kept. */
    if (atomic_compare_exchange_strong_explicit(&message->frames[form], &frame, made,
                                                memory_order_acq_rel, memory_order_acquire))
        return made;
    net_chunk_unref(made);
    return frame;
}
