#include "config/mistake.h"

/* ASCII's record separator stands between mistakes, until other line ends are replaced. */
#define SEPARATOR '\x1e'

void config_mistake_next(struct buffer *error)
{
    if (error->len > 0)
        buffer_append_char(error, SEPARATOR);
}

void config_mistake_finish(struct buffer *error)
{
    for (size_t i = 0; i < error->len; i++) {
        if (error->data[i] == SEPARATOR)
            error->data[i] = '\n';
        else if ((unsigned char)error->data[i] < ' ')
            error->data[i] = ' ';
    }
}
