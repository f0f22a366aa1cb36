'use strict';

/* Names whose addresses are other ones than their owner's: what `webhook_deny_private` forbids is not connected to. Names whose
 * addresses change. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('../support/test.js');
const { app, ownServer, temporaryFolder } = require('../support/server.js');
const { Client } = require('../support/clients.js');
const { faults } = require('../support/faults.js');
const { Receiver } = require('../support/receiver.js');

/* A server with a webhook of a name that resolves to those addresses. */
async function serverWith(t, names, fate, webhook = {}) {
    const receiver = await Receiver.start(t);
    const server = await ownServer(t, {
        apps: [app({ webhooks: receiver.webhook({ url: `http://receiver.test:${receiver.port}/hooks`, ...webhook }) })],
        server: { webhook_deny_private: true },
        env: faults({ FAULTS_NAMES: names, FAULTS_PUBLIC: fate }),
    });
    return { receiver, server, client: await Client.open(server) };
}

test('a name that has a public address and a private one is not connected to at the private one', async (t) => {
    const { receiver, server, client } = await serverWith(t, '1.1.1.1,127.0.0.1', 'refuses', { retry_for: 0 });
    await client.subscribe('news');
    await server.line(/127\.0\.0\.1 is none of the public internet, which webhook_deny_private forbids/);
    assert.equal(receiver.connections, 0);
});

test('what is left of its addresses is used, and if that fails its own failure is named', async (t) => {
    const { receiver, server, client } = await serverWith(t, '127.0.0.1,10.0.0.1,1.1.1.1', 'arrives', { retry_for: 0 });
    receiver.behave = () => 'fails';
    await client.subscribe('news');
    await server.line(/1 event was dropped: it answered 500/);
    receiver.behave = () => 'takes';
    await client.subscribe('more');
    await receiver.until(1);
});

/* The name of a receiver that has had one event gets another address, that of `next`. */
async function moved(t) {
    const names = path.join(temporaryFolder('reverb-names-'), 'names');
    const [former, next] = [await Receiver.start(t), new Receiver()];
    await next.listen(former.port, '127.0.0.2');
    t.after(() => next.stop());
    fs.writeFileSync(names, '127.0.0.1');
    const server = await ownServer(t, {
        apps: [app({ webhooks: former.webhook({ url: `http://receiver.test:${former.port}/hooks` }) })],
        env: faults({ FAULTS_NAMES: `@${names}` }),
    });
    const client = await Client.open(server);
    await client.subscribe('first');
    await former.until(1);
    fs.writeFileSync(names, '127.0.0.2');
    return { former, next, client };
}

for (const [what, leave] of [['is gone', (receiver) => receiver.stop()], ['fails', (receiver) => { receiver.behave = () => 'fails'; }]])
    test(`a name gets another address, and the former one ${what}: the next attempt goes to the new one`, async (t) => {
        const { former, next, client } = await moved(t);
        await leave(former);
        await client.subscribe('second');
        await next.until(1);
        await client.subscribe('third');
        await next.until(2);
        assert.deepEqual(next.told, ['channel_occupied second', 'channel_occupied third']);
    });

/* Ages of connections are known to the second. */
test('a connection from seconds before a failure is not used any more', async (t) => {
    const { former, next, client } = await moved(t);
    former.behave = () => 'asks_for_time';
    former.retryAfter = '2';
    await client.subscribe('second');
    await next.until(1);
    const asked = former.requests;
    await client.subscribe('third');
    await next.until(2);
    assert.equal(former.requests, asked, 'the former one is not asked again');
});
