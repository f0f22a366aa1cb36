'use strict';

/* Redis evicts what the nodes have stored in it. docs/scaling.md. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { app } = require('../support/server.js');
const { ownCluster } = require('../support/cluster.js');
const { Client } = require('../support/clients.js');
const { get, publish } = require('../support/api.js');
const { Listener, MembersObserver, Publisher, allSee } = require('../support/observer.js');
const { Redis } = require('../support/redis.js');
const { until } = require('../support/wait.js');

const HALL = 'presence-hall';

async function ownRedis(t, options) {
    const redis = await Redis.start(options);
    t.after(() => redis.stop());
    return redis;
}

test('Redis evicts: that is an error in log and status, and what is lost is noticed and told again', { timeout: 150_000 }, async (t) => {
    const redis = await ownRedis(t, { args: ['--maxmemory-policy', 'allkeys-lru'] });
    const cluster = await ownCluster(t, { nodes: 2, redis });
    const { nodes } = cluster;
    await nodes[0].line(/error [^\n]*evicts keys[^\n]*allkeys-lru[^\n]*noeviction/);
    assert.match((await nodes[0].status()).cluster.warning, /noeviction/);
    const listeners = await Promise.all(nodes.map((node) => Listener.open(node, 'news')));
    const members = await Promise.all(nodes.map((node, n) => MembersObserver.join(node, HALL, `u${n}`)));
    const publisher = new Publisher(nodes[0], 'news', 'p');
    await publisher.send(3);

    const evict = async (pattern) => { // what Redis does when its memory is full
        const keys = await redis.command('KEYS', pattern);
        assert.ok(keys.length > 0, pattern);
        await redis.command('DEL', ...keys);
    };
    for (const pattern of ['*:k:c*', '*:m:*', '*:n:*', '*:made', '*:epoch', '*:nodes', '*:synced']) {
        await evict(pattern);
        await publisher.send(5);
        await until(async () => {
            await publisher.send(1);
            return listeners.every((listener) => listener.numbers.get('p') === publisher.next - 1)
                && (await redis.command('KEYS', pattern)).length > 0;
        }, `after ${pattern}: what is published arrives, and Redis has it again`, 40_000);
        for (const listener of listeners)
            await listener.hasAll([publisher], 20_000);
        await cluster.connected();
        await allSee(members, nodes, HALL, ['u0', 'u1'], 20_000);
        await until(async () => (await nodes[0].status()).cluster.nodes === 2, 'both are in step', 20_000);
    }
    for (const member of members)
        assert.deepEqual(member.removed, [], 'nobody was ever gone');
});

/* A node dies; `evict` is given the key that says which channels it had. */
async function nothingStays(t, evict) {
    const cluster = await ownCluster(t, { nodes: 2 });
    const { nodes, redis } = cluster;
    const near = await MembersObserver.join(nodes[0], HALL, 'near');
    const far = await Client.open(nodes[1]);
    await far.join(HALL, 'far');
    await far.subscribe('theirs');
    await nodes[1].kill();
    const keys = await redis.command('KEYS', '*:n:*');
    assert.equal(keys.length, 2);
    for (const key of keys)
        if (await redis.command('SISMEMBER', key, 'c4:1001:theirs'))
            await evict(redis, key);
    await until(async () => (await get(nodes[0], '/channels/theirs')).json.occupied === false, 'its channel is vacant', 40_000);
    await cluster.connected();
    await allSee([near], [nodes[0]], HALL, ['near'], 20_000);
    const { json } = await get(nodes[0], `/channels/${HALL}`, { query: { info: 'user_count' } });
    assert.equal(json.user_count, 1);
}

test('Redis evicts what says which channels a dead node had: nothing of that node stays', { timeout: 90_000 },
    (t) => nothingStays(t, (redis, key) => redis.command('DEL', key)));

/* Whoever is neither alive nor dying was given up, and what said so is lost. */
test('Redis evicts what says who is dying: nothing of that node stays', { timeout: 90_000 },
    (t) => nothingStays(t, (redis, key) => redis.command('ZREM', key.replace(/(:\d+):\w+:n:.*/, '$1:nodes'), key.replace(/.*:n:/, ''))));

test('Redis evicts what says which channels a living node has: each is counted once', { timeout: 90_000 }, async (t) => {
    const apps = [app({ subscription_counts: true })];
    const cluster = await ownCluster(t, { nodes: 2, apps });
    const { nodes, redis } = cluster;
    const clients = await cluster.openMany(4);
    await Promise.all(clients.map((client) => client.subscribe('news')));
    await redis.command('DEL', ...await redis.command('KEYS', '*:n:*'));
    await cluster.away();
    await cluster.connected();
    for (const node of nodes)
        await until(async () => (await get(node, '/channels/news', { query: { info: 'subscription_count' } })).json.subscription_count === 4,
            'each subscription is counted once', 20_000);
    for (const client of clients)
        await client.leave();
    await until(async () => (await get(nodes[0], '/channels/news')).json.occupied === false, 'nothing stays');
});

test('Redis evicts an inbox: it is said that events may be missing', { timeout: 60_000 }, async (t) => {
    const cluster = await ownCluster(t, { nodes: 2 });
    const { nodes, redis } = cluster;
    const client = await Client.open(nodes[1]);
    await client.subscribe('news');
    const inboxes = await redis.command('KEYS', '*:i:*');
    await redis.command('DEL', ...inboxes);
    await publish(nodes[0], 'news', 'lost');
    await nodes[1].line(/Redis[^\n]*does not know this node any more/);
    await nodes[1].line(/Redis had lost this node's inbox: events of other nodes that were in it are missing/);
    await cluster.connected();
    assert.ok((await nodes[1].status()).cluster.gaps > 0);
    await publish(nodes[0], 'news', 'after', '1');
    assert.equal((await client.next('after')).data, '1');
});
