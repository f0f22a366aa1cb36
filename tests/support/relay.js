#!/usr/bin/env node
'use strict';

/* Carries connections from a Unix socket, which knows no network namespaces, to a port of the namespace
 * that this is run in:
 *
 *     relay.js SOCKET PORT
 *
 * Within a test, relayTo(SOCKET) listens on a free port and carries what comes to the socket. Other links of tests use
 * tie(). */

const net = require('node:net');

/* Two sockets that end together. */
function tie(near, far, onClosed = () => {}) {
    for (const socket of [near, far]) {
        socket.setNoDelay(true);
        socket.on('error', () => {});
        socket.on('close', () => {
            onClosed();
            near.destroy();
            far.destroy();
        });
    }
}

function join(from, to) {
    from.pipe(to);
    to.pipe(from);
    tie(from, to);
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

module.exports = { relayTo, tie };
