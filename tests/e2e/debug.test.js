'use strict';

/* --debug prints the stream; without it nothing of it is printed. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { ownServer } = require('../support/server.js');
const { Client } = require('../support/clients.js');
const { get, post, publish } = require('../support/api.js');
const { nowSeconds, md5 } = require('../support/signer.js');
const { until } = require('../support/wait.js');

/* A short life with everything in it; the refused signature is the last thing. */
async function shortLife(server) {
    const client = await Client.open(server);
    await client.subscribe('news');
    await publish(server, 'news', 'told', JSON.stringify({ text: 'x'.repeat(500) }));
    await client.next('told');
    client.socket.ping();
    await client.ping();
    await client.leave();
    const timestamp = nowSeconds();
    const body = '{"name":"told","channel":"news","data":"{}"}';
    const refused = await post(server, '/events', body, { timestamp, secret: 'wrong' });
    assert.equal(refused.status, 401);
    return { socketId: client.socketId, timestamp, md5: md5(body) };
}

const stripColours = (text) => text.replace(/\u001b\[[\d;]*m/g, '');
const output = (server) => stripColours(server.stdout + server.stderr);

test('--debug shows each connection, message and broadcast', async (t) => {
    const server = await ownServer(t, { debug: true });
    const { socketId } = await shortLife(server);
    const id = socketId.replace('.', '\\.');
    for (const pattern of [`Connection Established .*${id}`, `Message Received .*${id}`, `Message Handled .*${id}`,
        'Broadcasting To .*news', `Connection Closed .*${id}`])
        await server.line(new RegExp(pattern));
    const text = output(server);
    const order = ['Connection Established', 'Message Received', 'Message Handled', 'Broadcasting To', 'Connection Closed']
        .map((words) => text.indexOf(words));
    assert.deepEqual(order, [...order].sort((a, b) => a - b), text);
});

test('--debug shows messages as pretty JSON, cut at 200 characters', async (t) => {
    const server = await ownServer(t, { debug: true });
    await shortLife(server);
    await server.line(/Connection Closed/);
    const text = output(server);
    assert.match(text, /"event": "pusher:subscribe"/);
    assert.match(text, /"channel": "news"/);
    assert.ok(!text.includes('x'.repeat(201)), 'long messages are cut');
    assert.ok(text.includes('x'.repeat(50)), 'but their beginning is shown');
});

test('--debug shows nested JSON laid out, members who come and go, and the control frame of a close', async (t) => {
    const server = await ownServer(t, { debug: true });
    const client = await Client.open(server);
    await client.join('presence-room', '7', { name: 'Anna' });
    await client.leave();
    await server.line(/Connection Closed/);
    const text = output(server);
    assert.match(text, /"event": "pusher:subscribe",[^]*"data": \{/);
    const broadcasts = text.split('Broadcasting To').slice(1);
    assert.equal(broadcasts.length, 2, text);
    assert.match(broadcasts[0], /presence-room[^]*"pusher_internal:member_added"[^]*"data": \{\n[^"]*"user_id": "7"/);
    assert.match(broadcasts[1], /presence-room[^]*"pusher_internal:member_removed"/);
    assert.match(text, /Control Frame Received[^]*Connection Closed/);
});

test('--debug counts what it dropped for a slow reader', async (t) => {
    const server = await ownServer(t, { debug: true });
    const client = await Client.open(server);
    await client.subscribe('private-room');
    server.child.stdout.pause();
    const data = 'x'.repeat(200);
    for (let round = 0; round < 2000; round++)
        client.send('client-told', { data }, 'private-room');
    await client.ping();
    server.child.stdout.resume();
    await until(async () => {
        await client.ping();
        return /Dropped For A Slow Reader \.+ [1-9]\d*/.test(output(server));
    }, 'it says how many were dropped');
    await client.subscribe('news');
    await server.line(/"channel": "news"/);
});

test('--debug is without colours where the output is no terminal', async (t) => {
    const server = await ownServer(t, { debug: true });
    await shortLife(server);
    await server.line(/Connection Closed/);
    assert.ok(!(server.stdout + server.stderr).includes('\u001b['));
});

test('with --debug a refused signature logs the string that should have been signed, never the secret', async (t) => {
    const server = await ownServer(t, { debug: true });
    const { timestamp, md5: sum } = await shortLife(server);
    await server.line(new RegExp(`auth_key=key-of-1001&auth_timestamp=${timestamp}&auth_version=1\\.0&body_md5=${sum}`));
    const text = output(server);
    assert.match(text, /POST(\\n|\n|\s)+\/apps\/1001\/events/);
    assert.ok(!text.includes('secret-of-1001'));
});

test('without --debug nothing of this is said', async (t) => {
    const server = await ownServer(t);
    await shortLife(server);
    await get(server, '/channels');
    server.signal('SIGTERM');
    await server.ended();
    const text = output(server);
    for (const words of ['Connection Established', 'Message Received', 'Broadcasting To', 'Connection Closed', 'auth_timestamp='])
        assert.ok(!text.includes(words), text);
});

test('--debug survives what clients send: bytes that are no text do not reach the terminal', async (t) => {
    const server = await ownServer(t, { debug: true });
    const client = await Client.open(server);
    client.sendText('\u001b[2J\u0007 not json \u0000');
    await client.takeError();
    client.send('client-\u001b]0;title\u0007', {}, 'private-x');
    await client.takeError();
    client.sendText('{"event":"client-\u009b2J\u202e","channel":"private-x"}');
    await client.takeError();
    const refused = await get(server, '/channels?a=%0d%0a%1b[2J%c2%9b', { secret: 'wrong' });
    assert.equal(refused.status, 401);
    await client.leave();
    await server.line(/Connection Closed/);
    const shown = server.stdout + server.stderr;
    assert.ok(!/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/.test(shown), JSON.stringify(shown));
    assert.match(server.stderr, /string to sign was .*a=\\r\\n\\u001b\[2J\\u009b/);
});
