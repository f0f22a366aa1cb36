/* Responses without their time. */
#pragma once

#include "base/buffer.h"
#include "http/date.h"

#include <string.h>

/* Removes the Date of each response from `sent`. */
static inline void http_dates_remove(struct buffer *sent)
{
    const char *at;

    while (sent->len > 0 && (at = memmem(sent->data, sent->len, "\r\nDate: ", 8)) != NULL) {
        const size_t from = (size_t)(at - sent->data) + 2;
        const size_t left = sent->len - from;
        const size_t len = left < HTTP_DATE_LINE_LEN ? left : HTTP_DATE_LINE_LEN;

        memmove(sent->data + from, sent->data + from + len, left - len);
        sent->len -= len;
    }
}
