'use strict';

/* A node dies without a word: the others clean up after it, once. docs/scaling.md. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { app } = require('../support/server.js');
const { ownCluster, isConnected } = require('../support/cluster.js');
const { Client, connectionsAre } = require('../support/clients.js');
const { get, publish } = require('../support/api.js');
const { Listener, Publisher, MembersObserver, allSee } = require('../support/observer.js');
const { randomness } = require('../support/random.js');
const { SLOW, until } = require('../support/wait.js');

const HALL = 'presence-hall';
const DEATH_MS = 15_000 * SLOW;

const usersOf = (observers) => new Set(observers.map(({ userId }) => userId));

test('its members leave within 15 s, each once, and its channels vacate', { timeout: 90_000 }, async (t) => {
    const few = app({ app_id: '2', key: 'key-2', secret: 'secret-2', max_connections: 4 });
    const cluster = await ownCluster(t, { nodes: 3, apps: [app({ subscription_counts: true }), few] });
    const { nodes } = cluster;
    const observers = await Promise.all([0, 1, 2, 3, 4, 5, 6, 7, 8].map((n) => MembersObserver.join(nodes[n % 3], HALL, `u${n}`)));
    const [dead, watcher, counted] = [await Client.open(nodes[2]), await Client.open(nodes[0]), await Client.open(nodes[1])];
    await MembersObserver.join(nodes[2], HALL, 'u0'); // a user who is on a living node too
    await dead.subscribe('only-there');
    await dead.subscribe('counted');
    await dead.signin({ id: 'dora' });
    await watcher.signin({ id: 'anna', watchlist: ['dora'] });
    await counted.subscribe('counted');
    for (let n = 0; n < 4; n++)
        await Client.open(nodes[n % 2 ? 2 : 0], { app: few });
    const living = observers.filter(({ client }) => client.server !== nodes[2]);
    await allSee(living, nodes, HALL, usersOf(observers));

    const killed = Date.now();
    await nodes[2].kill();
    await allSee(living, nodes.slice(0, 2), HALL, usersOf(living), DEATH_MS);
    t.diagnostic(`median: the members of a dead node were gone after ${((Date.now() - killed) / 1000).toFixed(1)} s`);
    for (const observer of living)
        assert.deepEqual(observer.removed.sort(), ['u2', 'u5', 'u8']);
    await until(async () => (await get(nodes[0], '/channels/only-there')).json.occupied === false, 'its channel is vacant');
    for (const node of nodes.slice(0, 2)) {
        await connectionsAre(node, living.length + 2);
        await connectionsAre(node, 2, few);
    }
    await Client.open(nodes[1], { app: few });
    await until(async () => {
        const { json } = await counted.next('pusher_internal:subscription_count');
        return json.subscription_count === 1;
    }, 'the count is told');
    await until(async () => {
        const { json } = await watcher.next('pusher_internal:watchlist_events');
        return json.events.some(({ name, user_ids: ids }) => name === 'offline' && ids.includes('dora'));
    }, 'the watcher is told');
    for (const observer of living) {
        observer.assertTrue();
        assert.ok(!observer.client.inbox.some(({ event }) => /subscription_count/.test(event)), 'a presence channel has no count');
    }
});

test('what it has answered for, arrives', { timeout: 60_000 }, async (t) => {
    const cluster = await ownCluster(t, { nodes: 2 });
    const listener = await Listener.open(cluster.nodes[1], 'news');
    for (let round = 0; round < 5; round++) {
        const publisher = new Publisher(cluster.nodes[0], 'news', `round-${round}`);
        await publisher.send(30);
        await cluster.nodes[0].kill();
        await listener.hasAll([publisher]);
        await cluster.replace(cluster.nodes[0]);
    }
});

test('one that is started again at once is another node: the former one\'s members leave, its own stay', { timeout: 90_000 }, async (t) => {
    const cluster = await ownCluster(t, { nodes: 2 });
    const [a, b] = cluster.nodes;
    const witness = await MembersObserver.join(a, HALL, 'witness');
    await MembersObserver.join(b, HALL, 'former');
    await MembersObserver.join(b, HALL, 'both');
    await b.kill();
    const next = await cluster.replace(b);
    const observers = [witness, await MembersObserver.join(next, HALL, 'both'), await MembersObserver.join(next, HALL, 'new')];
    await allSee(observers, cluster.nodes, HALL, new Set(['witness', 'both', 'new']), DEATH_MS);
    assert.deepEqual(witness.removed, ['former'], 'who has come again was never gone');
});

test('all nodes die but one, and it cleans up alone', { timeout: 90_000 }, async (t) => {
    const cluster = await ownCluster(t, { nodes: 3 });
    const { nodes } = cluster;
    const observers = await Promise.all([0, 1, 2].map((n) => MembersObserver.join(nodes[n], HALL, `u${n}`)));
    await Promise.all([nodes[1].kill(), nodes[2].kill()]);
    await allSee([observers[0]], [nodes[0]], HALL, new Set(['u0']), DEATH_MS);
    await connectionsAre(nodes[0], 1);
});

test('all nodes die: who starts later finds nobody', { timeout: 90_000 }, async (t) => {
    const cluster = await ownCluster(t, { nodes: 2 });
    const { nodes } = cluster;
    await Promise.all([0, 1].map((n) => MembersObserver.join(nodes[n], HALL, `u${n}`)));
    await Promise.all(nodes.map((node) => node.kill()));
    const next = await cluster.replace(nodes[0]);
    const observer = await MembersObserver.join(next, HALL, 'new');
    await allSee([observer], [next], HALL, new Set(['new']), DEATH_MS);
    await connectionsAre(next, 1);
    const keys = await until(async () => {
        const all = await cluster.redis.command('KEYS', '*');
        return all.length < 40 && all;
    }, 'nothing piles up in Redis');
    assert.ok(keys.length > 0);
});

test('one that was stopped for 13 s and taken for dead comes back with all of its clients', { timeout: 120_000 }, async (t) => {
    const cluster = await ownCluster(t, { nodes: 3 });
    const { nodes } = cluster;
    const observers = await Promise.all([0, 1, 2, 3, 4, 5].map((n) => MembersObserver.join(nodes[n % 3], HALL, `u${n}`)));
    const listeners = await Promise.all(nodes.map((node) => Listener.open(node, 'news')));
    const living = observers.filter(({ client }) => client.server !== nodes[2]);
    nodes[2].signal('SIGSTOP');
    await allSee(living, nodes.slice(0, 2), HALL, usersOf(living), DEATH_MS);
    const [gone] = living.splice(0, 1);
    await gone.client.leave();
    observers.splice(observers.indexOf(gone), 1);
    nodes[2].signal('SIGCONT');
    await isConnected(nodes[2]);
    await allSee(observers, nodes, HALL, usersOf(observers), 20_000);
    for (const observer of living)
        assert.deepEqual([observer.removed.sort(), observer.added.filter((user) => user === 'u2' || user === 'u5').length >= 2],
            [['u0', 'u2', 'u5'], true]);
    const publishers = nodes.map((node, n) => new Publisher(node, 'news', `p${n}`));
    for (const publisher of publishers)
        await publisher.send(10);
    for (const listener of listeners)
        await listener.hasAll(publishers);
    await connectionsAre(nodes[0], observers.length + 3);
});

/* The call with which a node removes its previous incarnations ("F"), sent by one of those. */
test('a late call of a previous incarnation does not remove the later one', { timeout: 60_000 }, async (t) => {
    const cluster = await ownCluster(t, { nodes: 1 });
    const { nodes: [node], redis } = cluster;
    const observer = await MembersObserver.join(node, HALL, 'u');
    const [nodesKey] = await redis.command('KEYS', '*:nodes');
    const current = async () => (await redis.command('ZREVRANGE', nodesKey, '0', '0'))[0];
    const previous = await current();
    await redis.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await until(async () => await current() !== previous, 'it joins again');
    await isConnected(node);
    const lost = (await node.status()).cluster.links_lost;

    const [name, sha, , prefix, , max, epoch] = await redis.nextCall();
    await redis.command('ZADD', nodesKey, '0', previous);
    assert.deepEqual(await redis.command(name, sha, '1', prefix, previous, max, epoch, 'F'), ['OK', '0']);
    await publish(node, HALL, 'told', '1');
    await observer.client.next('told');
    await allSee([observer], [node], HALL, ['u']);
    assert.deepEqual([observer.removed, (await node.status()).cluster.links_lost], [[], lost]);
});

