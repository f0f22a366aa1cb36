'use strict';

/* A reader that is too slow owes up to max_backlog bytes, then it goes, alone. docs/wire.md. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { ownServer } = require('../support/server.js');
const { Client, connectionsAre } = require('../support/clients.js');
const { get, publish } = require('../support/api.js');

const MIB = 1024 * 1024;
const limits = { server: { max_backlog: MIB, max_request_size: 2 * MIB } };

test('a client that reads nothing is closed when it owes more than max_backlog; the others miss nothing', async (t) => {
    const server = await ownServer(t, limits);
    const [slow, quick] = await Client.openMany(server, 2);
    await slow.subscribe('news');
    await quick.subscribe('news');
    const before = server.rss();
    slow.socket._socket.pause();
    // What the kernel holds for the slow one comes on top, and no server knows how much that is.
    let sent = 0;
    while ((await get(server, '/connections')).json.connections === 2) {
        await publish(server, 'news', 'n', String(sent).padEnd(MIB / 2));
        assert.equal((await quick.take()).data.trimEnd(), String(sent++));
        assert.ok(sent < 100, 'fifty megabytes are more than any backlog');
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

test('a client that reads slowly but owes less is not closed', async (t) => {
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
