#include "pusher/user_id.h"

/* Control characters of ASCII, or the two bytes of U+0080 to U+009F. */
static bool has_control(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        const unsigned char c = (unsigned char)text.data[i];
        const unsigned char next = i + 1 < text.len ? (unsigned char)text.data[i + 1] : 0;

        if (c < 0x20 || c == 0x7f || (c == 0xc2 && next >= 0x80 && next <= 0x9f))
            return true;
    }
    return false;
}

bool pusher_user_id_is_valid(struct bytes user_id)
{
    return user_id.len > 0 && !has_control(user_id);
}

bool pusher_user_id_read(const struct jsonscan_value *value, struct buffer *scratch,
                         struct bytes *user_id)
{
    *user_id = BYTES_NONE;
    if (value->type == JSONSCAN_STRING)
        *user_id = jsonscan_text(value, scratch);
    else if (value->type == JSONSCAN_NUMBER)
        *user_id = value->raw;
    return pusher_user_id_is_valid(*user_id);
}
