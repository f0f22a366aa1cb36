'use strict';

/* Connecting, refusals, liveness and invalid messages. docs/wire.md. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { app, sharedServer } = require('../support/server.js');
const { Client, WebSocket, websocketUrl, connectionsAre } = require('../support/clients.js');
const { RawConnection, maskedFrame } = require('../support/raw.js');
const { request } = require('../support/api.js');
const { until, within } = require('../support/wait.js');

const numbered = (n, options) => app({ app_id: `${n}`, key: `key-${n}`, secret: `secret-${n}`, ...options });

const apps = {
    plain: app(),
    timed: numbered(2, { activity_timeout: 17 }),
    small: numbered(3, { max_connections: 2 }),
    origins: numbered(4, { allowed_origins: ['laravel.com', '*.example.com'] }),
    brief: numbered(5, { max_message_size: 200 }),
    lively: numbered(6, { ping_interval: 1 }),
    calm: numbered(7, { ping_interval: 2 }),
};
const server = sharedServer({ apps: Object.values(apps) });

/* Opens without waiting for a greeting; the frames and the close are asserted by the test. */
const attempt = (which, options) => new Client(server, { app: apps[which], ...options });

test('a connection is greeted with its socket id and the activity timeout', async () => {
    const client = await Client.open(server);
    assert.deepEqual(Object.keys(client.hello).sort(), ['data', 'event']);
    assert.deepEqual(client.hello.json, { socket_id: client.socketId, activity_timeout: 30 });
    assert.equal(client.hello.raw, `{"event":"pusher:connection_established","data":`
        + `"{\\"socket_id\\":\\"${client.socketId}\\",\\"activity_timeout\\":30}"}`);
});

test('the handshake is answered by Laravel Reverb', async () => {
    const client = await Client.open(server);
    assert.equal(client.upgrade.headers['x-powered-by'], 'Laravel Reverb');
    assert.equal(client.upgrade.statusCode, 101);
});

test('a socket id is two integers from 1 to 10⁹ and never the same twice', async () => {
    const clients = await Client.openMany(server, 60);
    for (const { socketId } of clients) {
        assert.match(socketId, /^[1-9]\d*\.[1-9]\d*$/);
        assert.ok(socketId.split('.').every((part) => Number(part) <= 1e9), socketId);
    }
    assert.equal(new Set(clients.map(({ socketId }) => socketId)).size, clients.length);
    assert.ok(new Set(clients.map(({ socketId }) => socketId.split('.')[0])).size > 50, 'they are random');
});

test('the activity timeout is the one of the app', async () => {
    const client = await Client.open(server, { app: apps.timed });
    assert.equal(client.hello.json.activity_timeout, 17);
});

test('the query of the endpoint may be absent, partial or longer than known', async () => {
    for (const query of ['', 'protocol=7', 'protocol=5&client=x&version=1&flash=true&other=%20'])
        await Client.open(server, { query });
});

test('an unknown key is told 4001 and closed with it', async () => {
    const client = attempt('plain', { path: '/app/no-such-key' });
    assert.deepEqual(await client.takeError(), { code: 4001, message: 'Application does not exist' });
    assert.equal((await client.waitClosed()).code, 4001);
});

test('a connection over the quota is told 4004 and closed with it, and a place given up can be had', async () => {
    const [first] = await Client.openMany(server, 2, { app: apps.small });
    const over = attempt('small');
    assert.deepEqual(await over.takeError(), { code: 4004, message: 'Application is over connection quota' });
    assert.equal((await over.waitClosed()).code, 4004);
    await first.leave();
    await connectionsAre(server, 1, apps.small);
    await Client.open(server, { app: apps.small });
});

test('the quota holds over all workers, for connections that subscribed and that did not', async () => {
    await connectionsAre(server, 0, apps.small);
    const clients = Array.from({ length: 12 }, () => attempt('small'));
    const first = await Promise.all(clients.map((client) => client.take()));
    const events = first.map(({ event }) => event).sort();
    assert.deepEqual(events, [...Array(2).fill('pusher:connection_established'), ...Array(10).fill('pusher:error')]);
});

for (const origin of ['https://laravel.com', 'http://laravel.com:8080', 'https://a.example.com',
    'https://a.b.example.com:444'])
    test(`the origin ${origin} matches its pattern and is let in`, async () => {
        await Client.open(server, { app: apps.origins, origin });
    });

for (const origin of ['https://evil.com', 'https://laravel.com.evil.com', 'https://notlaravel.com',
    'https://example.com', 'https://evil.com/laravel.com', 'null', 'laravel.com', 'https://laravel.com/',
    'https://evil.com#.example.com', 'https://x.example.com:p@evil.com', 'https://a.example.com https://evil.com', undefined])
    test(`the origin ${origin ?? 'that is absent'} matches no pattern: 4009`, async () => {
        const client = attempt('origins', { origin });
        assert.deepEqual(await client.takeError(), { code: 4009, message: 'Origin not allowed' });
        assert.equal((await client.waitClosed()).code, 4009);
    });

