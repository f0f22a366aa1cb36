'use strict';

/* Other users of the same Redis, and nodes that an event does not concern, are not disturbed. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { Cluster, ownCluster, sharedCluster } = require('../support/cluster.js');
const { Client } = require('../support/clients.js');
const { get, publish } = require('../support/api.js');
const { until } = require('../support/wait.js');

const cluster = sharedCluster({ nodes: 3 });
const { nodes } = cluster;

/* The inboxes that MONITOR saw `text` written to. The publishing node gets its own events with the answer; if something
 * unread is in its inbox, then by that. */
function inboxesOf(monitor, text) {
    const writes = monitor.lines.filter((line) => /"xadd"/i.test(line) && line.includes(text));
    return writes.map((line) => /"xadd" "([^"]*)"/i.exec(line)[1]);
}

test('an event is written to the inboxes of the nodes with subscribers, and to no other', async () => {
    const [a, b] = await Promise.all(nodes.slice(0, 2).map((node) => Client.open(node)));
    await a.subscribe('here');
    await b.subscribe('there');
    const monitor = await cluster.redis.monitor();
    await publish(nodes[0], 'here', 'told', '"for-node-0"');
    await publish(nodes[0], 'there', 'told', '"for-node-1"');
    await publish(nodes[0], 'nowhere', 'told', '"for-nobody"');
    for (const client of [a, b])
        await client.next('told');
    await publish(nodes[0], 'there', 'told', '"the-last"');
    await b.next('told');
    await until(() => inboxesOf(monitor, 'the-last').length > 0, 'MONITOR has told the last one');
    const [theirs] = inboxesOf(monitor, 'the-last');
    const ours = inboxesOf(monitor, 'for-node-0');
    assert.deepEqual(inboxesOf(monitor, 'for-node-1'), [theirs]);
    assert.ok(ours.length <= 1 && ours[0] !== theirs, `an event for node 0 was written to ${ours}`);
    assert.deepEqual(inboxesOf(monitor, 'for-nobody'), []);
    monitor.close();
});

test('an event with several subscribers on each node is written to each other node once', async () => {
    const clients = await Promise.all(nodes.map((node) => Client.open(node)));
    clients.push(await Client.open(nodes[1]), await Client.open(nodes[1]));
    for (const client of clients)
        await client.subscribe('all');
    const monitor = await cluster.redis.monitor();
    await publish(nodes[0], 'all', 'told', '"for-all"');
    for (const client of clients)
        await client.next('told');
    await publish(nodes[0], 'all', 'told', '"the-last"');
    for (const client of clients)
        await client.next('told');
    await until(() => new Set(inboxesOf(monitor, 'the-last')).size >= 2, 'MONITOR has told of the last one');
    const inboxes = inboxesOf(monitor, 'for-all');
    assert.ok(inboxes.length === 2 || inboxes.length === 3, `it was written ${inboxes.length} times`);
    assert.equal(new Set(inboxes).size, inboxes.length);
    monitor.close();
});

test('who has left is not written to any more', async () => {
    const client = await Client.open(nodes[1]);
    await client.subscribe('left');
    await publish(nodes[0], 'left', 'told', '"while-there"');
    await client.next('told');
    await client.leave();
    await until(async () => (await get(nodes[0], '/channels/left')).json.occupied === false, 'it is vacant');
    const monitor = await cluster.redis.monitor();
    await publish(nodes[0], 'left', 'told', '"after-it"');
    const marker = await Client.open(nodes[1]);
    await marker.subscribe('marker');
    await publish(nodes[0], 'marker', 'told', '"the-marker"');
    await marker.next('told');
    await until(() => inboxesOf(monitor, 'the-marker').length > 0, 'MONITOR has told of the marker');
    assert.equal(inboxesOf(monitor, 'after-it').length, 0);
    monitor.close();
});

test('two clusters on one Redis with other channels do not hear each other', async (t) => {
    const others = new Cluster({ nodes: 2, redis: cluster.redis, env: { REVERB_SCALING_CHANNEL: 'another' } });
    t.after(() => others.stop());
    await others.start();
    const ours = await Client.open(nodes[0]);
    const theirs = await Client.open(others.nodes[0]);
    for (const client of [ours, theirs]) {
        await client.join('presence-shared', client === ours ? 'ours' : 'theirs');
        await client.subscribe('cache-shared');
        await client.next('pusher:cache_miss');
    }
    await publish(nodes[1], 'cache-shared', 'told', '"ours"');
    await publish(others.nodes[1], 'cache-shared', 'told', '"theirs"');
    assert.equal((await ours.take()).data, '"ours"');
    assert.equal((await theirs.take()).data, '"theirs"');
    assert.deepEqual((await get(nodes[1], '/channels/presence-shared/users')).json.users, [{ id: 'ours' }]);
    assert.deepEqual((await get(others.nodes[1], '/channels/presence-shared/users')).json.users, [{ id: 'theirs' }]);
    for (const client of [ours, theirs])
        await client.quiet();
});

