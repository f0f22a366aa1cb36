'use strict';

/* The `pusher` SDK for Node, unchanged, against the server. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { sharedServer, ownServer } = require('../support/server.js');
const { Client, sdk } = require('../support/clients.js');

const server = sharedServer();

test('trigger tells an event to one channel and to many', async () => {
    const client = await Client.open(server);
    await client.subscribe('news');
    await client.subscribe('private-news');
    const pusher = sdk(server);
    assert.deepEqual(await (await pusher.trigger('news', 'told', { n: 1 })).json(), {});
    assert.deepEqual(await client.take(), { event: 'told', channel: 'news', data: '{"n":1}' });
    await pusher.trigger(['news', 'private-news'], 'told', 'text');
    assert.deepEqual([(await client.take()).channel, (await client.take()).channel].sort(), ['news', 'private-news']);
});

test('trigger leaves out a socket and answers what it is asked', async () => {
    const [left, other] = await Client.openMany(server, 2);
    await left.subscribe('news');
    await other.subscribe('news');
    const answer = await sdk(server).trigger('news', 'told', {}, { socket_id: left.socketId, info: 'subscription_count' });
    assert.deepEqual(await answer.json(), { channels: { news: { subscription_count: 2 } } });
    assert.equal((await other.take()).event, 'told');
    await left.quiet();
});

test('triggerBatch tells each of its events', async () => {
    const client = await Client.open(server);
    await client.subscribe('news');
    const answer = await sdk(server).triggerBatch([
        { channel: 'news', name: 'one', data: { n: 1 } },
        { channel: 'elsewhere', name: 'two', data: { n: 2 }, info: 'subscription_count' },
        { channel: 'news', name: 'three', data: { n: 3 }, socket_id: client.socketId },
        { channel: 'news', name: 'four', data: 'four' },
    ]);
    assert.deepEqual(await answer.json(), { batch: [{}, {}, {}, {}] });
    assert.equal((await client.take()).data, '{"n":1}');
    assert.deepEqual(await client.take(), { event: 'four', channel: 'news', data: 'four' });
});

test('get answers about channels, one channel and its users', async () => {
    const clients = await Client.openMany(server, 2);
    const pusher = sdk(server);
    await clients[0].subscribe('news');
    await clients[0].join('presence-sdk', '1');
    await clients[1].join('presence-sdk', '2');
    const ask = async (path, params) => (await pusher.get({ path, params })).json();
    assert.deepEqual(await ask('/channels', { filter_by_prefix: 'presence-', info: 'user_count' }),
        { channels: { 'presence-sdk': { user_count: 2 } } });
    assert.deepEqual(await ask('/channels/news', { info: 'subscription_count' }), { occupied: true, subscription_count: 1 });
    const { users } = await ask('/channels/presence-sdk/users');
    assert.deepEqual(users.map(({ id }) => id).sort(), ['1', '2']);
});

test('get of channels, where there are none, is an empty object', async (t) => {
    const empty = await ownServer(t);
    const answer = await sdk(empty).get({ path: '/channels' });
    assert.equal(await answer.text(), '{"channels":{}}');
});

test('authorizeChannel lets into private, presence and encrypted channels', async () => {
    const client = await Client.open(server);
    const pusher = sdk(server);
    for (const channel of ['private-a', 'presence-a', 'private-encrypted-a', 'private-cache-a', 'presence-cache-a']) {
        const member = channel.startsWith('presence-') ? { user_id: '1', user_info: { name: 'Anna' } } : undefined;
        const { auth, channel_data: channelData } = pusher.authorizeChannel(client.socketId, channel, member);
        await client.subscribe(channel, { auth, channelData });
    }
});

test('authenticateUser signs in, sendToUser reaches and terminateUserConnections ends it', async () => {
    const client = await Client.open(server);
    const pusher = sdk(server);
    client.send('pusher:signin', pusher.authenticateUser(client.socketId, { id: '7', user_info: { name: 'Seven' } }));
    assert.equal((await client.take()).event, 'pusher:signin_success');
    await pusher.sendToUser('7', 'told', { n: 1 });
    assert.deepEqual(await client.take(), { event: 'told', channel: '#server-to-user-7', data: '{"n":1}' });
    assert.deepEqual(await (await pusher.terminateUserConnections('7')).json(), {});
    assert.equal((await client.takeError()).code, 4009);
    assert.equal((await client.waitClosed()).code, 4009);
});

test('an encrypted event is passed on without a look into it', async () => {
    const client = await Client.open(server);
    await client.subscribe('private-encrypted-a');
    await sdk(server).trigger('private-encrypted-a', 'told', { secret: 1 });
    const message = await client.take();
    assert.deepEqual(Object.keys(message.json).sort(), ['ciphertext', 'nonce']);
});

test('a refusal is a RequestError with status and body', async () => {
    const wrong = sdk(server, { sdk: { secret: 'wrong' } });
    await assert.rejects(wrong.trigger('news', 'told', {}),
        { status: 401, body: 'Authentication signature invalid.' });
    await assert.rejects(sdk(server, { sdk: { appId: '9999' } }).trigger('news', 'told', {}),
        { status: 404, body: 'No matching application for ID [9999].' });
});
