#include "cluster/request.h"

#include <inttypes.h>
#include <stdio.h>

void cluster_request_deinit(struct cluster_request *request)
{
    buffer_deinit(&request->arguments);
    request->count = 0;
}

void cluster_request_add(struct cluster_request *request, struct bytes argument)
{
    buffer_append_char(&request->arguments, '$');
    buffer_append_number(&request->arguments, argument.len);
    buffer_append_text(&request->arguments, "\r\n");
    buffer_append_bytes(&request->arguments, argument);
    buffer_append_text(&request->arguments, "\r\n");
    request->count++;
}

void cluster_request_add_text(struct cluster_request *request, const char *argument)
{
    cluster_request_add(request, bytes_of(argument));
}

void cluster_request_add_number(struct cluster_request *request, int64_t number)
{
    char text[24];
    const int len = snprintf(text, sizeof text, "%" PRId64, number);

    cluster_request_add(request, (struct bytes){text, (size_t)len});
}

void cluster_request_write_head(struct buffer *out, size_t count)
{
    buffer_append_char(out, '*');
    buffer_append_number(out, count);
    buffer_append_text(out, "\r\n");
}
