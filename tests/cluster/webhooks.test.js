'use strict';

/* Webhooks of several servers: each event once, in the order of the channel, whoever dies. docs/webhooks.md. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { app } = require('../support/server.js');
const { ownCluster } = require('../support/cluster.js');
const { Client } = require('../support/clients.js');
const { Receiver } = require('../support/receiver.js');
const { SLOW, until } = require('../support/wait.js');

async function scene(t, { webhook, ...options } = {}) {
    const receiver = await Receiver.start(t);
    const cluster = await ownCluster(t, { nodes: 3, apps: [app({ webhooks: receiver.webhook(webhook) })], ...options });
    return { receiver, cluster, nodes: cluster.nodes };
}

test('whatever node it happens on, each change is sent once, in the order in which it happened', async (t) => {
    const { receiver, nodes } = await scene(t);
    const clients = await Promise.all(nodes.map((node) => Client.open(node)));
    for (const [n, client] of clients.entries())
        await client.join('presence-room', `u${n}`);
    const again = await Client.open(nodes[2]);
    await again.join('presence-room', 'u0');
    for (const client of clients)
        await client.leave();
    await receiver.until(6);
    await again.leave();
    await receiver.until(8);
    assert.equal(receiver.told[0], 'channel_occupied presence-room');
    assert.deepEqual(receiver.told.slice(1, 4), ['member_added presence-room u0', 'member_added presence-room u1', 'member_added presence-room u2']);
    assert.deepEqual(receiver.told.slice(4, 6).sort(), ['member_removed presence-room u1', 'member_removed presence-room u2']);
    assert.deepEqual(receiver.told.slice(6), ['member_removed presence-room u0', 'channel_vacated presence-room']);
    receiver.assertInOrder();
    assert.equal(receiver.doubles, 0);
});

test('client events, cache misses and counts are sent once too', async (t) => {
    const receiver = await Receiver.start(t);
    const { nodes } = await ownCluster(t, { nodes: 2, apps: [app({
        webhooks: receiver.webhook({ events: ['client_event', 'cache_miss', 'subscription_count'] }), subscription_counts: true,
    })] });
    const [one, two] = await Promise.all(nodes.map((node) => Client.open(node)));
    await one.subscribe('private-cache-news');
    await two.subscribe('private-cache-news');
    one.send('client-typed', {}, 'private-cache-news');
    await receiver.until(5);
    await one.ping();
    assert.deepEqual(receiver.told.sort(), ['cache_miss private-cache-news', 'cache_miss private-cache-news', 'client_event private-cache-news',
        'subscription_count private-cache-news', 'subscription_count private-cache-news']);
    assert.deepEqual(receiver.events.filter(({ name }) => name === 'subscription_count').map((event) => event.subscription_count), [1, 2]);
});

test('what a server cannot send at its end another one sends, in its order', async (t) => {
    const { receiver, cluster, nodes } = await scene(t, { webhook: { batching: { max_events: 1 } } });
    const clients = await Promise.all(nodes.map((node) => Client.open(node)));
    let sent = 0;
    receiver.behave = () => (sent++ === 0 ? 'fails' : 'hangs');
    await clients[0].subscribe('first');
    const sender = await until(() => nodes.find(({ stderr, stdout }) => /does not take events/.test(stderr + stdout)), 'one of them sends');
    const others = clients.filter((_, n) => nodes[n] !== sender);
    for (const client of others)
        await client.subscribe('first');
    for (const channel of ['second', 'third'])
        await others[0].subscribe(channel);
    receiver.behave = ({ text }) => (text.includes('first') ? 'fails' : 'takes');
    sender.signal('SIGTERM');
    await sender.ended();
    receiver.behave = () => 'takes';
    await cluster.replace(sender);
    await receiver.until(3);
    assert.deepEqual(receiver.told, ['channel_occupied first', 'channel_occupied second', 'channel_occupied third']);
});

test('who returns on another node has not left', async (t) => {
    const { receiver, nodes } = await scene(t, { webhook: { disconnect_smoothing_ms: 2000 * SLOW } });
    const stays = await Client.open(nodes[0]);
    await stays.join('presence-room', 'stays');
    const returns = await Client.open(nodes[1]);
    await returns.join('presence-room', 'returns');
    await receiver.until(3);
    await returns.leave();
    await (await Client.open(nodes[2])).join('presence-room', 'returns');
    stays.unsubscribe('presence-room');
    await receiver.until(4);
    assert.deepEqual(receiver.told.slice(3), ['member_removed presence-room stays']);
});

/* Standard output takes the place of the pipe to artisan. */
function toldToArtisan({ stdout }) {
    const lines = stdout.split('\n').slice(0, -1).filter((line) => line.startsWith('{"event":"webhook"'));
    return lines.flatMap((line) => JSON.parse(line).body.events);
}

test('to artisan each change goes once, by the pipe of the node that sends', async (t) => {
    const cluster = await ownCluster(t, { nodes: 0, apps: [app({ webhooks: { url: 'artisan', disconnect_smoothing_ms: 0 } })] });
    for (let n = 0; n < 2; n++)
        await cluster.add({ args: ['--events-fd=1'] });
    const clients = await cluster.openMany(2);
    for (const [n, client] of clients.entries())
        await client.join('presence-room', `u${n}`);
    for (const client of clients)
        await client.leave();
    const told = () => cluster.nodes.flatMap(toldToArtisan).map(({ name, user_id: user }) => [name, user].join(' '));
    await until(() => told().length >= 6, () => `six events are told: ${told().join('; ')}`);
    assert.deepEqual(told().sort(), ['channel_occupied ', 'channel_vacated ', 'member_added u0', 'member_added u1', 'member_removed u0', 'member_removed u1']);
    for (const node of cluster.nodes)
        toldToArtisan(node).forEach(({ sequence }, n) => assert.equal(sequence, n + 1));
});
