'use strict';

/* Redis evicts what the nodes have stored in it. docs/scaling.md. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { ownCluster } = require('../support/cluster.js');
const { Client } = require('../support/clients.js');
const { publish } = require('../support/api.js');
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
    for (const pattern of ['*:k:c*', '*:m:*', '*:n:*', '*:made', '*:epoch']) {
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
    }
    for (const member of members)
        assert.deepEqual(member.removed, [], 'nobody was ever gone');
});

test('Redis evicts an inbox: it is said that events may be missing', { timeout: 60_000 }, async (t) => {
    const cluster = await ownCluster(t, { nodes: 2 });
    const { nodes, redis } = cluster;
    const client = await Client.open(nodes[1]);
    await client.subscribe('news');
    const inboxes = await redis.command('KEYS', '*:i:*');
    await redis.command('DEL', ...inboxes);
    await publish(nodes[0], 'news', 'lost');
    await nodes[1].line(/Redis[^\n]*does not know this node any more, so that events of others may be missing/);
    await cluster.connected();
    assert.ok((await nodes[1].status()).cluster.gaps > 0);
    await publish(nodes[0], 'news', 'after', '1');
    assert.equal((await client.next('after')).data, '1');
});
