'use strict';

/* What an administrator, or whoever shares it, does to a Redis while the nodes are connected: nothing is lost, the
 * members are the true ones, the reason is said, and the nodes come back by themselves. docs/scaling.md. */

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('../support/test.js');
const { makeCertificate } = require('../support/certificate.js');
const { ownCluster } = require('../support/cluster.js');
const { Client } = require('../support/clients.js');
const { get, publish } = require('../support/api.js');
const { Listener, Publisher, MembersObserver, allSee, catchUp } = require('../support/observer.js');
const { Redis, RedisCluster, isSince } = require('../support/redis.js');
const { SLOW, until } = require('../support/wait.js');

const HALL = 'presence-hall';
const OVER_MS = 20_000 * SLOW;
const USER = ['most', 'on', '>pw', '~*', '&*', '+@all'];
const AS_USER = { REDIS_USERNAME: 'most', REDIS_PASSWORD: 'pw' };

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const stateOf = async (node) => (await node.status()).cluster;

/* Three nodes over `redis`, each with a member, a listener and a publisher. */
async function scene(t, redis, options = {}) {
    t.after(() => redis.stop());
    const cluster = await ownCluster(t, { nodes: 3, redis, ...options });
    const { nodes } = cluster;
    const observers = await Promise.all(nodes.map((node, n) => MembersObserver.join(node, HALL, `u${n}`)));
    const listeners = await Promise.all(nodes.map((node) => Listener.open(node, 'news')));
    const publishers = nodes.map((node, n) => new Publisher(node, 'news', `p${n}`));
    return { redis, cluster, nodes, observers, listeners, publishers };
}

const membersAreTrue = ({ observers, nodes }) => allSee(observers, nodes, HALL, observers.map(({ userId }) => userId), 30_000);

async function allIsWell(it) {
    await it.cluster.connected();
    await catchUp(it.listeners, it.publishers);
    await membersAreTrue(it);
    for (const node of it.nodes)
        assert.equal((await stateOf(node)).reason, undefined);
}

async function underTraffic(it, doing) {
    it.publishers.forEach((publisher) => publisher.start(2));
    await doing();
    await Promise.all(it.publishers.map((publisher) => publisher.stop()));
    await allIsWell(it);
}

/* Log and status of every node say it. */
async function allSay(nodes, reason) {
    for (const node of nodes) {
        await node.line(new RegExp(`Redis[^\n]* is (still )?away: [^\n]*${reason.source}`));
        await until(async () => reason.test((await stateOf(node)).reason), () => `the status says ${reason}`, OVER_MS);
    }
}

for (const how of ['SYNC', 'ASYNC'])
    test(`SCRIPT FLUSH ${how} again and again under traffic: nothing is lost`, { timeout: 90_000 }, async (t) => {
        const it = await scene(t, await Redis.start());
        await underTraffic(it, async () => {
            for (let round = 0; round < 4; round++) {
                await it.redis.command('SCRIPT', 'FLUSH', ...(isSince(7) ? [how] : []));
                await pause(400);
            }
        });
    });

/* Before a heartbeat has noticed it, which is a matter of luck: in one round of three at least. */
test('scripts are flushed while nothing happens: the API still answers for all nodes', { timeout: 60_000 }, async (t) => {
    const it = await scene(t, await Redis.start());
    const counts = [];
    for (let round = 0; round < 3; round++) {
        await it.redis.command('SCRIPT', 'FLUSH');
        counts.push((await get(it.nodes[0], '/connections')).json.connections);
        await it.cluster.connected();
    }
    assert.ok(counts.includes(6), `${counts} of 6 connections`);
});

for (const what of ['ALL', 'WRITE'])
    test(`CLIENT PAUSE ${what}: it is said that Redis does not answer, and nothing is lost`, { timeout: 90_000 }, async (t) => {
        const it = await scene(t, await Redis.start());
        await underTraffic(it, async () => {
            await it.redis.command('CLIENT', 'PAUSE', '8000', ...(isSince(7) ? [what] : []));
            await allSay(it.nodes, /does not answer/);
        });
    });

test('maxclients is reached: that is said, and not that the password is wrong', { timeout: 90_000 }, async (t) => {
    const it = await scene(t, await Redis.start({ password: 'pw' }));
    const admin = await it.redis.client();
    await underTraffic(it, async () => {
        await admin.command('CONFIG', 'SET', 'maxclients', '1');
        await admin.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
        await allSay(it.nodes, /it answers: ERR max number of clients reached/);
        await admin.command('CONFIG', 'SET', 'maxclients', '1000');
    });
    admin.close();
});

