'use strict';

/* A node is cut off from Redis and the other nodes, while its clients still reach it; then the wire
 * works again. Network namespaces serve as machines: needs root. */

const assert = require('node:assert/strict');
const { test, before, after, afterEach } = require('../support/test.js');
const { Server, app } = require('../support/server.js');
const { isConnected, redisOf } = require('../support/cluster.js');
const { Namespaces } = require('../support/namespaces.js');
const { Redis } = require('../support/redis.js');
const { Listener, Publisher, MembersObserver, allSee, catchUp } = require('../support/observer.js');
const { publish } = require('../support/api.js');
const { Client } = require('../support/clients.js');
const { SLOW, until } = require('../support/wait.js');

const HALL = 'presence-hall';
const DEATH_MS = 15_000 * SLOW;
const wire = Namespaces.open();

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const usersOf = (observers) => new Set(observers.map(({ userId }) => userId));

/* A node in a namespace, with a port outside that leads to it. */
async function startNode(name, redis) {
    const node = new Server({
        apps: [app()],
        prefix: wire.prefix(name),
        env: { ...redis.env, REVERB_SCALING_ENABLED: 'true', REDIS_HOST: wire.hubAddress },
    });
    await node.start();
    node.port = await wire.reach(name, node.port);
    await isConnected(node);
    return node;
}

let redis;
let nodes;

async function startAll() {
    redis = await Redis.start({ host: wire.hubAddress, prefix: wire.prefix(wire.hub) });
    nodes = await Promise.all([wire.hub, wire.hub, wire.far].map((name) => startNode(name, redis)));
}

async function stopAll() {
    try {
        for (const node of nodes ?? [])
            await node.stop();
    } finally {
        await redis?.stop();
        wire.close();
    }
}

async function scene(hall) {
    const observers = await Promise.all([0, 1, 2, 3, 4, 5].map((n) => MembersObserver.join(nodes[n % 3], hall, `u${n}`)));
    const listeners = await Promise.all(nodes.map((node) => Listener.open(node, `news-${hall}`)));
    const publishers = nodes.map((node, n) => new Publisher(node, `news-${hall}`, `p${n}`));
    for (const publisher of publishers)
        await publisher.send(5);
    for (const listener of listeners)
        await listener.hasAll(publishers);
    await allSee(observers, nodes, hall, usersOf(observers));
    return { observers, listeners, publishers };
}

async function isOne(hall, { observers, listeners, publishers }) {
    await isConnected(nodes[2]);
    await catchUp(listeners, publishers);
    await allSee(observers, nodes, hall, usersOf(observers), 20_000);
}

if (wire.isThere) {
    before(startAll);
    after(stopAll);
    afterEach(() => nodes.forEach((node) => node.closeClients()));

    test('5 s: what was published meanwhile arrives on both sides, and nobody is taken for gone', { timeout: 90_000 }, async () => {
        const it = await scene(HALL);
        wire.cut();
        const cut = Date.now();
        await Promise.all(it.publishers.map((publisher) => publisher.send(20)));
        await pause(5_000 - (Date.now() - cut));
        wire.heal();
        await isOne(HALL, it);
        for (const observer of it.observers)
            assert.deepEqual(observer.removed, []);
    });

    test('20 s: its members leave and come again, and all agree in the end', { timeout: 120_000 }, async () => {
        const hall = `${HALL}-20`;
        const it = await scene(hall);
        const near = it.observers.filter(({ client }) => client.server !== nodes[2]);
        wire.cut();
        const cut = Date.now();
        await allSee(near, nodes.slice(0, 2), hall, usersOf(near), DEATH_MS + 5000);
        await until(async () => await redisOf(nodes[2]) === 'away', 'the far node knows that Redis is away', 20_000);
        assert.equal(await redisOf(nodes[0]), 'connected');
        const [stays, comes] = await Client.openMany(nodes[2], 2);
        await stays.subscribe('far');
        await comes.subscribe('far');
        await publish(nodes[2], 'far', 'told', '1');
        for (const client of [stays, comes])
            assert.equal((await client.take()).data, '1');
        await it.publishers[2].send(20); // kept for the others
        await it.observers.splice(it.observers.findIndex(({ userId }) => userId === 'u5'), 1)[0].client.leave();
        await it.observers.splice(it.observers.findIndex(({ userId }) => userId === 'u0'), 1)[0].client.leave();
        near.shift();
        await pause(20_000 - (Date.now() - cut));
        wire.heal();
        await isOne(hall, it);
        for (const observer of near) {
            assert.deepEqual(observer.removed.sort(), ['u0', 'u2', 'u5']);
            assert.deepEqual(observer.added.slice(-1), ['u2']);
        }
    });
} else {
    test('namespaces are not permitted here', (t) => t.diagnostic(`left out: a node that is cut off, for ${wire.reason}`));
}
