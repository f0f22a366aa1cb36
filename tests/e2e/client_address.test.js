'use strict';

/* Who the client is: the other end of the connection, or whom a trusted proxy names; and what one address may do. */

const assert = require('node:assert/strict');
const http = require('node:http');
const { test } = require('../support/test.js');
const { app, freePort, ownServer, run } = require('../support/server.js');
const { Client } = require('../support/clients.js');
const { request } = require('../support/api.js');
const { Haproxy } = require('../support/haproxy.js');
const { Nginx } = require('../support/nginx.js');
const { RawConnection } = require('../support/raw.js');
const { until } = require('../support/wait.js');

const STRANGER = app({ key: 'no-such-key' });
const TRUSTING = { server: { trusted_proxies: ['127.0.0.0/8', '10.0.0.0/8'] } };

async function addressOf(server, options) {
    const client = await Client.open(server, options);
    const { code, stdout, stderr } = await run(['why', client.socketId, `--port=${server.origin?.port ?? server.port}`, '--json']);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout).connection.address;
}

test('a client is who a trusted proxy names', async (t) => {
    const server = await ownServer(t, TRUSTING);
    assert.equal(await addressOf(server), '127.0.0.1');
    for (const [headers, address] of [
        [{ 'X-Forwarded-For': '192.0.2.1' }, '192.0.2.1'],
        [{ 'X-Forwarded-For': '198.51.100.1, 192.0.2.2, 10.0.0.1' }, '192.0.2.2'],
        [{ 'X-Forwarded-For': 'unknown' }, '127.0.0.1'],
        [{ Forwarded: 'for="[2001:db8::7]:4711";proto=https' }, '2001:db8::7'],
        [{ Forwarded: 'for=192.0.2.8', 'X-Forwarded-For': '192.0.2.9' }, '192.0.2.9'],
    ])
        assert.equal(await addressOf(server, { headers }), address);
});

test('from anybody else such a header means nothing', async (t) => {
    const server = await ownServer(t, { server: { trusted_proxies: '10.0.0.0/8,unix' } });
    assert.equal(await addressOf(server, { headers: { 'X-Forwarded-For': '192.0.2.1', Forwarded: 'for=192.0.2.2' } }), '127.0.0.1');
});

test('the log and the history of refusals have the address of the client', async (t) => {
    const server = await ownServer(t, TRUSTING);
    await new Client(server, { app: STRANGER, headers: { 'X-Forwarded-For': '192.0.2.1' } }).waitClosed();
    await server.line(/refused: address 192\.0\.2\.1: no app has that key/);
    /* Over one connection, as a proxy does it: each request is somebody else's. */
    for (const address of ['192.0.2.2', '2001:db8::2']) {
        assert.equal((await request(server, 'GET', '/apps/unknown/channels', { headers: { 'X-Forwarded-For': address } })).status, 404);
        await server.line(new RegExp(`refused: address ${address}: no app has that key`));
    }
    const client = await Client.open(server, { headers: { 'X-Forwarded-For': '192.0.2.3' } });
    client.sendSubscribe('private-orders', { auth: 'key-of-1001:wrong' });
    await client.ping();
    const { stdout } = await run(['why', client.socketId, `--port=${server.port}`]);
    assert.match(stdout, /^ {2}open, app 1001, from 192\.0\.2\.3$/m);
    assert.match(stdout, /refused, 4009: .*, from 192\.0\.2\.3$/m);
});

test('nginx and HAProxy name the client as they are configured in the documents', async (t) => {
    const server = await ownServer(t, TRUSTING);
    for (const Proxy of [Nginx, Haproxy]) {
        const proxy = await Proxy.start(server);
        t.after(() => proxy.stop());
        proxy.origin = server;
        /* What the client wrote stands in front of what the proxy appends, and does not count: 127.0.0.1 is trusted, 192.0.2.1 stands before it. */
        assert.equal(await addressOf(proxy, { headers: { 'X-Forwarded-For': '192.0.2.1' } }), '192.0.2.1');
        assert.equal(await addressOf(proxy), '127.0.0.1');
    }
});

test('an entry that is no address is a mistake that is named', async () => {
    const { code, stderr } = await run(['config'], { env: { REVERB_APP_ID: '1', REVERB_APP_KEY: 'k', REVERB_APP_SECRET: 's', REVERB_TRUSTED_PROXIES: '10.0.0.0/8,proxy.local' } });
    assert.equal(code, 1);
    assert.match(stderr, /REVERB_TRUSTED_PROXIES.*"proxy\.local" is no address or range; give such as 10\.0\.0\.0\/8/);
});

