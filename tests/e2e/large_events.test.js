'use strict';

/* Large events whose bodies are hashed together: from many connections at one time, pipelined, among
 * small ones and wrong ones. The server is stopped while they are sent, so that it finds them all
 * at once. docs/architecture.md, "A turn of the loop". */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { sharedServer, ownServer } = require('../support/server.js');
const { Client } = require('../support/clients.js');
const { RawConnection } = require('../support/raw.js');
const { signedTarget } = require('../support/signer.js');

const server = sharedServer({ workers: 1 });
const LARGE = 8000;

/* `data` says which it is, and is padded. */
const dataOf = (number, length) => String(number).padEnd(length, 'x');

function eventRequest(channel, number, { length = LARGE, where = server, changed = (body) => body, ...options } = {}) {
    const body = JSON.stringify({ name: 'n', channel, data: dataOf(number, length) });
    const target = signedTarget(where.app, 'POST', `/apps/${where.app.app_id}/events`, { body, ...options });
    return `POST ${target} HTTP/1.1\r\nHost: x\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${changed(body)}`;
}

/* Calls `send` while the server is stopped. */
async function allAtOnce(where, send) {
    await where.freeze();
    try {
        await send();
    } finally {
        where.signal('SIGCONT');
    }
}

async function listener(channel, where = server) {
    const client = await Client.open(where);
    await client.subscribe(channel);
    return client;
}

const openMany = (count, where = server, options) =>
    Promise.all(Array.from({ length: count }, () => RawConnection.open(where, options)));

async function numbersHeard(client, count) {
    const numbers = [];
    while (numbers.length < count) {
        const { event, data } = await client.take();
        assert.equal(event, 'n');
        numbers.push(parseInt(data, 10));
    }
    await client.quiet();
    return numbers;
}

const ascending = (numbers) => numbers.every((number, at) => at === 0 || number > numbers[at - 1]);
const sorted = (numbers) => [...numbers].sort((a, b) => a - b);
const upTo = (count) => Array.from({ length: count }, (_, n) => n);

async function statuses(raw, count) {
    const all = [];
    while (all.length < count)
        all.push((await raw.response()).status);
    return all;
}

test('those of many connections all arrive, each whole, and each is answered', async () => {
    const client = await listener('many');
    const connections = await openMany(50);
    for (let round = 0; round < 5; round++) {
        await allAtOnce(server, () => Promise.all(
            connections.map((raw, n) => raw.write(eventRequest('many', n, { length: LARGE + n })))));
        for (const raw of connections)
            assert.deepEqual(await statuses(raw, 1), [200]);
        const heard = [];
        while (heard.length < connections.length)
            heard.push((await client.take()).data);
        assert.deepEqual(heard.sort(), connections.map((_, n) => dataOf(n, LARGE + n)).sort());
        await client.quiet();
    }
});

test('pipelined on each of some connections they keep their order, large and small', async () => {
    const client = await listener('pipelined');
    const connections = await openMany(6);
    const each = 30;
    const lengthOf = (n) => [LARGE, 10, LARGE, LARGE, 600, 10][n % 6];
    await allAtOnce(server, async () => {
        for (const [at, raw] of connections.entries())
            void raw.write(upTo(each).map((n) => eventRequest('pipelined', at * 100 + n, { length: lengthOf(n) })).join(''));
    });
    for (const raw of connections)
        assert.deepEqual(await statuses(raw, each), Array(each).fill(200));
    const numbers = await numbersHeard(client, connections.length * each);
    for (const at of connections.keys()) {
        const own = numbers.filter((number) => Math.floor(number / 100) === at);
        assert.deepEqual(own, upTo(each).map((n) => at * 100 + n));
    }
});

test('pipelined on one connection alone they keep their order', async () => {
    const client = await listener('alone');
    const [raw] = await openMany(1);
    void raw.write(upTo(40).map((n) => eventRequest('alone', n, { length: n % 3 ? LARGE : 10 })).join(''));
    assert.deepEqual(await statuses(raw, 40), Array(40).fill(200));
    assert.deepEqual(await numbersHeard(client, 40), upTo(40));
});

test('what comes in pieces and what comes chunked is hashed as well', async () => {
    const client = await listener('pieces');
    const connections = await openMany(10);
    const requests = connections.map((_, n) => eventRequest('pieces', n));
    await Promise.all(connections.map((raw, n) => raw.write(requests[n].slice(0, 1000 + n))));
    const [chunked] = await openMany(1);
    const whole = eventRequest('pieces', connections.length);
    const body = whole.slice(whole.indexOf('\r\n\r\n') + 4);
    await allAtOnce(server, async () => {
        await Promise.all(connections.map((raw, n) => raw.write(requests[n].slice(1000 + n))));
        await chunked.write(`${whole.slice(0, whole.indexOf('Content-Length'))}Transfer-Encoding: chunked\r\n\r\n`
            + `64\r\n${body.slice(0, 100)}\r\n${(body.length - 100).toString(16)}\r\n${body.slice(100)}\r\n0\r\n\r\n`);
    });
    for (const raw of [...connections, chunked])
        assert.deepEqual(await statuses(raw, 1), [200]);
    assert.deepEqual(sorted(await numbersHeard(client, connections.length + 1)), upTo(connections.length + 1));
});

