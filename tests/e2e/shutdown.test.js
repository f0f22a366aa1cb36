'use strict';

/* Ending well: signals, `reverb stop`, `reverb restart`, `reverb status`. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { app, freePort, ownServer, run } = require('../support/server.js');
const { Client } = require('../support/clients.js');
const { post, publish, request } = require('../support/api.js');
const { RawConnection } = require('../support/raw.js');
const { signedTarget } = require('../support/signer.js');
const { SLOW, until } = require('../support/wait.js');

const byCommand = (command) => async (server) => {
    const { code, stderr } = await run([command, '--port', String(server.port)]);
    assert.equal(code, 0, stderr);
};
const ways = {
    SIGTERM: (server) => server.signal('SIGTERM'),
    SIGINT: (server) => server.signal('SIGINT'),
    SIGTSTP: (server) => server.signal('SIGTSTP'),
    'reverb stop': byCommand('stop'),
    'reverb restart': byCommand('restart'),
};

for (const [how, end] of Object.entries(ways))
    test(`${how} closes every client with 4200 and ends with status 0`, async (t) => {
        const server = await ownServer(t);
        const clients = await Client.openMany(server, 12);
        await Promise.all(clients.slice(0, 6).map((client) => client.subscribe('news')));
        await end(server);
        for (const client of clients)
            assert.equal((await client.waitClosed()).code, 4200);
        await server.ended();
    });

test('with nobody connected the end is immediate', async (t) => {
    const server = await ownServer(t);
    server.signal('SIGTERM');
    await server.ended(3000 * SLOW);
});

test('clients get what is pending before they are closed', async (t) => {
    const server = await ownServer(t, { server: { max_request_size: 200_000 } });
    const clients = await Client.openMany(server, 8);
    for (const client of clients) {
        await client.subscribe('news');
        client.socket._socket.pause();
    }
    const data = 'x'.repeat(100_000);
    for (let n = 0; n < 5; n++)
        await publish(server, 'news', String(n), data);
    server.signal('SIGTERM');
    clients.forEach((client) => client.socket._socket.resume());
    for (const client of clients) {
        for (let n = 0; n < 5; n++)
            assert.equal((await client.take()).event, String(n));
        assert.equal((await client.waitClosed()).code, 4200);
    }
    await server.ended();
});

test('clients that never answer are cut off after five seconds', async (t) => {
    const server = await ownServer(t);
    for (let n = 0; n < 4; n++) {
        const raw = await RawConnection.open(server);
        await raw.upgrade(`/app/${server.app.key}`);
        raw.socket.pause();
    }
    server.signal('SIGTERM');
    await server.ended(8_000 * SLOW);
});

test('who is in the middle of a request does not keep it from ending', async (t) => {
    const server = await ownServer(t);
    const half = await RawConnection.open(server);
    await half.write('POST /apps/1001/events HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{');
    server.signal('SIGTERM');
    await server.ended(12_000 * SLOW);
});

test('a second signal ends at once what the first would have given time', async (t) => {
    const server = await ownServer(t, { server: { drain: 60 } });
    const clients = await Client.openMany(server, 20);
    const deaf = await RawConnection.open(server);
    await deaf.upgrade(`/app/${server.app.key}`);
    deaf.socket.pause();
    server.signal('SIGTERM');
    await Promise.race(clients.map((client) => client.waitClosed()));
    server.signal('SIGTERM');
    await server.ended(3000 * SLOW);
});

test('a request in flight is answered, and then no more are taken', async (t) => {
    const server = await ownServer(t);
    const raw = await RawConnection.open(server);
    const witness = await Client.open(server);
    const body = JSON.stringify({ name: 'told', channel: 'news', data: '{}' });
    const target = signedTarget(server.app, 'POST', `/apps/${server.app.app_id}/events`, { body });
    await raw.write(`POST ${target} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 10)}`);
    await (await Client.open(server)).ping();
    server.signal('SIGTERM');
    await witness.waitClosed();
    await raw.write(body.slice(10));
    const response = await raw.response();
    assert.deepEqual([response.status, response.text], [200, '{}']);
    await raw.waitClosed();
    await server.ended();
});

test('idle kept-alive connections are closed', async (t) => {
    const server = await ownServer(t);
    const raw = await RawConnection.open(server);
    await raw.write('GET /up HTTP/1.1\r\nHost: x\r\n\r\n');
    await raw.response();
    server.signal('SIGTERM');
    await raw.waitClosed();
    await server.ended(3000 * SLOW);
});

test('once it ends, nobody new is let in', async (t) => {
    const server = await ownServer(t, { server: { drain: 2 } });
    const clients = await Client.openMany(server, 6);
    server.signal('SIGTERM');
    await Promise.race(clients.map((client) => client.waitClosed()));
    await assert.rejects(RawConnection.open(server));
    await server.ended();
});

test('drain spreads the closing over its seconds', async (t) => {
    const server = await ownServer(t, { server: { drain: 2 } });
    const clients = await Client.openMany(server, 40);
    const start = Date.now();
    server.signal('SIGTERM');
    const times = await Promise.all(clients.map(async (client) => {
        assert.equal((await client.waitClosed()).code, 4200);
        return Date.now() - start;
    }));
    times.sort((a, b) => a - b);
    assert.ok(times[39] - times[0] > 1000, `all within ${times[39] - times[0]} ms`);
    const inHalf = times.filter((ms) => ms < 1000).length;
    assert.ok(inHalf >= 8 && inHalf <= 32, `${inHalf} of 40 in the first half`);
    await server.ended();
});

test('restart under traffic loses no event that a client was subscribed for', async (t) => {
    const port = await freePort();
    let server = await ownServer(t, { port });
    let ended = false;
    let published = 0;
    const publishing = (async () => {
        while (!ended) {
            try {
                await publish(server, 'news', 'n', String(published));
                published++;
            } catch {
                await new Promise((resolve) => setImmediate(resolve));
            }
        }
    })();
    try {
        const seen = [];
        const clients = await Client.openMany(server, 10);
        for (const client of clients)
            await client.subscribe('news');
        await until(() => published > 50, 'traffic');
        await byCommand('restart')(server);
        for (const client of clients) {
            assert.equal((await client.waitClosed()).code, 4200);
            const numbers = client.inbox.map(({ data }) => Number(data));
            numbers.slice(1).forEach((n, i) => assert.equal(n, numbers[i] + 1, 'no gap, no repetition'));
            seen.push(numbers.length);
        }
        await server.ended();
        assert.ok(seen.every((count) => count > 0));
        server = await ownServer(t, { port });
        const again = await Client.open(server);
        await again.subscribe('news');
        await again.next('n', 'news');
    } finally {
        ended = true; // else a failure would leave it publishing for ever
    }
    await publishing;
});

test('a server of the same port can be started as soon as the first has ended', async (t) => {
    const port = await freePort();
    for (let n = 0; n < 3; n++) {
        const server = await ownServer(t, { port });
        const clients = await Client.openMany(server, 5);
        await Promise.all(clients.map((client) => client.ping()));
        server.signal('SIGTERM');
        await server.ended();
    }
});

test('status tells pid, uptime, connections, channels, messages and memory', async (t) => {
    const server = await ownServer(t, { apps: [app()] });
    const clients = await Client.openMany(server, 3);
    await clients[0].subscribe('a');
    await clients[1].subscribe('b');
    await clients[2].subscribe('b');
    await publish(server, 'b', 'told');
    const status = await server.status();
    const field = (name) => Object.entries(status).find(([key]) => key.startsWith(name))?.[1];
    assert.equal(status.pid, server.pid);
    assert.equal(status.connections, 3);
    assert.equal(status.channels, 2);
    assert.ok(field('uptime') >= 0 && field('uptime') < 60, JSON.stringify(status));
    assert.ok(JSON.stringify(field('messages') ?? status).match(/\d/), JSON.stringify(status));
    assert.ok(field('memory') > 100_000, JSON.stringify(status));
    const { code, stdout } = await run(['status', '--port', String(server.port)]);
    assert.equal(code, 0);
    for (const word of [String(server.pid), /uptime/i, /connections/i, /channels/i, /messages/i, /memory/i])
        assert.match(stdout, new RegExp(word), stdout);
});

test('status, stop and restart say where no server runs', async () => {
    const port = String(await freePort());
    for (const command of ['status', 'stop', 'restart']) {
        const { code, stderr } = await run([command, '--port', port]);
        assert.notEqual(code, 0, command);
        assert.equal(stderr.trim().split('\n').length, 1, stderr);
        assert.ok(stderr.includes(port), stderr);
    }
});

test('the port that a request came to is not answered after the end', async (t) => {
    const server = await ownServer(t);
    assert.equal((await post(server, '/events', { name: 'a', channel: 'b', data: '' })).status, 200);
    server.signal('SIGTERM');
    await server.ended();
    await assert.rejects(request(server, 'GET', '/up'));
});