test('timeout 1, without keepalive: no connection is idle for so long', { timeout: 90_000 }, async (t) => {
    const it = await scene(t, await Redis.start({ args: ['--timeout', '1', '--tcp-keepalive', '0'] }));
    await pause(5000);
    await allIsWell(it);
    for (const node of it.nodes)
        assert.equal((await stateOf(node)).links_lost, 0);
});

test('DEBUG RELOAD again and again under traffic: nothing is lost', { timeout: 90_000 }, async (t) => {
    const it = await scene(t, await Redis.start({ args: isSince(7) ? ['--enable-debug-command', 'yes'] : [] }));
    await underTraffic(it, async () => {
        for (let round = 0; round < 4; round++) {
            await it.redis.command('DEBUG', 'RELOAD');
            await pause(400);
        }
    });
});

test('SWAPDB with an empty database: all is made anew, and what was lost with the inboxes is counted', { timeout: 90_000 }, async (t) => {
    const it = await scene(t, await Redis.start());
    await it.redis.command('SWAPDB', '0', '1');
    for (const node of it.nodes)
        await until(async () => (await stateOf(node)).gaps === 1, 'the gap is counted', OVER_MS);
    await allIsWell(it);
});

test('FLUSHDB ASYNC, as cache:clear does it, while members come and go: in the end all is right', { timeout: 90_000 }, async (t) => {
    const it = await scene(t, await Redis.start());
    const movers = await Promise.all(it.nodes.map((node) => Client.open(node)));
    for (let round = 0; round < 12; round++) {
        await Promise.all(movers.map((mover, n) => mover.join(HALL, `mover-${n}`)));
        if (round % 4 === 1)
            await it.redis.command('FLUSHDB', 'ASYNC');
        movers.forEach((mover) => mover.unsubscribe(HALL));
        if (round % 4 === 3)
            await it.redis.command('FLUSHDB', 'ASYNC');
    }
    await membersAreTrue(it);
});

/* What such a call was about to tell others is lost with it. */
for (const command of ['xadd', 'hset', 'hdel', 'srem'])
    test(`${command} is taken from the user while members come and go: it is named, and afterwards all see the true members`, { timeout: 90_000 }, async (t) => {
        const redis = await Redis.start();
        await redis.command('ACL', 'SETUSER', ...USER);
        const it = await scene(t, redis, { env: AS_USER });
        const leaver = await MembersObserver.join(it.nodes[0], HALL, 'leaver');
        await allSee([...it.observers, leaver], it.nodes, HALL, ['u0', 'u1', 'u2', 'leaver'], OVER_MS);
        await redis.command('ACL', 'SETUSER', 'most', `-${command}`);
        leaver.client.close();
        it.observers.push(await MembersObserver.join(it.nodes[1], HALL, 'comer'));
        for (const publisher of it.publishers)
            await publisher.send(3);
        await pause(500);
        const reason = (await stateOf(it.nodes[0])).reason;
        if (command !== 'srem') // which not every leave needs
            assert.match(reason, new RegExp(`\\b${command}\\b`, 'i'));
        await redis.command('ACL', 'SETUSER', 'most', `+${command}`);
        await allIsWell(it);
    });

for (const [what, name] of [['the list of nodes', /:nodes$/], ['the bytes of inboxes', /:b$/], ['the last number', /:last$/], ['the name of the state', /:epoch$/],
    ['an inbox', /:i:/], ['the subscribers', /:k:c/], ['the members', /:m:/]])
    test(`somebody else writes to the key of ${what}: it is made anew, and afterwards all see the true members`, { timeout: 90_000 }, async (t) => {
        const it = await scene(t, await Redis.start());
        const key = (await it.redis.command('KEYS', '*')).find((one) => name.test(one));
        await it.redis.command('UNLINK', key);
        await it.redis.command(...(/:last$|:epoch$/.test(key) ? ['HSET', key, 'a', 'b'] : ['SET', key, 'x']));
        it.observers.push(await MembersObserver.join(it.nodes[1], HALL, 'comer'));
        await membersAreTrue(it);
        await it.cluster.connected();
        await pause(2500); // a heartbeat or two
        await allIsWell(it);
    });

