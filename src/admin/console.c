#include "admin/console.h"

/* The build turns the files into string literals. */
static const char index_html[] =
#include "admin/index.html.inc"
    ;
static const char console_css[] =
#include "admin/console.css.inc"
    ;
static const char console_js[] =
#include "admin/console.js.inc"
    ;
static const char dygraph_css[] =
#include "admin/dygraph.css.inc"
    ;
static const char dygraph_js[] =
#include "admin/dygraph.js.inc"
    ;

#define TEXT(text)               \
    {                            \
        (text), sizeof(text) - 1 \
    }

static const struct file {
    struct bytes path;
    struct bytes type;
    struct bytes text;
} files[] = {
    {BYTES("/"), BYTES("text/html; charset=utf-8"), TEXT(index_html)},
    {BYTES("/console.css"), BYTES("text/css; charset=utf-8"), TEXT(console_css)},
    {BYTES("/console.js"), BYTES("text/javascript; charset=utf-8"), TEXT(console_js)},
    {BYTES("/dygraph.css"), BYTES("text/css; charset=utf-8"), TEXT(dygraph_css)},
    {BYTES("/dygraph.js"), BYTES("text/javascript; charset=utf-8"), TEXT(dygraph_js)},
};

/* Nothing comes from elsewhere, and nobody may show the console in a frame. The plots set styles of
 * their own. */
static const struct bytes headers = BYTES(
    "Cache-Control: no-cache\r\n"
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self' "
    "'unsafe-inline'; img-src data:; connect-src 'self'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'none'\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "X-Content-Type-Options: nosniff\r\n");

bool admin_console_find(struct bytes path, struct http_response *response)
{
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if (!bytes_equal(path, files[i].path))
            continue;
        *response = (struct http_response){.status = 200,
                                           .content_type = files[i].type,
                                           .headers = headers,
                                           .body = files[i].text};
        return true;
    }
    return false;
}
