'use strict';

/* A channel that many nodes have is wide: what its nodes must receive stands in Redis once, beside their inboxes, and
 * is received as if it stood there. docs/decisions/0015. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { ownCluster, sharedCluster } = require('../support/cluster.js');
const { Client } = require('../support/clients.js');
const { get, publish } = require('../support/api.js');
const { Listener, MembersObserver, Publisher, allSee } = require('../support/observer.js');
const { SLOW, until } = require('../support/wait.js');

const NODES = 10;
const cluster = sharedCluster({ nodes: NODES, workers: 1 });
const { nodes } = cluster;

/* Where MONITOR saw `text` written to: "i" an inbox, "w" a wide stream. */
function streamsOf(monitor, text) {
    const writes = monitor.lines.filter((line) => /"xadd"/i.test(line) && line.includes(text));
    return writes.map((line) => /"xadd" "[^"]*:([iw]):[^"]*"/i.exec(line)[1]);
}

const receivedBy = async (node) => (await node.status()).cluster.events_received;

const listenOnAllButFirst = (channel) => Promise.all(nodes.slice(1).map((node) => Listener.open(node, channel)));

/* What MONITOR sees until `count` events more have reached all. */
async function monitored(publisher, count, listeners) {
    const monitor = await cluster.redis.monitor();
    await publisher.send(count);
    for (const listener of listeners)
        await listener.hasAll([publisher]);
    await until(() => streamsOf(monitor, publisher.options.filling).length >= count, 'MONITOR has told of all');
    monitor.close();
    return monitor;
}

test('an event of a wide channel is written once, and nodes without the channel do not receive it', async () => {
    const listeners = await listenOnAllButFirst('wide');
    const before = await receivedBy(nodes[0]);
    const monitor = await monitored(new Publisher(nodes[1], 'wide', 'p', { filling: 'for-many' }), 20, listeners);
    assert.deepEqual([...new Set(streamsOf(monitor, 'for-many'))], ['w']);
    assert.equal(streamsOf(monitor, 'for-many').length, 20);
    assert.equal(await receivedBy(nodes[0]), before);
});

/* What a call costs Redis is mostly its commands. */
test('an event of a wide channel takes a few commands, however many nodes have the channel', async () => {
    const listeners = await listenOnAllButFirst('counted');
    const { lines } = await monitored(new Publisher(nodes[0], 'counted', 'p', { filling: 'to-be-counted' }), 3, listeners);
    const written = lines.findIndex((line) => /"xadd"/i.test(line) && line.includes('to-be-counted'));
    const called = lines.findLastIndex((line, n) => n < written && /"evalsha"/i.test(line));
    const commands = lines.slice(called + 1, written + 1).map((line) => /\[\d+ lua\] "(\w+)"/.exec(line)[1].toLowerCase());
    assert.deepEqual(commands, ['hget', 'zscore', 'incr', 'hincrby', 'hincrby', 'xadd']);
});

test('a channel becomes wide, and narrow again, while events are published: none is lost, doubled or late', async () => {
    const publishers = [0, 1, 9].map((n) => new Publisher(nodes[n], 'growing', `p${n}`));
    const monitor = await cluster.redis.monitor();
    const first = await Listener.open(nodes[0], 'growing');
    for (const publisher of publishers)
        publisher.start(1);
    for (let pass = 0; pass < 2; pass++) {
        const others = [];
        for (const node of nodes.slice(1)) {
            const client = await Client.open(node);
            await client.subscribe('growing');
            others.push(client);
        }
        await until(() => streamsOf(monitor, 'numbered').at(-1) === 'w', 'the channel is wide');
        const marker = `"last-of-${pass}"`;
        await publish(nodes[5], 'growing', 'marker', marker);
        for (const client of others) {
            const numbers = new Map();
            for (let message = await client.take(); message.event !== 'marker'; message = await client.take()) {
                const [name, number] = message.json;
                assert.equal(number, (numbers.get(name) ?? number - 1) + 1, `${name} in order, each once`);
                numbers.set(name, number);
            }
            await client.leave();
        }
        await until(() => streamsOf(monitor, 'numbered').at(-1) === 'i', 'the channel is narrow again');
        const [wideNodes] = await cluster.redis.command('KEYS', '*:r:c1001');
        assert.equal(await cluster.redis.command('HEXISTS', wideNodes ?? 'none', 'c4:1001:growing'), 0);
    }
    for (const publisher of publishers)
        await publisher.stop();
    await first.hasAll(publishers);
    monitor.close();
});

for (const [what, channels] of [['one channel', ['presence-w']], ['several channels', ['presence-a', 'presence-b', 'presence-c', 'presence-d']]])
    test(`members and events of ${what} are in one order on all nodes`, { timeout: 60_000 }, async () => {
        const observers = await Promise.all(channels.map((channel) => Promise.all(nodes.map((node, n) => MembersObserver.join(node, channel, `u${n}`)))));
        const publishers = channels.map((channel, n) => new Publisher(nodes[n], channel, 'p'));
        const listeners = await Promise.all(channels.map((channel) => Promise.all(nodes.map(async (node, n) => {
            const it = await Client.open(node);
            await it.join(channel, `u${n}`);
            return it;
        }))));
        for (const publisher of publishers)
            publisher.start(1);
        for (let n = 0; n < 20; n++) {
            const guests = await Promise.all(channels.map((channel) => MembersObserver.join(nodes[n % NODES], channel, 'guest')));
            await Promise.all(guests.map(({ client }) => client.leave()));
        }
        for (const [n, channel] of channels.entries()) {
            await publishers[n].stop();
            await allSee(observers[n], nodes, channel, nodes.map((_, node) => `u${node}`));
            await publish(nodes[0], channel, 'end');
            const seen = await Promise.all(listeners[n].map(async (client) => {
                const events = [];
                for (let message = await client.take(); message.event !== 'end'; message = await client.take())
                    events.push(`${message.event} ${message.event === 'numbered' ? message.data : ''}`);
                return events.slice(events.findIndex((event) => event.startsWith('numbered')));
            }));
            for (const one of seen)
                assert.deepEqual(one.slice(-Math.min(one.length, seen[0].length)), seen[0].slice(-Math.min(one.length, seen[0].length)));
        }
    });

