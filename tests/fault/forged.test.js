'use strict';

/* Requests that pretend: signatures used again, a second request hidden in the first, lines of a header
 * where a name should be. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { app, ownServer, sharedServer } = require('../support/server.js');
const { Client } = require('../support/clients.js');
const { get, post, publish, request } = require('../support/api.js');
const { RawConnection } = require('../support/raw.js');
const { clock } = require('../support/faults.js');
const { channelAuth, signedTarget, nowSeconds, userAuth } = require('../support/signer.js');

const server = sharedServer();
const body = JSON.stringify({ name: 'told', channel: 'news', data: '"once"' });
const eventsPath = (where) => `/apps/${where.app.app_id}/events`;

async function assertRefused(client, send) {
    send();
    assert.equal((await client.takeError()).code, 4009);
    assert.equal((await client.take()).event, 'pusher:subscription_error');
}

test('a signed request that is sent again after its time is refused, and nothing is published', async (t) => {
    const time = clock();
    const own = await ownServer(t, { env: time.env, apps: [app({ auth_timestamp_tolerance: 600 })] });
    const client = await Client.open(own);
    await client.subscribe('news');
    const target = signedTarget(own.app, 'POST', eventsPath(own), { body });
    assert.equal((await request(own, 'POST', target, { body })).status, 200);
    assert.equal((await client.take()).event, 'told');
    for (const seconds of [601, 3600, 86400 * 365, -602]) {
        time.step(seconds);
        const answer = await request(own, 'POST', target, { body });
        assert.equal(answer.status, 401, `${seconds} s later`);
        assert.ok(!answer.text.includes(own.app.secret));
    }
    time.step(0);
    await client.quiet();
});

test('a signature is for its own method, path, parameters and body alone', async () => {
    const client = await Client.open(server);
    await client.subscribe('news');
    const target = signedTarget(server.app, 'POST', eventsPath(server), { body });
    const other = body.replace('once', 'twice');
    for (const [method, where, what] of [['POST', target, other], ['POST', target.replace('/events', '/batch_events'), body],
        ['POST', target, `${body} `], ['POST', `${target}&info=user_count`, body],
        ['POST', target.replace(/auth_timestamp=\d+/, `auth_timestamp=${nowSeconds() + 1}`), body]])
        assert.equal((await request(server, method, where, { body: what })).status, 401, where);
    await client.quiet();
});

test("another connection's authorisation is worth nothing, and neither is one for another channel or member", async () => {
    const [anna, eve] = await Client.openMany(server, 2);
    const auth = channelAuth(server.app, anna.socketId, 'private-a');
    await anna.subscribe('private-a', { auth });
    await assertRefused(eve, () => eve.sendSubscribe('private-a', { auth }));
    await assertRefused(anna, () => anna.sendSubscribe('private-b', { auth }));
    const member = JSON.stringify({ user_id: '1' });
    const presence = channelAuth(server.app, eve.socketId, 'presence-a', member);
    await assertRefused(eve, () => eve.sendSubscribe('presence-a', { auth: presence, channelData: { user_id: '2' } }));
    const user = JSON.stringify({ id: '1' });
    eve.sendSignin(user, { auth: userAuth(server.app, anna.socketId, user) });
    assert.equal((await eve.takeError()).code, 4009);
    assert.equal((await eve.waitClosed()).code, 4009);
});

const HIDDEN = 'GET /up HTTP/1.1\r\nHost: x\r\n\r\n';
const smuggled = {
    'a length and chunks': ['Content-Length: 6', 'Transfer-Encoding: chunked'],
    'chunks and a length': ['Transfer-Encoding: chunked', 'Content-Length: 6'],
    'two lengths': ['Content-Length: 5', 'Content-Length: 6'],
    'two lengths in one line': ['Content-Length: 5, 6'],
    'a length with a sign': ['Content-Length: +5'],
    'a length in another base': ['Content-Length: 0x5'],
    'chunks that are not the last coding': ['Transfer-Encoding: chunked, identity'],
    'an encoding that nobody knows': ['Transfer-Encoding: xchunked'],
    'chunks twice': ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
    'a blank before the colon': ['Transfer-Encoding : chunked', 'Content-Length: 6'],
    'a folded line': ['Content-Length: 6', 'X: y\r\n Transfer-Encoding: chunked'],
    'a vertical tab': ['Transfer-Encoding: \vchunked', 'Content-Length: 6'],
    'a NUL': ['Content-Length: 5\u0000'],
};

for (const [what, lines] of Object.entries(smuggled))
    test(`${what}: one answer that refuses, the end, and what is hidden behind it is not read`, async () => {
        const raw = await RawConnection.open(server);
        await raw.write(`${HIDDEN}POST ${eventsPath(server)} HTTP/1.1\r\nHost: x\r\n${lines.join('\r\n')}\r\n\r\n0\r\n\r\n${HIDDEN}`);
        assert.equal((await raw.response()).status, 200, 'what came before is answered');
        const refusal = await raw.response();
        assert.ok(refusal.status === 400 || refusal.status === 501, refusal.statusLine);
        await raw.waitClosed();
        assert.equal(raw.bytes.length, 0, raw.bytes.toString('latin1'));
    });

for (const [what, bytes] of Object.entries({
    'a chunk whose size lies': `POST /apps/1001/events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n`,
    'a chunk that ends with a bare LF': `POST /apps/1001/events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\n0\n\n`,
    'a head that ends lines with a bare CR': 'GET /up HTTP/1.1\rHost: x\r\r',
}))
    test(`${what}: nothing behind it is taken for a request`, async () => {
        const raw = await RawConnection.open(server);
        await raw.write(bytes + HIDDEN);
        const refusal = await raw.response();
        assert.equal(refusal.status, 400, refusal.statusLine);
        await raw.waitClosed();
        assert.equal(raw.bytes.length, 0, raw.bytes.toString('latin1'));
    });

test('behind a handshake nothing is an HTTP request any more', async () => {
    const raw = await RawConnection.open(server);
    await raw.upgrade(`/app/${server.app.key}`);
    await raw.frame();
    await raw.write(HIDDEN);
    assert.equal((await raw.frame()).opcode, 0x8, 'a frame that is none ends the connection');
    await raw.waitClosed();
    assert.ok(!raw.bytes.includes('HTTP/1.1 200'));
});

test('no name that a client chooses becomes a line of an answer', async () => {
    const evil = 'x%0d%0aX-Evil:%201%0d%0a%0d%0aHTTP/1.1%20200%20OK';
    const raw = await RawConnection.open(server);
    for (const target of [`/${evil}`, `/apps/${evil}/events`, `/app/${evil}`, `/apps/1001/channels/${evil}?auth_key=${evil}`,
        `/up?${evil}`]) {
        await raw.write(`GET ${target} HTTP/1.1\r\nHost: ${'y'}\r\nOrigin: z\r\n\r\n`);
        const { headers, status } = await raw.response();
        assert.equal(headers['x-evil'], undefined, target);
        assert.ok(status >= 200 && status < 500);
    }
    const upgraded = await RawConnection.open(server);
    const { headers } = await upgraded.upgrade(`/app/${server.app.key}?client=${evil}`, { 'Sec-WebSocket-Protocol': 'x' });
    assert.equal(headers['x-evil'], undefined);
    raw.close();
});

test('a channel or event named with line ends is only a name', async () => {
    const client = await Client.open(server);
    const channel = 'a\r\nX-Evil: 1\r\n\r\n{"event":"pusher:error"}';
    await client.subscribe(channel);
    await publish(server, channel, 'told\r\n\u0000', '"\r\n"');
    const message = await client.take();
    assert.deepEqual([message.channel, message.event, message.data], [channel, 'told\r\n\u0000', '"\r\n"']);
    const listed = (await get(server, '/channels')).json.channels;
    assert.ok(Object.hasOwn(listed, channel));
    assert.equal((await post(server, '/events', { name: 'n', channel: ['x'], data: '' })).status, 422);
});
