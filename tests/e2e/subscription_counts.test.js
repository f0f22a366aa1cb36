'use strict';

/* The number of subscribers, sent to the channel if the app has it enabled. docs/wire.md. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { app, sharedServer } = require('../support/server.js');
const { Client, called, pusherJs } = require('../support/clients.js');
const { publish } = require('../support/api.js');

const counting = app({ app_id: '2', key: 'key-2', secret: 'secret-2', subscription_counts: true });
const server = sharedServer({ apps: [app(), counting], workers: 3 });
const EVENT = 'pusher_internal:subscription_count';

async function countBecomes(client, channel, count) {
    for (;;) {
        const message = await client.next(EVENT, channel);
        assert.deepEqual(Object.keys(message.json), ['subscription_count']);
        if (message.json.subscription_count === count)
            return;
    }
}

for (const channel of ['news', 'private-news', 'cache-news', 'private-cache-news'])
    test(`the subscribers of ${channel} are told how many they are`, async () => {
        const clients = await Client.openMany(server, 6, { app: counting });
        for (const [n, client] of clients.entries()) {
            await client.subscribe(channel);
            for (const told of clients.slice(0, n + 1))
                await countBecomes(told, channel, n + 1);
        }
        const [first, second, ...rest] = clients;
        await first.leave();
        second.unsubscribe(channel);
        for (const told of rest)
            await countBecomes(told, channel, 4);
    });

test('a presence channel is told no counts', async () => {
    const clients = await Client.openMany(server, 2, { app: counting });
    await clients[0].join('presence-a', '1');
    await clients[1].join('presence-a', '1');
    for (const client of clients)
        await client.quiet();
});

test('no counts are told where the app does not ask for them', async () => {
    const clients = await Client.openMany(server, 3);
    for (const client of clients)
        await client.subscribe('news');
    await publish(server, 'news', 'marker');
    for (const client of clients)
        assert.equal((await client.take()).event, 'marker');
});

test('pusher-js knows the count of its channel', async () => {
    const pusher = pusherJs(server, { app: counting });
    const channel = pusher.subscribe('js');
    const told = await called((fn) => channel.bind('pusher:subscription_count', fn), 'the count');
    assert.deepEqual(told, { subscription_count: 1 });
    assert.equal(channel.subscriptionCount, 1);
});
