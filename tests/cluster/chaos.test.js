'use strict';

/* Members come and go on three nodes while Redis hangs, ends, forgets, cuts connections, and nodes die and
 * come back, in an order that chance decides. When it is quiet again, all views are correct.
 *
 *     CHAOS_S=600 MODEL_SEED=7 tests/run-cluster chaos      longer, and from another seed
 */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { ownCluster } = require('../support/cluster.js');
const { Client, connectionsAre } = require('../support/clients.js');
const { get } = require('../support/api.js');
const { randomness } = require('../support/random.js');
const { Listener, Publisher, MembersObserver, allSee } = require('../support/observer.js');
const { until } = require('../support/wait.js');

const SECONDS = Number(process.env.CHAOS_S || 20);
const SEED = Number(process.env.MODEL_SEED || 1);
const HALL = 'presence-hall';
const MOVERS_COUNT = 30;
const USERS_COUNT = 10;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/* One connection that joins, leaves, closes and comes back, on any node. */
class Mover {
    constructor(cluster, random, userId) {
        Object.assign(this, { cluster, random, userId, isThere: false });
    }

    async step() {
        if (!this.client || this.client.isClosed) {
            this.isThere = false;
            this.client = await Client.open(this.random.one(this.cluster.living));
        } else if (!this.isThere) {
            await this.client.join(HALL, this.userId);
            this.isThere = true;
        } else if (this.random.below(4) === 0) {
            this.client.close();
            await this.client.waitClosed();
        } else {
            this.isThere = false;
            this.client.unsubscribe(HALL);
        }
    }

    /* It continues, whatever a dying node does to it. */
    async run(isOver) {
        while (!isOver()) {
            await this.step().catch(() => this.client?.close());
            await pause(this.random.below(30));
        }
    }
}

function faultsOf(cluster, random) {
    const { redis } = cluster;
    const cut = () => redis.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    return {
        cut,
        cutAgain: async () => {
            for (let n = 0; n < 5; n++) {
                await cut();
                await pause(random.below(300));
            }
        },
        forget: () => redis.command('FLUSHALL'),
        hang: async () => {
            redis.signal('SIGSTOP');
            await pause(500 + random.below(5000));
            redis.signal('SIGCONT');
        },
        end: async () => {
            await redis.kill();
            await pause(random.below(4000));
            await redis.start();
        },
        die: async () => { // never the first, whose clients detect losses
            const node = cluster.nodes[1 + random.below(2)];
            await node.kill();
            await pause(random.below(2000));
            await cluster.replace(node);
        },
        restart: async () => {
            const node = cluster.nodes[1 + random.below(2)];
            node.signal('SIGTERM');
            await node.ended();
            await cluster.replace(node);
        },
    };
}

test(`faults of all kinds for ${SECONDS} s (seed ${SEED})`, { timeout: (SECONDS + 120) * 1000 }, async (t) => {
    const random = randomness(SEED);
    const cluster = await ownCluster(t, { nodes: 3 });
    const { nodes } = cluster;
    const observers = await Promise.all(['w0', 'w1', 'w2'].map((user) => MembersObserver.join(nodes[0], HALL, user)));
    const local = await Listener.open(nodes[0], 'news');
    const publisher = new Publisher(nodes[0], 'news', 'p0');
    const movers = Array.from({ length: MOVERS_COUNT }, (_, n) => new Mover(cluster, random, `u${n % USERS_COUNT}`));
    let isOver = false;
    publisher.start(10);
    const moving = movers.map((mover) => mover.run(() => isOver));
    const faults = faultsOf(cluster, random);
    const done = [];
    for (const end = Date.now() + SECONDS * 1000; Date.now() < end;) {
        const name = random.one(Object.keys(faults));
        done.push(name);
        await faults[name]();
        await pause(random.below(3000));
    }
    isOver = true;
    await Promise.all(moving);
    await publisher.stop();
    await cluster.connected();
    t.diagnostic(done.join(' '));

    const there = movers.filter(({ client, isThere }) => isThere && !client.isClosed);
    const truth = [...new Set([...there, ...observers].map(({ userId }) => userId))];
    await allSee(observers, nodes, HALL, truth, 40_000);
    await local.hasAll([publisher]);
    const alive = movers.filter(({ client }) => client && !client.isClosed).length;
    for (const node of nodes) {
        await connectionsAre(node, alive + observers.length + 1);
        const path = `/channels/${HALL}`;
        await until(async () => (await get(node, path, { query: { info: 'user_count' } })).json.user_count === truth.length, 'users are counted');
    }
    const last = await Promise.all(nodes.map((node) => Listener.open(node, 'after')));
    const publishers = nodes.map((node, n) => new Publisher(node, 'after', `p${n}`));
    for (const one of publishers)
        await one.send(20);
    for (const listener of last)
        await listener.hasAll(publishers);
    assert.ok(done.length > 0);
});

test(`Redis hangs and cuts connections for ${SECONDS} s under traffic: every event comes once and in order (seed ${SEED})`,
    { timeout: (SECONDS + 120) * 1000 }, async (t) => {
        const random = randomness(SEED);
        const cluster = await ownCluster(t, { nodes: 3 });
        const { nodes } = cluster;
        const channels = ['news', 'cache-news', 'private-news'];
        const listeners = (await Promise.all(channels.map((channel) => Promise.all(nodes.map((node) => Listener.open(node, channel)))))).flat();
        const publishers = channels.flatMap((channel) => nodes.map((node, n) => new Publisher(node, channel, `p${n}`)));
        publishers.forEach((publisher) => publisher.start(10));
        const { cut, cutAgain, hang } = faultsOf(cluster, random);
        for (const end = Date.now() + SECONDS * 1000; Date.now() < end;) {
            await random.one([cut, cutAgain, hang])();
            await pause(random.below(2000));
        }
        await Promise.all(publishers.map((publisher) => publisher.stop()));
        await cluster.connected();
        for (const listener of listeners)
            await listener.hasAll(publishers.filter(({ channel }) => channel === listener.channel), 20_000);
    });
