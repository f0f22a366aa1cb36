'use strict';

/* Too much of everything: connections, pings, bytes that are announced, bytes that decompress, fragments,
 * names, and one app beside another. The server keeps serving, its memory stays, and others notice little. */

const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const zlib = require('node:zlib');
const { test } = require('../support/test.js');
const { app, ownServer, run } = require('../support/server.js');
const { Client, connectionsAre } = require('../support/clients.js');
const { get, post, publish } = require('../support/api.js');
const { RawConnection, maskedFrame } = require('../support/raw.js');
const { SANITIZED, openFilesLimit, until, within } = require('../support/wait.js');

const MIB = 1024 * 1024;
const SHARE = SANITIZED ? 10 : 1;

async function openRaw(server, headers) {
    const raw = await RawConnection.open(server);
    raw.response101 = await raw.upgrade(`/app/${server.app.key}`, headers);
    if (!headers)
        await raw.frame();
    return raw;
}

const codeOf = ({ opcode, payload }) => (opcode === 0x8 ? payload.readUInt16BE(0) : undefined);

/* The close code that the connection ends with; frames before it are skipped. */
async function closeCode(raw) {
    for (;;) {
        const code = codeOf(await raw.frame());
        if (code !== undefined)
            return code;
    }
}

/* Memory may be `mib` more than it was; a sanitizer keeps what is freed for a while. */
function assertSmall(server, before, mib) {
    if (!SANITIZED)
        assert.ok(server.rss() - before < mib * MIB, `${((server.rss() - before) / MIB).toFixed(1)} MiB more`);
}

const CONNECTIONS = 10_000 / SHARE;
test(`${CONNECTIONS} connections opened and dropped at once leave nothing behind, and the others are served`, { timeout: 120_000 }, async (t) => {
    const server = await ownServer(t);
    const witness = await Client.open(server);
    await witness.subscribe('news');
    const atOnce = Math.min(CONNECTIONS, Math.max(500, openFilesLimit() - 2_000));
    const files = server.descriptors();
    const before = server.rss();
    for (let left = CONNECTIONS; left > 0; left -= atOnce) {
        const there = Array.from({ length: Math.min(left, atOnce) }, () => new RawConnection(server));
        // The kernel's queue holds fewer: the others try again, after a second, three and seven.
        await within(Promise.all(there.map((raw) => raw.opened.promise)), 'all of them came in', 60_000);
        // Half of them in the middle of a handshake.
        there.forEach((raw, n) => n % 2 && raw.socket.write(`GET /app/${server.app.key} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConn`));
        await publish(server, 'news', 'told', '1');
        assert.equal((await witness.take()).data, '1');
        there.forEach((raw, n) => (n % 3 ? raw.socket.resetAndDestroy() : raw.close()));
        there.forEach((raw) => server.clients.delete(raw));
    }
    await until(() => server.descriptors() <= files + 2, () => `${files} descriptors again, not ${server.descriptors()}`, 30_000);
    await publish(server, 'news', 'told', '2');
    assert.equal((await witness.take()).data, '2');
    await connectionsAre(server, 1);
    assertSmall(server, before, 24);
});

const PINGS = 200_000 / SHARE;
test(`${PINGS} pings of which no answer is read are not answered without end: it is closed, and the others are served`, { timeout: 60_000 }, async (t) => {
    const server = await ownServer(t, { server: { max_backlog: 64 * 1024 } });
    const witness = await Client.open(server);
    const raw = await openRaw(server);
    const before = server.rss();
    raw.socket.pause();
    const pings = Buffer.concat(Array.from({ length: 1000 }, () => maskedFrame(0x9, 'x'.repeat(125))));
    for (let sent = 0; sent < PINGS && !raw.ended && raw.socket.writable; sent += 1000) {
        if (!raw.socket.write(pings))
            await Promise.race([new Promise((resolve) => raw.socket.once('drain', resolve)), raw.closed.promise, witness.ping()]);
        assertSmall(server, before, 16);
    }
    await witness.ping();
    raw.close();
    await connectionsAre(server, 1);
});

test('pings that are read are answered, every one, and the others are served', async (t) => {
    const server = await ownServer(t);
    const witness = await Client.open(server);
    const raw = await openRaw(server);
    const count = 20_000 / SHARE;
    raw.write(Buffer.concat(Array.from({ length: count }, (_, n) => maskedFrame(0x9, String(n)))));
    await witness.ping();
    let bytes = 0;
    for (let n = 0; n < count; n++)
        bytes += 2 + String(n).length;
    await within(until(() => raw.bytes.length === bytes, 'all pongs'), 'all pongs');
    assert.equal(raw.bytes.subarray(-String(count - 1).length).toString(), String(count - 1));
});

