'use strict';

/* Events published on one node are received on all of them, as if they were one. docs/scaling.md. */

const assert = require('node:assert/strict');
const http = require('node:http');
const { test } = require('../support/test.js');
const { app } = require('../support/server.js');
const { sharedCluster } = require('../support/cluster.js');
const { Client } = require('../support/clients.js');
const { post, publish } = require('../support/api.js');

const other = app({ app_id: '2', key: 'key-2', secret: 'secret-2' });
const cluster = sharedCluster({ nodes: 3, apps: [app(), other], server: { max_request_size: 300_000 } });
const { nodes } = cluster;

const memberOf = (channel, n) => (channel.startsWith('presence-') ? { channelData: { user_id: String(n) } } : {});

/* Clients on every node in turn, subscribed. */
async function subscribers(channel, count = 6, options = {}) {
    const clients = await cluster.openMany(count, options);
    await Promise.all(clients.map((client, n) => client.subscribe(channel, memberOf(channel, n))));
    return clients;
}

/* The numbers of the events `n`, as many as are due; others are skipped. */
async function numbers(client, count, channel) {
    const got = [];
    while (got.length < count)
        got.push(Number((await client.next('n', channel)).data));
    return got;
}

const upTo = (count) => Array.from({ length: count }, (_, n) => n);

function agents(t, count) {
    const all = Array.from({ length: count }, () => new http.Agent({ keepAlive: true, maxSockets: 1 }));
    t.after(() => all.forEach((agent) => agent.destroy()));
    return all;
}

for (const channel of ['news', 'private-a', 'private-encrypted-a', 'presence-a', 'cache-a', 'private-cache-a',
    'private-encrypted-cache-a', 'presence-cache-a'])
    test(`an event on ${channel} reaches the clients of all nodes, whichever node takes it`, async () => {
        const clients = await subscribers(channel);
        for (const [n, node] of nodes.entries()) {
            await publish(node, channel, 'told', `{"from":${n},"text":"é\\"\\\\"}`);
            for (const client of clients)
                assert.deepEqual(await client.next('told'), { event: 'told', channel, data: `{"from":${n},"text":"é\\"\\\\"}` });
        }
        for (const client of clients)
            await client.quiet();
    });

for (const channel of ['order', 'presence-order', 'cache-order'])
    test(`what a publisher sends over many connections to one node arrives in order on every node: ${channel}`, async (t) => {
        const clients = await subscribers(channel, 9);
        const all = agents(t, 8);
        for (let n = 0; n < 300; n++)
            await publish(nodes[0], channel, 'n', String(n), { agent: all[n % all.length] });
        for (const client of clients) {
            assert.deepEqual(await numbers(client, 300), upTo(300));
            await client.quiet();
        }
    });

test('two publishers on two nodes each keep their order, everywhere', async () => {
    const clients = await subscribers('two', 9);
    await Promise.all([0, 1].map(async (which) => {
        for (let n = 0; n < 200; n++)
            await publish(nodes[which], 'two', 'n', JSON.stringify([which, n]));
    }));
    for (const client of clients) {
        const seen = [[], []];
        for (let n = 0; n < 400; n++) {
            const [which, number] = (await client.take()).json;
            seen[which].push(number);
        }
        assert.deepEqual(seen, [upTo(200), upTo(200)]);
        await client.quiet();
    }
});

for (const channel of ['agreed', 'presence-agreed', 'cache-agreed'])
    test(`events of many publishers on all nodes come in one order that all clients see: ${channel}`, async () => {
        const clients = await subscribers(channel, 9);
        await Promise.all(nodes.map(async (node, which) => {
            for (let n = 0; n < 60; n++)
                await publish(node, channel, 'n', String(1000 * which + n));
        }));
        const [first, ...rest] = await Promise.all(clients.map((client) => numbers(client, 180)));
        for (const seen of rest)
            assert.deepEqual(seen, first);
    });

test('many events in flight at once lose nothing and double nothing', async () => {
    const clients = await subscribers('flight', 6);
    await Promise.all(nodes.map((node, which) => Promise.all(upTo(200).map((n) =>
        publish(node, 'flight', 'n', String(1000 * which + n))))));
    const due = [...upTo(200), ...upTo(200).map((n) => 1000 + n), ...upTo(200).map((n) => 2000 + n)];
    for (const client of clients) {
        assert.deepEqual((await numbers(client, 600)).sort((a, b) => a - b), due);
        await client.quiet();
    }
});

