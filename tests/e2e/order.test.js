'use strict';

/* Order over all workers, and excluded connections. docs/architecture.md. */

const assert = require('node:assert/strict');
const http = require('node:http');
const { test } = require('../support/test.js');
const { ownServer, sharedServer } = require('../support/server.js');
const { Client } = require('../support/clients.js');
const { post, publish } = require('../support/api.js');
const { RawConnection } = require('../support/raw.js');
const { signedTarget } = require('../support/signer.js');

const server = sharedServer({ workers: 4 });

/* Kept-alive connections that the kernel spreads over the workers. */
function agents(t, count) {
    const all = Array.from({ length: count }, () => new http.Agent({ keepAlive: true, maxSockets: 1 }));
    t.after(() => all.forEach((agent) => agent.destroy()));
    return all;
}

async function subscribers(channel, count = 16) {
    const clients = await Client.openMany(server, count);
    await Promise.all(clients.map((client) => client.subscribe(channel)));
    return clients;
}

async function assertCounts(clients, count) {
    for (const client of clients) {
        for (let n = 0; n < count; n++)
            assert.equal((await client.take(`event ${n}`)).data, String(n));
        await client.quiet();
    }
}

test('what one publisher sends over many connections arrives everywhere in the order it was sent', async (t) => {
    const clients = await subscribers('order');
    const all = agents(t, 12);
    for (let n = 0; n < 600; n++)
        await publish(server, 'order', 'n', String(n), { agent: all[n % all.length] });
    await assertCounts(clients, 600);
});

test('batches keep their order, one after the other and within', async (t) => {
    const clients = await subscribers('batches');
    const all = agents(t, 8);
    for (let n = 0; n < 400; n += 8) {
        const batch = Array.from({ length: 8 }, (_, i) => ({ name: 'n', channel: 'batches', data: String(n + i) }));
        const answer = await post(server, '/batch_events', { batch }, { agent: all[n / 8 % all.length] });
        assert.equal(answer.status, 200);
    }
    await assertCounts(clients, 400);
});

test('events on several channels keep their order for a subscriber of all of them', async (t) => {
    const channels = ['multi-a', 'multi-b', 'multi-c'];
    const clients = await subscribers(channels[0]);
    for (const client of clients)
        for (const channel of channels.slice(1))
            await client.subscribe(channel);
    const all = agents(t, 6);
    for (let n = 0; n < 300; n++)
        await publish(server, channels[n % 3], 'n', String(n), { agent: all[n % all.length] });
    await assertCounts(clients, 300);
});

