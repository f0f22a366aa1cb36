'use strict';

/* A table of files that is full: refused cleanly, publishing goes on, and all is well afterwards. */

const assert = require('node:assert/strict');
const { readFileSync } = require('node:fs');
const net = require('node:net');
const { test } = require('../support/test.js');
const { ownServer } = require('../support/server.js');
const { Client, connectionsAre } = require('../support/clients.js');
const { get, publish, request } = require('../support/api.js');
const { SLOW, until } = require('../support/wait.js');

/* Opens `count`; each ends up greeted or closed: { open, refused }. */
async function fill(server, count) {
    const clients = Array.from({ length: count }, () => new Client(server));
    const outcomes = await Promise.all(clients.map(async (client) => {
        try {
            return (await client.take()).event;
        } catch {
            return 'closed';
        }
    }));
    const open = clients.filter((_, n) => outcomes[n] === 'pusher:connection_established');
    const refused = clients.filter((client) => !open.includes(client));
    return { open, refused };
}

const cpuTicks = (server) => {
    const fields = readFileSync(`/proc/${server.pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return Number(fields[11]) + Number(fields[12]);
};

test('connections past the limit are closed with 4100, publishing goes on, and room that is made is used', async (t) => {
    const server = await ownServer(t, { ulimit: 100 });
    const open = [];
    for (let more = await fill(server, 1); more.open.length; more = await fill(server, 1))
        open.push(...more.open);
    assert.ok(open.length >= 20 && open.length < 100, `${open.length} were let in`);
    for (let n = 0; n < 20; n++) {
        const client = new Client(server);
        assert.equal((await client.takeError()).code, 4100);
        assert.equal((await client.waitClosed()).code, 4100);
    }

    await Promise.all(open.map((client) => client.subscribe('news')));
    for (let n = 0; n < 5; n++)
        await publish(server, 'news', 'told', String(n));
    for (const client of open)
        for (let n = 0; n < 5; n++)
            assert.equal((await client.take()).data, String(n));
    assert.equal((await request(server, 'GET', '/up')).status, 200);

    const said = () => (server.stdout + server.stderr).split('\n').filter((line) => /open files|descriptors|capacity/i.test(line));
    await until(() => said().length > 0, 'one line that says so');
    assert.ok(said().length <= 4, `it does not repeat itself:\n${said().join('\n')}`);

    await Promise.all(open.slice(0, 10).map((client) => client.leave()));
    await connectionsAre(server, open.length - 10);
    const again = await fill(server, 5);
    assert.equal(again.open.length, 5, 'there is room again');
});

test('a rush of more than can even be accepted leaves nobody waiting, and does not let the server spin', async (t) => {
    const server = await ownServer(t, { ulimit: 100 });
    const { open, refused } = await fill(server, 300);
    assert.ok(open.length >= 20, `${open.length} were let in`);
    for (const client of refused)
        assert.ok([4100, 1006].includes((await client.waitClosed()).code));
    const before = cpuTicks(server);
    const start = Date.now();
    await until(() => Date.now() - start > 1000, 'a second');
    assert.ok(cpuTicks(server) - before < 30, `${cpuTicks(server) - before} ticks of 100 in a second without traffic`);
    assert.ok((await get(server, '/connections')).json.connections > 20);
});

test('TCP connections that say nothing take the room of nobody who publishes', async (t) => {
    const server = await ownServer(t, { ulimit: 100 });
    const sockets = Array.from({ length: 200 }, () => net.connect(server.port, server.host).on('error', () => {}));
    t.after(() => sockets.forEach((socket) => socket.destroy()));
    await publish(server, 'news', 'told');
});

const REFUSED = 150;
test('refused WebSockets that nobody closes take the room of nobody who publishes or connects', async (t) => {
    const server = await ownServer(t, { ulimit: 100 });
    const sockets = new Set();
    t.after(() => sockets.forEach((socket) => socket.destroy()));
    const knock = () => {
        const socket = net.connect(server.port, server.host).on('error', () => {});
        sockets.add(socket);
        socket.pause();
        socket.write(`GET /app/no-such-key HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n`
            + 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n');
    };
    for (let n = 0; n < REFUSED; n++)
        knock();
    const began = Date.now();
    await publish(server, 'news', 'told', '1', { agent: false });
    const client = await Client.open(server);
    for (let n = 0; n < REFUSED; n++) {
        knock();
        if (n % 10 === 0)
            await publish(server, 'news', 'told', String(n), { agent: false });
    }
    await client.ping();
    assert.ok(Date.now() - began < 4_000 * SLOW, `it took ${Date.now() - began} ms: it was waited for their time to be over`);
});

test('the soft limit is raised to the hard one at the start', async (t) => {
    const server = await ownServer(t);
    const limits = readFileSync(`/proc/${server.pid}/limits`, 'utf8');
    const [, soft, hard] = /Max open files\s+(\d+)\s+(\d+)/.exec(limits);
    assert.equal(soft, hard);
});