test('what is published on any node after a subscription succeeded is heard, what was before it is not', async () => {
    for (let round = 0; round < 30; round++) {
        const [here, there] = [nodes[round % 3], nodes[(round + 1) % 3]];
        const client = await Client.open(here);
        await publish(there, `when-${round}`, 'before');
        await client.subscribe(`when-${round}`);
        await publish(there, `when-${round}`, 'after');
        assert.equal((await client.take()).event, 'after');
    }
});

test('who has unsubscribed hears nothing more from other nodes', async () => {
    for (let round = 0; round < 10; round++) {
        const [client, witness] = await Promise.all([nodes[0], nodes[0]].map((node) => Client.open(node)));
        for (const one of [client, witness])
            await one.subscribe('left');
        client.unsubscribe('left');
        await client.ping();
        await publish(nodes[1], 'left', 'told');
        await witness.next('told');
        await client.quiet();
        await witness.leave();
    }
});

test('a channel that is left and entered again is heard again', async () => {
    const client = await Client.open(nodes[0]);
    for (let round = 0; round < 20; round++) {
        await client.subscribe('again');
        await publish(nodes[1], 'again', 'n', String(round));
        assert.equal((await client.next('n')).data, String(round));
        client.unsubscribe('again');
    }
});

test('socket_id leaves out that connection and no other, whichever node takes the request', async () => {
    const clients = await subscribers('without', 6);
    for (const [n, left] of clients.entries()) {
        await publish(nodes[(n + 1) % 3], 'without', 'n', String(n), { body: { socket_id: left.socketId } });
        for (const client of clients.filter((one) => one !== left))
            assert.equal((await client.next('n')).data, String(n));
    }
    await publish(nodes[0], 'without', 'marker');
    for (const client of clients)
        assert.equal((await client.take()).event, 'marker');
});

for (const channel of ['presence-without', 'private-cache-without'])
    test(`socket_id leaves out a connection of another node on ${channel}`, async () => {
        const clients = await subscribers(channel, 6);
        const left = clients[1];
        await publish(nodes[0], channel, 'told', '{}', { body: { socket_id: left.socketId } });
        await publish(nodes[0], channel, 'marker');
        for (const client of clients)
            assert.equal((await client.next(client === left ? 'marker' : 'told')).channel, channel);
    });

test('the socket ids of all nodes are different', async () => {
    const clients = await cluster.openMany(90);
    assert.equal(new Set(clients.map(({ socketId }) => socketId)).size, 90);
});

test('batches cross in their order', async () => {
    const clients = await subscribers('batch-a', 3);
    for (const client of clients)
        await client.subscribe('batch-b');
    for (let from = 0; from < 100; from += 10) {
        const batch = Array.from({ length: 10 }, (_, i) => ({ name: 'n', channel: i % 2 ? 'batch-a' : 'batch-b', data: String(from + i),
            ...(i === 9 ? { socket_id: clients[1].socketId } : {}) }));
        assert.equal((await post(nodes[0], '/batch_events', { batch })).status, 200);
    }
    for (const client of clients) {
        const due = client === clients[1] ? upTo(100).filter((n) => n % 10 !== 9) : upTo(100);
        assert.deepEqual(await numbers(client, due.length), due);
        await client.quiet();
    }
});

test('an event to a hundred channels reaches their subscribers on all nodes, each once', async () => {
    const channels = upTo(100).map((n) => `hundred-${n}`);
    const clients = await cluster.openMany(100);
    await Promise.all(clients.map((client, n) => client.subscribe(channels[n])));
    await publish(nodes[2], channels, 'told');
    for (const [n, client] of clients.entries()) {
        assert.deepEqual(await client.take(), { event: 'told', channel: channels[n], data: '{}' });
        await client.quiet();
    }
});

test('a client in a thousand channels hears each of them from other nodes', async () => {
    const client = await Client.open(nodes[0]);
    const channels = upTo(1000).map((n) => `thousand-${n}`);
    channels.forEach((channel) => client.sendSubscribe(channel));
    for (const channel of channels)
        assert.equal((await client.next('pusher_internal:subscription_succeeded')).channel, channel);
    for (let n = 0; n < 1000; n += 37) {
        await publish(nodes[1], channels[n], 'told');
        assert.equal((await client.take()).channel, channels[n]);
    }
    channels.forEach((channel) => client.unsubscribe(channel));
    await client.ping();
    await publish(nodes[1], channels[5], 'told');
    await client.quiet();
});

