'use strict';

/* `reverb tail` and `reverb why`: what an operator sees of a running server, and of one connection. */

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const { test } = require('../support/test.js');
const { app, environment, ownServer, run } = require('../support/server.js');
const { Client } = require('../support/clients.js');
const { publish } = require('../support/api.js');
const { BIN, SANITIZED, until, within } = require('../support/wait.js');

const APPS = [app(), app({ app_id: '1002', key: 'key-of-1002', secret: 'secret-of-1002' })];

/* A running `reverb tail`: `lines` are those it has printed. */
function tail(t, server, ...options) {
    const child = spawn(BIN, ['tail', `--port=${server.port}`, ...options], { env: environment() });
    const it = { lines: [], child, errors: '' };
    let rest = '';
    child.stdout.on('data', (data) => {
        const parts = (rest + data).split('\n');
        rest = parts.pop();
        it.lines.push(...parts);
    });
    child.stderr.on('data', (data) => { it.errors += data; });
    it.ended = new Promise((resolve) => child.on('close', resolve));
    t.after(() => child.kill('SIGKILL'));
    return it;
}

/* It has connected to the server: what is published now, it sees. */
async function opened(it, server, channel = 'marker', name = 'marker') {
    await until(async () => {
        await publish(server, channel, name);
        return it.lines.length > 0;
    }, () => `the tail is open ${it.errors}`);
    return it;
}

const events = (it) => it.lines.map((line) => JSON.parse(line));
const seen = (it, wanted) => until(() => events(it).find((event) => Object.keys(wanted).every((key) => event[key] === wanted[key])),
    () => `${JSON.stringify(wanted)} is shown\n${it.lines.join('\n')}`);

test('tail shows a connection from its beginning to its end', async (t) => {
    const server = await ownServer(t, { apps: APPS });
    const it = await opened(tail(t, server, '--json'), server);
    const client = await Client.open(server);
    await client.subscribe('news');
    await publish(server, 'news', 'told', '{"text":"hello"}');
    await client.next('told');
    await client.leave();
    const closed = await seen(it, { kind: 'closed', code: 1005 });
    const of = events(it).filter(({ socket_id: id, channel }) => id === client.socketId || channel === 'news');
    assert.deepEqual(of.map(({ kind, event }) => (event ? `${kind} ${event}` : kind)), [
        'connected', 'sent pusher:connection_established', 'received pusher:subscribe', 'sent pusher_internal:subscription_succeeded',
        'published told', 'closed']);
    assert.equal(closed.app, '1001');
    assert.ok(Math.abs(closed.at - Date.now() / 1000) < 60);
    assert.equal(JSON.parse(of[4].message).data, '{"text":"hello"}');
});

test('tail shows what its filters ask for: app, channel, event and user', async (t) => {
    const server = await ownServer(t, { apps: APPS });
    const byChannel = await opened(tail(t, server, '--json', '--app=1001', '--channel=orders.*', '--event=*shipped'), server, 'orders.0', 'shipped');
    const byUser = tail(t, server, '--json', '--user=42');
    await publish(server, 'orders.1', 'shipped', '{}', { app: APPS[1] });
    await publish(server, 'orders.1', 'packed');
    await publish(server, 'carts.1', 'shipped');
    await publish(server, 'orders.2', 'half-shipped');
    await seen(byChannel, { channel: 'orders.2' });
    assert.deepEqual([...new Set(events(byChannel).map(({ channel, event }) => `${channel} ${event}`))],
        ['orders.0 shipped', 'orders.2 half-shipped']);
    const [mine, other] = [await Client.open(server), await Client.open(server)];
    await mine.signin({ id: '42' });
    await other.signin({ id: '43' });
    await until(async () => {
        await other.ping();
        await mine.ping();
        return byUser.lines.length > 0;
    }, 'the user is shown');
    assert.deepEqual([...new Set(events(byUser).map((event) => event.user_id))], ['42']);
});

test('without --json a line is for people', async (t) => {
    const server = await ownServer(t);
    const it = await opened(tail(t, server), server, 'news', 'told');
    assert.match(it.lines[0], /^\d\d:\d\d:\d\d\.\d{3} app 1001 published news told \{\}$/);
});

test('above its rate tail skips and says how much; the server and its readers do not wait for it', async (t) => {
    const server = await ownServer(t);
    const it = await opened(tail(t, server, '--json'), server);
    const client = await Client.open(server);
    await client.subscribe('news');
    const channels = Array.from({ length: 10 }, (_, i) => `many-${i}`);
    for (let i = 0; i < 300; i++)
        await publish(server, channels, 'told');
    await publish(server, 'news', 'last');
    await client.next('last');
    await until(() => {
        const skipped = events(it).reduce((sum, event) => sum + (event.skipped ?? 0), 0);
        const shown = events(it).filter((event) => event.channel !== 'marker' && event.kind === 'published').length;
        return skipped + shown >= 3001;
    }, 'all are shown, or counted');
});

test('a tail that nobody reads takes no more than its share of memory', async (t) => {
    const server = await ownServer(t);
    const it = await opened(tail(t, server, '--json'), server);
    it.child.kill('SIGSTOP');
    const before = server.rss();
    for (let i = 0; i < 1500; i++)
        await publish(server, 'news', 'told', JSON.stringify('x'.repeat(3000)));
    assert.ok(SANITIZED || server.rss() - before < 8 * 1024 * 1024, `${server.rss() - before} bytes more`);
    it.child.kill('SIGCONT');
    await seen(it, { kind: 'published', channel: 'news' });
    await until(() => events(it).some((event) => event.skipped > 0), 'it says what it skipped');
});

