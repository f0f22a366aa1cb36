'use strict';

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { Client } = require('../support/clients.js');
const { api } = require('../support/api.js');
const { freePort } = require('../support/server.js');
const { until } = require('../support/wait.js');
const { ownApplication, run } = require('./application.js');

test('reverb:restart ends every server of the application gracefully, under traffic', async (t) => {
    const application = await ownApplication(t).install();
    const servers = await Promise.all([application.server(), application.server([`--port=${await freePort()}`])]);
    const clients = await Promise.all(servers.map((server) => Client.open(server)));
    await Promise.all(clients.map((client) => client.subscribe('news')));
    let isOver = false;
    const traffic = (async () => {
        while (!isOver)
            await api(servers[0], 'POST', '/events', { body: { name: 'told', channel: 'news', data: '{}' } }).catch(() => {});
    })();
    await application.must(['reverb:restart']);
    for (const [index, server] of servers.entries()) {
        assert.deepEqual(await server.ended(), { code: 0, signal: null });
        assert.match(server.said, /INFO {2}Stopping server on 127\.0\.0\.1:\d+/);
        assert.equal((await clients[index].closed.promise).code, 4200);
    }
    isOver = true;
    await traffic;
});

test('a server that starts after a restart was asked for keeps running', async (t) => {
    const application = await ownApplication(t).install();
    await application.must(['reverb:restart']);
    const server = await application.server();
    const client = await Client.open(server);
    await application.must(['reverb:restart']);
    await client.waitClosed('the next restart is heard');
    assert.equal((await server.ended()).code, 0);
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
    await application.must(['reverb:restart']);
    assert.equal((await server.ended()).code, 0);
    assert.match(server.said, /Stopping server/);
});

test('artisan reload restarts the server, where the framework has it', async (t) => {
    const application = await ownApplication(t).install();
    const { stdout } = await application.must(['list', '--raw']);
    if (!/^reload\b/m.test(stdout))
        return;
    const server = await application.server();
    await application.must(['reload']);
    assert.equal((await server.ended()).code, 0);
});