/* --- limits by address ---------------------------------------------------------------------- */

const from = (address) => ({ headers: { 'X-Forwarded-For': address } });
const rejected = async (server) => {
    const { text } = await request({ host: '127.0.0.1', port: server.adminPort }, 'GET', '/metrics');
    return [...text.matchAll(/reverb_rejected_total\{[^}]*reason="address"[^}]*\} (\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0);
};

async function limited(t, limits, more = {}) {
    const adminPort = await freePort();
    const server = await ownServer(t, { ...more, server: { address_limits: limits, admin: `127.0.0.1:${adminPort}`, ...more.server } });
    server.adminPort = adminPort;
    return server;
}

async function isRefused(server, options) {
    const client = new Client(server, options);
    const { code, message } = await client.takeError();
    assert.deepEqual([code, message], [4100, 'Too many connections from this address']);
    assert.equal((await client.waitClosed()).code, 4100);
}

for (const where of ['the server', 'an app'])
    test(`an address has so many connections to ${where}; it is told, counted and logged, and gets its place back`, async (t) => {
        const limits = { max_connections: 2 };
        const server = where === 'an app' ? await limited(t, {}, { apps: [app({ address_limits: limits }), app({ app_id: '1002', key: 'key-of-1002' })], ...TRUSTING })
            : await limited(t, limits, TRUSTING);
        const [first] = await Client.openMany(server, 2, from('192.0.2.1'));
        await isRefused(server, from('192.0.2.1'));
        await server.line(/refused: app 1001, address 192\.0\.2\.1: the address has reached one of the address_limits/);
        assert.equal(await until(() => rejected(server), 'it is counted'), 1);
        await Client.open(server, from('192.0.2.2'));
        await Client.openMany(server, 2, from('2001:db8::1'));
        await isRefused(server, from('2001:db8::ffff:2')); /* the same /64 */
        if (where === 'an app')
            await Client.open(server, { app: server.apps[1], ...from('192.0.2.1') });
        await first.leave();
        await until(async () => {
            const client = new Client(server, from('192.0.2.1'));
            const { event } = await client.take();
            return event === 'pusher:connection_established';
        }, 'the place is free again');
    });

test('a trusted proxy itself has no limits', async (t) => {
    const server = await limited(t, { max_connections: 1, requests_per_second: 1 }, TRUSTING);
    await Client.openMany(server, 3);
    for (let i = 0; i < 5; i++)
        assert.equal((await request(server, 'GET', '/up')).status, 200);
});

test('connections that are not a proxy\'s count from the first byte, and HTTP is answered with 429', async (t) => {
    const server = await limited(t, { max_connections: 1 });
    const client = await Client.open(server);
    await isRefused(server);
    const { status, text, headers } = await request(server, 'GET', '/up', { agent: new http.Agent({ keepAlive: false }) });
    assert.deepEqual([status, text, headers['retry-after'], headers.connection], [429, 'Too many requests from this address.', '1', 'close']);
    const silent = await RawConnection.open(server);
    await silent.waitClosed();
    await client.ping();
});

test('an address has so many requests a second, of the server and of an app', async (t) => {
    const server = await limited(t, { requests_per_second: 20 }, { apps: [app({ address_limits: { requests_per_second: 2 } })], ...TRUSTING });
    const statuses = async (count, path, address) => {
        const answers = await Promise.all(Array.from({ length: count }, () => request(server, 'GET', path, from(address))));
        return new Set(answers.map(({ status }) => status));
    };
    assert.ok((await statuses(100, '/up', '192.0.2.1')).has(429));
    assert.deepEqual([...await statuses(5, '/up', '192.0.2.2')], [200]);
    assert.ok((await statuses(10, '/apps/1001/channels', '192.0.2.3')).has(429));
    await until(async () => (await request(server, 'GET', '/up', from('192.0.2.1'))).status === 200, 'the rate has come back');
});

test('an address has so many new connections a second', async (t) => {
    const server = await limited(t, { connections_per_second: 3 }, TRUSTING);
    const openings = await Promise.all(Array.from({ length: 30 }, async () => {
        const client = new Client(server, from('192.0.2.1'));
        return (await client.take()).event;
    }));
    assert.ok(openings.includes('pusher:error') && openings.includes('pusher:connection_established'), String(openings));
    await Client.open(server, from('192.0.2.2'));
});
