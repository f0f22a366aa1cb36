'use strict';

/* Redis goes away and comes back: clients stay, what was published meanwhile arrives, and in the end all
 * nodes agree. docs/scaling.md. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { app } = require('../support/server.js');
const { ownCluster, redisOf } = require('../support/cluster.js');
const { Client, connectionsAre } = require('../support/clients.js');
const { get, post, publish } = require('../support/api.js');
const { Gate } = require('../support/gate.js');
const { Listener, Publisher, MembersObserver, allSee, catchUp } = require('../support/observer.js');
const { Redis } = require('../support/redis.js');
const { until } = require('../support/wait.js');

const HALL = 'presence-hall';
const AWAY_MS = 12_000; // longer than a node may be silent before the others give it up

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/* How many lines a node has logged about Redis so far. */
const linesOf = (node) => (node.stdout + node.stderr).split('\n').filter((line) => /redis/i.test(line));

async function scene(t, options) {
    const cluster = await ownCluster(t, { nodes: 3, ...options });
    const { nodes } = cluster;
    const observers = await Promise.all([0, 1, 2, 3, 4, 5].map((n) => MembersObserver.join(nodes[n % 3], HALL, `u${n}`)));
    const listeners = await Promise.all([0, 1, 2, 3, 4, 5].map((n) => Listener.open(nodes[n % 3], 'news')));
    const publishers = nodes.map((node, n) => new Publisher(node, 'news', `p${n}`));
    for (const publisher of publishers)
        await publisher.send(5);
    for (const listener of listeners)
        await listener.hasAll(publishers);
    return { cluster, nodes, observers, listeners, publishers };
}

/* While Redis is away a node serves alone: joins, events and answers. */
async function servesAlone(nodes, observers) {
    const [client, other] = await Client.openMany(nodes[0], 2);
    await client.subscribe('local');
    await publish(nodes[0], 'local', 'told', '1');
    assert.equal((await client.take()).data, '1');
    const joined = await MembersObserver.join(nodes[0], HALL, 'joined-meanwhile');
    assert.ok(joined.members.has('u0') && joined.members.has('u3'), 'it is greeted with those of its node');
    await publish(nodes[0], HALL, 'told', '2');
    assert.equal((await joined.client.next('told')).data, '2');
    assert.equal((await observers[0].client.next('told')).data, '2');
    await publish(nodes[0], 'cache-meanwhile', 'told', '3');
    await other.subscribe('cache-meanwhile');
    assert.equal((await get(nodes[0], '/channels/local')).json.occupied, true);
    return joined;
}

async function comesBack({ cluster, nodes, observers, listeners, publishers }) {
    await cluster.connected();
    await catchUp(listeners, publishers);
    await allSee(observers, nodes, HALL, new Set(observers.map(({ userId }) => userId)), 30_000);
}

test(`Redis hangs for ${AWAY_MS / 1000} s under traffic: nothing is lost or doubled, and nobody is taken for gone`, { timeout: 120_000 }, async (t) => {
    const { cluster, nodes, observers, listeners, publishers } = await scene(t);
    const before = nodes.map((node) => linesOf(node).length);
    publishers.forEach((publisher) => publisher.start(20));
    cluster.redis.signal('SIGSTOP');
    const stopped = Date.now();
    await cluster.away();
    observers.push(await servesAlone(nodes, observers));
    const [gone] = observers.splice(3, 1); // of node 0
    await gone.client.leave();
    await pause(AWAY_MS - (Date.now() - stopped));
    cluster.redis.signal('SIGCONT');
    await cluster.connected();
    await Promise.all(publishers.map((publisher) => publisher.stop()));
    await comesBack({ cluster, nodes, observers, listeners, publishers });
    for (const observer of observers)
        assert.deepEqual(observer.removed, ['u3'], 'nobody else was ever gone');
    for (const [n, node] of nodes.entries())
        assert.equal(linesOf(node).length - before[n], 2, `a line each way\n${linesOf(node).join('\n')}`);
});

