#include "base/utf8.h"

#include <string.h>

#define NOT_ASCII UINT64_C(0x8080808080808080)

/* The first byte of a character says how many follow and, to keep out overlong forms, surrogates
 * and codes above U+10FFFF, which values the second may have. */
static bool begin(struct utf8 *state, uint8_t byte)
{
    state->lower = 0x80;
    state->upper = 0xbf;
    if (byte < 0xc2 || byte > 0xf4)
        return false;
    if (byte < 0xe0) {
        state->pending = 1;
    } else if (byte < 0xf0) {
        state->pending = 2;
        if (byte == 0xe0)
            state->lower = 0xa0;
        if (byte == 0xed)
            state->upper = 0x9f;
    } else {
        state->pending = 3;
        if (byte == 0xf0)
            state->lower = 0x90;
        if (byte == 0xf4)
            state->upper = 0x8f;
    }
    return true;
}

static size_t skip_ascii(struct bytes piece, size_t at)
{
    uint64_t words[4];
    uint64_t word;

    while (at + sizeof words <= piece.len) {
        memcpy(words, piece.data + at, sizeof words);
        if ((words[0] | words[1] | words[2] | words[3]) & NOT_ASCII)
            break;
        at += sizeof words;
    }
    while (at + sizeof word <= piece.len) {
        memcpy(&word, piece.data + at, sizeof word);
        if (word & NOT_ASCII)
            break;
        at += sizeof word;
    }
    return at;
}

bool utf8_feed(struct utf8 *state, struct bytes piece)
{
    for (size_t at = 0; at < piece.len;) {
        uint8_t byte;

        if (state->pending == 0) {
            at = skip_ascii(piece, at);
            if (at == piece.len)
                break;
        }
        byte = (uint8_t)piece.data[at++];
        if (state->pending > 0) {
            if (byte < state->lower || byte > state->upper)
                return false;
            state->pending--;
            state->lower = 0x80;
            state->upper = 0xbf;
        } else if (byte >= 0x80 && !begin(state, byte)) {
            return false;
        }
    }
    return true;
}

bool utf8_is_complete(const struct utf8 *state)
{
    return state->pending == 0;
}

bool utf8_is_valid(struct bytes text)
{
    struct utf8 state = {0};

    return utf8_feed(&state, text) && utf8_is_complete(&state);
}

struct bytes utf8_beginning(struct bytes text, size_t len_max)
{
    if (text.len <= len_max)
        return text;
    while (len_max > 0 && ((unsigned char)text.data[len_max] & 0xC0) == 0x80)
        len_max--;
    return (struct bytes){text.data, len_max};
}