test('a wrong one among right ones is refused alone', async () => {
    const client = await listener('wrong');
    const connections = await openMany(24);
    const wrong = new Map([
        [3, { secret: 'another secret' }],
        [7, { signature: null }],
        [8, { signature: '0'.repeat(64) }],
        [12, { changed: (body) => body.replace('xx', 'xy') }],
        [16, { md5: '0'.repeat(32), signedBody: 'another body' }],
        [20, { id: 'none', key: 'no key' }],
    ]);
    await allAtOnce(server, () => Promise.all(
        connections.map((raw, n) => raw.write(eventRequest('wrong', n, wrong.get(n))))));
    for (const [n, raw] of connections.entries())
        assert.deepEqual(await statuses(raw, 1), [wrong.has(n) ? 401 : 200], `request ${n}`);
    const right = upTo(connections.length).filter((n) => !wrong.has(n));
    assert.deepEqual(sorted(await numbersHeard(client, right.length)), right);
});

test('a wrong one in the middle of a connection is refused alone', async () => {
    const client = await listener('middle');
    const connections = await openMany(4);
    const isWrong = (n) => n === 2 || n === 5;
    const changed = (body) => body.replace('xx', 'xy');
    await allAtOnce(server, async () => {
        for (const raw of connections)
            void raw.write(upTo(8).map((n) => eventRequest('middle', n, isWrong(n) ? { changed } : {})).join(''));
    });
    for (const raw of connections)
        assert.deepEqual(await statuses(raw, 8), upTo(8).map((n) => (isWrong(n) ? 401 : 200)));
    const numbers = await numbersHeard(client, 6 * connections.length);
    assert.ok(!numbers.some(isWrong));
});

test('connections that close in the middle harm nobody', async () => {
    const client = await listener('closing');
    const isCut = (n) => n % 4 === 1; // the request is incomplete
    const isGone = (n) => n % 4 === 2; // it is complete, and may be published or not
    for (let round = 0; round < 10; round++) {
        const connections = await openMany(20);
        await allAtOnce(server, async () => {
            await Promise.all(connections.map((raw, n) => {
                const request = eventRequest('closing', round * 100 + n);
                return raw.write(isCut(n) ? request.slice(0, -1) : request);
            }));
            connections.filter((_, n) => isCut(n) || isGone(n)).forEach((raw) => raw.socket.resetAndDestroy());
        });
        const staying = upTo(connections.length).filter((n) => !isCut(n) && !isGone(n));
        for (const n of staying)
            assert.deepEqual(await statuses(connections[n], 1), [200]);
        const heard = new Set();
        while (!staying.every((n) => heard.has(round * 100 + n)))
            heard.add(parseInt((await client.take()).data, 10));
        assert.ok(![...heard].some((number) => isCut(number % 100)));
    }
});

test('a client that ends its side still gets its answer', async () => {
    const connections = await openMany(10);
    await allAtOnce(server, () => connections.forEach((raw, n) => raw.socket.end(eventRequest('ended', n))));
    for (const raw of connections) {
        assert.deepEqual(await statuses(raw, 1), [200]);
        await raw.waitClosed();
    }
});

test('Connection: close is honoured behind them', async () => {
    const connections = await openMany(10);
    await allAtOnce(server, () => Promise.all(connections.map((raw, n) =>
        raw.write(eventRequest('last', n).replace('Host: x', 'Host: x\r\nConnection: close')))));
    for (const raw of connections) {
        const response = await raw.response();
        assert.equal(response.status, 200);
        assert.equal(response.headers.connection, 'close');
        await raw.waitClosed();
    }
});

test('on many workers every subscriber hears each, those of a connection in order', async (t) => {
    const many = await ownServer(t, { workers: 4 });
    const clients = await Promise.all(upTo(8).map(() => listener('workers', many)));
    const connections = await openMany(32, many);
    await allAtOnce(many, async () => {
        for (const [at, raw] of connections.entries())
            void raw.write(upTo(4).map((n) => eventRequest('workers', at * 10 + n, { where: many })).join(''));
    });
    for (const raw of connections)
        assert.deepEqual(await statuses(raw, 4), [200, 200, 200, 200]);
    for (const client of clients) {
        const numbers = await numbersHeard(client, 4 * connections.length);
        for (const at of connections.keys())
            assert.ok(ascending(numbers.filter((number) => Math.floor(number / 10) === at)));
        assert.equal(new Set(numbers).size, 4 * connections.length);
    }
});

test('a server that is ended while they wait ends as it should', async (t) => {
    const ending = await ownServer(t, { workers: 2 });
    const connections = await openMany(20, ending);
    await allAtOnce(ending, async () => {
        await Promise.all(connections.map((raw, n) => raw.write(eventRequest('ending', n, { where: ending }))));
        ending.signal('SIGTERM');
    });
    for (const raw of connections)
        await raw.waitClosed();
    await ending.ended();
});
