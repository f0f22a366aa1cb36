'use strict';

/* Who the client is: the other end of the connection, or whom a trusted proxy names. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { app, ownServer, run } = require('../support/server.js');
const { Client } = require('../support/clients.js');
const { request } = require('../support/api.js');
const { Haproxy } = require('../support/haproxy.js');
const { Nginx } = require('../support/nginx.js');

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
