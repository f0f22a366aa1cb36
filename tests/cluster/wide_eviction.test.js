'use strict';

/* Redis evicts what it holds of wide channels: an event that a node has missed is counted there, whether another one
 * follows or not. docs/scaling.md, docs/decisions/0015. */

const assert = require('node:assert/strict');
const { createHash } = require('node:crypto');
const { test } = require('../support/test.js');
const { isConnected, sharedCluster } = require('../support/cluster.js');
const { Client } = require('../support/clients.js');
const { publish } = require('../support/api.js');
const { Listener, Publisher } = require('../support/observer.js');
const { SLOW, until } = require('../support/wait.js');

const cluster = sharedCluster({ nodes: 10, workers: 1 });
const { nodes } = cluster;

/* What Redis does when its memory is full and it may. */
async function evict(...patterns) {
    for (const pattern of patterns)
        assert.ok(await cluster.redis.command('DEL', ...await cluster.redis.command('KEYS', pattern)) > 0, pattern);
}

const STREAM = '*:w:*';
const COUNTS = '*:w';

const gapsOf = async (node) => (await node.status()).cluster.gaps;

/* Clients of all nodes, after each had `count` events. */
async function subscribeAll(channel, count) {
    const clients = await Promise.all(nodes.map((node) => Client.open(node)));
    for (const client of clients)
        await client.subscribe(channel);
    for (let n = 0; n < count; n++)
        await publish(nodes[0], channel, 'before');
    for (const client of clients)
        for (let n = 0; n < count; n++)
            await client.next('before');
    return clients;
}

/* `during` runs while a node does not. That may have been given the first entry, by a request that waited. */
async function whileStopped(channel, during, count = 3) {
    const reader = nodes[1];
    const clients = await subscribeAll(channel, count);
    const before = await gapsOf(reader);
    reader.signal('SIGSTOP');
    await publish(nodes[0], channel, 'missed');
    await during(() => publish(nodes[0], channel, 'missed'),
        nodes.filter((node) => node !== reader));
    reader.signal('SIGCONT');
    await until(async () => await gapsOf(reader) > before, 'that events may be missing is counted', 30_000 * SLOW);
    /* At once, or, if its link was lost too, when that is back. */
    await reader.line(/(it has removed|had lost) what this node had not read yet/);
    await cluster.connected();
    await publish(nodes[0], channel, 'after', '1');
    for (const client of clients)
        assert.equal((await client.next('after')).data, '1');
}

test('Redis evicts entries that a node has not read: it says so, though nothing follows them', { timeout: 90_000 },
    () => whileStopped('stream', async (miss) => {
        await miss();
        await evict(STREAM);
    }));

test('Redis evicts the entries and how many there were: a node that has missed some says so', { timeout: 90_000 },
    () => whileStopped('both', async (miss) => {
        await miss();
        await evict(STREAM, COUNTS);
    }));

/* If counting began anew at 1, the last one would have the number that the node expects. */
test('Redis evicts how many entries there were: none of those that follow passes for the next', { timeout: 90_000 },
    () => whileStopped('counts', async (miss, others) => {
        const letter = createHash('sha1').update('c4:1001:counts').digest('hex')[0];
        const [key] = await cluster.redis.command('KEYS', COUNTS);
        const counted = async () => Number(await cluster.redis.command('HGET', key, letter));
        const expected = await counted() + 1;
        const before = await Promise.all(others.map(gapsOf));
        await evict(STREAM, COUNTS);
        await miss();
        for (const [n, node] of others.entries()) {
            await until(async () => await gapsOf(node) > before[n], 'the others count that events may be missing');
            await isConnected(node);
        }
        for (let n = 0; n < 60 && await counted() !== expected - 1; n++)
            await miss();
        await evict(STREAM);
        await miss();
    }, 50));

test('Redis evicts how many entries there were while events are published: each arrives', { timeout: 90_000 }, async () => {
    const listeners = await Promise.all(nodes.map((node) => Listener.open(node, 'busy')));
    const publishers = [0, 5, 9].map((n) => new Publisher(nodes[n], 'busy', `p${n}`));
    for (const publisher of publishers)
        publisher.start(1);
    for (let n = 0; n < 3; n++) {
        await Promise.all(publishers.map((publisher) => until(() => publisher.next > 20 * (n + 1), 'some are published')));
        await evict(COUNTS);
        await cluster.connected();
    }
    for (const publisher of publishers) {
        await publisher.send(1);
        await publisher.stop();
    }
    for (const listener of listeners)
        await listener.hasAll(publishers, 20_000 * SLOW);
});