test('Redis ends and comes back empty after 10 s: all is made anew', { timeout: 120_000 }, async (t) => {
    const { cluster, nodes, observers, listeners, publishers } = await scene(t);
    const before = nodes.map((node) => linesOf(node).length);
    await cluster.redis.kill();
    const killed = Date.now();
    await cluster.away();
    await Promise.all(publishers.map((publisher) => publisher.send(50)));
    for (const [n, publisher] of publishers.entries())
        for (const listener of [listeners[n], listeners[n + 3]])
            await until(() => listener.numbers.get(publisher.name) === publisher.next - 1, 'local delivery goes on');
    observers.push(await servesAlone(nodes, observers));
    const [gone] = observers.splice(4, 1); // of node 1
    await gone.client.leave();
    await pause(10_000 - (Date.now() - killed));
    await cluster.redis.start();
    await comesBack({ cluster, nodes, observers, listeners, publishers });
    const late = await Client.open(nodes[2]);
    await late.subscribe('cache-meanwhile');
    assert.equal((await late.take()).data, '3', 'what was kept meanwhile is kept for all');
    for (const [n, node] of nodes.entries())
        assert.equal(linesOf(node).length - before[n], 3, `a line each way, and that the inbox is lost\n${linesOf(node).join('\n')}`);
});

test('all keys are deleted while it runs: all is made anew, and soon', { timeout: 90_000 }, async (t) => {
    const { cluster, nodes, observers, listeners, publishers } = await scene(t);
    await cluster.redis.command('FLUSHALL');
    await allSee(observers, nodes, HALL, new Set(observers.map(({ userId }) => userId)), 20_000);
    await until(async () => (await get(nodes[1], '/connections')).json.connections === 12, 'connections are counted again');
    await until(async () => (await get(nodes[2], '/channels/news', { query: { info: 'subscription_count' } })).json.subscription_count === 6,
        'subscribers are counted again');
    await comesBack({ cluster, nodes, observers, listeners, publishers });
    const [gone] = observers.splice(0, 1);
    await gone.client.leave();
    await allSee(observers, nodes, HALL, new Set(observers.map(({ userId }) => userId)));
});

test('all keys are deleted again and again under traffic: what comes is in order, and in the end all is right', { timeout: 90_000 }, async (t) => {
    const cluster = await ownCluster(t, { nodes: 3 });
    const { nodes } = cluster;
    const observers = await Promise.all([0, 1, 2].map((n) => MembersObserver.join(nodes[n], HALL, `u${n}`)));
    const mover = await Client.open(nodes[0]);
    for (let round = 0; round < 20; round++) {
        await mover.join(HALL, 'mover');
        if (round % 4 === 1)
            await cluster.redis.command('FLUSHALL');
        mover.unsubscribe(HALL);
        if (round % 4 === 3)
            await cluster.redis.command('FLUSHALL');
    }
    await allSee(observers, nodes, HALL, new Set(['u0', 'u1', 'u2']), 30_000);
});

test('connections to Redis are cut again and again under traffic: nothing is lost or doubled', { timeout: 90_000 }, async (t) => {
    const { cluster, nodes, observers, listeners, publishers } = await scene(t);
    publishers.forEach((publisher) => publisher.start(2));
    for (let round = 0; round < 8; round++) {
        await pause(300);
        await cluster.redis.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
        await cluster.redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
        await cluster.connected();
    }
    await Promise.all(publishers.map((publisher) => publisher.stop()));
    await comesBack({ cluster, nodes, observers, listeners, publishers });
    for (const observer of observers)
        assert.deepEqual(observer.removed, []);
});

