'use strict';

/* How much one connection may send. docs/wire.md. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { app, sharedServer } = require('../support/server.js');
const { Client } = require('../support/clients.js');
const { publish } = require('../support/api.js');
const { until } = require('../support/wait.js');

const limited = (name, rate_limiting) =>
    app({ app_id: name, key: `key-${name}`, secret: `secret-${name}`, rate_limiting });
const apps = {
    slow: limited('slow', { enabled: true, max_attempts: 5, decay_seconds: 60 }),
    brief: limited('brief', { enabled: true, max_attempts: 5, decay_seconds: 1 }),
    strict: limited('strict', { enabled: true, max_attempts: 5, decay_seconds: 60, terminate_on_limit: true }),
    off: limited('off', { enabled: false, max_attempts: 5, decay_seconds: 60 }),
    absent: app(),
};
const server = sharedServer({ apps: Object.values(apps) });
const open = (which) => Client.open(server, { app: apps[which] });

async function useUp(client, text = '{"event":"pusher:ping"}') {
    for (let n = 0; n < 5; n++) {
        client.sendText(text);
        const answer = await client.take();
        assert.ok(!answer.raw.includes('4301'), `message ${n + 1} of 5 is allowed`);
    }
}

test('one message too many is told 4301 and not handled; the connection stays and receives', async () => {
    const client = await open('slow');
    await client.subscribe('news');
    for (let n = 0; n < 4; n++)
        await client.ping();
    client.sendSubscribe('more');
    assert.deepEqual(await client.takeError(), { code: 4301, message: 'Rate limit exceeded' });
    client.send('pusher:ping', {});
    assert.equal((await client.takeError()).code, 4301, 'the limit holds');
    await publish(server, ['more', 'news'], 'told', '{}', { app: apps.slow });
    assert.equal((await client.take()).channel, 'news', 'it receives, and what it sent in vain was not handled');
});

test('messages that are not understood count too', async () => {
    const client = await open('slow');
    await useUp(client, 'nonsense');
    client.sendText('nonsense');
    assert.equal((await client.takeError()).code, 4301);
});

test('each connection has a limit of its own', async () => {
    const [first, second] = [await open('slow'), await open('slow')];
    await useUp(first);
    first.sendText('{"event":"pusher:ping"}');
    assert.equal((await first.takeError()).code, 4301);
    await useUp(second);
});

test('control frames do not count', async () => {
    const client = await open('slow');
    for (let n = 0; n < 20; n++)
        client.socket.ping();
    await useUp(client);
});

test('after decay_seconds a connection may speak again', async () => {
    const client = await open('brief');
    await useUp(client);
    client.sendText('{"event":"pusher:ping"}');
    assert.equal((await client.takeError()).code, 4301);
    await until(async () => {
        client.sendText('{"event":"pusher:ping"}');
        return (await client.take()).event === 'pusher:pong';
    }, 'it may speak again', 5000);
});

test('terminate_on_limit says 4301 and closes with 4100, so that clients come again', async () => {
    const client = await open('strict');
    await useUp(client);
    client.sendText('{"event":"pusher:ping"}');
    assert.deepEqual(await client.takeError(), { code: 4301, message: 'Rate limit exceeded' });
    assert.equal((await client.waitClosed()).code, 4100);
});

for (const which of ['off', 'absent'])
    test(`a rate limit that is ${which} limits nothing`, async () => {
        const client = await open(which);
        for (let n = 0; n < 200; n++)
            client.sendText('{"event":"pusher:ping"}');
        for (let n = 0; n < 200; n++)
            assert.equal((await client.take()).event, 'pusher:pong');
    });
