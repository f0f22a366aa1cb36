'use strict';

/* Redis is far away, or takes its time: publishes share round trips, and those of an app that does not wait for Redis
 * are answered before it has them. docs/scaling.md. */

const assert = require('node:assert/strict');
const net = require('node:net');
const { test } = require('../support/test.js');
const { app } = require('../support/server.js');
const { ownCluster } = require('../support/cluster.js');
const { Client } = require('../support/clients.js');
const { publish } = require('../support/api.js');
const { Redis } = require('../support/redis.js');
const { SLOW } = require('../support/wait.js');

const DELAY_MS = 100;
const early = app({ app_id: '2', key: 'key-2', secret: 'secret-2', answer_early: true });

/* A Redis whose every byte comes so much later, in both directions. */
async function farRedis(t) {
    const redis = await Redis.start();
    const sockets = new Set();
    const carry = (from, to) => {
        sockets.add(from);
        from.on('data', (data) => setTimeout(() => to.writable && to.write(data), DELAY_MS));
        from.on('error', () => to.destroy());
        from.on('close', () => to.destroy());
    };
    const relay = net.createServer((socket) => {
        const upstream = net.connect(redis.port, '127.0.0.1');
        carry(socket, upstream);
        carry(upstream, socket);
    });
    await new Promise((resolve) => relay.listen(0, '127.0.0.1', resolve));
    t.after(async () => {
        for (const socket of sockets)
            socket.destroy();
        relay.close();
        await redis.stop();
    });
    return { env: { ...redis.env, REDIS_PORT: String(relay.address().port) } };
}

test('publishes that run at the same time share round trips to Redis', { timeout: 60_000 }, async (t) => {
    const { nodes } = await ownCluster(t, { nodes: 1, redis: await farRedis(t) });
    const client = await Client.open(nodes[0]);
    await client.subscribe('news');
    const begin = performance.now();
    await Promise.all(Array.from({ length: 50 }, (_, n) => publish(nodes[0], 'news', 'told', String(n))));
    const ms = performance.now() - begin;
    assert.ok(ms >= 2 * DELAY_MS, `an answer took a round trip: ${ms} ms`);
    assert.ok(ms < 10 * 2 * DELAY_MS * SLOW, `fifty did not take one each: ${ms} ms`);
    for (let n = 0; n < 50; n++)
        await client.next('told');
});

const entriesOf = async (redis) => Number(/cmdstat_xadd:calls=(\d+)/.exec(await redis.command('INFO', 'commandstats'))?.[1] ?? 0);

test("a node's own events come with Redis' answer, not by its inbox", { timeout: 60_000 }, async (t) => {
    const redis = await Redis.start();
    t.after(() => redis.stop());
    const { nodes } = await ownCluster(t, { nodes: 1, redis });
    const client = await Client.open(nodes[0]);
    await client.subscribe('news');
    const before = await entriesOf(redis);
    for (let n = 0; n < 40; n++) {
        await publish(nodes[0], 'news', 'told', String(n));
        assert.equal((await client.next('told')).data, String(n));
    }
    const count = await entriesOf(redis) - before;
    assert.ok(count < 20, `Redis stored ${count} of 40 events for the node that published them`);
});

test('an app that does not wait for Redis has its publishes answered at once; they arrive when Redis has them', { timeout: 60_000 }, async (t) => {
    const cluster = await ownCluster(t, { nodes: 2, apps: [app(), early] });
    const { nodes, redis } = cluster;
    const client = await Client.open(nodes[1], { app: early });
    const other = await Client.open(nodes[1]);
    for (const each of [client, other])
        await each.subscribe('news');
    redis.signal('SIGSTOP');
    const order = [];
    const waiting = publish(nodes[0], 'news', 'told', '"waits"').then(() => order.push('waits'));
    for (let n = 0; n < 3; n++)
        await publish(nodes[0], 'news', 'told', String(n), { app: early });
    order.push('early');
    redis.signal('SIGCONT');
    await waiting;
    assert.deepEqual(order, ['early', 'waits']);
    for (let n = 0; n < 3; n++)
        assert.equal((await client.next('told')).data, String(n));
    assert.equal((await other.next('told')).data, '"waits"');
});