test('an app that allows every origin lets in those without one too', async () => {
    await Client.open(server, { origin: undefined });
    await Client.open(server, { origin: 'https://any.where' });
});

test('pusher:ping is answered by pusher:pong and pusher:pong by nothing', async () => {
    const client = await Client.open(server);
    client.sendText('{"event":"pusher:ping","data":{}}');
    assert.equal((await client.take()).raw, '{"event":"pusher:pong"}');
    client.sendText('{"event":"pusher:ping"}');
    assert.equal((await client.take()).raw, '{"event":"pusher:pong"}');
    client.sendText('{"event":"pusher:pong","data":{}}');
    client.sendText('{"event":"pusher:pong"}');
    await client.quiet();
});

test('a WebSocket ping is answered by a pong with its payload', async () => {
    const client = await Client.open(server);
    const pong = within(new Promise((resolve) => client.socket.once('pong', resolve)), 'a pong');
    client.socket.ping('are you there');
    assert.equal((await pong).toString(), 'are you there');
});

for (const subscribed of [false, true])
    test(`a silent connection that ${subscribed ? 'subscribed' : 'never subscribed'} is pinged, then closed 4201`, async () => {
        const client = await Client.open(server, { app: apps.lively });
        if (subscribed)
            await client.subscribe('silent');
        const ping = await client.take('pusher:ping');
        assert.equal(ping.event, 'pusher:ping', ping.raw);
        const pingedAt = Date.now();
        assert.deepEqual(await client.takeError(), { code: 4201, message: 'Pong reply not received in time' });
        assert.equal((await client.waitClosed()).code, 4201);
        assert.ok(Date.now() - pingedAt >= 4000, 'it was given 5 s to answer');
    });

test('a connection that answers its pings stays, be it by pusher:pong or by any other message', async () => {
    const answers = [(client) => client.send('pusher:pong', {}), (client) => client.sendText('nonsense')];
    await Promise.all(answers.map(async (answer) => {
        const client = await Client.open(server, { app: apps.lively });
        for (let round = 0; round < 5; round++) {
            await client.next('pusher:ping');
            answer(client);
        }
        await client.ping();
    }));
});

test('a connection that has pinged by control frame is pinged by control frames, and closed when it is silent', async () => {
    const client = await Client.open(server, { app: apps.lively, ws: { autoPong: false } });
    const pinged = () => within(new Promise((resolve) => client.socket.once('ping', resolve)), 'a ping frame');
    client.socket.ping();
    await pinged();
    client.socket.pong();
    await pinged();
    assert.deepEqual(await client.takeError(), { code: 4201, message: 'Pong reply not received in time' },
        'no pusher:ping came in between');
    assert.equal((await client.waitClosed()).code, 4201);
});

test('a connection with traffic is not pinged', async () => {
    const idle = await Client.open(server, { app: apps.calm });
    const busy = await Client.open(server, { app: apps.calm });
    const timer = setInterval(() => busy.send('pusher:ping', {}), 200);
    try {
        for (let round = 0; round < 2; round++) {
            await idle.next('pusher:ping');
            idle.send('pusher:pong', {});
        }
    } finally {
        clearInterval(timer);
    }
    assert.ok(busy.inbox.length > 5);
    assert.ok(busy.inbox.every(({ event }) => event === 'pusher:pong'), 'it was never pinged');
});

const misunderstood = {
    'no JSON': 'hello',
    'an empty message': '',
    'half a message': '{"event":"pusher:ping"',
    'two messages in one': '{"event":"pusher:ping"}{"event":"pusher:ping"}',
    'an array': '[]',
    'a string': '"pusher:ping"',
    'a number': '1',
    'null': 'null',
    'an empty object': '{}',
    'an event that is a number': '{"event":1}',
    'an event that is null': '{"event":null}',
    'an event that is an object': '{"event":{"a":1}}',
    'an unknown event': '{"event":"hello","data":{}}',
    'an unknown event of the protocol': '{"event":"pusher:unknown","data":{}}',
    'an event of the server': '{"event":"pusher_internal:member_added","channel":"presence-a","data":"{}"}',
    'a subscription without data': '{"event":"pusher:subscribe"}',
    'a subscription without a channel': '{"event":"pusher:subscribe","data":{}}',
    'a subscription to a number': '{"event":"pusher:subscribe","data":{"channel":5}}',
    'a subscription with a list as data': '{"event":"pusher:subscribe","data":["a"]}',
    'a subscription whose data is no JSON': '{"event":"pusher:subscribe","data":"channel"}',
    'an unsubscription without a channel': '{"event":"pusher:unsubscribe","data":{}}',
    'a client event without a channel': '{"event":"client-a","data":{}}',
    'a client event on a number': '{"event":"client-a","channel":5,"data":{}}',
    'a sign-in without data': '{"event":"pusher:signin"}',
    'a sign-in without an auth': '{"event":"pusher:signin","data":{"user_data":"{\\"id\\":\\"7\\"}"}}',
    'a sign-in without user data': '{"event":"pusher:signin","data":{"auth":"key-of-1001:00"}}',
    'a very deep message': '{"event":"pusher:ping","data":' + '['.repeat(4000) + ']'.repeat(4000) + '}!',
};
for (const [what, text] of Object.entries(misunderstood))
    test(`${what} is answered by 4200, and the connection stays`, async () => {
        const client = await Client.open(server);
        client.sendText(text);
        assert.deepEqual(await client.takeError(), { code: 4200, message: 'Invalid message format' });
        await client.quiet();
    });

