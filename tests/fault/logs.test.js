'use strict';

/* A log that cannot be written: the disk is full, nobody reads, or the reader is gone. It is lost, and
 * nothing else. And a log never contains a secret. */

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('../support/test.js');
const { app, Server, environment, freePort, ownServer, run, temporaryFolder } = require('../support/server.js');
const { Client } = require('../support/clients.js');
const { get, post, publish, request } = require('../support/api.js');
const { BIN, until, within } = require('../support/wait.js');

/* A server whose output is not the test's: { host, port, app, clients } for the clients, and its child. */
async function serverWith(t, stdio, args = []) {
    const folder = temporaryFolder();
    const file = path.join(folder, 'reverb.json');
    const server = { host: '127.0.0.1', port: await freePort(), app: app({ ping_interval: 60 }), prefix: '', clients: new Set() };
    fs.writeFileSync(file, JSON.stringify({ apps: { provider: 'config', apps: [server.app] } }));
    server.child = spawn(BIN, ['start', '--config', file, '--host', server.host, '--port', String(server.port), '--workers', '2', ...args],
        { env: environment(), stdio: ['ignore', ...stdio] });
    t.after(async () => {
        server.clients.forEach((client) => client.close());
        server.child.kill('SIGTERM');
        if (server.child.exitCode === null)
            await within(new Promise((resolve) => server.child.on('exit', resolve)), 'the server ends');
        fs.rmSync(folder, { recursive: true, force: true });
        assert.equal(server.child.exitCode, 0);
    });
    await until(() => request(server, 'GET', '/up').then(({ status }) => status === 200, () => false), 'it serves');
    return server;
}

/* The server would log more about this than any pipe holds. */
async function traffic(server) {
    const [client, other] = await Client.openMany(server, 2);
    await client.subscribe('news');
    for (let n = 0; n < 300; n++) {
        await publish(server, 'news', 'told', JSON.stringify(String(n).padEnd(1000)));
        assert.equal(JSON.parse((await client.take()).data).trimEnd(), String(n));
        if (n % 30 === 0)
            await post(server, '/events', {}, { secret: 'wrong' });
    }
    await other.ping();
    server.child.kill('SIGHUP');
    await client.ping();
    assert.equal((await get(server, '/connections')).json.connections, 2);
}

test('a full disk under both logs, with --debug, is nothing that a client notices', async (t) => {
    const full = fs.openSync('/dev/full', 'w');
    t.after(() => fs.closeSync(full));
    await traffic(await serverWith(t, [full, full], ['--debug']));
});

test('a log that nobody reads any more does not hold the server up', { timeout: 60_000 }, async (t) => {
    const server = await serverWith(t, ['pipe', 'pipe'], ['--debug']);
    server.child.stdout.pause();
    server.child.stderr.pause();
    await traffic(server);
    // A reader that continues gets the lines from then on.
    let said = '';
    server.child.stdout.setEncoding('utf8').on('data', (text) => { said += text; });
    server.child.stdout.resume();
    await until(async () => {
        await publish(server, 'news', 'seen-again', '{}');
        return said.includes('seen-again');
    }, 'the log goes on');
});

test('a log whose reader has gone does not end the server', async (t) => {
    const server = await serverWith(t, ['pipe', 'pipe'], ['--debug']);
    server.child.stdout.destroy();
    server.child.stderr.destroy();
    await traffic(server);
});

test('closed standard streams are no place for a client to write to', async (t) => {
    const folder = temporaryFolder();
    t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
    const [server, port] = [new Server(), await freePort()];
    Object.assign(server, { port, folder });
    const child = spawn('sh', ['-c', 'exec "$0" start --port "$1" --host 127.0.0.1 --workers 1 <&- >&- 2>&-', BIN, String(port)],
        { cwd: folder, env: environment({ REVERB_APP_ID: '1001', REVERB_APP_KEY: server.app.key, REVERB_APP_SECRET: server.app.secret }), stdio: 'ignore' });
    const ended = new Promise((resolve) => child.on('exit', (code) => resolve(code)));
    t.after(() => child.kill('SIGKILL'));
    await until(() => request(server, 'GET', '/up').then(({ status }) => status === 200, () => false), 'it serves');
    for (const name of ['0', '1', '2'])
        assert.ok(!fs.readlinkSync(`/proc/${child.pid}/fd/${name}`).startsWith('socket:'), `descriptor ${name} is a socket`);
    const client = await Client.open(server);
    await client.ping();
    client.close();
    child.kill('SIGTERM');
    assert.equal(await within(ended, 'it ends'), 0);
});

