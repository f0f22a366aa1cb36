'use strict';

/* A server that is stopped for a while, and one that is killed: what was acknowledged to a publisher
 * reaches each subscriber, or that subscriber is closed. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { test } = require('../support/test.js');
const { app, Server, ownServer, run } = require('../support/server.js');
const { Client, connectionsAre, pusherJs } = require('../support/clients.js');
const { get, publish, request } = require('../support/api.js');
const { Crowd } = require('../support/crowd.js');
const { RawConnection } = require('../support/raw.js');
const { faults } = require('../support/faults.js');
const { SANITIZED, SLOW, until, within } = require('../support/wait.js');

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/* Publishes numbers, one after the other, until end() is called: { acked, end() }. */
function publisher(server, channel) {
    const it = { acked: 0, failed: 0, isOver: false };
    const work = (async () => {
        while (!it.isOver) {
            try {
                await publish(server, channel, 'numbered', String(it.acked + 1));
                it.acked++;
            } catch {
                it.failed++;
                return;
            }
        }
    })();
    it.end = async () => {
        it.isOver = true;
        await work;
    };
    return it;
}

async function hasAllOf(client, count) {
    for (let n = 1; n <= count; n++)
        assert.equal((await client.next('numbered')).data, String(n));
}

const numbersOf = (client) => client.inbox.filter(({ event }) => event === 'numbered').map(({ data }) => Number(data));

test('a server that was stopped and goes on has lost nothing, neither events nor connections', { timeout: 60_000 }, async (t) => {
    const server = await ownServer(t, { workers: 2, apps: [app({ ping_interval: 60 })] });
    const clients = await Client.openMany(server, 8);
    await Promise.all(clients.map((client) => client.subscribe('news')));
    const traffic = publisher(server, 'news');
    await until(() => traffic.acked > 50, 'some traffic');
    server.signal('SIGSTOP');
    const late = new Client(server);
    clients.forEach((client) => client.send('pusher:ping', {}));
    await pause(3000);
    server.signal('SIGCONT');
    assert.equal((await late.take()).event, 'pusher:connection_established');
    const before = traffic.acked;
    await until(() => traffic.acked > before + 50, 'it takes events again');
    await traffic.end();
    for (const client of clients)
        await hasAllOf(client, traffic.acked);
});

test('whoever answered its ping while the server stood still is not closed for it', { timeout: 90_000 }, async (t) => {
    const count = 800; // more than the server looks at in one turn
    const server = await ownServer(t, { workers: 1, apps: [app({ ping_interval: 3 })] });
    const crowd = new Crowd(server);
    server.clients.add(crowd);
    await crowd.open(count);
    await crowd.have(2); // each was pinged, and none has answered
    server.signal('SIGSTOP');
    crowd.send('{"event":"pusher:pong"}');
    await pause(8000);
    server.signal('SIGCONT');
    // The answer comes in the turn in which all of them were looked at.
    assert.equal((await get(server, '/connections')).json.connections, count);
    assert.equal((await server.status()).stale_closed, 0);
});

test('a worker that is busy for seconds keeps nobody else from being served, and then delivers all of it', { timeout: 60_000 }, async (t) => {
    const server = await ownServer(t, { workers: 4, env: faults({ FAULTS_BUSY_MS: '3000' }) });
    const clients = await Client.openMany(server, 48);
    await Promise.all(clients.map((client) => client.subscribe('news')));
    const busy = await RawConnection.open(server);
    await busy.write('GET /keep-me-busy HTTP/1.1\r\nHost: x\r\n\r\n');
    await pause(300);

    // A quarter of the connections belong to the busy worker; the others must be answered meanwhile.
    const began = Date.now();
    let quick = 0;
    await Promise.all(clients.map((client) => client.ping().then(() => {
        if (Date.now() - began < 2000)
            quick++;
    })));
    assert.ok(quick >= 1 && quick < 48 || SANITIZED, `${quick} of 48 were answered while one worker was busy`);
    assert.equal((await busy.response()).status, 404);

    await busy.write('GET /keep-me-busy HTTP/1.1\r\nHost: x\r\n\r\n');
    await pause(300);
    const traffic = publisher(server, 'news');
    await busy.response();
    await until(() => traffic.acked > 50, 'events were taken');
    await traffic.end();
    assert.equal(traffic.failed, 0);
    for (const client of clients)
        await hasAllOf(client, traffic.acked);
});

