'use strict';

/* A rolling restart under traffic: clients that stay connected miss nothing, the others reconnect by themselves. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { test } = require('../support/test.js');
const { ownCluster } = require('../support/cluster.js');
const { Client, called, connectionsAre, pusherJs, sdk } = require('../support/clients.js');
const { AWAY_MS, Traveller, longestAway } = require('../support/away.js');
const { publish } = require('../support/api.js');
const { run } = require('../support/server.js');
const { Nginx } = require('../support/nginx.js');
const { Listener, Publisher, MembersObserver, allSee } = require('../support/observer.js');
const { deferred, until, within } = require('../support/wait.js');

const HALL = 'presence-hall';

async function end(node) {
    node.signal('SIGTERM');
    await node.ended();
}

test('what a node has taken before it ends arrives on the others', { timeout: 60_000 }, async (t) => {
    const cluster = await ownCluster(t, { nodes: 2 });
    const listener = await Listener.open(cluster.nodes[1], 'news');
    for (let round = 0; round < 4; round++) {
        const publisher = new Publisher(cluster.nodes[0], 'news', `round-${round}`);
        await publisher.send(50);
        await end(cluster.nodes[0]);
        await listener.hasAll([publisher]);
        await cluster.replace(cluster.nodes[0]);
    }
});

test('the members of a node that ends leave at once, each once', { timeout: 60_000 }, async (t) => {
    const cluster = await ownCluster(t, { nodes: 2 });
    const [a, b] = cluster.nodes;
    const witness = await MembersObserver.join(b, HALL, 'witness');
    for (const user of ['u1', 'u2', 'u2', 'witness'])
        await MembersObserver.join(a, HALL, user);
    await end(a);
    await allSee([witness], [b], HALL, ['witness'], 5000);
    assert.deepEqual(witness.removed.sort(), ['u1', 'u2']);
    await connectionsAre(b, 1);
});

test('one node after the other is restarted under traffic, and nothing is lost', { timeout: 120_000 }, async (t) => {
    const cluster = await ownCluster(t, { nodes: 3 });
    const nginx = await Nginx.start(cluster.nodes);
    t.after(() => nginx.stop());
    const pushers = await Promise.all(Array.from({ length: 9 }, async (_, n) => {
        const pusher = pusherJs(nginx, { channelAuthorization: { customHandler: ({ socketId, channelName }, done) =>
            done(null, sdk(nginx).authorizeChannel(socketId, channelName, { user_id: `js${n}` })) } });
        const hall = pusher.subscribe(HALL);
        await called((fn) => hall.bind('pusher:subscription_succeeded', fn), 'pusher-js has joined');
        return { pusher, hall };
    }));
    t.after(() => pushers.forEach(({ pusher }) => pusher.disconnect()));

    for (let n = 0; n < 3; n++) {
        const [restarted, one, two] = [0, 1, 2].map((i) => cluster.nodes[(n + i) % 3]);
        const listeners = await Promise.all([one, two, one, two].map((node) => Listener.open(node, `news-${n}`)));
        const publishers = [one, two].map((node, i) => new Publisher(node, `news-${n}`, `p${i}`));
        const observers = await Promise.all([one, two].map((node, i) => MembersObserver.join(node, HALL, `observer-${n}-${i}`)));
        publishers.forEach((publisher) => publisher.start(2));
        await end(restarted);
        await cluster.replace(restarted);
        await Promise.all(publishers.map((publisher) => publisher.stop()));
        for (const listener of listeners)
            await listener.hasAll(publishers);
        const users = [...pushers.map((_, i) => `js${i}`), ...observers.map(({ userId }) => userId)];
        await allSee(observers, cluster.nodes, HALL, users, 30_000);
        await Promise.all(observers.map(({ client }) => client.leave()));
    }
    await until(() => pushers.every(({ pusher, hall }) => pusher.connection.state === 'connected' && hall.subscribed),
        'pusher-js is back', 20_000);
    const heard = pushers.map(({ hall }) => {
        const told = deferred();
        hall.bind('told', told.resolve);
        return within(told.promise, 'pusher-js hears again');
    });
    await publish(cluster.nodes[1], HALL, 'told', '1');
    await Promise.all(heard);
});

test('a node that ends while Redis is away ends all the same', { timeout: 60_000 }, async (t) => {
    const cluster = await ownCluster(t, { nodes: 1 });
    const client = await Client.open(cluster.nodes[0]);
    await client.join(HALL, '1');
    cluster.redis.signal('SIGSTOP');
    t.after(() => cluster.redis.signal('SIGCONT'));
    await publish(cluster.nodes[0], 'news', 'told');
    cluster.nodes[0].signal('SIGTERM');
    assert.equal((await client.waitClosed()).code, 4100); // no other process listens there: clients are to come back a little later
    await cluster.nodes[0].ended();
});

const SIGTERM = 15n;

/* Whether the main thread has blocked it, to hand it on later, or waits for it already. */
function keepsTerm({ pid }) {
    const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
    const has = (set) => (BigInt(`0x${new RegExp(`^${set}:\\s+(\\w+)`, 'm').exec(status)[1]}`) >> (SIGTERM - 1n)) & 1n;
    return has('SigBlk') || !has('SigCgt');
}

for (const [when, before] of Object.entries({
    '': () => {},
    ', also after a reload': async ({ port }) => assert.equal((await run(['reload', '--port', String(port)])).code, 0),
}))
    test(`a signal that comes while the former process leaves the cluster reaches the new one${when}`, { timeout: 60_000 }, async (t) => {
        const cluster = await ownCluster(t, { nodes: 1, workers: 2 });
        const [node] = cluster.nodes;
        await before(node);
        cluster.redis.signal('SIGSTOP'); // so that leaving takes its time
        t.after(() => cluster.redis.signal('SIGCONT'));
        const restarted = run(['restart', '--port', String(node.port)], { ms: 30_000 });
        await until(() => keepsTerm(node), 'the former process ends');
        node.signal('SIGTERM');
        await node.ended();
        await restarted;
    });

test('drain spreads the closing over its seconds where there is another node, and a restart keeps nobody away', { timeout: 60_000 }, async (t) => {
    const cluster = await ownCluster(t, { nodes: 2, server: { drain: 2 } });
    const [a] = cluster.nodes;
    await until(async () => (await a.status()).cluster.nodes === 2, 'the nodes know each other');
    const clients = await Client.openMany(a, 40);
    const travellers = await Traveller.all(a, 10);
    const start = Date.now();
    const { code, stderr } = await run(['restart', '--port', String(a.port)], { ms: 70_000 });
    assert.equal(code, 0, stderr);
    const times = await Promise.all(clients.map(async (client) => {
        assert.equal((await client.waitClosed()).code, 4200);
        return Date.now() - start;
    }));
    times.sort((one, two) => one - two);
    assert.ok(times[39] - times[0] > 1000, `all within ${times[39] - times[0]} ms`);
    assert.ok(await longestAway(travellers) < AWAY_MS);
});
