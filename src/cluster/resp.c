#include "cluster/resp.h"

#include <inttypes.h>
#include <stdio.h>

void cluster_resp_deinit(struct cluster_resp *command)
{
    buffer_deinit(&command->arguments);
    command->count = 0;
}

void cluster_resp_add(struct cluster_resp *command, struct bytes argument)
{
    buffer_append_char(&command->arguments, '$');
    buffer_append_number(&command->arguments, argument.len);
    buffer_append_text(&command->arguments, "\r\n");
    buffer_append_bytes(&command->arguments, argument);
    buffer_append_text(&command->arguments, "\r\n");
    command->count++;
}

void cluster_resp_add_text(struct cluster_resp *command, const char *argument)
{
    cluster_resp_add(command, bytes_of(argument));
}

void cluster_resp_add_number(struct cluster_resp *command, int64_t number)
{
    char text[24];
    const int len = snprintf(text, sizeof text, "%" PRId64, number);

    cluster_resp_add(command, (struct bytes){text, (size_t)len});
}

void cluster_resp_write_head(struct buffer *out, size_t count)
{
    buffer_append_char(out, '*');
    buffer_append_number(out, count);
    buffer_append_text(out, "\r\n");
}
