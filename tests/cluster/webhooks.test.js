'use strict';

/* Webhooks of several servers: each event once, in the order of the channel, whoever dies. docs/webhooks.md. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { app } = require('../support/server.js');
const { ownCluster } = require('../support/cluster.js');
const { Client } = require('../support/clients.js');
const { get } = require('../support/api.js');
const { Sentinels } = require('../support/redis.js');
const { Receiver } = require('../support/receiver.js');
const { randomness } = require('../support/random.js');
const { SLOW, until } = require('../support/wait.js');

const SEED = Number(process.env.WEBHOOKS_SEED || Date.now() % 1_000_000);
const SECONDS = Number(process.env.WEBHOOKS_S || 6);
const REST_MS = 60_000 * SLOW;

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

/* The receiver's picture: what is occupied, and who is in it. */
function pictureOf(events) {
    const picture = new Map();
    for (const { name, channel, user_id: user } of events) {
        if (name === 'channel_vacated')
            picture.delete(channel);
        else if (!picture.has(channel))
            picture.set(channel, new Set());
        if (name === 'member_added')
            picture.get(channel).add(user);
        if (name === 'member_removed')
            picture.get(channel).delete(user);
    }
    return written(picture);
}

const written = (picture) => [...picture].map(([channel, users]) => `${channel}: ${[...users].sort().join(' ')}`).sort();

/* The API's. */
async function stateOf(node) {
    const { json } = await get(node, '/channels');
    const state = new Map();
    for (const channel of Object.keys(json.channels))
        state.set(channel, new Set(channel.startsWith('presence-') ? (await get(node, `/channels/${channel}/users`)).json.users.map(({ id }) => id) : []));
    return written(state);
}

async function areEqual({ receiver, cluster }) {
    let [is, should] = [];
    await cluster.connected();
    await until(async () => {
        should = await stateOf(cluster.living[0]);
        is = pictureOf(receiver.events);
        return JSON.stringify(is) === JSON.stringify(should);
    }, () => `the picture is true (WEBHOOKS_SEED=${SEED}); is\n${is?.join('\n')}\nshould\n${should?.join('\n')}`, REST_MS);
}

/* Clients that come and go, until the time is over. */
async function bustle({ cluster, random }, seconds) {
    const end = Date.now() + seconds * 1000;
    const clients = new Set();
    const step = async () => {
        if (clients.size > 4 && random.below(2) === 0) {
            const [client] = [...clients].slice(random.below(clients.size));
            clients.delete(client);
            client.close();
            return;
        }
        const client = await Client.open(random.one(cluster.living)).catch(() => null);
        if (client === null)
            return;
        clients.add(client);
        for (let n = random.below(3); n >= 0; n--)
            client.sendSubscribe(random.below(2) === 0 ? `news-${random.below(6)}` : `presence-${random.below(4)}`,
                { channelData: { user_id: `u${random.below(6)}` } });
    };
    while (Date.now() < end) {
        await step().catch(() => {});
        await new Promise((resolve) => { setTimeout(resolve, 10); });
    }
}

test('nodes are killed while clients come and go: at rest the picture is that of the API', { timeout: 180_000 }, async (t) => {
    const random = randomness(SEED);
    const it = { ...await scene(t, { webhook: { disconnect_smoothing_ms: 300 } }), random };
    const { receiver, cluster } = it;
    receiver.behave = () => (random.below(5) === 0 ? 'fails' : random.below(5) === 0 ? 'takes_and_closes_in_the_middle' : 'takes');
    const busy = bustle(it, SECONDS);
    for (let n = 0; n < 2; n++) {
        await new Promise((resolve) => { setTimeout(resolve, SECONDS * 300); });
        const node = random.one(cluster.living);
        await node.kill();
        await cluster.replace(node);
    }
    await busy;
    receiver.behave = () => 'takes';
    await areEqual(it);
});

test('Redis fails over while clients come and go: at rest the picture is that of the API', { timeout: 180_000 }, async (t) => {
    const redis = await Sentinels.start();
    t.after(() => redis.stop());
    const random = randomness(SEED + 1);
    const it = { ...await scene(t, { webhook: { disconnect_smoothing_ms: 300 }, redis }), random };
    const busy = bustle(it, SECONDS);
    const first = await redis.master();
    await first.kill();
    await until(async () => { const master = await redis.master(); return master !== first && master; }, 'the replica is the master', REST_MS);
    await busy;
    await areEqual(it);
});
