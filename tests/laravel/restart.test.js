'use strict';

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { Client } = require('../support/clients.js');
const { api } = require('../support/api.js');
const { freePort } = require('../support/server.js');
const { RawConnection, connectDeaf } = require('../support/raw.js');
const { AWAY_MS, Traveller, longestAway } = require('../support/away.js');
const { BIN, until } = require('../support/wait.js');
const { environment, ownApplication, run } = require('./application.js');

const nativePids = (server) => run('pgrep', ['-P', String(server.pid)]).then(({ stdout }) => stdout.trim().split('\n').filter(Boolean));

async function isRestarted(server, formerPid) {
    await until(async () => {
        const pids = await nativePids(server);
        return pids.length === 1 && pids[0] !== String(formerPid);
    }, () => `another server is there, and the former one is gone\n${server.said}`);
    assert.ok(!server.hasExited, server.said);
}

test('reverb:restart restarts every server of the application, and keeps no browser away', async (t) => {
    const application = await ownApplication(t).install();
    const servers = await Promise.all([application.server(), application.server([`--port=${await freePort()}`])]);
    const pids = await Promise.all(servers.map((server) => server.nativePid()));
    const clients = await Promise.all(servers.map((server) => Client.open(server)));
    const travellers = await Promise.all(servers.flatMap((server) => [7, 8].map((version) => Traveller.connect(server, { version }))));
    let isOver = false;
    t.after(() => { isOver = true; }); // also if the test fails: nothing may keep the process busy
    const traffic = (async () => {
        while (!isOver)
            await api(servers[0], 'POST', '/events', { body: { name: 'told', channel: 'news', data: '{}' } }).catch(() => {});
    })();
    await application.must(['reverb:restart']);
    for (const [index, server] of servers.entries()) {
        assert.equal((await clients[index].waitClosed('the restart is heard')).code, 4200);
        await isRestarted(server, pids[index]);
        assert.match(server.said, /INFO {2}Restarting server on 127\.0\.0\.1:\d+/);
    }
    assert.ok(await longestAway(travellers) < AWAY_MS);
    isOver = true;
    await traffic;
    for (const server of servers) {
        server.closeClients(); // pusher-js that is refused never lets its process end
        server.signal('SIGTERM');
        assert.deepEqual(await server.ended(), { code: 0, signal: null });
    }
});

test('`reverb restart` does the same, and the new server has the configuration of today', async (t) => {
    const application = await ownApplication(t).install();
    const server = await application.server();
    const traveller = await Traveller.connect(server);
    for (let n = 0; n < 2; n++) {
        const pid = await server.nativePid();
        application.setEnv({ REVERB_APP_MAX_CONNECTIONS: 1 });
        const { code, said } = await run(BIN, ['restart', '--port', String(server.port)], { env: environment({ HOME: application.folder }) });
        assert.equal(code, 0, said);
        await isRestarted(server, pid);
    }
    assert.ok(await traveller.away() < AWAY_MS);
    const late = await Client.open(server).catch((error) => error);
    assert.ok(late instanceof Error, 'the limit is another one now');
});

test('a second restart while the first server still ends leaves nothing of both', async (t) => {
    const application = await ownApplication(t).install();
    const server = await application.server();
    const traveller = await Traveller.connect(server);
    await connectDeaf(server);
    const first = await server.nativePid();
    for (let n = 0; n < 2; n++) {
        const { code, said } = await run(BIN, ['restart', '--port', String(server.port)], { env: environment({ HOME: application.folder }) });
        assert.equal(code, 0, said);
    }
    assert.ok((await nativePids(server)).includes(String(first)), 'the first server still ends');
    await isRestarted(server, first);
    assert.ok(await traveller.away() < AWAY_MS);
});

test('`reverb stop` while artisan puts itself in its own place ends both', async (t) => {
    const application = await ownApplication(t).install();
    const server = await application.server();
    const native = (command) => run(BIN, [command, '--port', String(server.port)], { env: environment({ HOME: application.folder }) });
    const restarted = native('restart');
    await server.line(/Restarting server/);
    const { code, said } = await native('stop');
    assert.equal(code, 0, said);
    await server.ended();
    await restarted;
    await assert.rejects(RawConnection.open({ host: '127.0.0.1', port: server.port }));
});

test('an application that could not serve any more goes on as it is', async (t) => {
    const application = await ownApplication(t).install();
    const server = await application.server();
    const client = await Client.open(server);
    application.setEnv({ REVERB_SERVER_PORT: 'many' });
    await application.must(['reverb:restart']);
    await server.line(/ERROR {2}The server was not restarted\.[^]*many/);
    await client.ping();
    application.setEnv({ REVERB_SERVER_PORT: server.port });
    const pid = await server.nativePid();
    await application.must(['reverb:restart']);
    await isRestarted(server, pid);
});

test('a server that starts after a restart was asked for keeps running', async (t) => {
    const application = await ownApplication(t).install();
    await application.must(['reverb:restart']);
    const server = await application.server();
    const client = await Client.open(server);
    const pid = await server.nativePid();
    await application.must(['reverb:restart']);
    await client.waitClosed('the next restart is heard');
    await isRestarted(server, pid);
});

test('a cache that no other process sees is warned of', async (t) => {
    const application = await ownApplication(t).install();
    const { said } = await application.must(['reverb:restart'], { env: { CACHE_STORE: 'array' } });
    assert.match(said, /WARN .*\[array\] cache store/);
});

/* The table is away: each look at it fails. */
const renameCache = (application, from, to) => run('php', ['-r', `(new PDO('sqlite:database/database.sqlite'))->exec('ALTER TABLE ${from} RENAME TO ${to}');`],
    { cwd: application.folder });

test('a cache store that is away is reported once, and restarts count again when it is back', async (t) => {
    const application = await ownApplication(t).install();
    await application.must(['reverb:restart']);
    await renameCache(application, 'cache', 'away');
    const server = await application.server();
    await renameCache(application, 'away', 'cache');
    await server.line(/The cache store is available again/);
    await renameCache(application, 'cache', 'away');
    await until(() => server.said.split('ERROR').length === 3, () => `it is away again\n${server.said}`);
    await renameCache(application, 'away', 'cache');
    await until(() => server.said.split('is available again').length === 3, () => `it is back again\n${server.said}`);
    assert.equal(application.read('storage/logs/laravel.log').split('local.ERROR').length - 1, 2);
    const pid = await server.nativePid();
    await application.must(['reverb:restart']);
    await isRestarted(server, pid);
    assert.match(server.said, /Restarting server/);
});

test('artisan reload restarts the server, where the framework has it', async (t) => {
    const application = await ownApplication(t).install();
    const { stdout } = await application.must(['list', '--raw']);
    if (!/^reload\b/m.test(stdout))
        return;
    const server = await application.server();
    const pid = await server.nativePid();
    await application.must(['reload']);
    await isRestarted(server, pid);
});