test('what is published while Redis is away is kept up to REVERB_SCALING_MAX_KEPT, and what is dropped is said', { timeout: 90_000 }, async (t) => {
    const cluster = await ownCluster(t, { nodes: 2, env: { REVERB_SCALING_MAX_KEPT: '50000' } });
    const { nodes } = cluster;
    const [local, remote] = await Promise.all(nodes.map((node) => Client.open(node)));
    for (const client of [local, remote])
        await client.subscribe('news');
    await cluster.redis.kill();
    await cluster.away();
    for (let n = 0; n < 200; n++)
        await publish(nodes[0], 'news', 'numbered', `${n} ${'x'.repeat(1000)}`);
    for (let n = 0; n < 200; n++)
        assert.equal(parseInt((await local.take()).data, 10), n, 'locally all come');
    await cluster.redis.start();
    await cluster.connected();
    await publish(nodes[0], 'news', 'marker');
    const numbers = [];
    for (;;) {
        const { event, data } = await remote.take();
        if (event === 'marker')
            break;
        numbers.push(parseInt(data, 10));
    }
    assert.ok(numbers.length >= 10 && numbers.length < 100, `${numbers.length} of 200 events of 1 kB are kept within 50 kB`);
    assert.deepEqual(numbers, [...new Set(numbers)].sort((a, b) => a - b), 'each once and in order');
    const said = await nodes[0].line(/(\d+) events[^\n]* dropped/, 'how many were dropped');
    assert.equal(Number(said[1]), 200 - numbers.length, said[0]);
    assert.equal((await nodes[0].status()).cluster.events_dropped, 200 - numbers.length);
});

test('who is terminated while Redis is away is terminated on the other nodes when it is back', { timeout: 60_000 }, async (t) => {
    const cluster = await ownCluster(t, { nodes: 2 });
    const { nodes, redis } = cluster;
    const [near, far] = await Promise.all(nodes.map((node) => Client.open(node)));
    await Promise.all([near, far].map((client) => client.signin({ id: '7' })));
    await redis.kill();
    await cluster.away();
    assert.equal((await post(nodes[0], '/users/7/terminate_connections', {})).status, 200);
    assert.equal((await near.waitClosed()).code, 4009);
    await far.quiet();
    await redis.start();
    assert.equal((await far.waitClosed()).code, 4009);
    await cluster.connected();
    const again = await Client.open(nodes[1]);
    await again.signin({ id: '7' });
    await publish(nodes[0], 'news', 'n');
    await again.quiet(); // once
});

test('/up tells which way it is', { timeout: 60_000 }, async (t) => {
    const cluster = await ownCluster(t, { nodes: 1 });
    assert.equal(await redisOf(cluster.nodes[0]), 'connected');
    await cluster.redis.kill();
    await cluster.away();
    await cluster.redis.start();
    await cluster.connected();
});

test('who connects while Redis hangs is counted once, and max_connections holds afterwards', { timeout: 60_000 }, async (t) => {
    const max = 20;
    const cluster = await ownCluster(t, { nodes: 2, apps: [app({ max_connections: max })] });
    const { nodes } = cluster;
    const before = await cluster.openMany(5);
    cluster.redis.signal('SIGSTOP');
    const came = [...Array(10).keys()].map((n) => new Client(nodes[n % 2]));
    await cluster.away();
    for (const client of came)
        await client.next('pusher:connection_established');
    cluster.redis.signal('SIGCONT');
    await cluster.connected();
    for (const node of nodes)
        await connectionsAre(node, before.length + came.length);
    for (const client of [...before, ...came])
        await client.leave();
    for (const node of nodes)
        await connectionsAre(node, 0);
    const later = [...Array(max + 10).keys()].map((n) => new Client(nodes[n % 2]));
    const first = await Promise.all(later.map((client) => client.take()));
    assert.equal(first.filter(({ event }) => event === 'pusher:connection_established').length, max);
});

/* Two nodes; between `node` and Redis is a gate. */
async function behindAGate(t, options = {}) {
    const redis = await Redis.start();
    t.after(() => redis.stop());
    const gate = await Gate.open({ port: redis.port });
    t.after(() => gate.close());
    const cluster = await ownCluster(t, { nodes: 1, redis, ...options });
    const [other] = cluster.nodes;
    const node = await cluster.add({ env: { REDIS_PORT: String(gate.port) } });
    return { redis, gate, cluster, other, node };
}

/* The last thing before a link is up is a probe of Redis' memory ("W"). Its reply is held, so that the node has
 * read the list of members already, and still decides alone. */
