'use strict';

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { Client } = require('../support/clients.js');
const { until } = require('../support/wait.js');
const { ownApplication, run } = require('./application.js');

const appOf = (id) => ({ app_id: id, key: `key-of-${id}`, secret: `secret-of-${id}` });

async function withApps(t, ids, provider) {
    const application = await ownApplication(t).install();
    application.write('storage/apps.json', JSON.stringify(ids));
    const server = await application.server([], { PROVIDER: provider, LISTEN_TO: 'ConnectionOpened' });
    return { application, server };
}

for (const way of ['bind', 'singleton', 'instance', 'extend', 'manager'])
    test(`an application's own provider, known by ${way}, says which apps there are`, async (t) => {
        const { application, server } = await withApps(t, ['7', '8'], way);
        const client = await Client.open(server, { app: appOf('8') });
        const heard = await application.hears(({ event }) => event === 'ConnectionOpened', 'the connection');
        assert.deepEqual([heard.app, heard.connection], ['8', client.socketId]);
        const refused = new Client(server, { app: appOf('1001') });
        assert.equal((await refused.takeError()).code, 4001, 'the configuration does not count');
    });

/* A client of the app, or null where it does not exist. */
async function attempt(server, app) {
    const client = new Client(server, { app });
    const hello = await client.take();
    return hello.event === 'pusher:connection_established' ? client : null;
}

test('apps that change are taken up while the server runs', async (t) => {
    const { application, server } = await withApps(t, ['7'], 'bind');
    const client = await Client.open(server, { app: appOf('7') });
    application.write('storage/apps.json', JSON.stringify(['7', '9']));
    await until(() => attempt(server, appOf('9')), 'the new app is there');
    await client.quiet('who was there stays');
    application.write('storage/apps.json', JSON.stringify(['9']));
    assert.equal((await client.takeError()).code, 4001);
    await client.waitClosed();
});

test('a provider that fails for a while keeps the apps that were', async (t) => {
    const { application, server } = await withApps(t, ['7'], 'bind');
    application.write('storage/apps.json', 'broken');
    await server.line(/ERROR/);
    await Client.open(server, { app: appOf('7') });
});

test('a provider may have no apps yet', async (t) => {
    const { application, server } = await withApps(t, [], 'bind');
    assert.equal(await attempt(server, appOf('1001')), null, 'nor has the environment any');
    application.write('storage/apps.json', JSON.stringify(['7']));
    await until(() => attempt(server, appOf('7')), 'the first app is there');
});

test('reverb reload asks artisan for the configuration', async (t) => {
    const { application, server } = await withApps(t, ['7'], 'bind');
    application.write('storage/apps.json', JSON.stringify(['7', '9']));
    const { code, said } = await run(process.env.REVERB_BIN, ['reload', `--port=${server.port}`]);
    assert.equal(code, 0, said);
    await server.line(/apps were reloaded: 2/);
    await Client.open(server, { app: appOf('9') });
});
