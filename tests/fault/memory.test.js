'use strict';

/* What was large and is gone is given back to the system: events, channels, handshakes that ended half way;
 * and what one user does not read is bounded. docs/operations.md. Sizes are those of CI; with FULL=1 those of a large installation. */

const assert = require('node:assert/strict');
const net = require('node:net');
const { rmSync } = require('node:fs');
const { test } = require('../support/test.js');
const { app, freePort, ownServer, run, temporaryFolder } = require('../support/server.js');
const { makeCertificate } = require('../support/certificate.js');
const { Client } = require('../support/clients.js');
const { publish, request } = require('../support/api.js');
const { faults } = require('../support/faults.js');
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

/* What slow readers have not taken yet. */
async function unreadBytes(adminPort) {
    const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
    return Number(/^reverb_backlog_bytes (.*)$/m.exec(text)[1]);
}

const JOINS = FULL ? 1_000 : 40;
test(`what one user who joins ${JOINS} times and reads nothing holds is bounded; its connections that read stay`, { timeout: 120_000 }, async (t) => {
    const adminPort = await freePort();
    const backlog = FULL ? MIB : MIB / 16;
    const share = 32 * backlog; // NET_BACKLOG_USER
    const server = await ownServer(t, { env: faults({ FAULTS_SNDBUF: '65536' }), workers: 1, apps: [app({ max_message_size: MIB })],
        server: { max_backlog: backlog, admin: `127.0.0.1:${adminPort}` } });
    const members = await Client.openMany(server, 4);
    for (const [n, member] of members.entries())
        await member.join('presence-large', `member ${n}`, 'x'.repeat(MIB / 4));
    const reading = await Client.open(server);
    await reading.join('presence-large', 'hog', {});
    const snapshot = 1.01 * MIB;
    const hogs = [];
    let most = 0;
    for (let n = 0; n < JOINS; n++) {
        const hog = await Client.open(server);
        hogs.push(hog);
        hog.socket._socket.pause();
        hog.sendSubscribe('presence-large', { channelData: { user_id: 'hog', user_info: {} } });
        await reading.ping();
        most = Math.max(most, await unreadBytes(adminPort));
    }
    t.diagnostic(`${(most / MIB).toFixed(1)} MiB at most, ${(server.rss() / MIB).toFixed(1)} MiB resident`);
    assert.ok(most < share + 2 * snapshot, `${most} bytes were held`);
    await until(async () => (await server.status()).slow_readers_closed > 0, 'those who read nothing are closed', 30_000 * SLOW);
    await publish(server, 'presence-large', 'told', '1');
    for (const client of [reading, ...members])
        assert.equal((await client.next('told')).data, '1');
    hogs.forEach((hog) => hog.close());
    const again = await Client.open(server);
    await until(async () => {
        again.sendSubscribe('presence-large', { channelData: { user_id: 'hog', user_info: {} } });
        const answer = await again.take();
        return answer.event === 'pusher_internal:subscription_succeeded';
    }, 'the user joins again');
});
