#include "pusher/decode.h"

bool pusher_decode(struct pusher_decode_message *message, struct bytes text)
{
    struct jsonscan_field fields[] = {
        {.name = BYTES("event")}, {.name = BYTES("channel")}, {.name = BYTES("data")}};

    *message = (struct pusher_decode_message){0};
    if (!jsonscan_object(text, fields, sizeof fields / sizeof fields[0]) ||
        fields[0].value.type != JSONSCAN_STRING)
        return false;
    message->event = jsonscan_text(&fields[0].value, &message->event_scratch);
    message->channel = fields[1].value;
    message->data = fields[2].value;
    return message->event.len > 0;
}

void pusher_decode_deinit(struct pusher_decode_message *message)
{
    buffer_deinit(&message->event_scratch);
    buffer_deinit(&message->data_scratch);
}

bool pusher_decode_data(struct pusher_decode_message *message, struct jsonscan_field *fields,
                        size_t fields_count)
{
    if (message->data.type == JSONSCAN_STRING)
        return jsonscan_object(jsonscan_text(&message->data, &message->data_scratch), fields,
                               fields_count);
    return message->data.type == JSONSCAN_OBJECT &&
           jsonscan_object(message->data.raw, fields, fields_count);
}
