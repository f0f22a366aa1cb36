'use strict';

/* Authorisation of subscriptions: kinds of channels by prefix, and the auth of each. docs/wire.md. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { app, sharedServer } = require('../support/server.js');
const { Client } = require('../support/clients.js');
const { channelAuth, hmac } = require('../support/signer.js');
const { api, publish } = require('../support/api.js');
const { until } = require('../support/wait.js');

const other = app({ app_id: '2', key: 'key-2', secret: 'secret-2' });
const server = sharedServer({ apps: [app(), other] });

const MEMBER = '{"user_id":"1","user_info":{"name":"Anna"}}';

const UNAUTHORIZED = { code: 4009, message: 'Connection is unauthorized' };
const MISUNDERSTOOD = { code: 4200, message: 'Invalid message format' };

/* The connection gets two errors: pusher:error, and subscription_error for Echo. */
async function assertRefused(client, channel, why = UNAUTHORIZED) {
    const answers = [await client.take(), await client.take()];
    const error = answers.find(({ event }) => event === 'pusher:error');
    const refusal = answers.find(({ event }) => event === 'pusher:subscription_error');
    assert.ok(error && refusal, answers.map(({ raw }) => raw).join(' '));
    assert.deepEqual(error.json, why);
    assert.equal(refusal.channel, channel);
    const { type, status, error: said } = refusal.json;
    assert.deepEqual({ type, status }, { type: 'AuthError', status: 401 });
    assert.ok(typeof said === 'string' && said.length > 0, refusal.raw);
    await client.quiet('the connection stays and nothing else comes');
}

for (const channel of ['private-a', 'private-cache-a', 'private-encrypted-a', 'private-encrypted-cache-a', 'private-'])
    test(`${channel} takes a signature over socket id and channel, and refuses others`, async () => {
        const client = await Client.open(server);
        client.sendSubscribe(channel, { auth: channelAuth(client.app, client.socketId, `${channel}x`) });
        await assertRefused(client, channel);
        assert.deepEqual(await client.subscribe(channel),
            { event: 'pusher_internal:subscription_succeeded', channel, data: '{}' });
    });

for (const channel of ['presence-a', 'presence-cache-a'])
    test(`${channel} takes a signature over its channel data too, and refuses others`, async () => {
        const client = await Client.open(server);
        client.sendSubscribe(channel,
            { channelData: MEMBER, auth: channelAuth(client.app, client.socketId, channel) });
        await assertRefused(client, channel);
        assert.equal((await client.join(channel, '1')).count, 1);
    });

for (const channel of ['a', 'privatefoo', 'presencefoo', 'cache-a', 'cachefoo', 'Private-a', 'xprivate-a', 'private'])
    test(`${channel} is for everybody`, async () => {
        const client = await Client.open(server);
        client.send('pusher:subscribe', { channel });
        assert.deepEqual(await client.take(),
            { event: 'pusher_internal:subscription_succeeded', channel, data: '{}' });
    });

const wrong = {
    'that is absent': () => undefined,
    'that is empty': () => '',
    'without the key': (client, channel) => channelAuth(client.app, client.socketId, channel).split(':')[1],
    'with an empty signature': (client) => `${client.app.key}:`,
    'with half a signature': (client, channel) => channelAuth(client.app, client.socketId, channel).slice(0, -32),
    'with more than a signature': (client, channel) => `${channelAuth(client.app, client.socketId, channel)}0`,
    'with a wrong digit': (client, channel) => {
        const auth = channelAuth(client.app, client.socketId, channel);
        return auth.slice(0, -1) + (auth.endsWith('0') ? '1' : '0');
    },
    'with the key of another app': (client, channel) =>
        channelAuth({ key: other.key, secret: client.app.secret }, client.socketId, channel),
    'with the secret of another app': (client, channel) =>
        channelAuth({ key: client.app.key, secret: other.secret }, client.socketId, channel),
    'of another connection': (client, channel) => channelAuth(client.app, '1.1', channel),
    'of another channel': (client) => channelAuth(client.app, client.socketId, 'private-other'),
};
for (const [what, auth] of Object.entries(wrong))
    test(`an auth ${what} is refused, and Echo can tell`, async () => {
        const client = await Client.open(server);
        client.send('pusher:subscribe', { channel: 'private-a', auth: auth(client, 'private-a') });
        await assertRefused(client, 'private-a');
    });