test('client events reach the members on all nodes but the sender', async () => {
    const clients = await subscribers('private-whisper', 6);
    clients[0].send('client-typing', { who: 'é' }, 'private-whisper');
    for (const client of clients.slice(1))
        assert.deepEqual(await client.take(), { event: 'client-typing', channel: 'private-whisper', data: { who: 'é' } });
    await clients[0].quiet();
    const members = await subscribers('presence-whisper', 3);
    members[1].send('client-typing', { n: 1 }, 'presence-whisper');
    for (const member of [members[0], members[2]])
        assert.equal((await member.next('client-typing')).user_id, '1');
});

test('client events of one sender keep their order on other nodes', async () => {
    const clients = await subscribers('private-keys', 3);
    for (let n = 0; n < 300; n++)
        clients[0].send('client-n', String(n), 'private-keys');
    for (const client of clients.slice(1))
        for (let n = 0; n < 300; n++)
            assert.equal((await client.next('client-n')).data, String(n));
});

test('large events cross whole', async () => {
    const clients = await subscribers('large', 3);
    for (const size of [10_000, 65_535, 65_536, 100_000, 250_000]) {
        const data = 'x'.repeat(size - 3) + 'é!';
        await publish(nodes[0], 'large', 'told', data);
        for (const client of clients)
            assert.equal((await client.next('told')).data, data);
    }
});

test('data and names cross byte for byte', async () => {
    const clients = await subscribers('bytes', 3);
    const samples = ['', '{}', '"é€😀"', 'not json', '\u0000\u001f"\\/\u2028\r\n', '*3\r\n$3\r\nDEL\r\n', '{"a":"\\u00e9\\ud83d\\ude00"}'];
    for (const data of samples) {
        await publish(nodes[1], 'bytes', 'na"me\\é', data);
        for (const client of clients)
            assert.deepEqual(await client.take(), { event: 'na"me\\é', channel: 'bytes', data });
    }
});

for (const name of ['a{b}c', '{', '}{', 'a:b', 'with space', 'quote"\\', 'é€😀', 'new\nline', 'zero\u0000byte', '*', '[a-z]?', 'x'.repeat(164)])
    test(`a channel may be named ${JSON.stringify(name).slice(0, 20)}`, async () => {
        for (const channel of [name, `presence-${name}`, `cache-${name}`]) {
            const clients = await subscribers(channel, 3);
            await publish(nodes[0], channel, 'told', '1');
            for (const client of clients)
                assert.deepEqual(await client.next('told'), { event: 'told', channel, data: '1' });
            for (const client of clients)
                await client.leave();
        }
    });

test('two apps may have a channel of the same name', async () => {
    const ours = await subscribers('same', 3);
    const theirs = await subscribers('same', 3, { app: other });
    await publish(nodes[0], 'same', 'ours', '1');
    await publish(nodes[0], 'same', 'theirs', '2', { app: other });
    for (const client of ours)
        assert.equal((await client.take()).event, 'ours');
    for (const client of theirs)
        assert.equal((await client.take()).event, 'theirs');
    for (const client of [...ours, ...theirs])
        await client.quiet();
});

test('events on channels of all kinds keep their order on every node', async () => {
    const channels = ['cache-mixed', 'mixed', 'private-mixed', 'presence-mixed', '#server-to-user-mixed'];
    const clients = await cluster.openMany(3);
    for (const [n, client] of clients.entries()) {
        await client.signin({ id: 'mixed' });
        for (const channel of channels.slice(0, 4))
            await client.subscribe(channel, channel.startsWith('presence-') ? { channelData: { user_id: `u${n}` } } : {});
    }
    for (let n = 0; n < 60; n += 6) {
        const batch = [0, 1, 2, 3, 4, 5].map((i) => ({ name: 'n', channel: channels[(n + i) * 2 % 5], data: String(n + i) }));
        assert.equal((await post(cluster.nodes[n % 3], '/batch_events', { batch })).status, 200);
    }
    for (const client of clients)
        for (let n = 0; n < 60; n++)
            assert.equal((await client.next('n')).data, String(n));
});
