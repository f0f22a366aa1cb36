'use strict';

/* What a Redis that is there but does not serve says: log and status have it, and the nodes come back by themselves. docs/scaling.md. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('../support/test.js');
const { ownCluster } = require('../support/cluster.js');
const { Client } = require('../support/clients.js');
const { publish } = require('../support/api.js');
const { Redis } = require('../support/redis.js');
const { freePort } = require('../support/server.js');
const { SLOW, until } = require('../support/wait.js');

const OVER_MS = 20_000 * SLOW;
const PASSWORD = 'pw';

/* Each makes Redis refuse, and returns what ends that. */
const refusals = {
    READONLY: async (redis) => {
        await redis.command('REPLICAOF', '127.0.0.1', String(await freePort()));
        return () => redis.command('REPLICAOF', 'NO', 'ONE');
    },
    MASTERDOWN: async (redis) => {
        await redis.command('CONFIG', 'SET', 'replica-serve-stale-data', 'no');
        await redis.command('REPLICAOF', '127.0.0.1', String(await freePort()));
        return () => redis.command('REPLICAOF', 'NO', 'ONE');
    },
    NOREPLICAS: async (redis) => {
        await redis.command('CONFIG', 'SET', 'min-replicas-to-write', '1');
        return () => redis.command('CONFIG', 'SET', 'min-replicas-to-write', '0');
    },
    NOPERM: async (redis) => {
        await redis.command('ACL', 'SETUSER', 'reverb', '-evalsha');
        return () => redis.command('ACL', 'SETUSER', 'reverb', '+evalsha');
    },
    WRONGPASS: async (redis) => {
        await redis.command('ACL', 'SETUSER', 'reverb', 'resetpass', '>another');
        await redis.command('CLIENT', 'KILL', 'USER', 'reverb');
        return () => redis.command('ACL', 'SETUSER', 'reverb', `>${PASSWORD}`);
    },
    /* The dump cannot be written: a folder has its name. */
    MISCONF: async (redis) => {
        const dump = path.join(redis.folder, 'dump.rdb');
        const saved = async (status) => {
            await redis.command('BGSAVE');
            await until(async () => {
                const text = await redis.command('INFO', 'persistence');
                return /rdb_bgsave_in_progress:0/.test(text) && text.includes(`rdb_last_bgsave_status:${status}`);
            }, `the dump: ${status}`, OVER_MS);
        };
        await redis.command('CONFIG', 'SET', 'save', '1000000 1');
        fs.mkdirSync(path.join(dump, 'in-the-way'), { recursive: true });
        await saved('err');
        return async () => {
            fs.rmSync(dump, { recursive: true });
            await saved('ok');
        };
    },
    /* Somebody else's script. */
    BUSY: async (redis) => {
        await redis.command('CONFIG', 'SET', 'lua-time-limit', '50');
        const other = await redis.client();
        const ended = other.command('EVAL', 'while true do end', '0').catch(() => {}).finally(() => other.close());
        return async () => {
            await redis.command('SCRIPT', 'KILL');
            await ended;
        };
    },
    /* It comes back with a dump, and takes its time. */
    LOADING: async (redis) => {
        await redis.command('EVAL', 'for n = 1, 1000 do redis.call("SET", "of-the-application:" .. n, string.rep("x", 1000)) end', '0');
        await redis.command('SAVE');
        await redis.kill();
        redis.options.args = [...redis.options.args, '--key-load-delay', '20000', '--loading-process-events-interval-bytes', '1024'];
        const ready = redis.start();
        return async () => {
            await redis.command('CONFIG', 'SET', 'key-load-delay', '0');
            await ready;
        };
    },
};

const reasonOf = async (node) => (await node.status()).cluster.reason;

for (const [code, refuse] of Object.entries(refusals))
    test(`${code}: log and status say it, each node serves its own, and comes back by itself`, { timeout: 90_000 }, async (t) => {
        const redis = await Redis.start({ args: ['--user', 'reverb', 'on', `>${PASSWORD}`, '~*', '&*', '+@all'] });
        t.after(() => redis.stop());
        const cluster = await ownCluster(t, { nodes: 2, redis, env: { REDIS_USERNAME: 'reverb', REDIS_PASSWORD: PASSWORD, REDIS_DB: '1' } });
        const { nodes } = cluster;
        const clients = await cluster.openMany(2);
        await Promise.all(clients.map((client) => client.subscribe('news')));
        const end = await refuse(redis);
        const reason = code === 'WRONGPASS' ? /it refuses the user name or password \(REDIS_USERNAME, REDIS_PASSWORD, REDIS_URL\): WRONGPASS/ : new RegExp(`it answers: ${code} `);
        for (const node of nodes) {
            await node.line(new RegExp(`Redis[^\n]* is (still )?away: ${reason.source}`));
            await until(async () => reason.exec(await reasonOf(node)), `the status says ${code}`, OVER_MS);
        }
        await publish(nodes[0], 'news', 'meanwhile', '1');
        assert.equal((await clients[0].next('meanwhile')).data, '1');
        await end();
        await cluster.connected();
        assert.equal((await clients[1].next('meanwhile')).data, '1');
        assert.deepEqual(await Promise.all(nodes.map(reasonOf)), [undefined, undefined]);
    });

/* One server that has all slots but one, which is none of ours, perhaps: it serves none. */
test('CLUSTERDOWN: log and status say it, each node serves its own, and comes back by itself', { timeout: 90_000 }, async (t) => {
    const redis = await Redis.start({ args: ['--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf'] });
    t.after(() => redis.stop());
    const isIn = (state) => until(async () => (await redis.command('CLUSTER', 'INFO')).includes(`cluster_state:${state}`), `the cluster is ${state}`, OVER_MS);
    await redis.command('CLUSTER', 'ADDSLOTS', ...Array.from({ length: 16_384 }, (_, n) => n));
    await isIn('ok');
    const cluster = await ownCluster(t, { nodes: 2, redis, env: { REVERB_SCALING_CLUSTER: 'true', REVERB_SCALING_HOSTS: `127.0.0.1:${redis.port}` } });
    const { nodes } = cluster;
    const clients = await cluster.openMany(2);
    await Promise.all(clients.map((client) => client.subscribe('news')));
    await redis.command('CLUSTER', 'DELSLOTS', '0');
    await isIn('fail');
    for (const node of nodes) {
        await node.line(/Redis[^\n]* is away: [^\n]*CLUSTERDOWN/);
        await until(async () => (await reasonOf(node))?.includes('CLUSTERDOWN'), 'the status says it', OVER_MS);
    }
    await publish(nodes[0], 'news', 'meanwhile', '1');
    assert.equal((await clients[0].next('meanwhile')).data, '1');
    await redis.command('CLUSTER', 'ADDSLOTS', '0');
    await cluster.connected();
    assert.equal((await clients[1].next('meanwhile')).data, '1');
    assert.deepEqual(await Promise.all(nodes.map(reasonOf)), [undefined, undefined]);
});
