'use strict';

/* Anonymous clients that subscribe and unsubscribe as fast as they can: who fills the queue to Redis is
 * not read from meanwhile, so that the node stays one of the cluster, and the clients of another app are
 * answered. docs/security.md. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { app } = require('../support/server.js');
const { ownCluster, redisOf } = require('../support/cluster.js');
const { Client } = require('../support/clients.js');
const { RawConnection, maskedFrame } = require('../support/raw.js');
const { SANITIZED, SLOW } = require('../support/wait.js');

const MIB = 1024 * 1024;
const FLOOD_MS = 4000;
const MEMORY_MAX = 60 * MIB;
const WAIT_MS_MAX = 3000 * SLOW;

/* Writes as fast as the server reads, until `isOver()`; what comes back is dropped. */
async function flood(node, key, name, isOver) {
    const raw = await RawConnection.open(node);
    await raw.upgrade(`/app/${key}`);
    raw.socket.removeAllListeners('data');
    raw.socket.resume();
    const frames = [];
    for (let n = 0; n < 500; n++) {
        const data = { channel: `${name}-${n}` };
        frames.push(maskedFrame(0x1, JSON.stringify({ event: 'pusher:subscribe', data })));
        frames.push(maskedFrame(0x1, JSON.stringify({ event: 'pusher:unsubscribe', data })));
    }
    const bytes = Buffer.concat(frames);
    while (!isOver() && !raw.ended)
        await new Promise((resolve) => raw.socket.write(bytes, resolve));
    raw.socket.destroy();
}

test('a flood of subscriptions does not part the node from Redis, nor fill its memory', { timeout: 120_000 }, async (t) => {
    const other = app({ app_id: 'other', key: 'key-other', secret: 'secret-other' });
    const cluster = await ownCluster(t, { nodes: 2, workers: 2, apps: [app(), other] });
    const [node] = cluster.nodes;
    const client = await Client.open(node, { app: other });
    const before = node.rss();
    const end = Date.now() + FLOOD_MS;
    const isOver = () => Date.now() >= end;
    const floods = [0, 1].map((n) => flood(node, cluster.app.key, `flood-${n}`, isOver));
    let [worst, memory, rounds] = [0, 0, 0];
    while (!isOver()) {
        const start = performance.now();
        await client.subscribe(`quiet-${rounds}`); // by way of Redis
        worst = Math.max(worst, performance.now() - start);
        memory = Math.max(memory, node.rss() - before);
        assert.equal(await redisOf(node), 'connected');
        rounds++;
    }
    await Promise.all(floods);
    assert.ok(worst < WAIT_MS_MAX, `another client waited for ${Math.round(worst)} ms`);
    if (!SANITIZED)
        assert.ok(memory < MEMORY_MAX, `${Math.round(memory / MIB)} MiB`);
    assert.equal((await node.status()).cluster.links_lost, 0);
});
