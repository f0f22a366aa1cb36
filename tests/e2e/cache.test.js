'use strict';

/* A cache channel keeps its last event for later subscribers. docs/wire.md. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { app, sharedServer } = require('../support/server.js');
const { Client } = require('../support/clients.js');
const { get, post, publish } = require('../support/api.js');
const { deferred, until } = require('../support/wait.js');

const brief = app({ app_id: 'brief', key: 'key-brief', secret: 'secret-brief', cache_ttl: 1 });
const server = sharedServer({ apps: [app(), brief], workers: 3 });

const KINDS = ['cache-', 'private-cache-', 'presence-cache-', 'private-encrypted-cache-'];
const memberOf = (channel, id = '1') => (channel.startsWith('presence-') ? { channelData: { user_id: id } } : {});
const cached = async (channel, options) =>
    (await get(server, `/channels/${channel}`, { query: { info: 'cache' }, ...options })).json.cache;

for (const kind of KINDS) {
    test(`${kind} channels say cache_miss to a subscriber where nothing is cached`, async () => {
        const channel = `${kind}miss`;
        const client = await Client.open(server);
        client.sendSubscribe(channel, memberOf(channel));
        assert.equal((await client.take()).event, 'pusher_internal:subscription_succeeded');
        assert.deepEqual(await client.take(), { event: 'pusher:cache_miss', channel });
        await client.quiet();
    });

    test(`${kind} channels replay the last event to a new subscriber, on any worker`, async () => {
        const channel = `${kind}replay`;
        await publish(server, channel, 'first', '{"n":1}');
        await publish(server, channel, 'second', '{"n":2,"text":"é\\"\\\\"}');
        const clients = await Client.openMany(server, 9);
        for (const [n, client] of clients.entries()) {
            client.sendSubscribe(channel, memberOf(channel, `${n}`));
            assert.equal((await client.take()).event, 'pusher_internal:subscription_succeeded');
            assert.deepEqual(await client.take(), { event: 'second', channel, data: '{"n":2,"text":"é\\"\\\\"}' });
        }
    });
}

test('the last event outlives the last subscriber', async () => {
    const first = await Client.open(server);
    await first.subscribe('cache-vacant');
    await first.take();
    await publish(server, 'cache-vacant', 'kept', '"data"');
    await first.take();
    await first.leave();
    await until(async () => (await get(server, '/channels/cache-vacant')).json.occupied === false, 'it is vacant');
    const second = await Client.open(server);
    await second.subscribe('cache-vacant');
    assert.deepEqual(await second.take(), { event: 'kept', channel: 'cache-vacant', data: '"data"' });
});

test('what is cached expires after cache_ttl', async () => {
    const [first, second] = await Client.openMany(server, 2, { app: brief });
    await first.subscribe('cache-brief');
    await first.next('pusher:cache_miss');
    await publish(server, 'cache-brief', 'gone', '{}', { app: brief });
    assert.equal((await cached('cache-brief', { app: brief })).event, 'gone');
    await until(async () => await cached('cache-brief', { app: brief }) === undefined, 'the event has expired', 5000);
    await second.subscribe('cache-brief');
    assert.deepEqual(await second.take(), { event: 'pusher:cache_miss', channel: 'cache-brief' });
});

test('a batch and an event to several channels are cached channel by channel', async () => {
    await publish(server, ['cache-many-1', 'cache-many-2'], 'many', '1');
    await post(server, '/batch_events', { batch: [{ name: 'batched', channel: 'cache-many-2', data: '2' }] });
    const client = await Client.open(server);
    await client.subscribe('cache-many-1');
    assert.deepEqual(await client.take(), { event: 'many', channel: 'cache-many-1', data: '1' });
    await client.subscribe('cache-many-2');
    assert.deepEqual(await client.take(), { event: 'batched', channel: 'cache-many-2', data: '2' });
});

test('an event is cached for all, also when one connection was left out of it', async () => {
    const client = await Client.open(server);
    await client.subscribe('cache-without');
    await client.take();
    await publish(server, 'cache-without', 'told', '{}', { body: { socket_id: client.socketId } });
    await client.quiet('it was left out');
    const late = await Client.open(server);
    await late.subscribe('cache-without');
    assert.equal((await late.take()).event, 'told');
});

test('internal events are not cached', async () => {
    const [first, second] = await Client.openMany(server, 2);
    await first.join('presence-cache-internal', '1');
    await second.join('presence-cache-internal', '2');
    assert.equal((await second.take()).event, 'pusher:cache_miss');
    assert.equal(await cached('presence-cache-internal'), undefined);
});

test('info names what is cached and for how many seconds more, and nothing where there is nothing', async () => {
    const client = await Client.open(server);
    await client.subscribe('cache-info');
    assert.deepEqual((await get(server, '/channels/cache-info', { query: { info: 'cache' } })).json,
        { occupied: true });
    const answer = await publish(server, 'cache-info', 'told', '{"n":1}', { body: { info: 'cache' } });
    const { cache } = answer.json.channels['cache-info'];
    assert.deepEqual(cache, { event: 'told', channel: 'cache-info', data: '{"n":1}', ttl: cache.ttl });
    assert.ok(Number.isInteger(cache.ttl) && cache.ttl > 1790 && cache.ttl <= 1800, `ttl ${cache.ttl}`);
    assert.equal((await cached('cache-info')).event, 'told');
});

for (const channel of ['cachefoo', 'cache', 'private-cachefoo', 'xcache-a', 'plain'])
    test(`${channel} is no cache channel`, async () => {
        const client = await Client.open(server);
        await client.subscribe(channel);
        await client.quiet('no cache_miss came');
        await publish(server, channel, 'told');
        const late = await Client.open(server);
        await late.subscribe(channel);
        await late.quiet('nothing was replayed');
    });

test('who subscribes while events flow gets the cached one and then each later one, without gap or repetition', async () => {
    const channel = 'cache-flow';
    const COUNT = 150;
    await publish(server, channel, 'n', '0');
    const clients = await Client.openMany(server, 15);
    const turns = clients.map(() => deferred());
    const publishing = (async () => {
        for (let n = 1; n <= COUNT; n++) {
            await publish(server, channel, 'n', String(n));
            turns[Math.floor(n / 8)]?.resolve();
        }
    })();
    const watching = clients.map(async (client, i) => {
        await turns[i].promise;
        await client.subscribe(channel);
        let last = Number((await client.take()).data);
        while (last < COUNT) {
            const { data } = await client.take();
            assert.equal(Number(data), last + 1);
            last = Number(data);
        }
        await client.quiet();
    });
    await Promise.all([publishing, ...watching]);
});
