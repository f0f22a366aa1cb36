'use strict';

/* What the proxies of the tests have in common. */

const fs = require('node:fs');
const { freePort, temporaryFolder } = require('./server.js');
const { RawConnection } = require('./raw.js');
const { until } = require('./wait.js');

/* Where the program is; its name if it is at none of the usual places. */
const find = (name) => [`/usr/sbin/${name}`, `/usr/local/sbin/${name}`, `/usr/bin/${name}`].find((file) => fs.existsSync(file)) ?? name;

/* Clients can be bound to `proxy` as if it were the server itself. Gives it an address, a folder of its own, and all that a client
 * asks of a server. */
async function standInFor(proxy, server, name) {
    proxy.host = '127.0.0.1';
    proxy.port = await freePort();
    proxy.apps = server.apps;
    proxy.app = server.app;
    proxy.prefix = server.prefix;
    proxy.clients = server.clients;
    proxy.folder = temporaryFolder(`reverb-${name}-`);
}

/* It takes connections; `what` is said if it never does. */
function listens(proxy, what) {
    return until(async () => {
        try {
            (await RawConnection.open({ host: proxy.host, port: proxy.port })).close();
            return true;
        } catch {
            return false;
        }
    }, what);
}

module.exports = { find, standInFor, listens };