test('channel data sent to a private channel is covered by its auth', async () => {
    const client = await Client.open(server);
    const channelData = '{"role":"admin"}';
    client.sendSubscribe('private-a', { channelData, auth: channelAuth(client.app, client.socketId, 'private-a') });
    await assertRefused(client, 'private-a');
    client.sendSubscribe('private-a', { channelData });
    assert.equal((await client.take()).event, 'pusher_internal:subscription_succeeded');
});

for (const channel of ['private-a', 'private-cache-a', 'private-encrypted-a', 'private-encrypted-cache-a', 'presence-a', 'presence-cache-a'])
    for (const channelData of ['x', '', '5', '"{}"', '["1"]', '{"user_id":"1"}x', '{"user_id":"1"'])
        test(`a signature for the channel ${channel}:${channelData} does not open ${channel}`, async () => {
            const client = await Client.open(server);
            client.send('pusher:subscribe',
                { channel, channel_data: channelData, auth: channelAuth(client.app, client.socketId, `${channel}:${channelData}`) });
            await assertRefused(client, channel, MISUNDERSTOOD);
        });

test('a subscription whose auth is a number is not understood, and the channel is told', async () => {
    const client = await Client.open(server);
    client.sendText('{"event":"pusher:subscribe","data":{"channel":"private-a","auth":5}}');
    await assertRefused(client, 'private-a', MISUNDERSTOOD);
});

test('channel data changed after it was signed is refused', async () => {
    const client = await Client.open(server);
    const auth = channelAuth(client.app, client.socketId, 'presence-a', MEMBER);
    client.sendSubscribe('presence-a', { channelData: MEMBER.replace('1', '2'), auth });
    await assertRefused(client, 'presence-a');
});

test('a signature is over the channel data as it was written, not as it is parsed', async () => {
    const client = await Client.open(server);
    const channelData = '{ "user_info":{"é":"\\u00e9"},\n"user_id" : "1" }';
    const joined = await client.subscribe('presence-spaced', { channelData });
    assert.deepEqual(joined.json.presence, { count: 1, ids: ['1'], hash: { 1: { é: 'é' } } });
});

test('what was refused is not subscribed', async () => {
    const [refused, member] = await Client.openMany(server, 2);
    refused.sendSubscribe('private-news', { auth: `${server.app.key}:${hmac('guess', 'x')}` });
    await assertRefused(refused, 'private-news');
    await member.subscribe('private-news');
    await refused.subscribe('news');
    await publish(server, ['private-news', 'news'], 'told');
    assert.equal((await member.take()).event, 'told');
    assert.equal((await refused.take()).channel, 'news');
    await refused.quiet();
});

test('subscribing twice and unsubscribing twice end where once would', async () => {
    const [client, witness] = await Client.openMany(server, 2);
    await witness.subscribe('twice');
    await client.subscribe('twice');
    await client.subscribe('twice');
    await publish(server, 'twice', 'first');
    assert.equal((await client.take()).event, 'first');
    await client.quiet('the event came once');
    client.unsubscribe('twice');
    client.unsubscribe('twice');
    client.unsubscribe('never-subscribed');
    await client.quiet('unsubscribing is answered by nothing');
    await publish(server, 'twice', 'second');
    await witness.next('second');
    await client.quiet('it has left');
    await client.subscribe('twice');
    await publish(server, 'twice', 'third');
    assert.equal((await client.take()).event, 'third');
});

test('closing while subscriptions are under way leaves nothing subscribed', async () => {
    for (let round = 0; round < 20; round++) {
        const client = await Client.open(server);
        for (let n = 0; n < 20; n++)
            client.sendSubscribe(`hasty-${n}`);
        client.close();
    }
    await until(async () => {
        const { text } = await api(server, 'GET', '/channels', { query: { filter_by_prefix: 'hasty-' } });
        return text === '{"channels":{}}';
    }, 'no channel is occupied');
});