test('a frame announced as giant is refused by its first bytes, before anything is kept for it', async (t) => {
    const server = await ownServer(t);
    const before = server.rss();
    for (const length of ['00000000ffffffff', '7fffffffffffffff', '0000000000011170']) {
        const raw = await openRaw(server);
        await raw.write(Buffer.from(`81ff${length}00000000`, 'hex'));
        assert.equal(await closeCode(raw), 1009, length);
    }
    // A length with its highest bit set is none at all.
    const raw = await openRaw(server);
    await raw.write(Buffer.from('81ffffffffffffffffff00000000', 'hex'));
    assert.ok([1002, 1009].includes(await closeCode(raw)));
    assertSmall(server, before, 4);
});

test('a body announced as giant is refused before anything is kept for it, alone and by hundreds', async (t) => {
    const server = await ownServer(t, { server: { max_request_size: 100_000 } });
    const before = server.rss();
    const raws = await Promise.all(Array.from({ length: 300 }, () => RawConnection.open(server)));
    await Promise.all(raws.map(async (raw, n) => {
        const length = n % 2 ? '1073741824' : '18446744073709551615';
        await raw.write(`POST /apps/1001/events HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\nabc`);
        assert.ok([400, 413].includes((await raw.response()).status));
    }));
    assertSmall(server, before, 8);
});

test('a limit of a gigabyte is no allocation of one: only what has come is kept', async (t) => {
    const server = await ownServer(t, { server: { max_request_size: 1024 * MIB }, apps: [app({ max_message_size: 1024 * MIB })] });
    const before = server.rss();
    const raws = await Promise.all(Array.from({ length: 20 }, () => openRaw(server)));
    for (const raw of raws)
        await raw.write(Buffer.concat([Buffer.from('81ff000000003fffff0000000000', 'hex'), Buffer.alloc(1000, 'x')]));
    const posts = await Promise.all(Array.from({ length: 20 }, () => RawConnection.open(server)));
    for (const raw of posts)
        await raw.write('POST /apps/1001/events HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\nabc');
    await (await Client.open(server)).ping();
    assertSmall(server, before, 16);
});

test('a compression bomb is closed with 1009 as soon as it is too long, and costs nothing', async (t) => {
    const server = await ownServer(t, { server: { compression: true }, apps: [app({ max_message_size: 100_000 })] });
    const before = server.rss();
    const bomb = zlib.deflateRawSync(Buffer.alloc(64 * MIB), { level: 9, finishFlush: zlib.constants.Z_SYNC_FLUSH }).subarray(0, -4);
    assert.ok(bomb.length < 100_000, `${bomb.length} bytes for ${64 * MIB}`);
    for (let n = 0; n < 20; n++) {
        const raw = await openRaw(server, { 'Sec-WebSocket-Extensions': 'permessage-deflate' });
        assert.match(raw.response101.headers['sec-websocket-extensions'], /permessage-deflate/);
        await raw.frame();
        const frame = maskedFrame(0x1, bomb);
        frame[0] |= 0x40;
        await raw.write(frame);
        assert.equal(await closeCode(raw), 1009);
        raw.close();
    }
    assertSmall(server, before, 16);
});

const FRAGMENTS = 1_000_000 / SHARE;
test(`${FRAGMENTS} fragments of one byte and of none are counted, and do not hold the others up`, { timeout: 90_000 }, async (t) => {
    const server = await ownServer(t, { workers: 1, apps: [app({ max_message_size: 10_000 })] });
    const witness = await Client.open(server);
    const before = server.rss();
    const empty = Buffer.concat([maskedFrame(0x1, '{"event":"pusher:ping"', { fin: false })]);
    const nothing = Buffer.concat(Array.from({ length: 10_000 }, () => maskedFrame(0x0, '', { fin: false })));
    const raw = await openRaw(server);
    await raw.write(empty);
    for (let sent = 0; sent < FRAGMENTS; sent += 10_000) {
        await raw.write(nothing);
        if (sent % 200_000 === 0)
            await witness.ping();
    }
    await raw.sendFrame(0x0, '}');
    assert.equal((await raw.frame()).payload.toString(), '{"event":"pusher:pong"}', 'a message in a million pieces is a message');

    await raw.sendFrame(0x1, 'x', { fin: false });
    await raw.write(Buffer.concat(Array.from({ length: 10_001 }, () => maskedFrame(0x0, 'x', { fin: false }))));
    assert.equal(await closeCode(raw), 1009, 'bytes in pieces count together');
    assertSmall(server, before, 8);
});

