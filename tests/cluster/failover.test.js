'use strict';

/* Another Redis takes over: by Sentinel, or within a Redis Cluster. docs/scaling.md. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { ownCluster } = require('../support/cluster.js');
const { Client, connectionsAre } = require('../support/clients.js');
const { runModel } = require('../support/model.js');
const { RedisCluster, Sentinels } = require('../support/redis.js');
const { Listener, Publisher, MembersObserver, allSee } = require('../support/observer.js');
const { get, publish } = require('../support/api.js');
const { clock } = require('../support/faults.js');
const { until } = require('../support/wait.js');

const HALL = 'presence-hall';
const OVER_MS = 30_000;

/* Clients on three nodes, in a presence channel and in a few others (which a Redis Cluster spreads). */
async function scene(t, redis) {
    t.after(() => redis.stop());
    const cluster = await ownCluster(t, { nodes: 3, redis });
    const { nodes } = cluster;
    const halls = [HALL, 'presence-hall-2', 'presence-hall-3', 'presence-hall-4'];
    const observers = (await Promise.all(halls.map((hall) =>
        Promise.all(nodes.map((node, n) => MembersObserver.join(node, hall, `u${n}`)))))).flat();
    const channels = Array.from({ length: 8 }, (_, n) => `news-${n}`);
    const listeners = (await Promise.all(channels.map((channel) => Promise.all(nodes.map((node) => Listener.open(node, channel)))))).flat();
    const publishers = channels.flatMap((channel) => nodes.map((node, n) => new Publisher(node, channel, `p${n}`)));
    return { cluster, nodes, halls, observers, listeners, publishers };
}

async function allArrive({ listeners, publishers }, ms) {
    await Promise.all(publishers.map((publisher) => publisher.send(5)));
    for (const listener of listeners)
        await listener.hasAll(publishers.filter(({ channel }) => channel === listener.channel), ms);
}

async function isOne(it) {
    await it.cluster.connected();
    await allArrive(it, OVER_MS);
    for (const hall of it.halls)
        await allSee(it.observers.filter(({ channel }) => channel === hall), it.nodes, hall, ['u0', 'u1', 'u2'], OVER_MS);
    const late = await MembersObserver.join(it.nodes[0], HALL, 'late');
    await allSee([late, ...it.observers.filter(({ channel }) => channel === HALL)], it.nodes, HALL, ['late', 'u0', 'u1', 'u2']);
    await late.client.leave();
    await allSee(it.observers.filter(({ channel }) => channel === HALL), it.nodes, HALL, ['u0', 'u1', 'u2']);
}

test('Sentinel: a failover on demand to a server whose clock is ahead, and the death of the master', { timeout: 150_000 }, async (t) => {
    const { prefix, step } = clock();
    const redis = await Sentinels.start({ replica: { prefix } });
    step(300);
    const it = await scene(t, redis);
    await allArrive(it);
    const first = await redis.master();
    await redis.sentinels[0].command('SENTINEL', 'FAILOVER', 'mymaster');
    const second = await until(async () => {
        const master = await redis.master();
        return master !== first && master;
    }, 'the replica is the master', OVER_MS);
    await isOne(it);

    // Sentinel cuts the connections of a server that it makes a replica, ours included.
    await until(async () => /master_link_status:up/.test(await first.command('INFO', 'replication').catch(() => '')),
        'the former master follows', OVER_MS);
    await second.kill();
    await Promise.all(it.publishers.map((publisher) => publisher.send(5))); // while there is no master
    await until(async () => await redis.master() === first, 'the first is the master again', OVER_MS);
    await isOne(it);
    for (const observer of it.observers)
        assert.deepEqual(observer.removed.filter((user) => user !== 'late'), [], 'nobody was taken for gone');
});

