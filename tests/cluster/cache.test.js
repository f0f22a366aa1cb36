'use strict';

/* A cache channel's last event is cached for the whole cluster. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { app, run } = require('../support/server.js');
const { sharedCluster } = require('../support/cluster.js');
const { Client } = require('../support/clients.js');
const { get, publish } = require('../support/api.js');
const { deferred, until } = require('../support/wait.js');

const brief = app({ app_id: 'brief', key: 'key-brief', secret: 'secret-brief', cache_ttl: 1 });
const cluster = sharedCluster({ nodes: 3, apps: [app(), brief] });
const { nodes } = cluster;

const memberOf = (channel, id = '1') => (channel.startsWith('presence-') ? { channelData: { user_id: id } } : {});
const cached = async (node, channel, options) =>
    (await get(node, `/channels/${channel}`, { query: { info: 'cache' }, ...options })).json.cache;

for (const kind of ['cache-', 'private-cache-', 'presence-cache-', 'private-encrypted-cache-']) {
    test(`${kind} channels replay what another node has taken, and say cache_miss where nothing was`, async () => {
        const channel = `${kind}replay`;
        const early = await Client.open(nodes[2]);
        await early.subscribe(channel, memberOf(channel, 'early'));
        assert.deepEqual(await early.take(), { event: 'pusher:cache_miss', channel });
        await publish(nodes[0], channel, 'first', '1');
        await publish(nodes[0], channel, 'second', '{"text":"é\\"\\\\"}');
        for (const node of nodes) {
            const late = await Client.open(node);
            await late.subscribe(channel, memberOf(channel, 'late'));
            assert.deepEqual(await late.take(), { event: 'second', channel, data: '{"text":"é\\"\\\\"}' });
            await late.quiet();
        }
    });
}

test('it is kept though nobody was subscribed anywhere', async () => {
    await publish(nodes[0], 'cache-nobody', 'told', '"x"');
    const late = await Client.open(nodes[1]);
    await late.subscribe('cache-nobody');
    assert.deepEqual(await late.take(), { event: 'told', channel: 'cache-nobody', data: '"x"' });
});

test('every node tells it by info=cache, with the seconds that are left', async () => {
    await publish(nodes[0], 'cache-info', 'told', '"x"');
    for (const node of nodes) {
        const kept = await cached(node, 'cache-info');
        assert.deepEqual({ ...kept, ttl: 0 }, { event: 'told', channel: 'cache-info', data: '"x"', ttl: 0 });
        assert.ok(kept.ttl > 1750 && kept.ttl <= 1800, `ttl ${kept.ttl}`);
    }
});

test('it expires on all nodes', async () => {
    await publish(nodes[0], 'cache-brief', 'gone', '{}', { app: brief });
    for (const node of nodes)
        await until(async () => !await cached(node, 'cache-brief', { app: brief }), 'the event has expired');
    const late = await Client.open(nodes[1], { app: brief });
    await late.subscribe('cache-brief');
    assert.deepEqual(await late.take(), { event: 'pusher:cache_miss', channel: 'cache-brief' });
});

test('who takes the id of a removed app sees none of its cached events', async () => {
    const removed = brief.app_id;
    const takeUp = async (apps) => {
        for (const node of nodes) {
            node.apps.splice(0, node.apps.length, ...apps);
            node.writeConfig();
            const { code, stderr } = await run(['reload', '--port', String(node.port)]);
            assert.equal(code, 0, stderr);
        }
    };
    const first = app({ app_id: removed, key: 'key-first', secret: 'secret-first' });
    const second = app({ app_id: removed, key: 'key-second', secret: 'secret-second' });
    const other = nodes[0].apps[0];
    await takeUp([other, first]);
    await publish(nodes[0], 'cache-of-first', 'told', '"x"', { app: first });
    assert.ok(await cached(nodes[1], 'cache-of-first', { app: first }));
    await takeUp([other]);
    await takeUp([other, second]);
    for (const node of nodes) {
        assert.equal(await cached(node, 'cache-of-first', { app: second }), undefined);
        const client = await Client.open(node, { app: second });
        await client.subscribe('cache-of-first');
        assert.equal((await client.take()).event, 'pusher:cache_miss');
    }
    await publish(nodes[0], 'cache-of-first', 'told again', '"y"', { app: second });
    const late = await Client.open(nodes[1], { app: second });
    await late.subscribe('cache-of-first');
    assert.equal((await late.take()).event, 'told again');
    assert.ok(await cached(nodes[2], 'cache-of-first', { app: second }));
    await takeUp([other, brief]);
});

test('the cache of one app is not seen by another', async () => {
    await publish(nodes[0], 'cache-mine', 'told');
    const stranger = await Client.open(nodes[1], { app: brief });
    await stranger.subscribe('cache-mine');
    assert.equal((await stranger.take()).event, 'pusher:cache_miss');
});

test('who subscribes on any node while events flow gets the kept one and then each later one, without gap or repetition', async () => {
    const COUNT = 150;
    await publish(nodes[0], 'cache-flow', 'n', '0');
    const clients = await cluster.openMany(15);
    const turns = clients.map(() => deferred());
    const publishing = (async () => {
        for (let n = 1; n <= COUNT; n++) {
            await publish(nodes[0], 'cache-flow', 'n', String(n));
            turns[Math.floor(n / 8)]?.resolve();
        }
    })();
    const watching = clients.map(async (client, i) => {
        await turns[i].promise;
        await client.subscribe('cache-flow');
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
