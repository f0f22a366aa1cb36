'use strict';

/* A node with several workers has a thread that speaks to Redis. If one worker alone has something to say, one thing at
 * a time, the thread lends it its loop and sleeps. docs/decisions/0019. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { ownCluster } = require('../support/cluster.js');
const { OnePublisher, isLent, sleeps } = require('../support/lending.js');
const { run } = require('../support/server.js');
const { Listener, MembersObserver, allSee } = require('../support/observer.js');
const { SLOW, until } = require('../support/wait.js');

async function begin(t) {
    const cluster = await ownCluster(t, { nodes: 2, workers: 2 });
    const [node] = cluster.nodes;
    const listeners = await Promise.all([...Array(4).fill(node), cluster.nodes[1]].map((where) => Listener.open(where, 'news')));
    const publisher = new OnePublisher(t, node, 'news', 'one');
    await isLent(publisher);
    return { cluster, node, publisher, listeners };
}

async function allHave(listeners, publishers) {
    for (const listener of listeners)
        await listener.hasAll(publishers, 30_000 * SLOW);
}

test('events that come one at a time go to Redis without its thread, also after a reload and another Redis', { timeout: 60_000 * SLOW }, async (t) => {
    const { cluster, node, publisher, listeners } = await begin(t);
    const { code, stderr } = await run(['reload', '--port', String(node.port)]);
    assert.equal(code, 0, stderr);
    await isLent(publisher);

    await allHave(listeners, [publisher]); // what another node has not read yet ends with Redis
    await cluster.redis.kill();
    await cluster.away();
    await publisher.send(20);
    await cluster.redis.start();
    await cluster.connected();
    await isLent(publisher);
    await allHave(listeners, [publisher]);
});

test('under load of all workers the thread takes over again, and all events come in order', { timeout: 60_000 * SLOW }, async (t) => {
    const { node, publisher, listeners } = await begin(t);
    const publishers = [publisher, ...Array.from({ length: 16 }, (_, n) => new OnePublisher(t, node, 'news', `p${n}`))];
    for (let round = 0; round < 3; round++) {
        const before = sleeps(node);
        publishers.forEach((one) => one.start(0));
        await until(() => sleeps(node) > before, 'the thread takes part', 30_000 * SLOW);
        await Promise.all(publishers.map((one) => one.stop()));
        await isLent(publisher);
    }
    await allHave(listeners, publishers);
});

test('a node whose thread has lent its loop ends like others', { timeout: 60_000 * SLOW }, async (t) => {
    const { cluster, node, publisher, listeners } = await begin(t);
    const witness = await MembersObserver.join(cluster.nodes[1], 'presence-hall', 'witness');
    for (const user of ['u1', 'u2'])
        await MembersObserver.join(node, 'presence-hall', user);
    await isLent(publisher);
    node.signal('SIGTERM');
    await node.ended();
    await allHave(listeners.slice(-1), [publisher]);
    await allSee([witness], [cluster.nodes[1]], 'presence-hall', ['witness'], 5000 * SLOW);
});
