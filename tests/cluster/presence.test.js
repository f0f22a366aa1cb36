'use strict';

/* A presence channel has one state over all nodes. docs/scaling.md. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { sharedCluster } = require('../support/cluster.js');
const { Client, eventsUntil } = require('../support/clients.js');
const { get, publish } = require('../support/api.js');
const { until } = require('../support/wait.js');

const cluster = sharedCluster({ nodes: 3 });
const { nodes } = cluster;
const ADDED = 'pusher_internal:member_added';
const REMOVED = 'pusher_internal:member_removed';

const onEach = () => Promise.all(nodes.map((node) => Client.open(node)));

let markers = 0;

/* [event, user] of what `client` has seen of the channel up to now. */
async function seenSoFar(client, channel) {
    const marker = `marker-${markers++}`;
    await publish(client.server, channel, marker);
    const events = await eventsUntil(client, channel, marker);
    return events.filter(({ event }) => !event.startsWith('marker-')).map(({ event, json }) => [event, json.user_id]);
}

test('a member is greeted with the members of all nodes, and they are told of it once', async () => {
    const clients = await onEach();
    const info = (n) => ({ name: `Näme "${n}"` });
    for (const [n, client] of clients.entries()) {
        const { count, ids, hash } = await client.join('presence-hall', String(n), info(n));
        assert.equal(count, n + 1);
        assert.deepEqual([...ids].sort(), ['0', '1', '2'].slice(0, n + 1));
        assert.deepEqual(hash, Object.fromEntries(clients.slice(0, n + 1).map((_, i) => [String(i), info(i)])));
    }
    for (const [n, client] of clients.entries()) {
        for (let later = n + 1; later < 3; later++) {
            const message = await client.take();
            assert.deepEqual([message.event, message.json], [ADDED, { user_id: String(later), user_info: info(later) }]);
        }
        await client.quiet();
    }
});

for (const how of ['unsubscribe', 'close', 'terminate'])
    test(`a member that goes by ${how} is removed on all nodes, once`, async () => {
        const clients = await onEach();
        for (const [n, client] of clients.entries())
            await client.join('presence-gone', String(n));
        if (how === 'unsubscribe')
            clients[0].unsubscribe('presence-gone');
        else
            clients[0].socket[how]();
        for (const client of clients.slice(1)) {
            assert.deepEqual((await client.next(REMOVED)).json, { user_id: '0' });
            await client.quiet();
        }
    });

test('a user on all nodes is one member, added with the first connection and removed with the last', async () => {
    const witnesses = await onEach();
    for (const [n, client] of witnesses.entries())
        await client.join('presence-one', `w${n}`);
    for (const client of witnesses)
        await seenSoFar(client, 'presence-one');
    const clients = await cluster.openMany(12);
    const snapshots = await Promise.all(clients.map((client) => client.join('presence-one', '7', { n: 7 })));
    for (const { ids, hash } of snapshots) {
        assert.deepEqual([...ids].sort(), ['7', 'w0', 'w1', 'w2']);
        assert.deepEqual(hash['7'], { n: 7 });
    }
    for (const client of witnesses)
        assert.deepEqual(await seenSoFar(client, 'presence-one'), [[ADDED, '7']]);
    const last = clients.splice(4, 1)[0];
    await Promise.all(clients.map((client) => client.leave()));
    await last.ping();
    for (const client of witnesses)
        assert.deepEqual(await seenSoFar(client, 'presence-one'), [], 'the user is still there');
    await last.leave();
    for (const client of witnesses) {
        assert.deepEqual((await client.next(REMOVED)).json, { user_id: '7' });
        assert.deepEqual(await seenSoFar(client, 'presence-one'), []);
    }
});

test('nobody is told of himself, on whichever node he is again', async () => {
    const clients = await onEach();
    for (const client of clients)
        await client.join('presence-self', 'me');
    for (const client of clients)
        assert.deepEqual(await seenSoFar(client, 'presence-self'), []);
    clients[0].unsubscribe('presence-self');
    await clients[0].ping();
    for (const client of clients.slice(1))
        assert.deepEqual(await seenSoFar(client, 'presence-self'), []);
});