/* Each mover is one connection that joins and leaves as one of few users. */
async function move(movers, random, steps) {
    for (let step = 0; step < steps; step++) {
        const mover = random.one(movers);
        if (mover.isThere)
            mover.client.unsubscribe(HALL);
        else
            await mover.client.join(HALL, mover.userId);
        mover.isThere = !mover.isThere;
    }
}

test('1 000 joins and leaves over three nodes, one of which dies half way: in the end all views are the truth', { timeout: 120_000 }, async (t) => {
    const seed = Number(process.env.MODEL_SEED || 1);
    const random = randomness(seed);
    const cluster = await ownCluster(t, { nodes: 3 });
    const { nodes } = cluster;
    const observers = await Promise.all([0, 1, 2, 3].map((n) => MembersObserver.join(nodes[n % 2], HALL, `w${n}`)));
    const clients = await cluster.openMany(60);
    const movers = clients.map((client, n) => ({ client, userId: `u${n % 12}`, isThere: false }));
    const lanes = [0, 1, 2, 3, 4, 5].map((lane) => movers.filter((_, n) => n % 6 === lane)); // each on one node
    await Promise.all(lanes.map((lane) => move(lane, random, 84)));
    await nodes[2].kill();
    const dead = new Set(movers.filter(({ client }) => client.server === nodes[2]));
    await Promise.all(lanes.filter((lane) => !dead.has(lane[0])).map((lane) => move(lane, random, 124)));
    const there = movers.filter((mover) => mover.isThere && !dead.has(mover)).map(({ userId }) => userId);
    await allSee(observers, nodes.slice(0, 2), HALL, new Set([...there, ...usersOf(observers)]), DEATH_MS + 5000);
});
