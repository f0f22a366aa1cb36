'use strict';

/* Behind Debian's nginx, configured as Reverb's documentation says. */

const assert = require('node:assert/strict');
const { test, before, after } = require('../support/test.js');
const { app, ownServer, Server } = require('../support/server.js');
const { Client, called, connectionsAre, pusherJs, sdk } = require('../support/clients.js');
const { post, publish, request } = require('../support/api.js');
const { Nginx } = require('../support/nginx.js');

const origins = app({ app_id: '2', key: 'key-2', secret: 'secret-2', allowed_origins: ['laravel.com'] });
const quiet = app({ app_id: '3', key: 'key-3', secret: 'secret-3' });
const server = new Server({ apps: [app(), origins, quiet] });
let nginx;

before(async () => {
    await server.start();
    nginx = await Nginx.start(server);
});
after(async () => {
    server.closeClients();
    await nginx.stop();
    await server.stop();
});

test('sockets and the API pass through', async () => {
    const client = await Client.open(nginx);
    await client.subscribe('news');
    await publish(nginx, 'news', 'told', '{"n":1}');
    assert.deepEqual(await client.take(), { event: 'told', channel: 'news', data: '{"n":1}' });
    assert.equal((await request(nginx, 'GET', '/up')).text, '{"health":"OK"}');
});

test('the API answers many requests in a row, with bodies and refusals', async () => {
    for (let n = 0; n < 30; n++)
        await publish(nginx, 'news', 'told', 'x'.repeat(n * 200));
    assert.equal((await post(nginx, '/events', {})).status, 422);
    assert.equal((await post(nginx, '/events', { name: 'told', channel: 'news', data: 'x'.repeat(20_000) })).status, 413);
    assert.equal((await request(nginx, 'GET', '/nothing')).status, 404);
    assert.equal((await request(nginx, 'DELETE', '/up')).status, 405);
});

test('pusher-js and the SDK work through it', async () => {
    const pusher = pusherJs(nginx);
    const channel = pusher.subscribe('news');
    await called((fn) => channel.bind('pusher:subscription_succeeded', fn), 'subscribed');
    const told = called((fn) => channel.bind('told', fn), 'told');
    await sdk(nginx).trigger('news', 'told', { n: 1 });
    assert.deepEqual(await told, { n: 1 });
    pusher.disconnect();
});

test('a client that leaves is gone from the server, however it leaves', async () => {
    const clients = await Client.openMany(nginx, 6, { app: quiet });
    await connectionsAre(server, 6, quiet);
    clients.slice(0, 2).forEach((client) => client.socket.close());
    clients.slice(2, 4).forEach((client) => client.socket.terminate());
    clients[4].socket._socket.end();
    await connectionsAre(server, 1, quiet);
});

test('the origin that is checked is the one of the browser', async () => {
    await Client.open(nginx, { app: origins, origin: 'https://laravel.com' });
    const other = new Client(nginx, { app: origins, origin: 'https://evil.com' });
    assert.equal((await other.takeError()).code, 4009);
    assert.equal((await other.waitClosed()).code, 4009);
});

test('closing by the server reaches the client with its code', async () => {
    const client = await Client.open(nginx);
    await client.signin({ id: '7' });
    await post(nginx, '/users/7/terminate_connections', {});
    assert.equal((await client.takeError()).code, 4009);
    assert.equal((await client.waitClosed()).code, 4009);
});

test('the end of the server closes the clients behind it with 4100', async (t) => {
    const own = await ownServer(t);
    const front = await Nginx.start(own);
    t.after(() => front.stop());
    const clients = await Client.openMany(front, 10);
    own.signal('SIGTERM');
    for (const client of clients)
        assert.equal((await client.waitClosed()).code, 4100);
    await own.ended();
});
