#!/usr/bin/env node
'use strict';

/* Carries connections from a Unix socket, which knows no network namespaces, to a port of the namespace
 * that this is run in:
 *
 *     relay.js SOCKET PORT
 *
 * Within a test, relayTo(SOCKET) listens on a free port and carries what comes to the socket. */

const net = require('node:net');

function join(from, to) {
    from.pipe(to);
    to.pipe(from);
    for (const [one, other] of [[from, to], [to, from]]) {
        one.on('error', () => other.destroy());
        one.on('close', () => other.destroy());
    }
}

/* A server that joins each connection with one that `connect` makes. */
function relay(connect) {
    return net.createServer((socket) => join(socket, connect()));
}

async function relayTo(path) {
    const server = relay(() => net.connect(path));
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    return server;
}

if (require.main === module) {
    const [path, port] = process.argv.slice(2);
    relay(() => net.connect(Number(port), '127.0.0.1')).listen(path, () => process.stdout.write('ready\n'));
}

module.exports = { relayTo };
