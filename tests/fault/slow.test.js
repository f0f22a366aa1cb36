'use strict';

/* Clients that take their time: with their headers, their bodies, their handshakes, or with everything.
 * Each has ten seconds for a request, counted from its first byte, and meanwhile disturbs nobody. */

const assert = require('node:assert/strict');
const { readFileSync, rmSync } = require('node:fs');
const { test } = require('../support/test.js');
const { app, ownServer, temporaryFolder } = require('../support/server.js');
const { makeCertificate } = require('../support/certificate.js');
const { Client } = require('../support/clients.js');
const { publish, request } = require('../support/api.js');
const { RawConnection } = require('../support/raw.js');
const { SLOW, until, within } = require('../support/wait.js');

const LIMIT_MS = 10_000;
const BOUND_MS = LIMIT_MS + 8_000 * SLOW;

/* Sends `head`, and then a byte every `ms` until the server closes; returns how long that took. */
async function dribble(server, head, byte, ms, options) {
    const raw = await RawConnection.open(server, options);
    const began = Date.now();
    await raw.write(head);
    const timer = setInterval(() => raw.socket.writable && raw.socket.write(byte), ms);
    try {
        await within(raw.closed.promise, () => `${JSON.stringify(head)} is ended`, BOUND_MS);
    } finally {
        clearInterval(timer);
    }
    return { took: Date.now() - began, text: raw.bytes.toString('latin1') };
}

test('slow headers, a slow body, a slow handshake and silence are ended after their time, all at once', { timeout: 60_000 }, async (t) => {
    const server = await ownServer(t);
    const [headers, body, chunks, upgrade, silence] = await Promise.all([
        dribble(server, 'GET /up HTTP/1.1\r\nHost: x\r\nX-Slow: ', 'a', 200),
        dribble(server, 'POST /apps/1001/events HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n', 'a', 200),
        dribble(server, 'POST /apps/1001/events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n', '1\r\na\r\n', 200),
        dribble(server, `GET /app/${server.app.key} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n`, 'X: y\r\n', 200),
        dribble(server, '', '', LIMIT_MS * 3),
    ]);
    for (const [what, { took, text }] of Object.entries({ headers, body, chunks, upgrade })) {
        assert.match(text, /^HTTP\/1\.1 408 /, `${what}: ${text}`);
        assert.ok(took >= LIMIT_MS - 500, `${what} had ${took} ms`);
    }
    assert.equal(silence.text, '');
    assert.equal((await request(server, 'GET', '/up')).status, 200);
});

test('a TLS handshake that does not come, or stops half way, is ended after its time', { timeout: 60_000 }, async (t) => {
    const folder = temporaryFolder();
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const { cert, key } = makeCertificate(folder);
    const server = await ownServer(t, { server: { options: { tls: { local_cert: cert, local_pk: key } } } });
    const hello = Buffer.from('16030100c8010000c40303', 'hex'); // the beginning of a ClientHello
    const ends = await Promise.all([dribble(server, '', '', LIMIT_MS * 3), dribble(server, hello, '\u0000', 500)]);
    for (const { took } of ends)
        assert.ok(took < BOUND_MS, `${took} ms`);
    assert.equal((await request(server, 'GET', '/up')).status, 200);
});

test('a hundred slow ones on a small table keep no publisher and no client out', { timeout: 60_000 }, async (t) => {
    const server = await ownServer(t, { ulimit: 100 });
    const client = await Client.open(server);
    await client.subscribe('news');
    const slow = Array.from({ length: 100 }, () => new RawConnection(server));
    const timer = setInterval(() => slow.forEach(({ socket }) => socket.writable && socket.write('x')), 200);
    t.after(() => clearInterval(timer));
    slow.forEach(({ socket }) => socket.write('GET /up HTTP/1.1\r\nHost: x\r\nX-Slow: '));
    for (let n = 0; n < 10; n++) {
        await publish(server, 'news', 'told', String(n), { agent: false });
        assert.equal((await client.take()).data, String(n));
    }
    await (await Client.open(server)).ping();
});

test('a peer that vanishes without a word is found out by its silence, and its place is given back', { timeout: 60_000 }, async (t) => {
    const server = await ownServer(t, { apps: [app({ ping_interval: 1 })] });
    const gone = await Client.openMany(server, 20);
    await Promise.all(gone.map((client) => client.join('presence-room', '7')));
    // It reads nothing and answers nothing, and no FIN ever comes: as with a lost network.
    gone.forEach((client) => client.socket._socket.pause());
    const files = server.descriptors();
    await until(() => server.descriptors() <= files - 20, () => `${server.descriptors()} files, there were ${files}`, 30_000 * SLOW);
    assert.equal((await server.status()).stale_closed, 20);
});

test('an idle kept-alive connection costs a descriptor and no thread', async (t) => {
    const server = await ownServer(t);
    const threads = () => Number(/Threads:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))[1]);
    const count = threads();
    const idle = await Promise.all(Array.from({ length: 200 }, () => RawConnection.open(server)));
    for (const raw of idle) {
        await raw.write('GET /up HTTP/1.1\r\nHost: x\r\n\r\n');
        assert.equal((await raw.response()).status, 200);
    }
    assert.equal(threads(), count);
});
