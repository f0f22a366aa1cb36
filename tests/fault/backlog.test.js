'use strict';

/* A slow reader is one that makes no progress, not one that is sent something large: it may be behind by
 * max_backlog, by more while it reads something; beyond that it alone is closed. src/net/backlog.h. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { ownServer } = require('../support/server.js');
const { Client, connectionsAre } = require('../support/clients.js');
const { get, publish } = require('../support/api.js');
const { faults } = require('../support/faults.js');
const { until } = require('../support/wait.js');

const MIB = 1024 * 1024;
const FULL = Boolean(process.env.FULL);
const limits = { server: { max_backlog: MIB / 8, max_request_size: 2 * MIB } };
/* A kernel that sends as far ahead as it would over a network. */
const line = () => ({ env: faults({ FAULTS_SNDBUF: '65536' }) });

/* Reads as a line of so many bytes a millisecond brings it. */
function pace(client, rate) {
    const { socket } = client;
    socket._socket.on('data', ({ length }) => {
        socket.pause();
        setTimeout(() => socket.resume(), length / rate);
    });
}

test('a client that reads nothing is closed when it is too far behind; the others miss nothing', async (t) => {
    const server = await ownServer(t, limits);
    const [slow, quick] = await Client.openMany(server, 2);
    await slow.subscribe('news');
    await quick.subscribe('news');
    const before = server.rss();
    slow.socket._socket.pause();
    // The kernel holds more for the slow one, and no server knows how much that is.
    let sent = 0;
    while ((await get(server, '/connections')).json.connections === 2) {
        await publish(server, 'news', 'n', String(sent).padEnd(MIB / 16));
        assert.equal((await quick.take()).data.trimEnd(), String(sent++));
        assert.ok(sent < 400, 'twenty-five megabytes are more than any backlog');
    }
    assert.ok(sent > 2, 'the backlog was allowed');
    await connectionsAre(server, 1);
    slow.socket._socket.resume();
    const { code } = await slow.waitClosed();
    assert.ok(code === 4100 || code === 1006, `closed with ${code}`);
    slow.inbox.forEach(({ data }, n) => assert.equal(data.trimEnd(), String(n), 'what it got is the beginning, in order'));
    await quick.ping();
    assert.ok(server.rss() - before < 20 * MIB, `${(server.rss() - before) / MIB} MiB more`);
});

test('a client that reads slowly and is less behind is not closed', async (t) => {
    const server = await ownServer(t, limits);
    const client = await Client.open(server);
    await client.subscribe('news');
    client.socket._socket.pause();
    for (let n = 0; n < 10; n++)
        await publish(server, 'news', 'n', String(n).padEnd(90_000));
    client.socket._socket.resume();
    for (let n = 0; n < 10; n++)
        assert.equal((await client.take()).data.trimEnd(), String(n));
    await client.ping();
});

const LARGE = (FULL ? 12 : 3) * MIB;
const RATE = 12_500; // 100 Mbit/s
test('something large, and what comes behind it, reaches readers that take it as fast as their line is', async (t) => {
    const server = await ownServer(t, { ...line(), server: { max_request_size: 16 * MIB } });
    const readers = await Client.openMany(server, 3);
    await Promise.all(readers.map((client) => client.subscribe('news')));
    readers.forEach((client) => pace(client, RATE));
    await publish(server, 'news', 'large', 'x'.repeat(LARGE));
    for (let n = 0; n < 20; n++)
        await publish(server, 'news', 'small', String(n));
    for (const client of readers) {
        assert.equal((await client.take()).data.length, LARGE);
        for (let n = 0; n < 20; n++)
            assert.equal((await client.take()).data, String(n));
    }
    assert.equal((await server.status()).slow_readers_closed, 0);
});

test('two large things in a row reach a reader that takes them', async (t) => {
    const server = await ownServer(t, { ...line(), server: { max_request_size: 4 * MIB } });
    const client = await Client.open(server);
    await client.subscribe('news');
    pace(client, RATE);
    for (let n = 0; n < 2; n++)
        await publish(server, 'news', 'large', String(n).padEnd(1.2 * MIB));
    for (let n = 0; n < 2; n++)
        assert.equal((await client.take()).data.trimEnd(), String(n));
});

test('what readers who take nothing hold together is bounded: beyond it they go after a second', async (t) => {
    const server = await ownServer(t, { ...line(), server: { max_backlog: 16 * 1024, max_request_size: 2 * MIB } });
    const deaf = await Client.openMany(server, 8);
    const reading = await Client.open(server);
    for (const [n, client] of deaf.entries()) {
        await client.subscribe(`news-${n}`);
        client.socket._socket.pause();
    }
    await reading.subscribe('news-0');
    for (const n of deaf.keys())
        await publish(server, `news-${n}`, 'large', String(n).padEnd(MIB));
    await until(async () => (await server.status()).slow_readers_closed >= 6, 'those who hold too much are closed');
    assert.equal((await reading.take()).data.trimEnd(), '0');
    await reading.ping();
    deaf.forEach((client) => client.close());
});
