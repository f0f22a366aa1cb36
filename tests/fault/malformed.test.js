'use strict';

/* A hundred thousand broken inputs, the same ones at every run: the server goes on serving, and
 * neither memory nor descriptors stay behind. */

const assert = require('node:assert/strict');
const { randomness } = require('../support/random.js');
const { test } = require('../support/test.js');
const { app, ownServer } = require('../support/server.js');
const { Client, connectionsAre } = require('../support/clients.js');
const { publish } = require('../support/api.js');
const { RawConnection, maskedFrame } = require('../support/raw.js');
const { channelAuth, signedTarget, userAuth } = require('../support/signer.js');
const { SANITIZED, until, within } = require('../support/wait.js');

const SHARE = SANITIZED ? 10 : 1;
const COUNTS = {
    messages: 60_000 / SHARE,
    requests: 30_000 / SHARE,
    heads: 5_000 / SHARE,
    frames: 5_000 / SHARE,
};
const MIB = 1024 * 1024;

const TOKENS = ['{', '}', '[', ']', '"', '\\', '\\u', '\\ud800', ',', ':', 'null', '-', '1e999', '\u0000', '\uffff', '%00', '%', '&',
    '\r\n', ' ', '😀', '{"a":', '"event"', '"data"', '['.repeat(200), 'x'.repeat(300)];

/* `text` with one to four mutations. */
function wounded(random, text) {
    let it = text;
    for (let wounds = 1 + random.below(4); wounds > 0; wounds--) {
        const at = random.below(it.length + 1);
        const to = Math.min(it.length, at + 1 + random.below(12));
        it = random.one([
            () => it.slice(0, at),
            () => it.slice(0, at) + it.slice(to),
            () => it.slice(0, to) + it.slice(at),
            () => it.slice(0, at) + random.one(TOKENS) + it.slice(at),
            () => it.slice(0, at) + String.fromCharCode(random.below(256)) + it.slice(at + 1),
        ])();
    }
    return it.toWellFormed();
}

/* Calls `work` `count` times in all, on `lanes` at once. `work` says how many inputs it got through. */
async function through(count, lanes, work) {
    let left = count;
    await Promise.all(Array.from({ length: lanes }, async () => {
        while (left > 0) {
            const done = await work();
            left -= done;
        }
    }));
}

const MESSAGES = (client) => [
    '{"event":"pusher:ping","data":{}}',
    '{"event":"pusher:subscribe","data":{"channel":"news"}}',
    JSON.stringify({ event: 'pusher:subscribe', data: client.subscription('presence-a', { channelData: { user_id: '1', user_info: {} } }) }),
    JSON.stringify({ event: 'pusher:subscribe', data: JSON.stringify({ channel: 'private-a', auth: channelAuth(client.app, client.socketId, 'private-a') }) }),
    '{"event":"pusher:unsubscribe","data":{"channel":"news"}}',
    '{"event":"client-said","channel":"private-a","data":{"a":[1,2,{"b":null}]}}',
    JSON.stringify({ event: 'pusher:signin', data: { auth: userAuth(client.app, client.socketId, '{"id":"1"}'), user_data: '{"id":"1"}' } }),
];

/* Broken messages in whole frames, on connections that live as long as the server lets them. */
async function brokenMessages(server, random) {
    let marker = 0;
    await through(COUNTS.messages, 8, async () => {
        const client = await Client.open(server);
        const samples = MESSAGES(client);
        let sent = 0;
        while (sent < 1500 && !client.isClosed) {
            for (let n = 0; n < 150; n++, sent++)
                client.sendText(wounded(random, random.one(samples)));
            const channel = `marker-${marker++}`;
            client.sendSubscribe(channel);
            await client.next('pusher_internal:subscription_succeeded', channel).catch((error) => {
                assert.ok(client.isClosed, error);
            });
        }
        client.close();
        server.clients.delete(client);
        return sent;
    });
}

const BODIES = [
    ['/events', '{"name":"told","channels":["news","cache-a"],"data":"{\\"a\\":1}","info":"user_count","socket_id":"1.2"}'],
    ['/batch_events', '{"batch":[{"name":"told","channel":"news","data":"{}"},{"name":"told","channel":"presence-a","data":""}]}'],
];
const TARGETS = ['/channels', '/channels/news', '/channels/presence-a/users', '/connections', '/users/1/terminate_connections'];

