#include "server/check.h"

#include "config/address.h"
#include "net/socket.h"
#include "net/tls.h"
#include "server/ask.h"
#include "server/listen.h"

#include <jansson.h>
#include <unistd.h>
#include <uv.h>

#define ANSWER_S 5

int server_check_pid(uint16_t port)
{
    struct buffer answer = {0};
    json_t *status = NULL;
    int pid = 0;

    if (server_ask(port, "status", ANSWER_S, &answer))
        status = json_loadb(answer.data, answer.len, 0, NULL);
    if (status != NULL)
        pid = (int)json_integer_value(json_object_get(status, "pid"));
    json_decref(status);
    buffer_deinit(&answer);
    return pid;
}

static bool check_certificate(const struct config *config, struct buffer *error)
{
    struct net_tls *tls;

    if (!config->tls.enabled)
        return true;
    tls = net_tls_new(&config->tls, error);
    net_tls_free(tls);
    return tls != NULL;
}

static bool check_admin(const struct config *config, struct buffer *error)
{
    struct config_address address;
    int fd;

    if (config->admin == NULL || !config_address_parse(config->admin, &address, error) ||
        address.is_unix)
        return error->len == 0;
    fd = net_socket_listen(address.host, &address.port, false);
    if (fd < 0)
        buffer_printf(error, "the administration listener cannot listen on %s: %s", config->admin,
                      uv_strerror(fd));
    else
        close(fd);
    return fd >= 0;
}

bool server_check(const struct config *config, struct buffer *error)
{
    if (!check_certificate(config, error))
        return false;
    return server_check_pid(config->port) > 0 ||
           (server_listen_check(config, error) && check_admin(config, error));
}
