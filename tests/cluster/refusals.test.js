'use strict';

/* The reasons for which Redis refuses appear in the log and in the status. docs/scaling.md. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { ownCluster } = require('../support/cluster.js');
const { Client } = require('../support/clients.js');
const { publish } = require('../support/api.js');
const { Redis, RedisCluster, isSince } = require('../support/redis.js');
const { until } = require('../support/wait.js');

async function ownRedis(t, options) {
    const redis = await Redis.start(options);
    t.after(() => redis.stop());
    return redis;
}

const reasonOf = async (node) => (await node.status()).cluster.reason;

test('a Redis that is lost and comes back with a password: the log and the status follow', { timeout: 60_000 }, async (t) => {
    const redis = await ownRedis(t);
    const cluster = await ownCluster(t, { nodes: 1, redis });
    const [node] = cluster.nodes;
    assert.equal(await reasonOf(node), undefined);
    await redis.kill();
    await node.line(/Redis[^\n]* is away: it closed the connection/);
    redis.options.password = 'new-password';
    await redis.start();
    await node.line(/Redis[^\n]* is still away: [^\n]*NOAUTH/);
    await until(async () => /NOAUTH/.test(await reasonOf(node)), 'the status says it');
    await redis.command('CONFIG', 'SET', 'requirepass', '');
    delete redis.options.password;
    await cluster.connected();
    assert.equal(await reasonOf(node), undefined);
});

for (const [command, doing] of [['xdel', 'taking entries out of its inbox'], ['xread', 'reading its inbox']])
    test(`a user who may do all but ${command}: ${doing} is refused, and said`, { timeout: 60_000 }, async (t) => {
        const redis = await ownRedis(t);
        await redis.command('ACL', 'SETUSER', 'most', 'on', '>pw', '~*', '&*', '+@all');
        const cluster = await ownCluster(t, { nodes: 2, redis, env: { REDIS_USERNAME: 'most', REDIS_PASSWORD: 'pw' } });
        const client = await Client.open(cluster.nodes[1]);
        await client.subscribe('news');
        await redis.command('ACL', 'SETUSER', 'most', `-${command}`);
        await publish(cluster.nodes[0], 'news', 'told', '1');
        if (command === 'xdel') // an XREAD that waits is judged when it was sent, or, by newer servers, when it is answered
            assert.equal((await client.take()).data, '1');
        await cluster.nodes[1].line(new RegExp(`Redis[^\n]* is away: [^\n]*NOPERM[^\n]*${command}`, 'i'));
    });

test('Redis Cluster: a server that does not say how it is reached is meant by its port alone', { timeout: 90_000 }, async (t) => {
    if (!isSince(7))
        return; // it has no such setting
    const redis = await RedisCluster.start({ args: ['--cluster-preferred-endpoint-type', 'unknown-endpoint'] });
    t.after(() => redis.stop());
    const cluster = await ownCluster(t, { nodes: 2, redis, env: { REVERB_SCALING_HOSTS: `127.0.0.1:${redis.servers[0].port}` } });
    const client = await Client.open(cluster.nodes[1]);
    for (let n = 0; n < 8; n++) {
        await client.subscribe(`news-${n}`);
        await publish(cluster.nodes[0], `news-${n}`, 'told', String(n));
        assert.equal((await client.next('told')).data, String(n));
    }
});