/* A request that is whole HTTP, well signed, and broken within. */
function brokenRequest(server, random) {
    const { app_id: id } = server.app;
    if (random.below(4) > 0) {
        const [path, sample] = random.one(BODIES);
        const body = wounded(random, sample);
        const target = signedTarget(server.app, 'POST', `/apps/${id}${path}`, { body });
        return `POST ${target} HTTP/1.1\r\nHost: x\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
    }
    const target = wounded(random, signedTarget(server.app, 'GET', `/apps/${id}${random.one(TARGETS)}`, { query: { info: 'user_count,cache' } }));
    return `${random.one(['GET', 'POST', 'PUT'])} /${encodeURI(target).slice(1)} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`;
}

async function brokenRequests(server, random) {
    await through(COUNTS.requests, 8, async () => {
        const raw = await RawConnection.open(server);
        let answered = 0;
        try {
            for (let batch = 0; batch < 20; batch++) {
                await raw.write(Array.from({ length: 50 }, () => brokenRequest(server, random)).join(''));
                for (let n = 0; n < 50; n++, answered++) {
                    const { status } = await raw.response();
                    assert.ok(status >= 200 && status < 500, `status ${status}`);
                }
            }
        } catch (error) {
            if (!raw.ended)
                throw error;
        }
        raw.close();
        server.clients.delete(raw);
        return Math.max(answered, 1);
    });
}

/* Writes `bytes` on a connection of its own, and waits until the server has closed it; the test gives up
 * inputs after which the server waits for more. */
async function throwAt(server, before, bytes) {
    const raw = await RawConnection.open(server);
    if (before) {
        await raw.upgrade(before);
        await raw.frame();
    }
    await raw.write(bytes);
    raw.socket.end();
    await within(raw.closed.promise, () => `closed after ${JSON.stringify(bytes.toString('latin1'))}`);
    server.clients.delete(raw);
    return 1;
}

async function brokenHeads(server, random) {
    const samples = [
        'GET /up HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
        `GET /app/${server.app.key}?protocol=7 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\n`
            + 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://x\r\n\r\n',
        'POST /apps/1001/events?a=b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
        'POST /apps/1001/events HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello',
    ];
    await through(COUNTS.heads, 16, () => throwAt(server, null, Buffer.from(wounded(random, random.one(samples)), 'latin1')));
}

async function brokenFrames(server, random) {
    const frames = [
        () => maskedFrame(random.below(16), '{"event":"pusher:ping"}'),
        () => maskedFrame(0x1, '{"event":"pusher:ping"}', { fin: random.below(2) === 0 }),
        () => maskedFrame(0x8, Buffer.from([random.below(256), random.below(256), random.below(256)])),
        () => maskedFrame(0x9, 'x'.repeat(random.below(200))),
        () => Buffer.concat([maskedFrame(0x1, 'a', { fin: false }), maskedFrame(0x1, 'b')]),
        () => maskedFrame(0x1, Buffer.from([0xc0 + random.below(64), random.below(256)])),
        () => Buffer.from([0x81, 0xff, ...Array.from({ length: 8 }, () => random.below(256))]),
    ];
    const target = `/app/${server.app.key}`;
    await through(COUNTS.frames, 16, () => {
        const bytes = Buffer.concat([random.one(frames)(), random.one(frames)()]);
        for (let flips = random.below(4); flips > 0; flips--)
            bytes[random.below(Math.min(bytes.length, 16))] ^= 1 << random.below(8);
        return throwAt(server, target, bytes);
    });
}

const total = Object.values(COUNTS).reduce((sum, count) => sum + count);
test(`${total} malformed inputs leave it serving, and nothing behind`, { timeout: 180_000 }, async (t) => {
    const server = await ownServer(t, { apps: [app({ cache_ttl: 1, ping_interval: 3600 })] });
    const witness = await Client.open(server);
    await witness.subscribe('witness');
    const everything = async (seed) => {
        await brokenMessages(server, randomness(seed));
        await brokenRequests(server, randomness(seed + 1));
        await brokenHeads(server, randomness(seed + 2));
        await brokenFrames(server, randomness(seed + 3));
        await connectionsAre(server, 1);
    };

    for (const name of Object.keys(COUNTS))
        COUNTS[name] /= 2;
    await publish(server, 'witness', 'before');
    const descriptors = server.descriptors();
    await everything(1);
    const half = server.rss();
    await everything(1001);
    t.diagnostic(`RSS after half ${(half / MIB).toFixed(1)} MiB, at the end ${(server.rss() / MIB).toFixed(1)}`);

    await until(() => server.descriptors() <= descriptors + 2,
        () => `${descriptors} descriptors again, not ${server.descriptors()}`);
    if (!SANITIZED)
        assert.ok(server.rss() < half + 4 * MIB, `${half / MIB} MiB after half, ${server.rss() / MIB} at the end`);
    await publish(server, 'witness', 'after');
    await witness.next('after');
    await (await Client.open(server)).ping();
});
