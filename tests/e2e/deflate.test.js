'use strict';

/* permessage-deflate with real clients. RFC 7692; the details are the conformance suite's. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { app, sharedServer, ownServer } = require('../support/server.js');
const { Client, called, pusherJs, sdk } = require('../support/clients.js');
const { publish } = require('../support/api.js');

const roomy = app({ app_id: '2', key: 'key-2', secret: 'secret-2', max_message_size: 1_000_000 });
const server = sharedServer({ apps: [app(), roomy], server: { compression: true } });

/* What `ws` can ask for; each is a way to manage the windows. */
const offers = {
    'as ws offers it': true,
    'without context takeover': { serverNoContextTakeover: true, clientNoContextTakeover: true },
    'with takeover on the client only': { serverNoContextTakeover: true },
    'with a small window': { serverMaxWindowBits: 9, clientMaxWindowBits: 9 },
    'for every message': { threshold: 0 },
};
const repeated = (n) => JSON.stringify({ n, text: 'the same words again and again, '.repeat(250) });

for (const [what, deflate] of Object.entries(offers))
    test(`a client that compresses ${what} talks and listens`, async () => {
        const [client, other] = await Client.openMany(server, 2, { deflate });
        assert.match(client.socket.extensions, /^permessage-deflate/);
        await client.subscribe('private-a');
        await other.subscribe('private-a');
        const before = client.socket._socket.bytesRead;
        for (let n = 0; n < 20; n++) {
            await publish(server, 'private-a', 'told', repeated(n));
            for (const one of [client, other])
                assert.equal((await one.take()).data, repeated(n));
        }
        assert.ok(client.socket._socket.bytesRead - before < 20 * 1000, 'what came was compressed');
        for (let n = 0; n < 20; n++) {
            client.send('client-said', repeated(n), 'private-a');
            assert.equal((await other.take()).data, repeated(n));
        }
    });

test('receivers that compress in different ways, or not at all, get the same event', async () => {
    const clients = await Promise.all([...Object.values(offers), false].map((deflate) => Client.open(server, { deflate })));
    for (const client of clients)
        await client.subscribe('mixed');
    for (let n = 0; n < 10; n++) {
        const data = n % 2 ? repeated(n) : String(n);
        await publish(server, 'mixed', 'told', data);
        for (const client of clients)
            assert.deepEqual(await client.take(), { event: 'told', channel: 'mixed', data });
    }
});

test('a client that offers nothing gets nothing compressed', async () => {
    const client = await Client.open(server);
    assert.equal(client.socket.extensions, '');
    assert.equal(client.upgrade.headers['sec-websocket-extensions'], undefined);
});

test('a message counts to its size as it reads, not as it was compressed', async () => {
    const client = await Client.open(server, { deflate: { threshold: 0 } });
    client.sendText(JSON.stringify({ event: 'pusher:ping', data: 'x'.repeat(9_000) }));
    assert.equal((await client.take()).event, 'pusher:pong');
    client.sendText(JSON.stringify({ event: 'pusher:ping', data: 'x'.repeat(5_000_000) }));
    assert.equal((await client.waitClosed()).code, 1009);
});

test('large and incompressible messages pass', async () => {
    const [client, other] = await Client.openMany(server, 2, { app: roomy, deflate: { threshold: 0 } });
    await client.subscribe('private-large');
    await other.subscribe('private-large');
    let noise = '';
    for (let n = 0; noise.length < 400_000; n++)
        noise += Math.imul(n, 2654435761).toString(36);
    for (const data of [noise, 'x'.repeat(900_000)]) {
        client.send('client-large', data, 'private-large');
        assert.equal((await other.take()).data, data);
    }
});

test('pusher-js, whose client offers compression or not, works with it on', async () => {
    const pusher = pusherJs(server);
    const channel = pusher.subscribe('news');
    await called((fn) => channel.bind('pusher:subscription_succeeded', fn), 'subscribed');
    const told = called((fn) => channel.bind('told', fn), 'told');
    await sdk(server).trigger('news', 'told', { text: 'x'.repeat(5000) });
    assert.equal((await told).text.length, 5000);
});

test('compression is off unless it is asked for', async (t) => {
    const plain = await ownServer(t);
    const client = await Client.open(plain, { deflate: true });
    assert.equal(client.socket.extensions, '');
});

test('compression can be asked for by REVERB_COMPRESSION', async (t) => {
    const own = await ownServer(t, { env: { REVERB_COMPRESSION: 'true' } });
    const client = await Client.open(own, { deflate: true });
    assert.match(client.socket.extensions, /^permessage-deflate/);
});
