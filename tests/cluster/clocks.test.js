'use strict';

/* Another Redis takes over whose clock is off, and which missed the last changes. docs/scaling.md. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { ownCluster } = require('../support/cluster.js');
const { clock } = require('../support/faults.js');
const { Gate } = require('../support/gate.js');
const { get } = require('../support/api.js');
const { Listener, MembersObserver, Publisher, allSee } = require('../support/observer.js');
const { Redis } = require('../support/redis.js');
const { SLOW } = require('../support/wait.js');

const HALL = 'presence-hall';
const OVER_MS = 20_000 * SLOW;

async function redisOff(t, seconds) {
    const { prefix, step } = clock();
    const redis = await Redis.start({ prefix });
    t.after(() => redis.stop());
    step(seconds);
    return redis;
}

const keyOf = async (redis, pattern) => (await redis.command('KEYS', pattern))[0];
const lastOf = async (redis) => BigInt(await redis.command('GET', await keyOf(redis, '*:last')) ?? 0);

for (const seconds of [300, -300])
    test(`a replica takes over whose clock is off by ${seconds} s, and then the former master`, { timeout: 120_000 }, async (t) => {
        const [first, second] = [await redisOff(t, 0), await redisOff(t, seconds)];
        await second.follow(first);
        const gate = await Gate.open({ port: first.port });
        t.after(() => gate.close());
        const cluster = await ownCluster(t, { nodes: 3, redis: { env: { REDIS_HOST: '127.0.0.1', REDIS_PORT: String(gate.port) } } });
        const { nodes } = cluster;
        const members = await Promise.all([0, 1, 2, 3].map((n) => MembersObserver.join(nodes[n % 3], HALL, `u${n}`)));
        const listeners = await Promise.all(nodes.map((node) => Listener.open(node, 'news')));
        const publishers = nodes.map((node, n) => new Publisher(node, 'news', `p${n}`));
        const allArrive = async () => {
            await Promise.all(publishers.map((publisher) => publisher.send(5)));
            for (const listener of listeners)
                await listener.hasAll(publishers, OVER_MS);
        };
        let [master, replica] = [first, second];
        for (let n = 0; n < 2; n++) {
            await allArrive();
            await replica.stopFollowing(master);
            await allArrive(); // which all have received, and the replica never will
            const last = await lastOf(master);
            gate.leadTo(null);
            await cluster.away();
            gate.leadTo(replica);
            await cluster.connected();
            await allArrive();
            assert.ok(await lastOf(replica) > last, 'the ids go on behind those that were read');
            await allSee(members, nodes, HALL, ['u0', 'u1', 'u2', 'u3'], OVER_MS);
            [master, replica] = [replica, master];
            await replica.follow(master);
        }
        for (const member of members)
            assert.deepEqual(member.removed, [], 'nobody was gone');
        for (const node of nodes) { // an inbox lives for 30 s: one of the two was ahead of that
            assert.ok((await node.status()).cluster.gaps > 0);
            assert.match(node.stdout + node.stderr, /Redis had lost what this node had not read yet/);
        }
        assert.equal((await get(nodes[0], '/connections')).json.connections, 7);
    });
