'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { test, before, after } = require('../support/test.js');
const { Client } = require('../support/clients.js');
const { api } = require('../support/api.js');
const { freePort } = require('../support/server.js');
const { until } = require('../support/wait.js');
const { Application, ownApplication, run } = require('./application.js');

let application;
before(async () => {
    application = new Application();
    await application.install();
});
after(() => application.remove());

const isGone = (pid) => {
    try {
        process.kill(pid, 0);
    } catch {
        return true;
    }
    /* A zombie whose parent has not looked yet has ended too. */
    return /^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
};

const onFreePort = async () => `--port=${await freePort()}`;

test('it starts in the style of artisan and serves the application of the configuration', async () => {
    const server = await application.server();
    assert.match(server.said, / INFO {2}Starting server on 127\.0\.0\.1:\d+\./);
    assert.equal(server.port, application.port);
    const client = await Client.open(server);
    await client.subscribe('news');
    assert.equal((await api(server, 'GET', '/channels/news')).json.occupied, true);
    await server.stop();
});

for (const signal of ['SIGINT', 'SIGTERM', 'SIGTSTP'])
    test(`${signal} ends it gracefully, with status 0`, async () => {
        const server = await application.server([await onFreePort()]);
        const client = await Client.open(server);
        server.signal(signal);
        assert.equal((await client.waitClosed()).code, 4100);
        assert.deepEqual(await server.ended(), { code: 0, signal: null });
        assert.match(server.said, /Gracefully terminating connections/);
    });

test('Ctrl-C in a terminal, which tells the whole group, ends it gracefully too', async () => {
    const server = await application.server([await onFreePort()]);
    const pid = await server.nativePid();
    const client = await Client.open(server);
    const groupOf = (of) => Number(fs.readFileSync(`/proc/${of}/stat`, 'utf8').split(') ')[1].split(' ')[2]);
    assert.notEqual(groupOf(pid), groupOf(server.pid), 'a signal of the terminal reaches it once');
    server.signal('SIGINT');
    assert.equal((await client.waitClosed()).code, 4100);
    assert.equal((await server.ended()).code, 0);
});

test('an artisan that is killed leaves no server behind', async () => {
    const server = await application.server([await onFreePort()]);
    const pid = await server.nativePid();
    const client = await Client.open(server);
    server.signal('SIGKILL');
    await until(() => isGone(pid), 'the server is gone');
    assert.equal((await client.waitClosed()).code, 4100, 'and it ended gracefully');
});

test('a server that is killed is told by the exit status', async () => {
    const server = await application.server([await onFreePort()]);
    process.kill(await server.nativePid(), 'SIGKILL');
    assert.equal((await server.ended()).code, 137);
});

test('a port that is taken is an error and status 1', async () => {
    const port = await onFreePort();
    await application.server([port]);
    const second = application.start([port]);
    assert.equal((await second.ended()).code, 1);
    assert.match(second.said, /ERROR {2}port \d+ on 127\.0\.0\.1 is in use/);
});

test('options beat the configuration', async () => {
    const port = await freePort();
    const server = await application.server([`--port=${port}`, '--host=0.0.0.0', '--path=/ws', '--hostname=app.test']);
    assert.match(server.said, new RegExp(`Starting server on 0\\.0\\.0\\.0:${port}/ws \\(app\\.test\\)\\.`));
    server.prefix = '/ws';
    await Client.open(server);
    await server.stop();
});

test('secrets are not on a command line', async () => {
    const server = await application.server([await onFreePort()]);
    const command = fs.readFileSync(`/proc/${await server.nativePid()}/cmdline`, 'utf8');
    assert.doesNotMatch(command, /secret-of-1001|key-of-1001/);
    await server.stop();
});

test('--debug shows what is received and sent', async () => {
    const server = await application.server([await onFreePort(), '--debug']);
    const client = await Client.open(server);
    await client.subscribe('news');
    await server.line(new RegExp(`Connection Established \\.+ ${client.socketId}`));
    await server.line(/Message Received \.+/);
    await server.line(/1▕ \{/);
    await server.stop();
});

test('a cached configuration counts as it was cached', async (t) => {
    const cached = await ownApplication(t).install();
    await cached.must(['config:cache']);
    cached.setEnv({ REVERB_APP_KEY: 'another', REVERB_SERVER_PORT: '1' });
    const server = await cached.server();
    assert.equal(server.port, cached.port);
    await Client.open(server);
    await server.stop();
});

test('several apps, with settings of their own', async (t) => {
    const several = await ownApplication(t).install();
    several.write('config/reverb.php', several.read('config/reverb.php').replace("        'apps' => [\n", `        'apps' => [
            ['app_id' => '2', 'key' => 'second', 'secret' => 'secret', 'allowed_origins' => ['*'], 'max_connections' => 1, 'strict' => true],
`));
    const server = await several.server();
    const app = { app_id: '2', key: 'second', secret: 'secret' };
    await Client.open(server);
    await Client.open(server, { app });
    const refused = new Client(server, { app });
    assert.equal((await refused.takeError()).code, 4004);
    await server.stop();
});

test('a configuration that an old version has published works, and keeps what it meant', async (t) => {
    const old = await ownApplication(t).install();
    old.write('config/reverb.php', `<?php
return [
    'default' => 'reverb',
    'servers' => ['reverb' => ['host' => env('REVERB_SERVER_HOST'), 'port' => env('REVERB_SERVER_PORT'), 'of_my_own' => 1]],
    'apps' => ['provider' => 'config', 'apps' => [['key' => env('REVERB_APP_KEY'), 'secret' => env('REVERB_APP_SECRET'), 'app_id' => env('REVERB_APP_ID')]]],
];`);
    const server = await old.server();
    const [anna, bert] = await Client.openMany(server, 2);
    await anna.subscribe('private-room');
    bert.send('client-typing', {}, 'private-room');
    assert.equal((await anna.take()).event, 'client-typing', 'members and others may whisper, as before 1.8');
    await server.line(/of_my_own .* is not a setting/);
    await server.stop();
});

test("the hostname's certificate of Valet is found", async (t) => {
    const secure = await ownApplication(t).install();
    const folder = secure.path('.config/valet/Certificates');
    fs.mkdirSync(folder, { recursive: true });
    const made = await run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=app.test',
        '-keyout', `${folder}/app.test.key`, '-out', `${folder}/app.test.crt`]);
    assert.equal(made.code, 0, made.said);
    const server = await secure.server(['--hostname=app.test']);
    assert.match(server.said, /Starting secure server/);
    await Client.open(server);
    await server.stop();
});

test('a mistake is said to be where it is: in config/reverb.php, or on the command line', async (t) => {
    const broken = await ownApplication(t).install();
    const option = broken.start(['--port=eighty']);
    assert.equal((await option.ended()).code, 1);
    assert.match(option.said, /--port.*"eighty"/);
    broken.setEnv({ REVERB_SERVER_PORT: 'eighty' });
    const setting = broken.start();
    assert.equal((await setting.ended()).code, 1);
    assert.match(setting.said, /servers\.reverb\.port in config\/reverb\.php.*"eighty"/);
});

test('an app that lacks its secret is named', async (t) => {
    const broken = await ownApplication(t).install();
    broken.setEnv({ REVERB_APP_SECRET: '' });
    const server = broken.start();
    assert.equal((await server.ended()).code, 1);
    assert.match(server.said, /has no secret.*REVERB_APP_SECRET/);
});
