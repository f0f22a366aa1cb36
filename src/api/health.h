/* `GET /up`: is the server there? Thread: owner of `conn`. */
#pragma once

#include "http/conn.h"

void api_health(struct http_conn *conn);
