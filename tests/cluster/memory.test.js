'use strict';

/* Redis' memory is full, or its clock jumps. docs/scaling.md. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { ownCluster, redisOf } = require('../support/cluster.js');
const { Client } = require('../support/clients.js');
const { get, post, publish } = require('../support/api.js');
const { clock } = require('../support/faults.js');
const { Listener, MembersObserver, Publisher, allSee } = require('../support/observer.js');
const { Redis } = require('../support/redis.js');
const { SLOW, until } = require('../support/wait.js');

const HALL = 'presence-hall';
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function ownRedis(t, options) {
    const redis = await Redis.start(options);
    t.after(() => redis.stop());
    return redis;
}

const usedMemory = async (redis) => Number(/used_memory:(\d+)/.exec(await redis.command('INFO', 'memory'))[1]);

test('a dead node\'s inbox fills Redis: the others come back by themselves and clean up', { timeout: 150_000 }, async (t) => {
    const redis = await ownRedis(t, { args: ['--maxmemory-policy', 'noeviction'] });
    const cluster = await ownCluster(t, { nodes: 2, redis, server: { max_request_size: 200_000 } });
    const { nodes } = cluster;
    await redis.command('CONFIG', 'SET', 'maxmemory', String(await usedMemory(redis) + 8_000_000));
    const [near, far] = [await MembersObserver.join(nodes[0], HALL, 'near'), await Client.open(nodes[1])];
    await far.join(HALL, 'far');
    await far.subscribe('news');
    nodes[1].signal('SIGSTOP');
    nodes[1].isKilled = true;
    const filling = 'x'.repeat(100_000);
    await until(async () => {
        await post(nodes[0], '/events', { name: 'n', channel: 'news', data: filling });
        return await redisOf(nodes[0]) === 'away';
    }, 'Redis is full', 30_000);
    await nodes[0].line(/Redis[^\n]* is away: [^\n]*OOM/);
    nodes[1].signal('SIGKILL');
    await until(async () => await redisOf(nodes[0]) === 'connected', 'it comes back by itself', 60_000);
    await until(() => !near.members.has('far'), 'the dead node\'s member leaves', 30_000);
    await allSee([near], [nodes[0]], HALL, ['near']);
    assert.ok(await redis.command('SET', 'of-the-application', 'x'), 'there is memory for others');
});

test('a node dies while others\' keys fill Redis: it is cleaned up all the same', { timeout: 150_000 }, async (t) => {
    const redis = await ownRedis(t, { args: ['--maxmemory-policy', 'noeviction'] });
    const cluster = await ownCluster(t, { nodes: 2, redis });
    const { nodes } = cluster;
    const [near, far] = [await MembersObserver.join(nodes[0], HALL, 'near'), await Client.open(nodes[1])];
    await far.join(HALL, 'far');
    await far.subscribe('theirs');
    await redis.command('CONFIG', 'SET', 'maxmemory', '1000'); // less than there is
    await assert.rejects(redis.command('SET', 'of-the-application', 'x'), /OOM/);
    await nodes[1].kill();
    await until(() => !near.members.has('far'), 'the dead node\'s member leaves', 40_000 * SLOW);
    await until(async () => (await redis.command('KEYS', '*:n:*')).length === 1, 'nothing of the dead is left', 20_000 * SLOW);
    await redis.command('CONFIG', 'SET', 'maxmemory', '0');
    await cluster.connected();
    await allSee([near], [nodes[0]], HALL, ['near'], 20_000 * SLOW);
});

test('a node that does not read is given up when its inbox is full, long before Redis is', { timeout: 90_000 }, async (t) => {
    const redis = await ownRedis(t);
    const cluster = await ownCluster(t, { nodes: 2, redis, server: { max_request_size: 200_000 }, env: { REVERB_SCALING_MAX_INBOX: '2000000' } });
    const { nodes } = cluster;
    const far = await Client.open(nodes[1]);
    await far.subscribe('news');
    const before = await usedMemory(redis);
    nodes[1].signal('SIGSTOP');
    for (let n = 0; n < 60; n++)
        await publish(nodes[0], 'news', 'n', 'x'.repeat(100_000));
    assert.ok(await usedMemory(redis) - before < 4_000_000, 'the inbox is bounded in bytes');
    nodes[1].signal('SIGCONT');
    await nodes[1].line(/Redis[^\n]*does not know this node any more/);
    await nodes[1].line(/Redis had lost what this node had not read yet/);
    await cluster.connected();
    await publish(nodes[0], 'news', 'after', '1');
    assert.equal((await far.next('after')).data, '1');
    assert.ok((await nodes[1].status()).cluster.gaps > 0, 'that events may be missing is counted');
});

test('everything of a cluster expires by itself', { timeout: 60_000 }, async (t) => {
    const cluster = await ownCluster(t, { nodes: 2 });
    const { nodes, redis } = cluster;
    const clients = await cluster.openMany(4);
    await Promise.all(clients.map((client, n) => client.join(HALL, `u${n}`)));
    await Promise.all(clients.map((client) => client.subscribe('cache-news')));
    await publish(nodes[0], 'cache-news', 'n');
    await until(async () => {
        const keys = await redis.command('KEYS', '*');
        const times = await Promise.all(keys.map((key) => redis.command('PTTL', key)));
        return keys.length > 8 && keys.every((key, n) => times[n] > 0);
    }, 'every key has a time to live', 20_000);
});

for (const seconds of [20, 3600, -3600])
    test(`Redis' clock steps by ${seconds} s: nobody is taken for gone`, { timeout: 90_000 }, async (t) => {
        const { prefix, step } = clock();
        const redis = await ownRedis(t, { prefix });
        const cluster = await ownCluster(t, { nodes: 3, redis });
        const { nodes } = cluster;
        const members = await Promise.all([0, 1, 2, 3].map((n) => MembersObserver.join(nodes[n % 3], HALL, `u${n}`)));
        const listeners = await Promise.all(nodes.map((node) => Listener.open(node, 'news')));
        const publisher = new Publisher(nodes[0], 'news', 'p');
        await publisher.send(5);
        for (const listener of listeners)
            await listener.hasAll([publisher]);
        step(seconds);
        await pause(3000); // some heartbeats of each
        await cluster.connected();
        await publisher.send(5);
        for (const listener of listeners)
            await listener.hasAll([publisher], 20_000 * SLOW);
        await allSee(members, nodes, HALL, ['u0', 'u1', 'u2', 'u3'], 20_000 * SLOW);
        for (const member of members)
            assert.deepEqual(member.removed, [], 'nobody was gone');
        assert.equal((await get(nodes[0], '/connections')).json.connections, 7);
    });
