'use strict';

/* Redis evicts what the nodes have stored in it. docs/scaling.md. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { app } = require('../support/server.js');
const { ownCluster } = require('../support/cluster.js');
const { Client } = require('../support/clients.js');
const { get, publish } = require('../support/api.js');
const { Listener, MembersObserver, Publisher, allSee } = require('../support/observer.js');
const { Receiver } = require('../support/receiver.js');
const { Redis } = require('../support/redis.js');
const { SLOW, until } = require('../support/wait.js');
const { nobodyIsLeft, pictureIsTrue } = require('../support/webhook_picture.js');

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

test('Redis evicts who is subscribed and what says that somebody is: what is published at once arrives', { timeout: 60_000 }, async (t) => {
    const cluster = await ownCluster(t, { nodes: 2 });
    const { nodes, redis } = cluster;
    const listeners = await Promise.all(nodes.map((node) => Listener.open(node, 'news')));
    const publisher = new Publisher(nodes[0], 'news', 'p');
    await publisher.send(3);
    for (const listener of listeners)
        await listener.hasAll([publisher]);
    await redis.command('DEL', ...await redis.command('KEYS', '*:k:c*'), ...await redis.command('KEYS', '*:made'));
    await publisher.send(3);
    for (const listener of listeners)
        await listener.hasAll([publisher], 20_000 * SLOW);
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

test('Redis evicts how many connections an app has: the limit holds', { timeout: 60_000 }, async (t) => {
    const apps = [app({ max_connections: 6 })];
    const cluster = await ownCluster(t, { nodes: 2, apps });
    const { nodes, redis } = cluster;
    const first = await cluster.openMany(4);
    await redis.command('DEL', ...await redis.command('KEYS', '*:x:*'));
    first.push(await Client.open(nodes[0]));
    await first[1].leave();
    await until(() => nodes.some(({ stderr }) => /is away: it has lost a part of what it was told/.test(stderr)), 'that is noticed', 20_000);
    await cluster.connected();
    const connectionsOf = async (node) => (await get(node, '/connections')).json.connections;
    for (const node of nodes)
        await until(async () => await connectionsOf(node) === 4, 'each is counted', 20_000);
    const more = await cluster.openMany(2);
    const refused = new Client(nodes[1]);
    assert.equal((await refused.take()).json.code, 4004);
    assert.equal((await refused.waitClosed()).code, 4004);
    await Promise.all([...first, ...more].map((client) => client.isClosed || client.leave()));
    await until(async () => await connectionsOf(nodes[0]) === 0, 'nothing stays');
});

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

test('Redis evicts the members of one presence channel: all see the true ones, and nobody was gone', { timeout: 60_000 }, async (t) => {
    const cluster = await ownCluster(t, { nodes: 2 });
    const { nodes, redis } = cluster;
    const others = await Promise.all(nodes.map((node, n) => MembersObserver.join(node, 'presence-other', `o${n}`)));
    const [stays, ...goes] = await Promise.all([0, 1, 2, 3].map((n) => MembersObserver.join(nodes[n % 2], HALL, `u${n}`)));
    await redis.command('DEL', ...await redis.command('KEYS', `*:m:*${HALL}`));
    const late = await Promise.all(nodes.map(async (node, n) => {
        const client = await Client.open(node);
        await client.join(HALL, `late-${n}`);
        return client;
    }));
    await goes[0].client.leave();
    await goes[1].client.leave();
    await until(() => nodes.some(({ stderr }) => /is away: it has lost a part of what it was told/.test(stderr)), 'that is noticed', 20_000);
    await cluster.connected();
    const observers = [stays, goes[2]];
    await allSee(observers, nodes, HALL, ['u0', 'u3', 'late-0', 'late-1'], 20_000);
    for (const { removed } of observers)
        assert.deepEqual(removed.sort(), ['u1', 'u2']);
    await allSee(others, nodes, 'presence-other', ['o0', 'o1'], 20_000);
    assert.deepEqual(others.flatMap(({ removed }) => removed), []);
    await late[0].leave();
    await allSee(observers, nodes, HALL, ['u0', 'u3', 'late-1']);
});

for (const [what, pattern] of [['the changes for webhooks', '*}:[0-9]:h'], ['which changes are for webhooks', '*:hw']])
    test(`Redis evicts ${what}: receivers are told what is true`, { timeout: 60_000 }, async (t) => {
        const receiver = await Receiver.start(t);
        const cluster = await ownCluster(t, { nodes: 2, apps: [app({ webhooks: receiver.webhook() })] });
        const { nodes, redis } = cluster;
        const clients = await cluster.openMany(4);
        await Promise.all(clients.map((client, n) => client.join(HALL, `u${n}`)));
        await receiver.until(5);
        const evict = async () => redis.command('DEL', ...await redis.command('KEYS', pattern));
        if (what === 'the changes for webhooks') {
            await Promise.all([clients[0].leave(), MembersObserver.join(nodes[1], HALL, 'late')]);
            assert.equal(await evict(), 1);
        } else {
            assert.equal(await evict(), 1);
            await Promise.all([clients[0].leave(), MembersObserver.join(nodes[1], HALL, 'late')]);
        }
        await pictureIsTrue(receiver, cluster, pattern);
        cluster.closeClients();
        await nobodyIsLeft(receiver, cluster, pattern);
        assert.equal(receiver.told.filter((text) => text === `member_removed ${HALL} u1`).length, 1, 'who stayed was never told to have left');
    });

/* The numbers of calls must go on from the last one: entries with a lower number are never read. */
for (const [what, forget] of [
    ['Redis evicts the number of the last call', (redis, key) => redis.command('DEL', key)],
    ['a replica takes over that has an older number', async (redis, key) => {
        await redis.command('SET', key, '5', 'PX', '60000');
        await redis.command('CLIENT', 'KILL', 'TYPE', 'normal');
    }],
])
    test(`${what}: all that is published arrives`, { timeout: 60_000 }, async (t) => {
        const cluster = await ownCluster(t, { nodes: 2 });
        const { nodes, redis } = cluster;
        const listeners = await Promise.all(nodes.map((node) => Listener.open(node, 'news')));
        const publisher = new Publisher(nodes[0], 'news', 'p');
        await publisher.send(3);
        const [key] = await redis.command('KEYS', '*:last');
        await forget(redis, key);
        await publisher.send(3);
        await cluster.connected();
        await publisher.send(3);
        for (const listener of listeners)
            await listener.hasAll([publisher]);
        assert.ok(Number(await redis.command('GET', key)) > 1e15, 'it is as late as the clock again');
        assert.ok(await redis.command('PTTL', key) > 60_000);
        for (const node of nodes)
            assert.equal((await node.status()).cluster.gaps, 0);
    });

test('Redis evicts an inbox: it is said that events may be missing', { timeout: 60_000 }, async (t) => {
    const cluster = await ownCluster(t, { nodes: 2 });
    const { nodes, redis } = cluster;
    const client = await Client.open(nodes[1]);
    await client.subscribe('news');
    const inboxes = await redis.command('KEYS', '*:i:*');
    await redis.command('DEL', ...inboxes);
    await publish(nodes[0], 'news', 'lost');
    await publish(nodes[1], 'news', 'own', '1');
    assert.equal((await client.next('own')).data, '1');
    await nodes[1].line(/Redis[^\n]*does not know this node any more/);
    await nodes[1].line(/Redis had lost what this node had not read yet: events of other nodes may be missing/);
    await cluster.connected();
    assert.ok((await nodes[1].status()).cluster.gaps > 0);
    await publish(nodes[0], 'news', 'after', '1');
    assert.equal((await client.next('after')).data, '1');
});
