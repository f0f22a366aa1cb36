'use strict';

/* Users over all nodes: events for one, the end of all of their connections, and watchlists. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { sharedCluster } = require('../support/cluster.js');
const { Client } = require('../support/clients.js');
const { post, publish } = require('../support/api.js');

const cluster = sharedCluster({ nodes: 3 });
const { nodes } = cluster;
const WATCHLIST = 'pusher_internal:watchlist_events';

async function terminate(node, user) {
    const answer = await post(node, `/users/${encodeURIComponent(user)}/terminate_connections`, {});
    assert.deepEqual([answer.status, answer.text], [200, '{}']);
}

async function assertTerminated(client) {
    assert.equal((await client.next('pusher:error')).json.code, 4009);
    assert.equal((await client.waitClosed()).code, 4009);
}

/* The next watchlist event says this and nothing else; a first "offline" is skipped. */
async function told(client, name, user) {
    for (;;) {
        const { json } = await client.next(WATCHLIST);
        if (name === 'online' && json.events[0].name === 'offline')
            continue;
        assert.deepEqual(json, { events: [{ name, user_ids: [user] }] });
        return;
    }
}

test('an event for a user reaches each of his connections once, on all nodes', async () => {
    const clients = await cluster.openMany(6);
    const [stranger] = await cluster.openMany(1);
    await Promise.all(clients.map((client) => client.signin({ id: '7' })));
    await stranger.signin({ id: '8' });
    for (const node of nodes) {
        await publish(node, '#server-to-user-7', 'told', '{"n":1}');
        for (const client of clients)
            assert.deepEqual(await client.take(), { event: 'told', channel: '#server-to-user-7', data: '{"n":1}' });
    }
    for (const client of [...clients, stranger])
        await client.quiet();
});

test('an event for a user who has just signed in on another node arrives', async () => {
    for (let round = 0; round < 15; round++) {
        const client = await Client.open(nodes[round % 3]);
        await client.signin({ id: `fresh-${round}` });
        await publish(nodes[(round + 1) % 3], `#server-to-user-fresh-${round}`, 'told');
        assert.equal((await client.take()).event, 'told');
    }
});

for (const user of ['7', 'a b', 'é{x}', 'user@example.com'])
    test(`all connections of the user ${user} are terminated by any node, others stay`, async () => {
        const clients = await cluster.openMany(6);
        const others = await cluster.openMany(3);
        await Promise.all(clients.map((client) => client.signin({ id: user })));
        await Promise.all(others.map((client) => client.signin({ id: `${user}7` })));
        await terminate(nodes[1], user);
        await Promise.all(clients.map(assertTerminated));
        for (const client of others)
            await client.quiet();
    });

test('a presence member with that user id is terminated on other nodes too, and removed once', async () => {
    const [witness, first, second] = await Promise.all(nodes.map((node) => Client.open(node)));
    await witness.join('presence-end', 'w');
    await first.join('presence-end', 7);
    await second.join('presence-end', '7');
    await witness.next('pusher_internal:member_added');
    await terminate(nodes[0], '7');
    await Promise.all([first, second].map(assertTerminated));
    assert.deepEqual((await witness.take()).json, { user_id: '7' });
    await witness.quiet();
});

test('who signs in with a watchlist learns who of it is online on any node', async () => {
    const [bert, carl, anna] = await Promise.all(nodes.map((node) => Client.open(node)));
    await bert.signin({ id: 'bert' });
    await carl.signin({ id: 'carl' });
    anna.sendSignin({ id: 'anna', watchlist: ['bert', 'nobody', 'carl'] });
    assert.equal((await anna.take()).event, 'pusher:signin_success');
    const online = [];
    while (online.length < 2) {
        const message = await anna.take();
        assert.equal(message.event, WATCHLIST);
        online.push(...message.json.events.filter(({ name }) => name === 'online').flatMap(({ user_ids: ids }) => ids));
    }
    assert.deepEqual(online.sort(), ['bert', 'carl']);
    await anna.quiet();
});

test('a watched user is told of once when the first connection anywhere comes, and once when the last goes', async () => {
    const watchers = await cluster.openMany(3);
    await Promise.all(watchers.map((client, n) => client.signin({ id: `watcher-${n}`, watchlist: ['dora'] })));
    const doras = await cluster.openMany(6);
    await Promise.all(doras.map((client) => client.signin({ id: 'dora' })));
    for (const client of watchers)
        await told(client, 'online', 'dora');
    const last = doras.pop();
    await Promise.all(doras.map((client) => client.leave()));
    await last.ping();
    for (const client of watchers)
        await client.quiet('one connection is left');
    await last.leave();
    for (const client of watchers) {
        await told(client, 'offline', 'dora');
        await client.quiet();
    }
});

test('who signs in anew at once is told of those that it watches now, not of those before', async () => {
    const [before, now, client] = await cluster.openMany(3);
    await before.signin({ id: 'watched-before' });
    await now.signin({ id: 'watched-now' });
    for (let round = 0; round < 5; round++) {
        client.inOneSegment(() => {
            client.sendSignin({ id: 'watcher', watchlist: ['watched-before'] });
            client.sendSignin({ id: 'watcher', watchlist: ['watched-now'] });
        });
        assert.equal((await client.next('pusher:signin_success')).json.user_data, '{"id":"watcher","watchlist":["watched-now"]}');
        assert.deepEqual((await client.next(WATCHLIST)).json.events, [{ name: 'online', user_ids: ['watched-now'] }]);
        await client.quiet();
    }
});

test('who signs in again as the same user is no news to those who watch', async () => {
    const [watcher, client] = await cluster.openMany(2);
    await client.signin({ id: 'again' });
    watcher.sendSignin({ id: 'watcher', watchlist: ['again'] });
    await told(watcher, 'online', 'again');
    for (let round = 0; round < 10; round++)
        await client.signin({ id: 'again', user_info: { round } });
    await watcher.signin({ id: 'watcher' });
    await watcher.quiet();
});