test('a node whose links blip catches up what it has missed of wide channels', { timeout: 90_000 }, async () => {
    const channels = ['wide-0', 'wide-1', 'wide-2', 'presence-3'];
    const listeners = await Promise.all(channels.map((channel) => Promise.all(nodes.map(async (node, n) => {
        const it = Object.assign(new Listener(await Client.open(node), channel), { numbers: new Map(), count: 0 });
        await (channel.startsWith('presence-') ? it.client.join(channel, `u${n}`) : it.client.subscribe(channel));
        return it;
    }))));
    const publishers = channels.map((channel, n) => new Publisher(nodes[n], channel, `p${n}`));
    for (const publisher of publishers)
        publisher.start(1);
    for (let n = 0; n < 3; n++) {
        await cluster.redis.command('CLIENT', 'KILL', 'TYPE', 'normal');
        await cluster.connected();
    }
    for (const [n, publisher] of publishers.entries()) {
        await publisher.send(20);
        await publisher.stop();
        for (const listener of listeners[n])
            await listener.hasAll([publisher], 20_000 * SLOW);
    }
    for (const node of nodes)
        assert.equal((await node.status()).cluster.gaps, 0);
});

/* What Redis does when its memory is full and it may. */
const evict = async (pattern) => cluster.redis.command('DEL', ...await cluster.redis.command('KEYS', pattern));

/* Publishes some events, each time that it is called, and sees that all nodes' subscribers have them. */
async function listenEverywhere(channel) {
    const listeners = await Promise.all(nodes.map((node) => Listener.open(node, channel)));
    const publisher = new Publisher(nodes[1], channel, 'p');
    return async () => {
        await publisher.send(3);
        for (const listener of listeners)
            await listener.hasAll([publisher], 20_000 * SLOW);
    };
}

test('Redis evicts wide streams, or what it notes of them: all that follows arrives', { timeout: 90_000 }, async () => {
    const allArrive = await listenEverywhere('evicted');
    for (const pattern of ['*:w:*', '*:w', '*:wb', '*[^w]:b', '*:p', '*:last']) {
        await allArrive();
        assert.ok(await evict(pattern) > 0, pattern);
        await allArrive();
        await cluster.connected();
    }
});

test('Redis evicts which nodes have the wide channels: events arrive all the same, and the nodes tell it again', { timeout: 90_000 }, async () => {
    const allArrive = await listenEverywhere('forgotten');
    await allArrive();
    assert.ok(await evict('*:r:c*') > 0);
    await allArrive();
    const count = async () => (await get(nodes[0], '/channels/forgotten', { query: { info: 'subscription_count' } })).json.subscription_count;
    await until(async () => await count() === nodes.length, 'the API counts all again', 30_000 * SLOW);
    await cluster.connected();
    await allArrive();
});

test('what all nodes have read does not stay in Redis', { timeout: 60_000 }, async () => {
    const clients = await Promise.all(nodes.map((node) => Client.open(node)));
    for (const client of clients)
        await client.subscribe('trimmed');
    for (let n = 0; n < 50; n++)
        await publish(nodes[0], 'trimmed', 'n', 'x'.repeat(1000));
    for (const client of clients)
        for (let n = 0; n < 50; n++)
            await client.next('n');
    await until(async () => {
        const keys = await cluster.redis.command('KEYS', '*:w:*');
        return (await Promise.all(keys.map((key) => cluster.redis.command('XLEN', key)))).every((length) => length <= 1);
    }, 'the wide streams are empty', 30_000);
});

test('a node that has not read a wide stream for too long says so, and is in step again', { timeout: 90_000 }, async (t) => {
    const own = await ownCluster(t, { nodes: 9, workers: 1, server: { max_request_size: 200_000 }, env: { REVERB_SCALING_MAX_INBOX: '1048576' } });
    const clients = await Promise.all(own.nodes.map((node) => Client.open(node)));
    for (const client of clients)
        await client.subscribe('wide');
    const [node, other] = own.nodes;
    await node.freeze();
    for (let n = 0; n < 20; n++)
        await publish(other, 'wide', 'n', 'x'.repeat(90_000));
    const [key] = await own.redis.command('KEYS', '*:w:*');
    assert.ok(await own.redis.command('XLEN', key) < 15, 'it is bounded in bytes');
    node.signal('SIGCONT');
    await node.line(/Redis[^\n]* is away: it has removed what this node had not read yet/);
    await own.connected();
    await publish(other, 'wide', 'after', '1');
    for (const client of clients)
        assert.equal((await client.next('after')).data, '1');
    assert.ok((await node.status()).cluster.gaps > 0, 'that events may be missing is counted');
});
