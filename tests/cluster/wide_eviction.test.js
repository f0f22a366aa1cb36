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

const INBOX_BYTES = 1_048_576;
const LARGE_BYTES = 90_000;
const cluster = sharedCluster({ nodes: 10, workers: 1, server: { max_request_size: 2 * LARGE_BYTES },
    env: { REVERB_SCALING_MAX_INBOX: String(INBOX_BYTES) } });
const { nodes } = cluster;

/* What Redis does when its memory is full and it may. */
async function evict(...patterns) {
    for (const pattern of patterns)
        assert.ok(await cluster.redis.command('DEL', ...await cluster.redis.command('KEYS', pattern)) > 0, pattern);
}

const STREAM = '*:w:*';
const COUNTS = '*:w';
const BYTES = '*:wb';

const letterOf = (channel) => createHash('sha1').update(`c4:1001:${channel}`).digest('hex')[0];

/* The stream that the channel has as a wide one, and what Redis notes of it. */
async function streamOf(channel) {
    const letter = letterOf(channel);
    const [key] = await cluster.redis.command('KEYS', `*:w:${letter}`);
    const [bytes] = await cluster.redis.command('KEYS', BYTES);
    return {
        length: key ? await cluster.redis.command('XLEN', key) : 0,
        bytes: Number(bytes && await cluster.redis.command('HGET', bytes, letter)),
    };
}

/* A node's call that removes what all have read, which each does every ten seconds. */
async function renew() {
    const [name, sha, one, prefix, node, max, epoch] = await cluster.redis.nextCall();
    await cluster.redis.command(name, sha, one, prefix, node, max, epoch, 'N');
}

const isTrimmed = (channel) => until(async () => {
    await renew().catch(() => {}); // a node that joins again just now is another one
    const { length, bytes } = await streamOf(channel);
    return length === 0 && bytes === 0;
}, 'what all have read is removed', 30_000 * SLOW);

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
    await reader.freeze();
    await publish(nodes[0], channel, 'missed');
    await during(() => publish(nodes[0], channel, 'missed'),
        nodes.filter((node) => node !== reader));
    reader.signal('SIGCONT');
    await until(async () => await gapsOf(reader) > before, 'that events may be missing is counted', 30_000 * SLOW);
    /* At once, or, if its link was lost too, when that is back. */
    await reader.line(/(it has removed|had lost) what this node had not read yet/);
    await cluster.connected();
    await isTrimmed(channel);
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
        const letter = letterOf('counts');
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

test('Redis evicts a stream that all have read: its bytes count no more', { timeout: 90_000 }, async () => {
    const listeners = await Promise.all(nodes.map((node) => Listener.open(node, 'read')));
    const publisher = new Publisher(nodes[2], 'read', 'p');
    await publisher.send(5);
    for (const listener of listeners)
        await listener.hasAll([publisher], 20_000 * SLOW);
    await evict(STREAM);
    await isTrimmed('read');
});

for (const [what, channel, ...patterns] of [['how many entries there were', 'entries', COUNTS], ['how many bytes there were', 'bytes', BYTES],
    ['all that it notes of a stream', 'notes', COUNTS, BYTES]])
    test(`Redis evicts ${what}: each event arrives, and what all have read is removed`, { timeout: 90_000 }, async () => {
        const listeners = await Promise.all(nodes.map((node) => Listener.open(node, channel)));
        const publisher = new Publisher(nodes[2], channel, 'p');
        await publisher.send(5);
        const before = await Promise.all(nodes.map(gapsOf));
        await evict(...patterns);
        for (const [n, node] of nodes.entries()) {
            if (patterns.includes(COUNTS))
                await until(async () => await gapsOf(node) > before[n], 'that events may be missing is counted', 30_000 * SLOW);
            await isConnected(node);
        }
        await publisher.send(5);
        for (const listener of listeners)
            await listener.hasAll([publisher], 20_000 * SLOW);
        await isTrimmed(channel);
    });

test('Redis evicts how many bytes there were again and again: a stream that a node does not read stays bounded', { timeout: 90_000 }, async () => {
    const reader = nodes[1];
    const clients = await subscribeAll('bounded', 1);
    const before = await gapsOf(reader);
    await reader.freeze();
    for (let n = 0; n < 60; n++) {
        await publish(nodes[0], 'bounded', 'large', 'x'.repeat(LARGE_BYTES));
        if (n % 20 === 15)
            await evict(BYTES);
        const { length } = await streamOf('bounded');
        assert.ok(length * LARGE_BYTES < 2.5 * INBOX_BYTES, `${length} entries`);
    }
    reader.signal('SIGCONT');
    await until(async () => await gapsOf(reader) > before, 'that events may be missing is counted', 30_000 * SLOW);
    await cluster.connected();
    await publish(nodes[0], 'bounded', 'after', '1');
    for (const client of clients)
        assert.equal((await client.next('after')).data, '1');
    await isTrimmed('bounded');
});

test('entries that a node has not read stay, whatever Redis has lost of their bytes and their count', { timeout: 90_000 }, async () => {
    const reader = nodes[1];
    const listeners = await Promise.all(nodes.map((node) => Listener.open(node, 'unread')));
    const publisher = new Publisher(nodes[0], 'unread', 'p');
    await publisher.send(10);
    for (const listener of listeners)
        await listener.hasAll([publisher], 20_000 * SLOW);
    const [key] = await cluster.redis.command('KEYS', `*:w:${letterOf('unread')}`);
    const [[last]] = await cluster.redis.command('XREVRANGE', key, '+', '-', 'COUNT', '1');
    const [read] = await cluster.redis.command('KEYS', '*:p');
    await until(async () => (await cluster.redis.command('HVALS', read)).every((number) => Number(number) >= parseInt(last, 10)),
        'all say that they have read these', 30_000 * SLOW);
    await reader.freeze();
    await publisher.send(10);
    await evict(BYTES);
    await renew();
    assert.equal((await streamOf('unread')).length, 10);
    /* As versions have counted that knew only a 1 to begin with: the entries have numbers above that. */
    const [counts] = await cluster.redis.command('KEYS', COUNTS);
    await cluster.redis.command('HSET', counts, letterOf('unread'), '1');
    await renew();
    assert.equal((await streamOf('unread')).length, 10);
    reader.signal('SIGCONT');
    await cluster.connected();
    await publisher.send(10);
    for (const listener of listeners)
        await listener.hasAll([publisher], 20_000 * SLOW);
    await isTrimmed('unread');
});
