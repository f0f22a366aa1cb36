'use strict';

/* Redis turns out to be behind what webhooks were told: receivers do not go on believing it. docs/webhooks.md, "Several servers". */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { app } = require('../support/server.js');
const { ownCluster } = require('../support/cluster.js');
const { Client } = require('../support/clients.js');
const { Gate } = require('../support/gate.js');
const { Receiver } = require('../support/receiver.js');
const { Redis } = require('../support/redis.js');
const { SLOW, until } = require('../support/wait.js');
const { nobodyIsLeft, pictureIsTrue } = require('../support/webhook_picture.js');

const ROOM = 'presence-room';
const OVER_MS = 20_000 * SLOW;

/* Two nodes at a gate that leads to `first`; someone stays on each of them the whole time. */
async function scene(t, first, webhook) {
    const gate = await Gate.open({ port: first.port });
    t.after(() => gate.close());
    const receiver = await Receiver.start(t);
    const cluster = await ownCluster(t, { nodes: 2, redis: { env: { REDIS_HOST: '127.0.0.1', REDIS_PORT: String(gate.port) } },
        apps: [app({ webhooks: receiver.webhook(webhook) })] });
    const it = { gate, receiver, cluster, told: (name, user) => receiver.told.filter((text) => text === `${name} ${ROOM} ${user}`).length };
    for (const [n, node] of cluster.nodes.entries())
        await (await Client.open(node)).join(ROOM, `stays-${n}`);
    await receiver.until(3);
    return it;
}

async function redis(t) {
    const server = await Redis.start();
    t.after(() => server.stop());
    return server;
}

/* A replica that has all of `first`. */
async function follower(t, first) {
    const replica = await redis(t);
    await replica.follow(first);
    return replica;
}

/* Nobody who stayed was told to have left, and at last all leave. */
async function isTrue({ receiver, cluster, told }, what) {
    await pictureIsTrue(receiver, cluster, what);
    assert.deepEqual([told('member_removed', 'stays-0'), told('member_removed', 'stays-1')], [0, 0]);
    cluster.closeClients();
    await nobodyIsLeft(receiver, cluster, what);
}

const who = (node, user) => Client.open(node).then(async (client) => { await client.join(ROOM, user); return client; });

test('a replica takes over that never knew of who has come: their leaving meanwhile is told', async (t) => {
    const first = await redis(t);
    const replica = await follower(t, first);
    const it = await scene(t, first);
    await replica.stopFollowing(first);
    const come = await Promise.all(it.cluster.nodes.map((node, n) => who(node, `comes-${n}`)));
    await it.receiver.until(5);
    it.gate.leadTo(null);
    await it.cluster.away();
    come.forEach((client) => client.close());
    it.gate.leadTo(replica);
    await it.cluster.connected();
    await it.receiver.until(7, 'both are told to have left', OVER_MS);
    await isTrue(it, 'who came has left');
});

test('a replica takes over that never knew of who has left: if they are back, that is told', async (t) => {
    const first = await redis(t);
    const replica = await follower(t, first);
    const it = await scene(t, first);
    const comes = await Promise.all(it.cluster.nodes.map((node, n) => who(node, `comes-${n}`)));
    await it.receiver.until(5);
    await replica.stopFollowing(first);
    for (const client of comes)
        await client.leave();
    await it.receiver.until(7);
    it.gate.leadTo(null);
    await it.cluster.away();
    await Promise.all(it.cluster.nodes.map((node, n) => who(node, `comes-${n}`)));
    it.gate.leadTo(replica);
    await it.cluster.connected();
    await it.receiver.until(9, 'both are told to be there', OVER_MS);
    await isTrue(it, 'who left is back');
});

test('a Redis comes back empty: who has left meanwhile is told', async (t) => {
    const it = await scene(t, await redis(t));
    const come = await Promise.all(it.cluster.nodes.map((node, n) => who(node, `comes-${n}`)));
    const alone = await Client.open(it.cluster.nodes[0]);
    await alone.subscribe('news');
    await it.receiver.until(6);
    it.gate.leadTo(null);
    await it.cluster.away();
    [...come, alone].forEach((client) => client.close());
    it.gate.leadTo(await redis(t));
    await it.cluster.connected();
    await it.receiver.until(9, 'they are told to have left', OVER_MS);
    await isTrue(it, 'who came has left');
});

/* The node that told them to be there has ended; the one that tells now knows nothing of them. */
test('a Redis comes back empty after another node has begun to send: who has left meanwhile is told', async (t) => {
    const it = await scene(t, await redis(t));
    const { cluster, receiver } = it;
    receiver.behave = () => 'fails';
    const come = await Promise.all(cluster.nodes.map((node, n) => who(node, `comes-${n}`)));
    const sender = await until(() => cluster.nodes.findIndex(({ stderr, stdout }) => /does not take events/.test(stderr + stdout)) + 1, 'one sends') - 1;
    receiver.behave = () => 'takes';
    await receiver.until(5);
    const [first, other] = [cluster.nodes[sender], 1 - sender];
    first.signal('SIGTERM');
    await first.ended();
    await until(() => it.told('member_removed', `comes-${sender}`) === 1, 'who was there is told to have left', OVER_MS);
    await cluster.replace(first);
    it.gate.leadTo(null);
    await cluster.away();
    come[other].close();
    it.gate.leadTo(await redis(t));
    await cluster.connected();
    await until(() => it.told('member_removed', `comes-${other}`) === 1, 'who has left meanwhile is told to have', OVER_MS);
    cluster.closeClients();
    await nobodyIsLeft(receiver, cluster, 'who came has left');
});

test('a link that is lost and comes back to the same Redis tells nothing twice', async (t) => {
    const first = await redis(t);
    const it = await scene(t, first);
    const comes = await who(it.cluster.nodes[0], 'comes');
    await it.receiver.until(4);
    for (let n = 0; n < 2; n++) {
        it.gate.leadTo(null);
        await it.cluster.away();
        it.gate.leadTo(first);
        await it.cluster.connected();
    }
    await comes.leave();
    await it.receiver.until(5);
    assert.deepEqual(it.receiver.told.slice(4), [`member_removed ${ROOM} comes`]);
    await isTrue(it, 'the same');
});
