'use strict';

/* A node whose link to Redis is slow was cut off for a while: it catches up. docs/scaling.md. */

const { test } = require('../support/test.js');
const { ownCluster, isConnected } = require('../support/cluster.js');
const { Listener, Publisher } = require('../support/observer.js');
const { Throttle } = require('../support/throttle.js');
const { Redis } = require('../support/redis.js');
const { SLOW } = require('../support/wait.js');

const RATE = 1_800_000; // bytes a second, of which current traffic takes half
const CUT_MS = 8500; // just not long enough for the others to give the node up
const FILLING = 'x'.repeat(25_000);
const LARGE = 'x'.repeat(900_000); // the first reply has 16 entries at most: of these it takes 5 s

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

test('what has gathered meanwhile arrives over a slow link, though one reply takes longer than silence may last', { timeout: 120_000 }, async (t) => {
    const redis = await Redis.start();
    t.after(() => redis.stop());
    const link = await Throttle.open({ port: redis.port, rate: RATE });
    t.after(() => link.close());
    const cluster = await ownCluster(t, { nodes: 1, redis, server: { max_request_size: 1_000_000 } });
    const far = await cluster.add({ env: { REDIS_PORT: String(link.port) } });
    const listener = await Listener.open(far, 'news');
    const publishers = [0, 1].map((n) => new Publisher(cluster.nodes[0], 'news', `p${n}`, { filling: FILLING }));
    publishers.forEach((publisher) => publisher.start(50)); // some 900 kB a second
    await pause(500);
    const large = new Publisher(cluster.nodes[0], 'news', 'large', { filling: LARGE });
    link.cut();
    await Promise.all([pause(CUT_MS), large.send(10)]);
    link.heal();
    await isConnected(far);
    await pause(2000);
    await Promise.all(publishers.map((publisher) => publisher.stop()));
    await listener.hasAll([large, ...publishers], 60_000 * SLOW);
});