test('an error is a pusher:error whose data is an object', async () => {
    const client = await Client.open(server);
    client.sendText('hello');
    assert.equal((await client.take()).raw,
        '{"event":"pusher:error","data":{"code":4200,"message":"Invalid message format"}}');
});

test('the data of a message may be an object or a string that holds JSON', async () => {
    const client = await Client.open(server);
    client.sendText(JSON.stringify({ event: 'pusher:subscribe', data: { channel: 'as-object' } }));
    assert.deepEqual(await client.take(),
        { event: 'pusher_internal:subscription_succeeded', channel: 'as-object', data: '{}' });
    client.sendText(JSON.stringify({ event: 'pusher:subscribe', data: JSON.stringify({ channel: 'as-string' }) }));
    assert.deepEqual(await client.take(),
        { event: 'pusher_internal:subscription_succeeded', channel: 'as-string', data: '{}' });
});

test('a message is understood whatever its whitespace, escapes, order and further members', async () => {
    const client = await Client.open(server);
    client.sendText(' {\n "more": [1, {"event": "x"}], "data" : {"other": null, "channel": "\\u0061\\/b"},'
        + '\t"event": "pusher:\\u0073ubscribe" } \r\n');
    assert.deepEqual(await client.take(),
        { event: 'pusher_internal:subscription_succeeded', channel: 'a/b', data: '{}' });
});

test('a fragmented message is joined, with a ping between its parts', async () => {
    const raw = await RawConnection.open(server);
    const response = await raw.upgrade(`/app/${server.app.key}`);
    assert.equal(response.status, 101);
    assert.ok(response.accepts, 'Sec-WebSocket-Accept is right');
    await raw.frame();
    await raw.write(Buffer.concat([
        maskedFrame(0x1, '{"event":', { fin: false }),
        maskedFrame(0x9, 'between'),
        maskedFrame(0x0, '"pusher:', { fin: false }),
        maskedFrame(0x0, 'ping"}'),
    ]));
    assert.deepEqual(await raw.frame(), { fin: true, opcode: 0xa, payload: Buffer.from('between') });
    assert.equal((await raw.frame()).payload.toString(), '{"event":"pusher:pong"}');
});

const ofSize = (size) => {
    const text = '{"event":"pusher:ping","data":""}';
    return text.replace('""', `"${'x'.repeat(size - text.length)}"`);
};

test('a message as long as allowed is taken, one byte more closes with 1009', async () => {
    for (const [which, size] of [['brief', 200], ['plain', 10_000]]) {
        const client = await Client.open(server, { app: apps[which] });
        client.sendText(ofSize(size));
        assert.equal((await client.take()).event, 'pusher:pong');
        client.sendText(ofSize(size + 1));
        assert.equal((await client.waitClosed()).code, 1009);
    }
});

test('the fragments of a message count together to its size', async () => {
    const raw = await RawConnection.open(server);
    await raw.upgrade(`/app/${apps.brief.key}`);
    await raw.frame();
    await raw.write(Buffer.concat([
        maskedFrame(0x1, ofSize(201).slice(0, 150), { fin: false }),
        maskedFrame(0x0, ofSize(201).slice(150)),
    ]));
    const frame = await raw.frame();
    assert.equal(frame.opcode, 0x8);
    assert.equal(frame.payload.readUInt16BE(0), 1009);
});

test('a close frame is answered with the same code', async () => {
    const client = await Client.open(server);
    client.socket.close(1000);
    assert.equal((await client.waitClosed()).code, 1000);
});

test('the endpoint asked for without an upgrade is refused and nothing else happens', async () => {
    const answer = await request(server, 'GET', `/app/${server.app.key}`);
    assert.ok(answer.status >= 400 && answer.status < 500, String(answer.status));
    await Client.open(server);
});

test('each connection counts from its greeting until it is gone, however it went', async () => {
    const quiet = apps.timed;
    const clients = await Client.openMany(server, 6, { app: quiet });
    await connectionsAre(server, 6, quiet);
    clients[0].socket.close();
    clients[1].socket.terminate();
    clients[2].socket._socket.end();
    await connectionsAre(server, 3, quiet);
});

test('what clients send before the greeting arrives is not lost', async () => {
    const client = new WebSocket(websocketUrl(server));
    const events = [];
    client.on('message', (bytes) => events.push(JSON.parse(bytes).event));
    client.on('open', () => client.send('{"event":"pusher:ping"}'));
    await until(() => events.length === 2, 'greeting and pong');
    assert.deepEqual(events, ['pusher:connection_established', 'pusher:pong']);
    client.terminate();
});
