'use strict';

/* Subscribers, and the connections of an app, are counted over all nodes. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { app } = require('../support/server.js');
const { ownCluster, sharedCluster } = require('../support/cluster.js');
const { Client, connectionsAre } = require('../support/clients.js');
const { get, publish } = require('../support/api.js');
const { randomness } = require('../support/random.js');
const { SLOW, until } = require('../support/wait.js');

const counting = app({ app_id: '2', key: 'key-2', secret: 'secret-2', subscription_counts: true });
const few = app({ app_id: '3', key: 'key-3', secret: 'secret-3', max_connections: 6 });
const cluster = sharedCluster({ nodes: 3, apps: [app(), counting, few] });
const { nodes } = cluster;
const EVENT = 'pusher_internal:subscription_count';

async function countBecomes(client, channel, count) {
    for (;;) {
        const { json } = await client.next(EVENT, channel);
        if (json.subscription_count === count)
            return;
    }
}

for (const channel of ['news', 'private-news', 'cache-news'])
    test(`the subscribers of ${channel} are told how many they are on all nodes`, async () => {
        const clients = await cluster.openMany(6, { app: counting });
        for (const [n, client] of clients.entries()) {
            await client.subscribe(channel);
            for (const one of clients.slice(0, n + 1))
                await countBecomes(one, channel, n + 1);
        }
        const [first, second, ...rest] = clients;
        await first.leave();
        second.unsubscribe(channel);
        for (const one of rest)
            await countBecomes(one, channel, 4);
    });

test('many that come and go at once end with the right count on every node', async () => {
    const witnesses = await cluster.openMany(3, { app: counting });
    await Promise.all(witnesses.map((client) => client.subscribe('flow')));
    const clients = await cluster.openMany(30, { app: counting });
    await Promise.all(clients.map((client) => client.subscribe('flow')));
    for (const client of witnesses)
        await countBecomes(client, 'flow', 33);
    await Promise.all(clients.map((client, n) => (n % 2 ? client.leave() : client.unsubscribe('flow'))));
    for (const client of witnesses)
        await countBecomes(client, 'flow', 3);
});

const linksLost = (one) => Promise.all(one.nodes.map(async (node) => (await node.status()).cluster.links_lost));

/* A blip notifies nobody: nobody came and nobody left. */
test('a link that is lost and made anew tells nobody a count', async () => {
    const apps = [cluster.app, counting];
    const groups = await Promise.all(apps.map(async (one) => {
        const clients = await cluster.openMany(6, { app: one });
        for (const [n, client] of clients.entries()) {
            await client.signin({ id: `u${n}`, watchlist: ['u0'] });
            await client.join('presence-blip', `u${n}`);
            await client.subscribe('private-blip');
            await client.subscribe('blip');
        }
        for (const client of one === counting ? clients : [])
            await countBecomes(client, 'blip', 6);
        return clients;
    }));
    const clients = groups.flat();
    await Promise.all(clients.map((client) => client.ping()));
    const before = await linksLost(cluster);
    await cluster.redis.command('CLIENT', 'KILL', 'TYPE', 'normal');
    await until(async () => (await linksLost(cluster)).every((count, n) => count > before[n]), 'the links are lost');
    await cluster.connected();
    for (const one of apps)
        for (const channel of ['blip', 'private-blip', 'presence-blip'])
            await publish(nodes[0], channel, 'marker', '{}', { app: one });
    for (const client of clients)
        for (let left = 3; left > 0;) {
            const { event, raw } = await client.take('the marker');
            assert.notEqual(event, EVENT, raw);
            left -= event === 'marker' ? 1 : 0;
        }
});

async function isRefused(node) {
    const client = new Client(node, { app: few });
    const first = await client.take();
    if (first.event === 'pusher:connection_established')
        return client;
    assert.equal(first.json.code, 4004);
    assert.equal((await client.waitClosed()).code, 4004);
    return null;
}

test('max_connections holds for the whole cluster', async () => {
    const clients = await cluster.openMany(6, { app: few });
    for (const node of nodes)
        assert.equal(await isRefused(node), null);
    await clients[0].leave();
    await connectionsAre(nodes[1], 5, few);
    const again = await isRefused(nodes[1]);
    assert.notEqual(again, null, 'there is a place again');
    assert.equal(await isRefused(nodes[0]), null);
    for (const client of [...clients.slice(1), again])
        await client.leave();
    await connectionsAre(nodes[0], 0, few);
});

test('of many that come to all nodes at once, as many are let in as there are places', async () => {
    const came = await Promise.all(Array.from({ length: 18 }, (_, n) => isRefused(nodes[n % 3])));
    assert.equal(came.filter((client) => client !== null).length, 6);
    for (const client of came)
        await client?.leave();
    await connectionsAre(nodes[0], 0, few);
});

/* MODEL_SEED=7 tests/run-cluster counts      from another seed */
const SEED = Number(process.env.MODEL_SEED || 1);

test(`connections that come and go while links are cut and Redis forgets are counted once, and max_connections holds (seed ${SEED})`, { timeout: 120_000 }, async (t) => {
    const MAX = 20;
    const random = randomness(SEED);
    const its = await ownCluster(t, { nodes: 2, apps: [app({ max_connections: MAX })] });
    const alive = new Set();
    const move = async () => {
        const leaving = random.below(3) === 0 ? random.one([...alive]) : undefined;
        if (leaving) {
            alive.delete(leaving);
            await leaving.leave();
        } else {
            const client = new Client(random.one(its.nodes));
            if ((await client.take()).event === 'pusher:connection_established')
                alive.add(client);
        }
    };
    for (const fault of ['CLIENT KILL TYPE normal', 'FLUSHALL', 'CLIENT KILL TYPE normal']) {
        const moving = (async () => {
            for (let n = 0; n < 12; n++)
                await Promise.all([move(), move()]);
        })();
        const before = await linksLost(its);
        await its.redis.command(...fault.split(' '));
        await moving;
        await until(async () => (await linksLost(its)).every((count, n) => count > before[n]), 'the links are lost', 30_000 * SLOW);
        await its.connected();
    }
    for (const node of its.nodes)
        await until(async () => (await get(node, '/connections')).json?.connections === alive.size,
            () => `${alive.size} connections`, 30_000 * SLOW);
    for (const client of [...alive].slice(MAX - 5)) {
        alive.delete(client);
        await client.leave();
    }
    for (const node of its.nodes)
        await connectionsAre(node, alive.size);
    const later = await Promise.all(Array.from({ length: MAX + 4 }, (_, n) => new Client(its.nodes[n % 2]).take()));
    assert.equal(later.filter(({ event }) => event === 'pusher:connection_established').length, MAX - alive.size);
});