test('all nodes agree on the order in which members come and go', async () => {
    const witnesses = await cluster.openMany(6);
    await Promise.all(witnesses.map((client, n) => client.join('presence-order', `w${n}`)));
    for (const client of witnesses)
        await seenSoFar(client, 'presence-order');
    const clients = await cluster.openMany(24);
    await Promise.all(clients.map(async (client, n) => {
        for (let round = 0; round < 5; round++) {
            await client.join('presence-order', `u${n % 8}`);
            client.unsubscribe('presence-order');
        }
        await client.ping();
    }));
    await until(async () => (await get(nodes[0], '/channels/presence-order/users')).json.users.length === 6, 'the last has left');
    await publish(nodes[0], 'presence-order', 'end');
    const seen = await Promise.all(witnesses.map((client) => eventsUntil(client, 'presence-order', 'end')));
    const [first, ...rest] = seen.map((events) => events.filter(({ event }) => !event.startsWith('marker-'))
        .map(({ event, json }) => `${event} ${json.user_id}`));
    for (const each of rest)
        assert.deepEqual(each, first);
    const there = new Set();
    for (const line of first) {
        const [event, user] = line.split(' ');
        assert.equal(there.has(user), event === REMOVED, line);
        if (event === ADDED)
            there.add(user);
        else
            there.delete(user);
    }
    assert.equal(there.size, 0);
});

test('what a joiner is greeted with and what it is told afterwards fit, while members come and go on other nodes', async () => {
    const movers = await cluster.openMany(9);
    let isOver = false;
    const moving = Promise.all(movers.map(async (client, n) => {
        while (!isOver) {
            await client.join('presence-flow', `m${n % 5}`);
            client.unsubscribe('presence-flow');
        }
        await client.join('presence-flow', `m${n % 5}`);
    }));
    const joiners = [];
    for (let n = 0; n < 15; n++) {
        const client = await Client.open(nodes[n % 3]);
        const { ids } = await client.join('presence-flow', `j${n}`);
        joiners.push({ client, members: new Set(ids) });
    }
    isOver = true;
    await moving;
    await publish(nodes[1], 'presence-flow', 'end');
    for (const { client, members } of joiners) {
        for (const { event, json } of await eventsUntil(client, 'presence-flow', 'end')) {
            assert.equal(members.has(json.user_id), event === REMOVED, `${event} ${json.user_id}`);
            if (event === ADDED)
                members.add(json.user_id);
            else
                members.delete(json.user_id);
        }
    }
    const due = [...[0, 1, 2, 3, 4].map((n) => `m${n}`), ...joiners.map((_, n) => `j${n}`)].sort();
    for (const { members } of joiners)
        assert.deepEqual([...members].sort(), due);
});

test('a large user_info and odd user ids cross', async () => {
    const [anna, bert] = await onEach();
    await anna.join('presence-odd', 'an"na\\é', { text: 'x'.repeat(4000) });
    const { hash } = await bert.join('presence-odd', '0', {});
    assert.deepEqual(hash, { 'an"na\\é': { text: 'x'.repeat(4000) }, 0: {} });
    assert.deepEqual((await anna.next(ADDED)).json, { user_id: '0', user_info: {} });
});

test('who subscribes, leaves and subscribes in one go is greeted as a member, and hears nothing of itself', async () => {
    const channel = 'presence-again';
    const witness = await Client.open(nodes[1]);
    await witness.join(channel, 'witness');
    for (let round = 0; round < 10; round++) {
        const client = await Client.open(nodes[0]);
        const options = { channelData: { user_id: `u${round}` } };
        client.inOneSegment(() => {
            client.sendSubscribe(channel, options);
            client.unsubscribe(channel);
            client.sendSubscribe(channel, options);
        });
        const { json } = await client.next('pusher_internal:subscription_succeeded', channel);
        assert.deepEqual(json.presence.ids.sort(), [`u${round}`, 'witness']);
        assert.deepEqual(await seenSoFar(client, channel), []);
        await client.leave();
        await until(async () => (await get(nodes[0], `/channels/${channel}/users`)).json.users.length === 1, 'it is gone');
    }
});

test('of a user whose tabs on several nodes have different infos a newcomer is shown that of one that is there', async () => {
    const [a, b, c] = cluster.nodes;
    const hall = 'presence-tabs';
    const [onA, onB, again] = [await Client.open(a), await Client.open(b), await Client.open(b)];
    const shown = async (tab) => {
        for (const node of [a, b, c])
            await until(async () => {
                const newcomer = await Client.open(node);
                const { hash } = await newcomer.join(hall, 'v');
                newcomer.close();
                return hash.u?.tab === tab;
            }, `the info of tab ${tab} is shown`);
    };
    const witness = await Client.open(c);
    await witness.join(hall, 'v');
    await onA.join(hall, 'u', { tab: 'a' });
    assert.equal((await witness.next('pusher_internal:member_added')).json.user_id, 'u');
    await onB.join(hall, 'u', { tab: 'b' });
    await again.join(hall, 'u', { tab: 'again' });
    await shown('a');
    await onA.leave(); // the first node has none any more
    await shown('b');
    await onB.leave(); // the second one has another
    await shown('again');
    await (await Client.open(a)).join(hall, 'u', { tab: 'back' });
    await again.leave();
    await shown('back');
    await witness.quiet('nobody came and nobody went');
});