test('requests pipelined on one connection are carried out in order', async () => {
    const clients = await subscribers('pipelined');
    const raw = await RawConnection.open(server);
    let bytes = '';
    for (let n = 0; n < 100; n++) {
        const body = JSON.stringify({ name: 'n', channel: 'pipelined', data: String(n) });
        const target = signedTarget(server.app, 'POST', `/apps/${server.app.app_id}/events`, { body });
        bytes += `POST ${target} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    }
    await raw.write(bytes);
    for (let n = 0; n < 100; n++)
        assert.equal((await raw.response()).status, 200);
    await assertCounts(clients, 100);
});

test('what was published before a subscription succeeded is not seen, what comes after it is', async () => {
    for (let round = 0; round < 20; round++) {
        const client = await Client.open(server);
        await publish(server, 'when', 'before');
        await client.subscribe('when');
        await publish(server, 'when', 'after');
        assert.equal((await client.take()).event, 'after');
    }
});

test('socket_id leaves out that connection and no other, wherever it is', async () => {
    const clients = await subscribers('without', 12);
    for (const [n, left] of clients.entries()) {
        await publish(server, 'without', 'n', String(n), { body: { socket_id: left.socketId } });
        const batch = [{ name: 'batched', channel: 'without', data: String(n), socket_id: left.socketId }];
        assert.equal((await post(server, '/batch_events', { batch })).status, 200);
    }
    await publish(server, 'without', 'marker');
    for (const [own, client] of clients.entries()) {
        for (let n = 0; n < clients.length; n++) {
            if (n === own)
                continue;
            assert.deepEqual(await client.take(), { event: 'n', channel: 'without', data: String(n) });
            assert.deepEqual(await client.take(), { event: 'batched', channel: 'without', data: String(n) });
        }
        assert.equal((await client.take()).event, 'marker');
    }
});

test('a socket_id that nobody has leaves out nobody', async () => {
    const clients = await subscribers('all', 4);
    for (const socket_id of ['1.1', '', 'no socket id'])
        await publish(server, 'all', 'told', '{}', { body: { socket_id } });
    for (const client of clients)
        for (let n = 0; n < 3; n++)
            assert.equal((await client.take()).event, 'told');
});

test('an event goes to every channel it names, and only there', async () => {
    const [a, b, c, both] = await Client.openMany(server, 4);
    await a.subscribe('to-a');
    await b.subscribe('to-b');
    await c.subscribe('to-c');
    await both.subscribe('to-a');
    await both.subscribe('to-b');
    await publish(server, ['to-a', 'to-b', 'to-nobody'], 'told', '"x"');
    await publish(server, ['to-c'], 'marker');
    assert.deepEqual(await a.take(), { event: 'told', channel: 'to-a', data: '"x"' });
    assert.deepEqual(await b.take(), { event: 'told', channel: 'to-b', data: '"x"' });
    assert.equal((await c.take()).event, 'marker');
    const channels = [(await both.take()).channel, (await both.take()).channel];
    assert.deepEqual(channels.sort(), ['to-a', 'to-b']);
    for (const client of [a, b, c, both])
        await client.quiet();
});

test('data arrives byte for byte', async () => {
    const client = await Client.open(server);
    await client.subscribe('bytes');
    const samples = ['', '{}', '"é€😀"', 'not json at all', '\u0000\u001f"\\/\u2028\u2029', 'x'.repeat(9000), '{"a":"\\u00e9\\ud83d\\ude00"}'];
    for (const data of samples) {
        await publish(server, 'bytes', 'na"me\\é', data);
        assert.deepEqual(await client.take(), { event: 'na"me\\é', channel: 'bytes', data });
    }
});

test('a lone surrogate, escaped as JSON allows, harms nobody', async () => {
    const client = await Client.open(server);
    await client.subscribe('lone');
    const answer = await post(server, '/events', '{"name":"lone","channel":"lone","data":"\\ud800"}');
    assert.ok([200, 400, 422].includes(answer.status), answer.text);
    await publish(server, 'lone', 'marker');
    await client.next('marker');
});

/* Kinds of channels go different ways to their subscribers; all of them are in order together. */
const KINDS = ['cache-k', 'k', 'private-k', 'private-cache-k', 'presence-k', 'presence-cache-k', '#server-to-user-k'];

async function subscriberOfAll(one) {
    const client = await Client.open(one);
    await client.signin({ id: 'k' });
    for (const channel of KINDS.filter((name) => !name.startsWith('#')))
        await client.subscribe(channel, channel.startsWith('presence-') ? { channelData: { user_id: 'k' } } : {});
    client.inbox.length = 0; // cache misses
    return client;
}

for (const workers of [1, 3])
    for (const size of [1, 7, 10])
        test(`events on channels of all kinds keep their order: ${workers} workers, ${size} in a batch`, async (t) => {
            const one = await ownServer(t, { workers });
            const clients = await Promise.all([1, 2, 3, 4].map(() => subscriberOfAll(one)));
            const raw = await RawConnection.open(one);
            const numbers = Array.from({ length: 21 * size }, (_, n) => n);
            let bytes = '';
            for (let n = 0; n < numbers.length; n += size) {
                const batch = numbers.slice(n, n + size).map((number) => (
                    { name: 'n', channel: KINDS[(number * 3) % KINDS.length], data: String(number) }));
                const body = JSON.stringify({ batch });
                const target = signedTarget(one.app, 'POST', `/apps/${one.app.app_id}/batch_events`, { body });
                bytes += `POST ${target} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
            }
            await raw.write(bytes);
            for (let n = 0; n < numbers.length; n += size)
                assert.equal((await raw.response()).status, 200);
            for (const client of clients) {
                const got = [];
                while (got.length < numbers.length)
                    got.push(Number((await client.next('n')).data));
                assert.deepEqual(got, numbers);
            }
        });

test('who comes and goes is told in order with the events beside it', async () => {
    const witness = await Client.open(server);
    await witness.join('presence-beside', 'witness');
    const publisher = await Client.open(server);
    for (let round = 0; round < 30; round++) {
        publisher.inOneSegment(() => {
            publisher.sendSubscribe('presence-beside', { channelData: { user_id: 'p' } });
            publisher.send('client-told', { round }, 'presence-beside');
            publisher.unsubscribe('presence-beside');
        });
        for (const event of ['pusher_internal:member_added', 'client-told', 'pusher_internal:member_removed'])
            assert.equal((await witness.take()).event, event);
    }
});
