'use strict';

/* pusher/pusher-php-server, which Laravel publishes with, unchanged. */

const assert = require('node:assert/strict');
const { execFile, spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('../support/test.js');
const { app, freePort, ownServer, run, sharedServer, temporaryFolder } = require('../support/server.js');
const { Client, ENCRYPTION_KEY } = require('../support/clients.js');
const { until } = require('../support/wait.js');

const server = sharedServer();
const SCRIPT = path.join(__dirname, '../php/sdk.php');

/* Makes the calls in one process of PHP; the results, or an error if one was refused. */
async function php(where, calls, { options = {}, secret } = {}) {
    const input = JSON.stringify({
        key: where.app.key,
        secret: secret ?? where.app.secret,
        app_id: where.app.app_id,
        options: {
            host: where.host, port: where.port, scheme: 'http', useTLS: false,
            encryption_master_key_base64: ENCRYPTION_KEY, ...options,
        },
        calls: calls.map(([method, ...args]) => [method, args]),
    });
    const stdout = await new Promise((resolve, reject) => {
        const child = execFile('php', [SCRIPT], (error, out, stderr) => (error ? reject(new Error(`${out}${stderr}`)) : resolve(out)));
        child.stdin.end(input);
    });
    return JSON.parse(stdout);
}

async function results(where, calls, options) {
    return (await php(where, calls, options)).map((outcome) => {
        assert.ok('result' in outcome, `${outcome.code} ${outcome.error}`);
        return outcome.result;
    });
}

test('trigger tells events to one channel and to many, with and without a socket', async () => {
    const [client, left] = await Client.openMany(server, 2);
    for (const one of [client, left])
        await one.subscribe('news');
    const [, , info] = await results(server, [
        ['trigger', 'news', 'one', { n: 1 }],
        ['trigger', ['news', 'more'], 'two', { n: 'é/' }, { socket_id: left.socketId }],
        ['trigger', ['news'], 'three', 'plain', { info: 'subscription_count' }, true],
    ]);
    assert.equal((await client.take()).data, '{"n":1}');
    assert.deepEqual((await client.take()).json, { n: 'é/' });
    assert.equal((await client.take()).data, 'plain');
    assert.deepEqual([(await left.take()).event, (await left.take()).event], ['one', 'three']);
    assert.deepEqual(info, { channels: { news: { subscription_count: 2 } } });
});

test('triggerBatch tells each event', async () => {
    const client = await Client.open(server);
    await client.subscribe('news');
    await results(server, [['triggerBatch', [
        { channel: 'news', name: 'one', data: { n: 1 } },
        { channel: 'news', name: 'two', data: { n: 2 } },
    ]]]);
    assert.deepEqual([(await client.take()).event, (await client.take()).event], ['one', 'two']);
});

test('getChannels works where there are none and where there are some', async (t) => {
    const empty = await ownServer(t);
    const [none] = await results(empty, [['getChannels']]);
    assert.deepEqual(Object.keys(none.channels ?? {}), []);
    const client = await Client.open(empty);
    await client.join('presence-php', '1');
    const [some] = await results(empty, [['getChannels', { filter_by_prefix: 'presence-', info: 'user_count' }]]);
    assert.deepEqual(some.channels, { 'presence-php': { user_count: 1 } });
});

test('getChannelInfo and getPresenceUsers answer', async () => {
    const client = await Client.open(server);
    await client.subscribe('news');
    await client.join('presence-php', 7);
    const [info, users, vacant] = await results(server, [
        ['getChannelInfo', 'news', { info: 'subscription_count' }],
        ['getPresenceUsers', 'presence-php'],
        ['getChannelInfo', 'nobody'],
    ]);
    assert.deepEqual(info, { occupied: true, subscription_count: 1 });
    assert.deepEqual(users, { users: [{ id: '7' }] });
    assert.deepEqual(vacant, { occupied: false });
});

test('authorizeChannel and authorizePresenceChannel let in', async () => {
    const client = await Client.open(server);
    const [privately, presence, encrypted] = (await results(server, [
        ['authorizeChannel', 'private-php', client.socketId],
        ['authorizePresenceChannel', 'presence-php', client.socketId, '7', { name: 'Séven' }],
        ['authorizeChannel', 'private-encrypted-php', client.socketId],
    ])).map((text) => JSON.parse(text));
    await client.subscribe('private-php', privately);
    const joined = await client.subscribe('presence-php', { auth: presence.auth, channelData: presence.channel_data });
    assert.deepEqual(joined.json.presence.hash, { 7: { name: 'Séven' } });
    await client.subscribe('private-encrypted-php', encrypted);
});

test('authenticateUser signs in, sendToUser reaches, terminateUserConnections ends', async () => {
    const client = await Client.open(server);
    const [signed] = await results(server, [['authenticateUser', client.socketId, { id: '7', name: 'Seven' }]]);
    client.send('pusher:signin', JSON.parse(signed));
    assert.equal((await client.take()).event, 'pusher:signin_success');
    await results(server, [['sendToUser', '7', 'told', { n: 1 }]]);
    assert.deepEqual((await client.take()).json, { n: 1 });
    await results(server, [['terminateUserConnections', '7']]);
    assert.equal((await client.takeError()).code, 4009);
    assert.equal((await client.waitClosed()).code, 4009);
});

test('an encrypted event is passed on as it was encrypted', async () => {
    const client = await Client.open(server);
    await client.subscribe('private-encrypted-php');
    await results(server, [['trigger', 'private-encrypted-php', 'told', { secret: 1 }]]);
    assert.deepEqual(Object.keys((await client.take()).json).sort(), ['ciphertext', 'nonce']);
});

test('a wrong secret is refused with 401, and PHP says so', async () => {
    const [outcome] = await php(server, [['trigger', 'news', 'told', {}]], { secret: 'wrong' });
    assert.match(outcome.error, /Authentication signature invalid\./);
    assert.equal(outcome.code, 401);
});

test('with a path prefix Laravel publishes, whether the SDK keeps the path or drops it', async (t) => {
    const prefixed = await ownServer(t, { server: { path: '/ws' } });
    const client = await Client.open(prefixed);
    await client.subscribe('news');
    for (const options of [{ path: '/ws/' }, { path: '/ws' }, {}]) {
        await results(prefixed, [['trigger', 'news', 'told', { n: 1 }]], { options });
        assert.equal((await client.take()).event, 'told');
    }
});

/* An application in PHP that takes webhooks by the SDK; `events` of what it has accepted. */
async function phpReceiver(t) {
    const folder = temporaryFolder();
    const file = path.join(folder, 'events');
    const port = await freePort();
    const { key, secret, app_id: id } = app();
    const child = spawn('php', ['-S', `127.0.0.1:${port}`, path.join(__dirname, '../php/webhook.php')],
        { env: { ...process.env, KEY: key, SECRET: secret, ID: id, EVENTS: file }, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text) => { said += text; });
    t.after(async () => {
        child.kill('SIGKILL');
        await new Promise((resolve) => { child.on('close', resolve); });
        fs.rmSync(folder, { recursive: true });
    });
    await until(() => /started/.test(said), () => `php serves\n${said}`);
    return {
        url: `http://127.0.0.1:${port}/`,
        events: () => (fs.existsSync(file) ? fs.readFileSync(file, 'utf8').trim().split('\n').map((line) => JSON.parse(line)) : []),
        said: () => said,
    };
}

test('its webhook() and ensure_valid_signature() accept what is sent, and nothing of another secret', async (t) => {
    const receiver = await phpReceiver(t);
    const events = ['channel_occupied', 'member_added', 'client_event'];
    const apps = [app({ webhooks: { url: receiver.url, events } }),
        app({ app_id: '2', key: 'other', webhooks: { url: receiver.url, retry_for: 0 } })];
    const sender = await ownServer(t, { apps });
    await (await Client.open(sender, { app: apps[1] })).subscribe('forged');
    await until(() => /invalid signature/.test(receiver.said()), 'the SDK refuses the other app');
    const client = await Client.open(sender);
    await client.join('presence-room', 'é"7');
    client.send('client-typed', { text: 'ü/' }, 'presence-room');
    await until(() => receiver.events().length >= 3, () => `the SDK accepts them\n${receiver.said()}`);
    const told = receiver.events();
    assert.deepEqual(told.map(([, { name, channel }]) => `${name} ${channel}`),
        events.map((name) => `${name} presence-room`));
    assert.ok(told.every(([ms]) => Number.isInteger(ms)));
    assert.equal(told[1][1].user_id, 'é"7');
    assert.equal(told[2][1].data, '{"text":"ü/"}');
    assert.equal((await run(['webhooks', 'test', '--config', sender.configFile])).code, 1, 'the other app is refused');
    assert.equal(receiver.events().length, 5, 'and the example of this one is accepted');
});
