'use strict';

/* Lists of very many channels: other clients of the worker are served meanwhile. docs/security.md. */

const assert = require('node:assert/strict');
const net = require('node:net');
const { test } = require('../support/test.js');
const { app, ownServer } = require('../support/server.js');
const { Client } = require('../support/clients.js');
const { get } = require('../support/api.js');
const { RawConnection, maskedFrame } = require('../support/raw.js');
const { signedTarget } = require('../support/signer.js');
const { SANITIZED, until } = require('../support/wait.js');

const MANY = SANITIZED ? 10_000 : Number(process.env.LISTS_CHANNELS ?? 60_000);
const AT_ONCE = 20;
const BATCH = 1_000;
// Written at once they took 1.5 s, including the time of this process and its neighbours.
const WAIT_MAX_MS = SANITIZED ? 5_000 : 500;

const big = app({ app_id: 'big', key: 'key-big', secret: 'secret-big', max_subscriptions: 1_000_000 });

async function subscribeToMany(server) {
    const raw = await RawConnection.open(server);
    await raw.upgrade(`/app/${big.key}`);
    await raw.frame();
    for (let from = 0; from < MANY; from += BATCH) {
        await raw.write(Buffer.concat(Array.from({ length: BATCH }, (_, n) =>
            maskedFrame(0x1, JSON.stringify({ event: 'pusher:subscribe', data: { channel: `many-${from + n}` } })))));
        for (let n = 0; n < BATCH; n++)
            await raw.frame();
    }
    return raw;
}

// Asks for the list and counts what comes, to its last byte; nothing is parsed.
function askForList(server) {
    const target = signedTarget(big, 'GET', '/apps/big/channels', { query: { info: 'subscription_count' } });
    return new Promise((resolve, reject) => {
        const socket = net.connect(server.port, server.host, () =>
            socket.write(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`));
        let length = 0;
        socket.on('data', (data) => { length += data.length; });
        socket.on('end', () => resolve(length));
        socket.on('error', reject);
    });
}

test('many long lists at once are whole, and a client of another app does not wait for them', { timeout: 120_000 }, async (t) => {
    const server = await ownServer(t, { apps: [app(), big], workers: 1 });
    const raw = await subscribeToMany(server);
    const probe = await Client.open(server);
    const { json } = await get(server, '/channels', { app: big });
    assert.equal(Object.keys(json.channels).length, MANY);

    let worst = 0;
    let pending = AT_ONCE;
    const lists = Promise.all(Array.from({ length: AT_ONCE }, () => askForList(server).finally(() => { pending -= 1; })));
    while (pending > 0) {
        const began = performance.now();
        await probe.ping();
        worst = Math.max(worst, performance.now() - began);
    }
    const lengths = await lists;
    assert.ok(lengths.every((length) => length > MANY * 20 && length === lengths[0]), `${lengths}`);
    t.diagnostic(`worst wait ${Math.round(worst)} ms`);
    assert.ok(worst < WAIT_MAX_MS, `another app's client waited ${Math.round(worst)} ms`);

    // A client that asks and leaves is not written to.
    for (let n = 0; n < AT_ONCE; n++) {
        const socket = net.connect(server.port, server.host, () => {
            socket.write(`GET ${signedTarget(big, 'GET', '/apps/big/channels')} HTTP/1.1\r\nHost: x\r\n\r\n`, () => socket.resetAndDestroy());
        });
    }
    await probe.ping();
    raw.close();
    await until(async () => Object.keys((await get(server, '/channels', { app: big })).json.channels).length === 0, 'all have left');
});
