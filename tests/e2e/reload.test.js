'use strict';

/* `reverb reload` prints its result, and all clients stay connected. */

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const { test } = require('../support/test.js');
const { Client } = require('../support/clients.js');
const { app, environment, ownServer, run } = require('../support/server.js');
const { BIN, SANITIZED, deferred, until, within } = require('../support/wait.js');

const reload = (server) => run(['reload', '--port', String(server.port)], { ms: 60_000 });

test('the apps that it ends up with are told', async (t) => {
    const server = await ownServer(t);
    const client = await Client.open(server);
    server.apps.push(app({ app_id: '2', key: 'second', secret: 'secret' }));
    server.writeConfig();
    const { code, stdout } = await reload(server);
    assert.equal(code, 0);
    assert.equal(stdout, 'apps were reloaded: 2\n');
    await (await Client.open(server, { app: server.apps[1] })).ping();
    await client.ping();
});

test('a mistake is told, and is the exit status', async (t) => {
    const server = await ownServer(t);
    const client = await Client.open(server);
    fs.writeFileSync(server.configFile, '{"apps":{"apps":[{"app_id":"1"}]}}');
    const { code, stderr } = await reload(server);
    assert.equal(code, 1);
    assert.match(stderr, /apps\.apps\.0 in .*has no key/);
    await client.ping();
});

/* One value for each, other than the default. */
const RESTART_ONLY = {
    host: '127.0.0.2', port: 1, path: 'ws', hostname: 'example.com', max_request_size: 20_000, compression: true, max_backlog: 1000, drain: 7,
    lame_duck: 7, ready_needs_redis: true, shutdown_timeout: 7, workers: 1, admin: '127.0.0.1:0', trusted_proxies: ['10.0.0.0/8'], proxy_protocol: true,
    admin_token: 'token-of-the-administration', pulse_ingest_interval: 7,
    address_limits: { max_connections: 7, connections_per_second: 7, requests_per_second: 7 },
};

test('whatever only a restart takes up is named', async (t) => {
    const server = await ownServer(t, { withoutPort: true, withoutWorkers: true, withoutHost: true, server: { port: 0, workers: 2 } });
    fs.writeFileSync(server.configFile, JSON.stringify({ servers: { reverb: RESTART_ONLY }, apps: { apps: server.apps } }));
    const { code, stdout, stderr } = await reload(server);
    assert.equal(code, 0, stderr);
    const named = /taken up only by a restart: (.*)/.exec(stdout)[1].split(', ');
    const keys = Object.entries(RESTART_ONLY).flatMap(([key, value]) => (value.constructor === Object ? Object.keys(value).map((more) => `${key}.${more}`) : [key]));
    assert.deepEqual(named.sort(), keys.sort());
    await server.line(/info .*taken up only by a restart/);
});

test('settings that have a variable only are named too', async (t) => {
    const server = await ownServer(t);
    fs.writeFileSync(`${server.folder}/.env`, 'REVERB_DEBUG=true\nREVERB_LOG_LEVEL=warn\nREVERB_LOG_FORMAT=json\n');
    const { stdout } = await reload(server);
    assert.match(stdout, /taken up only by a restart: REVERB_DEBUG, REVERB_LOG_LEVEL, REVERB_LOG_FORMAT/);
});

test('a reload of many apps keeps nobody waiting', { timeout: 60_000 }, async (t) => {
    const server = await ownServer(t);
    const count = process.env.FULL ? 10_000 : 4_000;
    for (let n = 1; n < count; n++)
        server.apps.push(app({ app_id: String(10_000 + n), key: `key-${n}`, secret: 'secret' }));
    server.writeConfig();
    const result = reload(server);
    let isDone = false;
    result.then(() => { isDone = true; });
    let asked = 0;
    await until(async () => {
        await server.status();
        asked++;
        return isDone;
    }, 'it is reloaded', 40_000);
    const { code, stdout, stderr } = await result;
    assert.equal(code, 0, stderr);
    assert.match(stdout, new RegExp(`apps were reloaded: ${count}`));
    assert.ok(asked > 1, `${asked} answers meanwhile`);
});

test('apps that are replaced again and again leave no memory behind', { timeout: 60_000 }, async (t) => {
    const server = await ownServer(t);
    const replaceApps = async (round) => {
        server.apps.length = 1;
        for (let n = 0; n < 1000; n++)
            server.apps.push(app({ app_id: `${round}-${n}`, key: `key-${round}-${n}`, secret: 'secret' }));
        server.writeConfig();
        const { code, stderr } = await reload(server);
        assert.equal(code, 0, stderr);
    };
    await replaceApps(0);
    const client = await Client.open(server, { app: server.apps[1] });
    client.send('pusher:subscribe', { channel: 'cache-a' });
    await client.next('pusher_internal:subscription_succeeded', 'cache-a');
    await replaceApps(1);
    assert.equal((await client.waitClosed()).code, 4001);
    const before = server.rss();
    for (let round = 2; round <= 5; round++)
        await replaceApps(round);
    if (!SANITIZED)
        await until(() => server.rss() < before + 25 * 1024 * 1024, 'their memory is given back', 15_000);
    await (await Client.open(server, { app: server.apps[1000] })).ping();
});

test('a reload that would end up with no apps says so, and the apps stay', async (t) => {
    const server = await ownServer(t);
    server.apps = [];
    server.writeConfig();
    const { code, stderr } = await run(['reload', '--port', String(server.port)]);
    assert.equal(code, 1);
    assert.match(stderr, /no app is configured/);
    await server.line(/the configuration was not reloaded: no app is configured/);
    await Client.open(server, { app: app() });
});

test('a reload that is asked for while the server starts is done when it runs', async (t) => {
    const child = spawn(BIN, ['start', '--config=-', '--port=0'], { env: environment() });
    let said = '';
    child.stdout.on('data', (data) => { said += data; });
    child.stderr.on('data', (data) => { said += data; });
    t.after(() => child.kill('SIGKILL'));
    const { promise: ended, resolve } = deferred();
    child.on('close', (code, signal) => resolve({ code, signal }));
    await until(() => /^SigBlk:\s+[0-9a-f]*1$/m.test(fs.readFileSync(`/proc/${child.pid}/status`, 'utf8')), 'it holds SIGHUP');
    child.kill('SIGHUP'); /* its configuration has not come yet */
    child.stdin.end(JSON.stringify({ servers: { reverb: { host: '127.0.0.1' } }, apps: { apps: [app()] } }));
    await until(() => /the configuration was not reloaded: it came over standard input/.test(said), () => `the reload is done\n${said}`);
    child.kill('SIGTERM');
    assert.deepEqual(await within(ended, 'it ends'), { code: 0, signal: null });
});
