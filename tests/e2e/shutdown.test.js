'use strict';

/* The graceful end: signals, `reverb stop`, `reverb status`. Restarts have a topic of their own. */

const assert = require('node:assert/strict');
const os = require('node:os');
const { test } = require('../support/test.js');
const { app, freePort, ownServer, run } = require('../support/server.js');
const { Client } = require('../support/clients.js');
const { post, publish, request } = require('../support/api.js');
const { faults } = require('../support/faults.js');
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
    SIGQUIT: (server) => server.signal('SIGQUIT'),
    SIGTSTP: (server) => server.signal('SIGTSTP'),
    'reverb stop': byCommand('stop'),
};

for (const [how, end] of Object.entries(ways))
    test(`${how} closes every client with 4100, for nobody listens any more, and ends with status 0`, async (t) => {
        const server = await ownServer(t);
        const clients = await Client.openMany(server, 12);
        await Promise.all(clients.slice(0, 6).map((client) => client.subscribe('news')));
        await end(server);
        for (const client of clients)
            assert.equal((await client.waitClosed()).code, 4100);
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
        assert.equal((await client.waitClosed()).code, 4100);
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

/* Clients that are sent more than they read: the end gives them time. */
async function slowReaders(server, count) {
    const clients = await Client.openMany(server, count);
    for (const client of clients) {
        await client.subscribe('news');
        client.socket._socket.pause();
    }
    const witness = await Client.open(server);
    await witness.subscribe('news');
    for (let n = 0; n < 60; n++)
        await publish(server, 'news', String(n), 'x'.repeat(100_000));
    await until(() => witness.inbox.length === 60, 'all events');
    return clients;
}

const GENEROUS = { server: { max_request_size: 200_000, max_backlog: 20_000_000, shutdown_timeout: 60 } };

for (const [again, how] of Object.entries({
    'a second SIGTERM': (server) => server.signal('SIGTERM'),
    'a second `reverb stop`': (server) => run(['stop', '--port', String(server.port)], { ms: 60_000 }),
}))
    test(`${again} takes nothing from the time that clients have`, { timeout: 60_000 }, async (t) => {
        const server = await ownServer(t, GENEROUS);
        const clients = await slowReaders(server, 4);
        server.signal('SIGTERM');
        await server.line(/Gracefully terminating/);
        const second = how(server);
        await until(async () => (await server.status()).state === 'ending', 'it ends');
        clients.forEach((client) => client.socket._socket.resume());
        for (const client of clients) {
            assert.equal((await client.waitClosed()).code, 4100);
            assert.equal(client.inbox.filter(({ event }) => /^\d+$/.test(event)).length, 60);
        }
        await server.ended();
        assert.equal((await second)?.code ?? 0, 0);
    });

for (const [hasty, how] of Object.entries({
    'a second SIGINT': (server) => server.signal('SIGINT'),
    '`reverb stop --now`': (server) => run(['stop', '--now', '--port', String(server.port)]),
}))
    test(`${hasty} ends at once`, async (t) => {
        const server = await ownServer(t, GENEROUS);
        await slowReaders(server, 2);
        server.signal('SIGTERM');
        await server.line(/Gracefully terminating/);
        const second = how(server);
        await server.ended(3000 * SLOW);
        assert.equal((await second)?.code ?? 0, 0);
    });

test('`reverb stop --now` alone ends at once', async (t) => {
    const server = await ownServer(t, GENEROUS);
    await slowReaders(server, 2);
    const { code, stderr } = await run(['stop', '--now', '--port', String(server.port)]);
    assert.equal(code, 0, stderr);
    await server.ended(3000 * SLOW);
});

test('SIGUSR1 and SIGUSR2 change nothing', async (t) => {
    const server = await ownServer(t);
    const client = await Client.open(server);
    server.signal('SIGUSR1');
    server.signal('SIGUSR2');
    await client.ping();
});

test('a signal that comes when all is over already does not change the status', async (t) => {
    const server = await ownServer(t, { env: faults({ FAULTS_LATE_SIGNAL: String(os.constants.signals.SIGTERM) }) });
    server.signal('SIGTERM');
    await server.ended();
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
    const server = await ownServer(t, GENEROUS);
    await slowReaders(server, 1);
    server.signal('SIGTERM');
    await until(() => RawConnection.open(server).then((raw) => raw.socket.destroy(), () => 'refused'), 'nobody is let in');
    server.signal('SIGINT');
    await server.ended();
});

/* No other node takes them meanwhile: they would only be away for longer. */
test('drain is not for a server that has no other beside it', async (t) => {
    const server = await ownServer(t, { server: { drain: 30 } });
    const clients = await Client.openMany(server, 10);
    server.signal('SIGTERM');
    await Promise.all(clients.map((client) => client.waitClosed()));
    await server.ended(5000 * SLOW);
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

test('status, stop, restart and reload say where no server runs', async () => {
    const port = String(await freePort());
    for (const command of ['status', 'stop', 'restart', 'reload']) {
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