test('two clusters on one Redis with other prefixes do not hear each other', async (t) => {
    const [left, right] = [new Cluster({ nodes: 1, redis: cluster.redis, env: { REVERB_SCALING_PREFIX: 'left_' } }),
        new Cluster({ nodes: 1, redis: cluster.redis, env: { REVERB_SCALING_PREFIX: 'right_' } })];
    for (const one of [left, right]) {
        t.after(() => one.stop());
        await one.start();
    }
    const client = await Client.open(left.nodes[0]);
    await client.join('presence-shared', 'left');
    assert.equal((await get(right.nodes[0], '/channels/presence-shared/users')).status, 404);
    const keys = await cluster.redis.command('KEYS', '*');
    assert.ok(keys.some((key) => key.startsWith('left_reverb')), keys.join(' '));
});

/* What Laravel Reverb publishes: JSON with an application that PHP has serialised. */
const STOCK = JSON.stringify({
    type: 'message',
    application: 'O:30:"Laravel\\Reverb\\Application":1:{s:5:"\u0000*\u0000id";s:4:"1001";}',
    payload: { event: 'told', channel: 'stock', data: '"from stock"' },
});

test('stock Reverb on the same channel name neither disturbs nor is disturbed', async (t) => {
    const own = await ownCluster(t, { nodes: 2 });
    const client = await Client.open(own.nodes[0]);
    await client.subscribe('stock');
    const monitor = await own.redis.monitor();
    for (const channel of ['reverb', 'laravel_database_reverb'])
        for (const message of [STOCK, '{"type":"terminate"}', 'no JSON', ''])
            await own.redis.command('PUBLISH', channel, message);
    await publish(own.nodes[1], 'stock', 'told', '"ours"');
    assert.equal((await client.take()).data, '"ours"');
    await client.quiet();
    await own.nodes[1].stop();
    const subscribers = await own.redis.command('PUBSUB', 'NUMSUB', 'reverb', 'laravel_database_reverb');
    assert.deepEqual(subscribers, ['reverb', 0, 'laravel_database_reverb', 0]);
    const published = monitor.lines.filter((line) => /"publish" "(laravel_database_)?reverb"/i.test(line));
    assert.equal(published.length, 8, 'only what the test has published');
    monitor.close();
});

test('what the nodes have read does not stay in Redis', async () => {
    const client = await Client.open(nodes[1]);
    await client.subscribe('read');
    for (let n = 0; n < 200; n++)
        await publish(nodes[0], 'read', 'n', 'x'.repeat(1000));
    for (let n = 0; n < 200; n++)
        await client.next('n');
    const lengths = async () => {
        const keys = await cluster.redis.command('KEYS', '*:i:*');
        assert.ok(keys.length >= nodes.length, keys.join(' '));
        return Promise.all(keys.map((key) => cluster.redis.command('XLEN', key)));
    };
    await until(async () => (await lengths()).every((length) => length === 0), 'the inboxes are empty');
});

test('all keys begin with the prefix and the channel of the cluster, and one that has ended leaves nothing but last events', async (t) => {
    const own = new Cluster({ nodes: 2, env: { REVERB_SCALING_PREFIX: 'app_', REVERB_SCALING_CHANNEL: 'live' } });
    t.after(() => own.redis.stop());
    await own.start();
    const clients = await own.openMany(4);
    for (const [n, client] of clients.entries()) {
        await client.join('presence-keys', String(n));
        await client.subscribe('cache-keys');
        await client.signin({ id: String(n) });
    }
    await publish(own.nodes[0], 'cache-keys', 'told');
    const keys = await own.redis.command('KEYS', '*');
    assert.ok(keys.length > 0);
    assert.deepEqual(keys.filter((key) => !key.startsWith('app_live:native:')), []);
    own.options.redis = own.redis; // it outlives the nodes
    await own.stop();
    const left = await own.redis.command('KEYS', '*');
    const kept = left.filter((key) => key.includes(':e:'));
    assert.equal(kept.length, 1, left.join(' '));
    assert.ok(await own.redis.command('TTL', kept[0]) > 0, 'and these expire');
    assert.ok(left.length <= 2, left.join(' '));
});