test('secrets are in no log, no answer, no status, no command line and no error', async (t) => {
    const secret = 'very-secret-7f3a9c';
    const passphrase = 'very-secret-passphrase';
    const server = await ownServer(t, { debug: true, apps: [app({ secret })] });
    const client = await Client.open(server);
    await client.subscribe('private-news');
    await client.signin({ id: '1' });
    client.sendSubscribe('private-x', { auth: 'key:wrong' });
    await client.takeError();
    await publish(server, 'private-news', 'told', '{}');
    const answers = [await post(server, '/events', { name: 'x', channel: 'y', data: '' }, { secret: 'wrong' }),
        await post(server, '/events', {}), await get(server, '/channels'), await request(server, 'GET', '/nothing')];
    fs.writeFileSync(server.configFile, JSON.stringify({ apps: { apps: [{ app_id: '1', key: 'k', secret, sekret: secret, ping_interval: secret }] } }));
    server.signal('SIGHUP');
    await server.line(/is not a setting|ping_interval/);
    const shown = [server.stdout, server.stderr, ...answers.map(({ text }) => text), JSON.stringify(await server.status()),
        fs.readFileSync(`/proc/${server.pid}/cmdline`, 'utf8')];

    const env = { REVERB_APP_ID: '1', REVERB_APP_KEY: 'k', REVERB_APP_SECRET: secret, REVERB_TLS_PASSPHRASE: passphrase };
    for (const [args, more] of [[['config'], {}], [['start'], { REVERB_APP_PING_INTERVAL: 'x' }], [['start', '--secret', 'x'], {}],
        [['start'], { REVERB_TLS_LOCAL_CERT: '/nowhere.pem' }]]) {
        const { stdout, stderr } = await run(args, { env: { ...env, ...more }, cwd: server.folder });
        assert.ok((stdout + stderr).length > 0);
        shown.push(stdout, stderr);
    }
    fs.writeFileSync(path.join(server.folder, '.env'), `REVERB_APP_SECRET="${secret}\n`);
    const broken = await run(['config'], { cwd: server.folder });
    assert.notEqual(broken.code, 0);
    shown.push(broken.stdout, broken.stderr);
    for (const text of shown)
        assert.ok(!text.includes('very-secret'), text.slice(Math.max(0, text.indexOf('very-secret') - 200)));
});

test('who is refused leaves one line by reason, app and address, without what clients have chosen', async (t) => {
    const server = await ownServer(t, { apps: [app({ allowed_origins: ['right.example'] })] });
    const body = { name: 'x', channel: 'news', data: '{}' };
    for (let n = 0; n < 3; n++) {
        await new Client(server, { origin: 'https://wrong.example' }).waitClosed();
        await new Client(server, { app: { key: 'key-of-nobody' } }).waitClosed();
        const client = await Client.open(server, { origin: 'https://right.example' });
        client.send('pusher:subscribe', { channel: 'private-chosen', auth: 'wrong' });
        await client.next('pusher:error');
        assert.equal((await post(server, '/events', body, { app: { ...server.app, secret: 'wrong' } })).status, 401);
        assert.equal((await post(server, '/events', body, { timestamp: 1 })).status, 401);
    }
    const lines = server.stderr.split('\n').filter((line) => line.includes('refused: '));
    assert.deepEqual(lines.map((line) => line.replace(/^.* warn +/, '')).sort(), [
        'refused: address 127.0.0.1: no app has that key or id',
        'refused: app 1001, address 127.0.0.1: a request to the API has a wrong signature: is the secret the same?',
        'refused: app 1001, address 127.0.0.1: a request to the API is too old or too new: compare the clocks',
        'refused: app 1001, address 127.0.0.1: a subscription or sign-in has a wrong signature: is the secret the same?',
        'refused: app 1001, address 127.0.0.1: the origin of a client is not in allowed_origins',
    ]);
    assert.doesNotMatch(server.stderr, /chosen|nobody|wrong\.example/);
});

test('less is logged with --log-level', async (t) => {
    const server = await ownServer(t, { args: ['--log-level=error'] });
    await new Client(server, { app: { key: 'key-of-nobody' } }).waitClosed();
    assert.equal(server.stderr, '');
    const { code, stderr } = await run(['config', '--log-level=loud'], { cwd: temporaryFolder(), env: { REVERB_APP_ID: '1', REVERB_APP_KEY: 'k', REVERB_APP_SECRET: 's' } });
    assert.equal(code, 1);
    assert.match(stderr, /loud.*error.*warn.*info.*debug/);
});
