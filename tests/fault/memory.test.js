'use strict';

/* What was large and is gone is given back to the system: events, channels, handshakes that ended half way.
 * docs/operations.md. Sizes are those of CI; with FULL=1 those of a large installation. */

const assert = require('node:assert/strict');
const net = require('node:net');
const { rmSync } = require('node:fs');
const { test } = require('../support/test.js');
const { app, ownServer, run, temporaryFolder } = require('../support/server.js');
const { makeCertificate } = require('../support/certificate.js');
const { Client } = require('../support/clients.js');
const { publish, request } = require('../support/api.js');
const { SANITIZED, SLOW, until } = require('../support/wait.js');

const MIB = 1024 * 1024;
const FULL = Boolean(process.env.FULL);
/* Asked every ten seconds, by the server's housekeeping. */
const GIVEN_BACK_MS = 25_000 * SLOW;
/* So much may be free within the process for what comes next. */
const KEPT_MIB = 20;

/* A sanitizer keeps what is freed for a while. */
async function isGivenBack(t, server, before, mib) {
    t.diagnostic(`${(before / MIB).toFixed(1)} MiB before, ${(server.rss() / MIB).toFixed(1)} MiB when it was over`);
    if (SANITIZED)
        return;
    await until(() => server.rss() - before < mib * MIB, () => `${((server.rss() - before) / MIB).toFixed(1)} MiB are left`, GIVEN_BACK_MS);
    t.diagnostic(`${(server.rss() / MIB).toFixed(1)} MiB in the end`);
}

const LARGE = (FULL ? 30 : 8) * MIB;
test(`events of ${LARGE / MIB} MiB leave nothing behind`, { timeout: 60_000 }, async (t) => {
    const server = await ownServer(t, { server: { max_request_size: LARGE + MIB }, workers: 2 });
    const clients = await Client.openMany(server, 3);
    await Promise.all(clients.map((client) => client.subscribe('news')));
    await publish(server, 'news', 'small', '1');
    await Promise.all(clients.map((client) => client.take()));
    const before = server.rss();
    for (let round = 0; round < 3; round++) {
        await publish(server, 'news', 'large', 'x'.repeat(LARGE));
        for (const client of clients)
            assert.equal((await client.take()).data.length, LARGE);
    }
    await isGivenBack(t, server, before, 4);
});

const CHANNELS = FULL ? 500_000 : SANITIZED ? 10_000 : 100_000;
test(`${CHANNELS} channels leave nothing behind, and nobody waits while they are given back`, { timeout: 60_000 }, async (t) => {
    const server = await ownServer(t, { apps: [app({ max_subscriptions: 0 }), app({ app_id: '1002', key: 'key-of-1002', secret: 'secret-of-1002' })] });
    const before = server.rss();
    const [{ app_id, key, secret }] = server.apps;
    const { code, stderr } = await run(['bench', 'lists', '--channels', String(CHANNELS), '--duration', '1',
        '--url', `ws://${server.host}:${server.port}`, '--app-id', app_id, '--key', key, '--secret', secret], { ms: 60_000 * SLOW });
    assert.equal(code, 0, stderr);
    await until(async () => (await server.status()).channels === 0, 'all channels are gone');
    const probe = await Client.open(server, { app: server.apps[1] });
    let worst = 0;
    let isOver = false;
    const probing = (async () => {
        while (!isOver) {
            const began = performance.now();
            await probe.ping();
            worst = Math.max(worst, performance.now() - began);
        }
    })();
    await isGivenBack(t, server, before, KEPT_MIB);
    isOver = true;
    await probing;
    t.diagnostic(`worst wait ${worst.toFixed(0)} ms`);
    assert.ok(worst < (FULL ? 100 : 400) * SLOW, `somebody waited ${worst.toFixed(0)} ms`);
});

const HALF_OPEN = SANITIZED ? 500 : 2_000;
test(`${HALF_OPEN} TLS handshakes that stop half way leave nothing behind`, { timeout: 60_000 }, async (t) => {
    const folder = temporaryFolder();
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const { cert, key } = makeCertificate(folder);
    const server = await ownServer(t, { server: { options: { tls: { local_cert: cert, local_pk: key } } } });
    assert.equal((await request(server, 'GET', '/up')).status, 200);
    const before = server.rss();
    const hello = Buffer.from('16030100c8010000c40303', 'hex'); // the beginning of a ClientHello
    const sockets = await Promise.all(Array.from({ length: HALF_OPEN }, () => new Promise((resolve, reject) => {
        const socket = net.connect(server.port, server.host, () => socket.write(hello, () => resolve(socket)));
        socket.on('error', reject);
    })));
    await until(() => server.descriptors() > HALF_OPEN, 'all have come in');
    sockets.forEach((socket) => socket.removeAllListeners('error').on('error', () => {}).destroy());
    await isGivenBack(t, server, before, KEPT_MIB);
    assert.equal((await request(server, 'GET', '/up')).status, 200);
});