test('tail ends with the server, and where there is none', async (t) => {
    const server = await ownServer(t);
    const it = await opened(tail(t, server, '--json'), server);
    await server.stop();
    assert.equal(await within(it.ended, 'tail ends'), 0);
    assert.match(it.errors, /the server has ended/);
    const { code, stderr } = await run(['tail', '--port', String(server.port)]);
    assert.equal(code, 1);
    assert.match(stderr, /no server answers/);
});

/* --- why ------------------------------------------------------------------------------------ */

async function why(server, socketId, ...options) {
    return run(['why', socketId, `--port=${server.port}`, ...options]);
}

const historyOf = async (server, socketId) => JSON.parse((await why(server, socketId, '--json')).stdout).history;

test('why knows an open connection: app, user, channels', async (t) => {
    const server = await ownServer(t);
    const client = await Client.open(server);
    await client.signin({ id: '42' });
    await client.subscribe('news');
    const { connection, history } = JSON.parse((await why(server, client.socketId, '--json')).stdout);
    assert.deepEqual(history, []);
    assert.deepEqual({ ...connection, silent_s: 0 }, { app: '1001', address: '127.0.0.1', user_id: '42', channels_count: 1, backlog_bytes: 0, silent_s: 0, channels: ['news'] });
    const { stdout } = await why(server, client.socketId);
    assert.match(stdout, /^ {2}open, app 1001, user 42, from 127\.0\.0\.1\n {2}1 channels\n[^]*^ {4}news$/m);
});

test('why tells what was refused, on which channel and how often, and who closed', async (t) => {
    const server = await ownServer(t);
    const client = await Client.open(server);
    for (let i = 0; i < 3; i++)
        client.sendSubscribe('private-orders', { auth: 'key-of-1001:wrong' });
    client.sendText('{');
    await client.ping();
    await client.leave();
    const history = await until(async () => {
        const entries = await historyOf(server, client.socketId);
        return entries.length === 3 ? entries : undefined;
    }, 'its end is known');
    assert.deepEqual(history.map(({ what, code, channel, count }) => [what, code, channel, count]), [
        ['refused', 4009, 'private-orders', 3], ['refused', 4200, undefined, 1], ['closed by the client', 1005, undefined, 1]]);
    const { stdout, code } = await why(server, client.socketId);
    assert.equal(code, 0);
    assert.match(stdout, /refused, 4009: .* \(private-orders\), 3 times, from 127\.0\.0\.1$/m);
});

test('why tells a connection that was lost from one that the server has closed', async (t) => {
    const server = await ownServer(t);
    const [lost, ended] = [await Client.open(server), await Client.open(server)];
    await ended.signin({ id: '42' });
    lost.socket.terminate();
    const { post } = require('../support/api.js');
    assert.equal((await post(server, '/users/42/terminate_connections', {})).status, 200);
    await ended.waitClosed();
    const what = (client) => until(async () => (await historyOf(server, client.socketId)).at(-1), 'its end is known');
    assert.match((await what(lost)).what, /^lost$/);
    const last = await what(ended);
    assert.equal(last.what, 'closed by the server');
    assert.equal(last.code, 4009);
});

test('why says it if nothing is known, or the id is none', async (t) => {
    const server = await ownServer(t);
    const unknown = await why(server, '1.2');
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /1\.2: nothing is known of it; [^\n]* by the server that it was connected to$/m);
    const wrong = await why(server, 'abc');
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /abc: that is no socket id; they look like 1234\.5678/);
    const none = await run(['why']);
    assert.equal(none.code, 1);
    assert.match(none.stderr, /why needs the socket id/);
});

test('names that a client has chosen hide nothing from tail and why, and control no terminal', async (t) => {
    const server = await ownServer(t);
    const [plain, json] = [await opened(tail(t, server), server), await opened(tail(t, server, '--json'), server)];
    const client = await Client.open(server);
    await client.subscribe('a\u0000\u009bb');
    await until(() => plain.lines.find((line) => line.includes('subscription_succeeded') && line.includes('a\\u0000\\u009bb')), 'the channel is shown');
    await seen(json, { channel: 'a\u0000\u009bb', event: 'pusher_internal:subscription_succeeded' });
    assert.ok(!json.lines.join('').includes('\u009b'));
    const { stdout, code } = await why(server, client.socketId);
    assert.equal(code, 0);
    assert.match(stdout, /^ {4}a\\u0000\\u009bb$/m);
});

test('tail says it if its output cannot be written', async (t) => {
    const server = await ownServer(t);
    const full = fs.openSync('/dev/full', 'w');
    t.after(() => fs.closeSync(full));
    const child = spawn(BIN, ['tail', `--port=${server.port}`], { env: environment(), stdio: ['ignore', full, 'pipe'] });
    let errors = '';
    child.stderr.on('data', (data) => { errors += data; });
    t.after(() => child.kill('SIGKILL'));
    let status;
    child.on('close', (code) => { status = code; });
    await until(async () => {
        await publish(server, 'news', 'told');
        return status !== undefined;
    }, 'it has ended');
    assert.equal(status, 1);
    assert.match(errors, /standard output cannot be written/);
});