test('a channel or event name of a megabyte is only as long as a message or a request may be', async (t) => {
    const name = 'n'.repeat(MIB);
    const small = await ownServer(t);
    const raw = await openRaw(small);
    raw.sendFrame(0x1, JSON.stringify({ event: 'pusher:subscribe', data: { channel: name } })).catch(() => {});
    assert.equal(await closeCode(raw), 1009);
    assert.equal((await post(small, '/events', { name, channel: 'news', data: '' })).status, 413);

    const server = await ownServer(t, { server: { max_request_size: 8 * MIB, max_backlog: 32 * MIB }, apps: [app({ max_message_size: 8 * MIB })] });
    const client = await Client.open(server);
    const before = server.rss();
    await client.subscribe(name);
    await publish(server, name, name, '"x"');
    const message = await client.take();
    assert.ok(message.channel === name && message.event === name);
    assert.deepEqual(Object.keys((await get(server, '/channels')).json.channels).map(({ length }) => length), [MIB]);
    client.unsubscribe(name);
    await client.quiet();
    assert.equal((await get(server, '/channels')).text, '{"channels":{}}');
    assertSmall(server, before, 40);

    const strict = await ownServer(t, { apps: [app({ strict: true, max_message_size: 8 * MIB })] });
    const held = await Client.open(strict);
    held.sendSubscribe('n'.repeat(201));
    assert.equal((await held.takeError()).code, 4200);
});

/* One measurement of `reverb bench fanout`: p99 in µs, nothing lost. */
async function latency(server, { app_id, key, secret }, seconds = '2') {
    const { code, stdout, stderr } = await run(['bench', 'fanout', '--connections', '10', '--rate', '50', '--duration', seconds, '--json',
        '--url', `ws://${server.host}:${server.port}`, '--app-id', app_id, '--key', key, '--secret', secret]);
    assert.equal(code, 0, stdout + stderr);
    const report = JSON.parse(stdout);
    assert.deepEqual(report.faults, { lost: 0, doubled: 0, out_of_order: 0, closed: 0, refused: 0 });
    return report.latency_us.p99;
}

/* How much worse it may become if generator and server share two cores. */
const bearable = (before) => before * 2 + (SANITIZED ? 2_000_000 : 500_000);

const two = () => [app(), app({ app_id: '1002', key: 'key-of-1002', secret: 'secret-of-1002' })];

test('one app that floods leaves the other its events and its latency', { timeout: 60_000 }, async (t) => {
    const [noisy, quiet] = two();
    const server = await ownServer(t, { apps: [noisy, quiet] });
    const alone = await latency(server, quiet);
    const flood = { isOver: false, count: 0 };
    const client = await Client.open(server, { app: noisy });
    await client.subscribe('news');
    const floods = Array.from({ length: 8 }, async () => {
        while (!flood.isOver) {
            await publish(server, 'news', 'told', JSON.stringify(crypto.randomBytes(2000).toString('hex')), { app: noisy });
            flood.count++;
        }
    });
    const beside = await latency(server, quiet, '3');
    flood.isOver = true;
    await Promise.all(floods);
    t.diagnostic(`p99 ${alone} µs alone, ${beside} beside ${flood.count} events`);
    assert.ok(flood.count > 100, `${flood.count} events are no flood`);
    assert.ok(beside < bearable(alone), `p99 was ${alone} µs, and is ${beside} beside ${flood.count} events`);
});

test('readers that never read are closed with 4100 in bounded memory, and the others keep their latency', { timeout: 60_000 }, async (t) => {
    const server = await ownServer(t, { server: { max_backlog: 256 * 1024, max_request_size: 200_000 } });
    const alone = await latency(server, server.app);
    const before = server.rss();
    const deaf = await Client.openMany(server, 10);
    await Promise.all(deaf.map((client) => client.subscribe('heavy')));
    deaf.forEach((client) => client.socket._socket.pause());
    let isOver = false;
    const heavy = (async () => {
        while (!isOver)
            await publish(server, 'heavy', 'told', JSON.stringify('x'.repeat(100_000)));
    })();
    const beside = await latency(server, server.app, '3');
    await until(async () => (await server.status()).slow_readers_closed === 10, 'all ten are closed', 30_000);
    isOver = true;
    await heavy;
    assert.ok(beside < bearable(alone), `p99 was ${alone} µs, and is ${beside} beside ten that never read`);
    assertSmall(server, before, 24);
    deaf.forEach((client) => client.socket._socket.resume());
    for (const client of deaf)
        assert.ok([4100, 1006].includes((await client.waitClosed()).code));
});
