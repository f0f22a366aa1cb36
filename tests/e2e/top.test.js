'use strict';

/* `reverb top`: for programs, through a pipe, and live in a terminal. */

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const path = require('node:path');
const { test } = require('../support/test.js');
const { app, environment, ownServer, run } = require('../support/server.js');
const { Client } = require('../support/clients.js');
const { publish } = require('../support/api.js');
const { faults } = require('../support/faults.js');
const { BIN, until, within } = require('../support/wait.js');

const APPS = [app(), app({ app_id: '1002', key: 'key-of-1002', secret: 'secret-of-1002' })];
const TERMINAL = path.join(__dirname, '../support/terminal.py');

const sampleOf = async (server) => {
    const { code, stdout, stderr } = await run(['top', `--port=${server.port}`, '--json']);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout);
};

/* `reverb top` in a terminal of its own. `screen()` are the lines of what it has drawn last. */
function inTerminal(t, server, rows = 24) {
    const child = spawn(TERMINAL, [String(rows), '80', BIN, 'top', `--port=${server.port}`],
        { env: environment(), stdio: ['pipe', 'pipe', 'inherit', 'pipe'] });
    const it = { shown: '', told: '' };
    child.stdout.on('data', (data) => { it.shown += data; });
    child.stdio[3].on('data', (data) => { it.told += data; });
    t.after(() => child.kill('SIGKILL'));
    it.press = (keys) => child.stdin.write(keys);
    it.resize = (height) => child.stdio[3].write(`${height} 80\n`);
    it.kill = (signal) => child.stdio[3].write(`KILL ${signal}\n`);
    it.screen = () => {
        const drawings = it.shown.split('\x1b[H').slice(1).filter((drawing) => drawing.includes('\x1b[J'));
        // eslint-disable-next-line no-control-regex
        return (drawings.at(-1) ?? '').split('\x1b[J')[0].replace(/\x1b\[[0-9;?]*[a-zA-Z]/g, '').split('\r\n');
    };
    it.shows = (pattern) => until(() => pattern.test(it.screen().join('\n')), () => `the screen shows ${pattern}\n${it.screen().join('\n')}`);
    it.ended = new Promise((resolve) => child.on('close', () => resolve(JSON.parse(it.told))));
    return it;
}

test('top tells programs of apps, with what they do a second, and of the busiest channels', async (t) => {
    const server = await ownServer(t, { apps: APPS });
    const clients = await Client.openMany(server, 3);
    await Promise.all(clients.map((client) => client.subscribe('news')));
    const asked = sampleOf(server);
    let isAsked = false;
    asked.finally(() => { isAsked = true; });
    while (!isAsked)
        await publish(server, 'news', 'told');
    const sample = await asked;
    const [first, second] = sample.apps.sort((a, b) => a.app.localeCompare(b.app));
    assert.deepEqual([first.app, first.connections, first.channels, second.app, second.connections], ['1001', 3, 1, '1002', 0]);
    assert.ok(first.messages_sent_per_s > first.events_published_per_s && first.events_published_per_s > 0, JSON.stringify(first));
    assert.equal(second.messages_sent_per_s, 0);
    assert.deepEqual([sample.connections, sample.workers, sample.apps_count], [3, server.workers, 2]);
    const [busiest] = sample.channels;
    assert.deepEqual([busiest.app, busiest.channel, busiest.subscribers], ['1001', 'news', 3]);
    assert.deepEqual(sample.connections_by_backlog, []);
});

test('top shows for whom output waits, the most first', async (t) => {
    const server = await ownServer(t, { apps: APPS, server: { max_backlog: 64 * 1024 * 1024 }, env: faults({ FAULTS_SNDBUF: '65536' }) });
    const [slow, slower, quick] = await Client.openMany(server, 3);
    const silent = [slow, slower];
    await quick.subscribe('news');
    await Promise.all(silent.map((client) => client.subscribe('news')));
    await slower.subscribe('more');
    silent.forEach((client) => client.socket._socket.pause());
    let sample;
    for (let n = 0; n < 50 && sample?.connections_by_backlog.length !== 2; n++) {
        for (let i = 0; i < 200; i++)
            await publish(server, i % 2 ? 'more' : 'news', 'n', String(n).padEnd(9000));
        sample = await sampleOf(server);
    }
    assert.deepEqual(sample.connections_by_backlog.map(({ socket_id: id, app: of, channels_count: count }) => [id, of, count]),
        [[slower.socketId, '1001', 2], [slow.socketId, '1001', 1]]);
    assert.ok(sample.backlog_bytes > 0);
});

test('through a pipe it prints its tables once', async (t) => {
    const server = await ownServer(t, { apps: APPS });
    await Client.open(server);
    for (const options of [[], ['--once']]) {
        const { code, stdout } = await run(['top', `--port=${server.port}`, ...options]);
        assert.equal(code, 0);
        assert.match(stdout, /^reverb \S+, pid \d+, up 0:00:\d\d, \d+ workers, 1 connections, 0 channels/);
        assert.match(stdout, /\nApps\napp +\*connections +channels +in\/s +out\/s +published\/s +refused\n1001 +1 +0 +0\.0 /);
        assert.match(stdout, /\nBusiest channels\n[^]*\nConnections by backlog\n[^]*\neverybody takes what is sent\n$/);
        assert.ok(!stdout.includes('\x1b'));
    }
});

test('a server that is not there, and an option that there is not, are one line', async (t) => {
    const server = await ownServer(t);
    await server.stop();
    const gone = await run(['top', `--port=${server.port}`, '--once']);
    assert.equal(gone.code, 1);
    assert.match(gone.stderr, /^reverb: no server answers for port \d+ [^\n]*\n$/);
    const wrong = await run(['top', '--jsno']);
    assert.match(wrong.stderr, /^reverb: --jsno is not an option; did you mean --json\?[^\n]*\n$/);
});

test('in a terminal it goes on, sorts and chooses by keys, and fits the screen', async (t) => {
    const server = await ownServer(t, { apps: APPS });
    const it = inTerminal(t, server);
    await it.shows(/1001 +0 +0 [^]*q quit$/);
    const client = await Client.open(server);
    await client.subscribe('news');
    await it.shows(/1001 +1 +1 /);
    await publish(server, 'news', 'told');
    await it.shows(/1001 +news +\d+\.\d +\d+ +1\n/);
    it.press('s');
    await it.shows(/connections +\*channels/);
    it.press('c');
    it.press('c');
    await it.shows(/^reverb [^\n]*\n\nBusiest channels\n[^]*news[^]*\n\na apps[^\n]*$/);
    it.press('c');
    await it.shows(/Apps\n/);
    for (const rows of [9, 40]) {
        it.resize(rows);
        it.press('s');
        await until(() => it.screen().length <= rows && it.screen().length > 4, () => `it fits ${rows} lines:\n${it.screen().join('\n')}`);
    }
    it.press('q');
    assert.deepEqual(await within(it.ended, 'top ends'), { status: 0, isRestored: true });
    assert.ok(it.shown.endsWith('\x1b[?7h\x1b[?25h\x1b[?1049l'), 'the screen is that of before');
});

test('a signal ends it and leaves the terminal as it was', async (t) => {
    const server = await ownServer(t, { apps: APPS });
    for (const [signal, how] of [[15, (it) => it.kill(15)], [2, (it) => it.press('\x03')]]) {
        const it = inTerminal(t, server);
        await it.shows(/q quit$/);
        how(it);
        assert.deepEqual(await within(it.ended, 'top ends'), { status: -signal, isRestored: true });
        assert.ok(it.shown.endsWith('\x1b[?1049l'));
    }
});

test('a server that goes away is said to have, and what it said before stays', async (t) => {
    const server = await ownServer(t, { apps: APPS });
    const it = inTerminal(t, server);
    await it.shows(/1001 +0 +0 [^]*q quit$/);
    await server.stop();
    await it.shows(/^no server answers for port [^]*\n1001 +0 +0 /);
    it.press('q');
    assert.equal((await within(it.ended, 'top ends')).status, 0);
});
