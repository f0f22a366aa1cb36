/* Truth: what we accept as a message is, by jansson's reading, an object with an event; event,
 * channel and the members of `data` have the same content; and an event encoded from these parts is
 * JSON again. */

#include "pusher/decode.h"

#include "fuzz.h"
#include "pusher/encode.h"
#include "support/oracle.h"

static void check_broadcast(const struct pusher_decode_message *message)
{
    struct buffer out = {0};
    json_t *root;

    pusher_encode_broadcast(&out, BYTES("\"client-x\""), message->channel.raw, message->data.raw,
                            message->event);
    CHECK(oracle_text(buffer_bytes(&out), &root) != ORACLE_REFUSED);
    if (root != NULL)
        CHECK(bytes_equal(oracle_member(root, "user_id"), message->event));
    json_decref(root);
    buffer_deinit(&out);
}

static void check_data(struct pusher_decode_message *message, const json_t *oracled)
{
    struct jsonscan_field fields[] = {{.name = BYTES("channel")}};
    const json_t *data = json_object_get(oracled, "data");
    json_t *inner = NULL;
    enum oracle_verdict verdict = ORACLE_ACCEPTED;
    const bool has_members = pusher_decode_data(message, fields, 1);

    if (json_is_string(data)) {
        verdict = oracle_text(oracle_string(data), &inner);
        data = inner;
    }
    if (verdict != ORACLE_UNDECIDED)
        CHECK(has_members == json_is_object(data));
    if (json_is_string(json_object_get(data, "channel"))) {
        struct buffer scratch = {0};

        CHECK(
            bytes_equal(jsonscan_text(&fields[0].value, &scratch), oracle_member(data, "channel")));
        buffer_deinit(&scratch);
    }
    json_decref(inner);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct bytes text = fuzz_bytes(data, len);
    struct pusher_decode_message message;
    const bool is_message = pusher_decode(&message, text);
    json_t *root;

    if (len < 2000 && oracle_text(text, &root) != ORACLE_UNDECIDED) {
        CHECK(is_message == (json_is_object(root) && oracle_member(root, "event").len > 0));
        if (is_message) {
            CHECK(bytes_equal(message.event, oracle_member(root, "event")));
            check_data(&message, root);
            if (message.channel.type == JSONSCAN_STRING)
                check_broadcast(&message);
        }
        json_decref(root);
    }
    pusher_decode_deinit(&message);
    return 0;
}
