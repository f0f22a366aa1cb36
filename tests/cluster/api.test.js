'use strict';

/* The HTTP API answers for the whole cluster, whichever node is asked, and quickly. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { ownCluster, sharedCluster } = require('../support/cluster.js');
const { Client, connectionsAre } = require('../support/clients.js');
const { get, post, publish } = require('../support/api.js');
const { SLOW, until } = require('../support/wait.js');

const cluster = sharedCluster({ nodes: 3 });
const { nodes } = cluster;

/* Each node gives this answer, soon: everything that a client was answered before is included. */
async function allSay(path, query, expected) {
    for (const node of nodes)
        assert.deepEqual((await get(node, path, { query })).json, expected);
}

test('connections are those of all nodes', async () => {
    const clients = await cluster.openMany(7);
    for (const node of nodes)
        await connectionsAre(node, 7);
    await Promise.all(clients.map((client) => client.leave()));
    for (const node of nodes)
        await connectionsAre(node, 0);
});

test('a channel is occupied where anybody on any node is subscribed, until the last has left', async () => {
    const clients = await cluster.openMany(5);
    for (const client of clients)
        await client.subscribe('news');
    await allSay('/channels/news', { info: 'subscription_count' }, { occupied: true, subscription_count: 5 });
    for (const client of clients.slice(1))
        await client.leave();
    for (const node of nodes)
        await until(async () => (await get(node, '/channels/news', { query: { info: 'subscription_count' } })).json.subscription_count === 1,
            'one is left');
    await clients[0].leave();
    for (const node of nodes)
        await until(async () => (await get(node, '/channels/news')).json.occupied === false, 'it is vacant');
});

test('channels are listed with those of all nodes, each once', async () => {
    const clients = await cluster.openMany(3);
    for (const [n, client] of clients.entries()) {
        await client.subscribe(`list-${n}`);
        await client.subscribe('list-all');
        await client.join('presence-list', 'same');
    }
    await allSay('/channels', { filter_by_prefix: 'list-' }, { channels: { 'list-0': {}, 'list-1': {}, 'list-2': {}, 'list-all': {} } });
    await allSay('/channels', { filter_by_prefix: 'presence-', info: 'user_count' }, { channels: { 'presence-list': { user_count: 1 } } });
    await allSay('/channels', { filter_by_prefix: 'nothing-' }, { channels: {} });
});

test('a user is counted and listed once, however many nodes he is on', async () => {
    const clients = await cluster.openMany(9);
    for (const [n, client] of clients.entries())
        await client.join('presence-count', `u${n % 2}`);
    await allSay('/channels/presence-count', { info: 'user_count' }, { occupied: true, user_count: 2 });
    for (const node of nodes) {
        const { users } = (await get(node, '/channels/presence-count/users')).json;
        assert.deepEqual(users.map(({ id }) => id).sort(), ['u0', 'u1']);
    }
    assert.equal((await get(nodes[0], '/channels/presence-nobody/users')).status, 404);
    assert.equal((await get(nodes[0], '/channels/news/users')).status, 400);
});

test('what publishing is asked for by info is the truth of the cluster', async () => {
    const clients = await cluster.openMany(4);
    for (const [n, client] of clients.entries()) {
        await client.subscribe('asked');
        await client.join('presence-asked', `u${n}`);
    }
    for (const node of nodes) {
        const answer = await publish(node, ['asked', 'presence-asked', 'nobody'], 'told', '{}', { body: { info: 'subscription_count,user_count,occupied' } });
        assert.deepEqual(answer.json.channels.asked.subscription_count, 4);
        assert.deepEqual(answer.json.channels['presence-asked'].user_count, 4);
        assert.ok(!answer.json.channels.nobody.occupied);
        const batch = [{ name: 'told', channel: 'asked', data: '{}', info: 'subscription_count' }, { name: 'told', channel: 'nobody', data: '{}' }];
        assert.deepEqual((await post(node, '/batch_events', { batch })).json, { batch: [{ subscription_count: 4 }, {}] });
    }
});

function percentile(times, part) {
    return [...times].sort((a, b) => a - b)[Math.floor((times.length - 1) * part)];
}

async function timesOf(node, count) {
    const times = [];
    for (let n = 0; n < count; n++) {
        const started = performance.now();
        const path = ['/channels', '/channels/presence-timed/users', '/connections', '/channels/presence-timed?'][n % 4].replace('?', '');
        assert.equal((await get(node, path)).status, 200);
        times.push(performance.now() - started);
    }
    return times;
}

test('answers do not wait for a node that is dead', { timeout: 60_000 }, async (t) => {
    const own = await ownCluster(t, { nodes: 3 });
    const clients = await own.openMany(30);
    await Promise.all(clients.map((client, n) => client.join('presence-timed', `u${n}`)));
    const well = await timesOf(own.nodes[0], 100);
    await own.nodes[2].kill();
    const dead = [];
    const end = Date.now() + 14_000;
    while (Date.now() < end)
        dead.push(...await timesOf(own.nodes[1], 20));
    t.diagnostic(`median of an API answer: ${percentile(well, 0.5).toFixed(1)} ms (99 %: ${percentile(well, 0.99).toFixed(1)}); `
        + `with a dead node ${percentile(dead, 0.5).toFixed(1)} ms (99 %: ${percentile(dead, 0.99).toFixed(1)}, most ${percentile(dead, 1).toFixed(1)})`);
    assert.ok(percentile(well, 0.5) < 50 * SLOW, `${percentile(well, 0.5)} ms where all is well`);
    assert.ok(percentile(dead, 0.99) < 1000 * SLOW, `${percentile(dead, 0.99)} ms with a dead node`);
    const { users } = (await get(own.nodes[0], '/channels/presence-timed/users')).json;
    assert.equal(users.length, 20, 'those of the living are told');
});

test('a node that has come later answers for all of them', async () => {
    const client = await Client.open(nodes[0]);
    await client.join('presence-late', '1');
    const late = await cluster.add();
    assert.deepEqual((await get(late, '/channels/presence-late/users')).json, { users: [{ id: '1' }] });
    const joiner = await Client.open(late);
    assert.deepEqual((await joiner.join('presence-late', '2')).ids.sort(), ['1', '2']);
    assert.equal((await client.next('pusher_internal:member_added')).json.user_id, '2');
});
