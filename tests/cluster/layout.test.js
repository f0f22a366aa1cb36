'use strict';

/* Nodes of different versions do not misread each other's keys; and Redis need not allow more than
 * docs/scaling.md says. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('../support/test.js');
const { ownServer, temporaryFolder } = require('../support/server.js');
const { BIN } = require('../support/wait.js');
const { isConnected, ownCluster, redisOf } = require('../support/cluster.js');
const { Client } = require('../support/clients.js');
const { publish } = require('../support/api.js');
const { MembersObserver, allSee } = require('../support/observer.js');
const { Redis, isSince } = require('../support/redis.js');

const SCALING = { REVERB_SCALING_ENABLED: 'true' };

async function ownRedis(t, options) {
    const redis = await Redis.start(options);
    t.after(() => redis.stop());
    return redis;
}

async function servesAlone(node) {
    const client = await Client.open(node);
    await client.subscribe('news');
    await publish(node, 'news', 'told');
    assert.equal((await client.take()).event, 'told');
    await client.leave();
}

/* This server with the number 9 in the place of its layout's, in its scripts and in the key of its inbox. */
function ofAnotherLayout(t) {
    const folder = temporaryFolder('reverb-layout-');
    t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
    const program = fs.readFileSync(BIN).toString('latin1');
    const other = program.replace(/local LAYOUT = '\d'/g, 'local LAYOUT = \'9\'').replace(/%s:\d:i:%s/g, '%s:9:i:%s');
    assert.notEqual(other, program);
    const binary = path.join(folder, 'reverb');
    fs.writeFileSync(binary, other, { encoding: 'latin1', mode: 0o755 });
    return binary;
}

for (const [which, isOther] of [['another layout, then ours', [true, false]], ['ours, then another one', [false, true]]])
    test(`a rolling restart with nodes of two layouts (${which}): the later one says so, and joins in the end`, { timeout: 90_000 }, async (t) => {
        const redis = await ownRedis(t);
        const binary = ofAnotherLayout(t);
        const env = { ...SCALING, ...redis.env };
        const start = async (n) => ownServer(t, { env, ...(isOther[n] ? { binary } : {}) });
        const first = await start(0);
        await isConnected(first);
        const second = await start(1);
        await second.line(/Redis[^\n]* is away: nodes of another version are there/);
        assert.match((await second.status()).cluster.reason, /nodes of another version/);
        for (const node of [first, second])
            await servesAlone(node);
        assert.equal(await redisOf(first), 'connected');
        await first.stop();
        await isConnected(second);
        assert.equal((await second.status()).cluster.reason, undefined);
        await servesAlone(second);
    });

test('a node that meets nodes of another layout says so, serves alone, and joins when they have gone', { timeout: 60_000 }, async (t) => {
    const redis = await ownRedis(t);
    await redis.command('SET', 'reverb:native:{reverb0/1}:layout', '99', 'PX', '6000');
    const node = await ownServer(t, { env: { ...SCALING, ...redis.env } });
    await node.line(/Redis[^\n]* is away: nodes of another version are there[^\n]*layout[^\n]*99/);
    assert.match((await node.status()).cluster.reason, /nodes of another version/);
    assert.equal(await redisOf(node), 'away');
    await servesAlone(node);
    assert.deepEqual((await redis.command('KEYS', '*')).filter((key) => !/:layout$/.test(key)), [], 'nothing of theirs is touched');
    await isConnected(node);
});

test('a node that meets nodes of before there was a number waits until they are silent', { timeout: 60_000 }, async (t) => {
    const redis = await ownRedis(t);
    await redis.command('ZADD', 'reverb:native:{reverb0/1}:nodes', String(Date.now() - 5000), 'old.1');
    const node = await ownServer(t, { env: { ...SCALING, ...redis.env } });
    await node.line(/Redis[^\n]* is away: nodes of another version are there[^\n]*layout[^\n]* 1\b/);
    await servesAlone(node);
    await isConnected(node);
});

test('a node that ends leaves the place to another layout at once', { timeout: 60_000 }, async (t) => {
    const redis = await ownRedis(t);
    const node = await ownServer(t, { env: { ...SCALING, ...redis.env } });
    await isConnected(node);
    assert.equal(await redis.command('EXISTS', 'reverb:native:{reverb0/1}:layout'), 1);
    await node.stop();
    assert.equal(await redis.command('EXISTS', 'reverb:native:{reverb0/1}:layout'), 0);
});

test('the rights that docs/scaling.md lists are enough, and each one is needed', { timeout: 120_000 }, async (t) => {
    const docs = fs.readFileSync(path.join(__dirname, '../../docs/scaling.md'), 'utf8');
    const [, line] = /<!-- acl -->\s+(ACL SETUSER reverb .*)/.exec(docs);
    const words = line.trim().split(/\s+/);
    const redis = await ownRedis(t);
    await redis.command(...words);
    const cluster = await ownCluster(t, { nodes: 2, redis, env: { REDIS_USERNAME: 'reverb', REDIS_PASSWORD: 'secret', REDIS_DB: '1' } });
    const { nodes } = cluster;
    const members = await Promise.all(nodes.map((node, n) => MembersObserver.join(node, 'presence-hall', `u${n}`)));
    await allSee(members, nodes, 'presence-hall', ['u0', 'u1']);
    for (const node of nodes)
        await servesAlone(node);

    const optional = ['auth', 'select', 'time']; // always allowed, for a database, and within scripts alone
    if (!isSince(7))
        optional.push('script|load'); // a part of a command cannot be taken away there
    for (const command of words.filter((word) => word.startsWith('+')).map((word) => word.slice(1)).filter((word) => !optional.includes(word))) {
        await redis.command(...words, `-${command}`);
        await redis.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
        await cluster.away();
        const { reason } = (await nodes[0].status()).cluster;
        assert.match(reason, /NOPERM|permission|can't run|closed/i, `${command}: ${reason}`);
        await redis.command(...words);
        await cluster.connected();
    }
});