test('Sentinel: nodes find the master though a sentinel and the former master are gone', { timeout: 90_000 }, async (t) => {
    const redis = await Sentinels.start();
    t.after(() => redis.stop());
    const first = await redis.master();
    await first.kill();
    await until(async () => await redis.sentinels[1].command('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'mymaster')
        .then(([, port]) => Number(port) !== first.port), 'another is the master', OVER_MS);
    await redis.sentinels[0].kill();
    const cluster = await ownCluster(t, { nodes: 2, redis });
    const client = await Client.open(cluster.nodes[1]);
    await client.subscribe('news');
    await publish(cluster.nodes[0], 'news', 'told');
    assert.equal((await client.take()).event, 'told');
});

test('Redis Cluster: the nodes are one, a failover on demand and the death of a master change nothing', { timeout: 180_000 }, async (t) => {
    const redis = await RedisCluster.start();
    const it = await scene(t, redis);
    await isOne(it);
    const masters = (await redis.roles()).filter(({ isMaster }) => isMaster);
    const used = await Promise.all(masters.map(({ server }) => server.command('DBSIZE')));
    assert.ok(used.every((count) => count > 0), `the keys are spread over all masters: ${used}`);

    const [master] = masters;
    const replica = (await redis.roles()).find((one) => one.master === master.id);
    await redis.failOver(replica);
    await isOne(it);

    await masters[1].server.kill();
    await Promise.all(it.publishers.map((publisher) => publisher.send(3)));
    await redis.untilWell(5);
    await isOne(it);
    const { json } = await get(it.nodes[2], '/channels', { query: { filter_by_prefix: 'news-' } });
    assert.equal(Object.keys(json.channels).length, 8);

    await it.nodes[2].kill(); // its members are on all masters, and leave all of them
    for (const hall of it.halls)
        await allSee(it.observers.filter(({ channel, userId }) => channel === hall && userId !== 'u2'), it.nodes.slice(0, 2), hall,
            ['u0', 'u1'], OVER_MS);
    await connectionsAre(it.nodes[0], 2 * (it.halls.length + 8));
});

/* Channels that Redis Cluster puts on different masters have no common order: docs/scaling.md. */
test('Redis Cluster: each channel has one order on all nodes, of its events and its members', { timeout: 90_000 }, async (t) => {
    const redis = await RedisCluster.start();
    t.after(() => redis.stop());
    const cluster = await ownCluster(t, { nodes: 3, redis });
    const { nodes } = cluster;
    const channels = ['agreed', 'cache-agreed', 'private-agreed', HALL, ...Array.from({ length: 8 }, (_, n) => `agreed-${n}`)];
    const clients = await cluster.openMany(6);
    for (const [n, client] of clients.entries())
        for (const channel of channels)
            await (channel === HALL ? client.join(channel, `u${n}`) : client.subscribe(channel));
    for (const client of clients)
        await client.quiet().catch(() => {}); // the joins of the others
    const seen = clients.map(() => new Map(channels.map((channel) => [channel, []])));
    clients.forEach((client, n) => {
        client.inbox.length = 0;
        client.receive = (bytes) => {
            const { channel, event, data } = JSON.parse(bytes.toString());
            seen[n].get(channel)?.push(`${event} ${data}`);
        };
    });
    const EACH = 10;
    await Promise.all([
        ...nodes.flatMap((node, which) => channels.map(async (channel) => {
            for (let n = 0; n < EACH; n++) // one after the other, each to another node
                await publish(nodes[(which + n) % nodes.length], channel, 'n', String(100 * which + n));
        })),
        ...nodes.map(async (node, which) => {
            for (let n = 0; n < EACH; n++) {
                const mover = await Client.open(node);
                await mover.join(HALL, `mover-${which}-${n}`);
                await mover.leave();
            }
        }),
    ]);
    for (const channel of channels) {
        const count = nodes.length * EACH * (channel === HALL ? 3 : 1);
        await until(() => seen.every((one) => one.get(channel).length === count), `all have ${count} of ${channel}`, OVER_MS);
        for (const one of seen)
            assert.deepEqual(one.get(channel), seen[0].get(channel), `${channel} has one order`);
        for (const which of nodes.keys())
            assert.deepEqual(seen[0].get(channel).filter((text) => text.startsWith('n ') && Math.floor(Number(text.slice(2)) / 100) === which)
                .map((text) => Number(text.slice(2)) % 100), Array.from({ length: EACH }, (_, n) => n), 'what was answered comes first');
    }
});

test('Redis Cluster: random clients on three nodes agree with the model', { timeout: 90_000 }, async (t) => {
    const redis = await RedisCluster.start();
    t.after(() => redis.stop());
    const cluster = await ownCluster(t, { nodes: 3, redis });
    await runModel(cluster.nodes, { seconds: 8, seed: Number(process.env.MODEL_SEED || 1) });
});

test('Redis Cluster: failovers on demand under traffic lose and double nothing', { timeout: 120_000 }, async (t) => {
    const redis = await RedisCluster.start();
    const it = await scene(t, redis);
    it.publishers.forEach((publisher) => publisher.start(20));
    for (let n = 0; n < 4; n++) {
        const roles = await redis.roles();
        const replica = roles.filter(({ isMaster }) => !isMaster)[n % 3];
        await redis.failOver(replica);
        await it.cluster.connected();
    }
    await Promise.all(it.publishers.map((publisher) => publisher.stop()));
    await isOne(it);
    for (const observer of it.observers)
        assert.deepEqual(observer.removed.filter((user) => user !== 'late'), [], 'nobody was taken for gone');
});