test('the user is deleted, and comes back', { timeout: 90_000 }, async (t) => {
    const redis = await Redis.start();
    await redis.command('ACL', 'SETUSER', ...USER);
    const it = await scene(t, redis, { env: AS_USER });
    await underTraffic(it, async () => {
        await redis.command('ACL', 'DELUSER', 'most');
        await allSay(it.nodes, /it refuses the user name or password[^\n]*: WRONGPASS/);
        await redis.command('ACL', 'SETUSER', ...USER);
    });
});

test('a Redis that comes back without EVALSHA: the command is named', { timeout: 90_000 }, async (t) => {
    const it = await scene(t, await Redis.start());
    await underTraffic(it, async () => {
        await it.redis.kill();
        it.redis.options.args = ['--rename-command', 'EVALSHA', ''];
        await it.redis.start();
        await allSay(it.nodes, /unknown command .EVALSHA/);
        await it.redis.kill();
        it.redis.options.args = [];
        await it.redis.start();
    });
});

test('Redis comes back with a certificate of another authority: that is said, and the nodes read the file of authorities again', { timeout: 90_000 }, async (t) => {
    const it = await scene(t, await Redis.start({ tls: true }));
    await underTraffic(it, async () => {
        await it.redis.kill();
        const { cert: authorities } = it.redis.certificate;
        const folder = path.join(it.redis.folder, 'renewed');
        fs.mkdirSync(folder);
        it.redis.certificate = makeCertificate(folder, 'redis.test');
        await it.redis.start();
        await allSay(it.nodes, /certificate verify failed/);
        fs.copyFileSync(it.redis.certificate.cert, authorities);
    });
});

test('client-output-buffer-limit: a node that is behind reads in pieces that Redis lets it have', { timeout: 90_000 }, async (t) => {
    const redis = await Redis.start({ args: ['--client-output-buffer-limit', 'normal 300kb 0 0'] });
    const it = await scene(t, redis, { env: { REVERB_MAX_REQUEST_SIZE: '200000' } });
    const large = new Publisher(it.nodes[0], 'news', 'large', { filling: 'x'.repeat(100_000) });
    it.nodes[2].child.kill('SIGSTOP');
    await large.send(60);
    it.nodes[2].child.kill('SIGCONT');
    it.publishers.push(large);
    await allIsWell(it);
    assert.equal((await stateOf(it.nodes[2])).gaps, 0);
});

test('an event that is too large for Redis does not keep its node away: it is dropped for the others, said and counted', { timeout: 90_000 }, async (t) => {
    const redis = await Redis.start({ args: ['--proto-max-bulk-len', '1mb'] });
    const it = await scene(t, redis, { env: { REVERB_MAX_REQUEST_SIZE: '5000000' } });
    const near = await Client.open(it.nodes[0]);
    await near.subscribe('other');
    await underTraffic(it, async () => {
        await publish(it.nodes[0], 'other', 'huge', 'x'.repeat(2_000_000));
        assert.equal((await near.next('huge')).data.length, 2_000_000);
        await it.nodes[0].line(/an event of 20\d{5} bytes for "other" was dropped for the other nodes/);
    });
    assert.deepEqual(await Promise.all(it.nodes.map(async (node) => (await stateOf(node)).events_dropped)), [1, 0, 0]);
});

test('Redis Cluster: slots move to another server under traffic, and nothing is lost', { timeout: 120_000 }, async (t) => {
    const redis = await RedisCluster.start();
    const it = await scene(t, redis);
    const [from, to] = (await redis.roles()).filter(({ isMaster }) => isMaster);
    await underTraffic(it, () => new Promise((resolve, reject) => execFile('redis-cli', ['--cluster', 'reshard', `127.0.0.1:${from.server.port}`,
        '--cluster-from', from.id, '--cluster-to', to.id, '--cluster-slots', '16384', '--cluster-yes'],
    (error, stdout, stderr) => (error ? reject(new Error(`${stdout.slice(-500)}${stderr}`)) : resolve()))));
    const states = await Promise.all(it.nodes.map(stateOf));
    assert.ok(states.some(({ links_lost: lost }) => lost > 0), 'some of the partitions have moved');
    assert.deepEqual(states.map(({ gaps }) => gaps), [0, 0, 0]);
});