test('who leaves one of two nodes while the link of that one is coming up stays a member', { timeout: 120_000 }, async (t) => {
    const { redis, gate, cluster, other, node } = await behindAGate(t);
    const observer = await MembersObserver.join(node, HALL, 'w');
    const [here, there] = await Promise.all([node, other].map((one) => Client.open(one)));
    await Promise.all([here, there].map((client) => client.join(HALL, 'both')));
    gate.holdAfter('$1\r\nW\r\n');
    gate.cut();
    await gate.holding();
    await (await Client.open(other)).join(HALL, 'later'); // follows the list of members
    await until(() => observer.members.has('later'), 'the list of members was read');
    here.close();
    await until(() => observer.removed.includes('both'), 'the node decides alone');
    gate.release();
    await allSee([observer], cluster.nodes, HALL, ['w', 'both', 'later'], 30_000);
    there.close();
    await allSee([observer], cluster.nodes, HALL, ['w', 'later'], 30_000);
});

/* What a client is told of whom it watches: "online anna", one after the other. */
async function watching(node, id, watchlist) {
    const client = await Client.open(node);
    const news = [];
    const receive = client.receive.bind(client);
    client.receive = (bytes, binary) => {
        const { event, data } = JSON.parse(bytes.toString());
        if (event !== 'pusher_internal:watchlist_events')
            return receive(bytes, binary);
        for (const { name, user_ids: ids } of JSON.parse(data).events)
            news.push(...ids.map((user) => `${name} ${user}`));
    };
    await client.signin({ id, watchlist });
    client.hears = async (...expected) => {
        await until(() => news.length >= expected.length, () => `${id} hears ${expected}, not ${news}`, 30_000);
        assert.deepEqual(news.splice(0).sort(), expected.sort());
    };
    return client;
}

test('who watches users on a node that was alone hears afterwards what is true, and nothing twice', { timeout: 120_000 }, async (t) => {
    const { redis, gate, cluster, other, node } = await behindAGate(t);
    const signedIn = async (where, id) => {
        const client = await Client.open(where);
        await client.signin({ id });
        return client;
    };
    const [here, , gone] = await Promise.all([signedIn(node, 'both'), signedIn(other, 'both'), signedIn(other, 'gone'), signedIn(other, 'stays')]);
    const watcher = await watching(node, 'w', ['both', 'gone', 'stays', 'late', 'never']);
    await watcher.hears('online both', 'online gone', 'online stays');

    gate.leadTo(null);
    await until(async () => await redisOf(node) === 'away', 'the node is alone');
    const newcomer = await watching(node, 'n', ['both', 'stays', 'never']);
    await newcomer.hears('online both');
    await here.leave();
    await watcher.hears('offline both');
    await newcomer.hears('offline both');
    await gone.leave();
    await signedIn(other, 'late');
    gate.leadTo(redis);
    await watcher.hears('online both', 'offline gone', 'online late');
    await newcomer.hears('online both', 'online stays');
    await cluster.connected();

    await redis.command('FLUSHALL'); // all is made anew, and nothing of it is news
    await until(async () => (await redis.command('KEYS', '*:nodes')).length === 1, 'the nodes join again');
    await cluster.connected();
    await signedIn(other, 'never');
    await watcher.hears('online never');
    await newcomer.hears('online never');
});

test('who subscribes on a node that is alone is told afterwards how many there are on all nodes, as are the others', { timeout: 60_000 }, async (t) => {
    const { redis, gate, other, node } = await behindAGate(t, { apps: [app({ subscription_counts: true })] });
    const [here, there] = await Promise.all([node, other].map((one) => Client.open(one)));
    const counts = async (client, count) =>
        assert.equal((await client.next('pusher_internal:subscription_count')).json.subscription_count, count);
    await there.subscribe('news');
    await counts(there, 1);
    gate.leadTo(null);
    await until(async () => await redisOf(node) === 'away', 'the node is alone');
    await here.subscribe('news');
    await counts(here, 1);
    gate.leadTo(redis);
    await counts(here, 2);
    await counts(there, 2);
    for (const client of [here, there])
        await client.quiet();
});