test('a worker that has stalled is known to `/up` of the others, to status and to the log, until it turns again', { timeout: 60_000 }, async (t) => {
    const server = await ownServer(t, { workers: 4, env: faults({ FAULTS_BUSY_MS: '9000' }) });
    const busy = await RawConnection.open(server);
    await busy.write('GET /keep-me-busy HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(async () => (await server.status()).stalled_workers === 1, 'status says so', 9000);
    assert.match(server.stderr, /1 of 4 workers have not turned for 5 s/);
    // A connection of the stalled worker itself is not answered: several are asked.
    const answers = Array.from({ length: 16 }, () => request(server, 'GET', '/up', { agent: false }));
    assert.deepEqual((await Promise.any(answers)).json, { health: 'a worker has stalled' });
    assert.equal((await busy.response()).status, 404);
    await until(async () => (await server.status()).stalled_workers === 0, 'it turns again');
    const healthy = await request(server, 'GET', '/up', { agent: false });
    assert.deepEqual([healthy.status, healthy.json], [200, { health: 'OK' }]);
    await Promise.allSettled(answers);
});

test('a restart because of a worker that has stalled: the new process serves on when the former cannot be ended', { timeout: 60_000 }, async (t) => {
    const server = await ownServer(t, { workers: 2, server: { shutdown_timeout: 1 }, env: faults({ FAULTS_BUSY_MS: '50000' }) });
    const served = await Client.openMany(server, 12); // by both
    const busy = await RawConnection.open(server);
    await busy.write('GET /keep-me-busy HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(async () => (await server.status()).stalled_workers === 1, 'status says so', 9000);
    const { code, stderr } = await run(['restart', '--port', String(server.port)], { ms: 30_000 });
    assert.equal(code, 0, stderr);
    const { pid } = await server.status();
    assert.equal((await Promise.race(served.map((each) => each.waitClosed()))).code, 4200); // the other worker's know at once
    const client = await Client.open(server);
    await until(() => /\0mind\0/.test(fs.readFileSync(`/proc/${server.pid}/cmdline`, 'utf8')), 'another program minds the new one', 20_000);
    await busy.waitClosed();
    await client.ping();
    await pause(2500); // looks for its parent each second
    assert.equal((await server.status()).pid, pid);
    await client.ping();
    server.signal('SIGTERM');
    await server.ended();
});

test('killed in the middle of traffic: who was connected has a beginning without a gap and is closed, and pusher-js finds the next one', { timeout: 60_000 }, async (t) => {
    const first = await ownServer(t);
    const clients = await Client.openMany(first, 6);
    await Promise.all(clients.map((client) => client.subscribe('news')));
    const page = pusherJs(first);
    t.after(() => page.disconnect());
    const seen = [];
    const channel = page.subscribe('news');
    channel.bind('numbered', (n) => seen.push(Number(n)));
    await until(() => channel.subscribed, 'pusher-js is subscribed');
    const traffic = publisher(first, 'news');
    await until(() => traffic.acked > 200, 'some traffic');
    const { port } = first;
    await first.kill();
    await traffic.end();
    assert.equal(traffic.failed, 1, 'the publisher was told');
    for (const client of clients) {
        assert.equal((await client.waitClosed()).code, 1006);
        numbersOf(client).forEach((n, i) => assert.equal(n, i + 1, 'nothing is missing in the middle'));
    }
    seen.forEach((n, i) => assert.equal(n, i + 1));

    const second = await new Server({ port }).start();
    t.after(() => second.stop());
    await until(() => channel.subscribed && page.connection.state === 'connected', 'pusher-js is back by itself', 20_000 * SLOW);
    await until(async () => (await get(second, '/channels/news')).json.occupied, 'and subscribed');
    seen.length = 0;
    for (let n = 1; n <= 20; n++)
        await publish(second, 'news', 'numbered', String(n));
    await until(() => seen.length >= 20, () => `20 events, not ${seen}`);
    assert.deepEqual(seen, Array.from({ length: 20 }, (_, n) => n + 1));
    page.disconnect();
    await connectionsAre(second, 0);
});

test('a subscriber that stood still gets all of it, or is closed', { timeout: 60_000 }, async (t) => {
    const server = await ownServer(t, { server: { max_backlog: 64 * 1024, max_request_size: 100_000 } });
    const clients = await Client.openMany(server, 6);
    await Promise.all(clients.map((client) => client.subscribe('news')));
    const still = clients.slice(0, 3);
    still.forEach((client) => client.socket._socket.pause());
    let sent = 0;
    // The kernel takes some megabytes of it; then it is the server that has to decide.
    for (; (await get(server, '/connections')).json.connections > 3 && sent < 2000; sent++)
        await publish(server, 'news', 'numbered', String(sent + 1).padEnd(30_000));
    assert.ok(sent < 2000, 'sixty megabytes are more than any backlog');
    still.forEach((client) => client.socket._socket.resume());
    for (const client of still) {
        await client.waitClosed();
        numbersOf(client).forEach((n, i) => assert.equal(n, i + 1, 'nothing is missing in the middle'));
    }
    for (const client of clients.slice(3))
        for (let n = 1; n <= sent; n++)
            assert.equal((await client.take()).data.trimEnd(), String(n));
    assert.equal((await within(request(server, 'GET', '/up'), 'it is well')).status, 200);
});
