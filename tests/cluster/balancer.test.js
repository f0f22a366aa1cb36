'use strict';

/* nginx distributes connections and requests over three nodes in turn; applications notice nothing of it. */

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const path = require('node:path');
const { test, before, after, afterEach } = require('../support/test.js');
const { Cluster } = require('../support/cluster.js');
const { Client, called, connectionsAre, pusherJs, sdk, ENCRYPTION_KEY } = require('../support/clients.js');
const { get, publish } = require('../support/api.js');
const { Nginx } = require('../support/nginx.js');

const cluster = new Cluster({ nodes: 3 });
let nginx;

before(async () => {
    await cluster.start();
    nginx = await Nginx.start(cluster.nodes);
});
afterEach(() => cluster.closeClients());
after(async () => {
    await nginx?.stop();
    await cluster.stop();
});

/* Makes the calls of Pusher's PHP SDK; returns the result of each. */
function php(calls) {
    const { host, port, app: { key, secret, app_id } } = nginx;
    const options = { host, port, scheme: 'http', useTLS: false, encryption_master_key_base64: ENCRYPTION_KEY };
    return new Promise((resolve, reject) => {
        const child = execFile('php', [path.join(__dirname, '../php/sdk.php')], (error, out, stderr) =>
            (error ? reject(new Error(`${out}${stderr}`)) : resolve(JSON.parse(out))));
        child.stdin.end(JSON.stringify({ key, secret, app_id, options, calls: calls.map(([method, ...args]) => [method, args]) }));
    });
}

test('clients are on all nodes, and each hears what any client of the API publishes', async () => {
    const clients = await Client.openMany(nginx, 9);
    for (const client of clients)
        await client.subscribe('news');
    const { subscription_count: count } = (await get(nginx, '/channels/news', { query: { info: 'subscription_count' } })).json;
    assert.equal(count, 9);
    for (let n = 0; n < 6; n++) {
        await publish(nginx, 'news', 'told', String(n));
        for (const client of clients)
            assert.equal((await client.take()).data, String(n));
    }
});

test('pusher-js and the SDK for Node work through it, signed-in users and presence included', async () => {
    const pushers = Array.from({ length: 6 }, (_, n) => pusherJs(nginx, {
        channelAuthorization: { customHandler: ({ socketId, channelName }, done) =>
            done(null, sdk(nginx).authorizeChannel(socketId, channelName, { user_id: `js${n}` })) },
        userAuthentication: { customHandler: ({ socketId }, done) =>
            done(null, sdk(nginx).authenticateUser(socketId, { id: `js${n}` })) },
    }));
    const halls = pushers.map((pusher) => pusher.subscribe('presence-js'));
    await Promise.all(halls.map((hall) => called((fn) => hall.bind('pusher:subscription_succeeded', fn), 'joined')));
    for (const hall of halls)
        if (hall.members.count < 6)
            await called((fn) => hall.bind('pusher:member_added', () => hall.members.count === 6 && fn()), 'six members');
    const users = (await (await sdk(nginx).get({ path: '/channels/presence-js/users' })).json()).users;
    assert.equal(users.length, 6);
    const heard = Promise.all(halls.map((hall) => called((fn) => hall.bind('told', fn), 'told')));
    await sdk(nginx).trigger('presence-js', 'told', { n: 1 });
    assert.deepEqual(await heard, Array(6).fill({ n: 1 }));
    pushers[2].signin();
    await called((fn) => pushers[2].bind_global((event) => event === 'pusher:signin_success' && fn()), 'signed in');
    const forUser = called((fn) => pushers[2].user.bind('for-you', fn), 'for the user');
    await sdk(nginx).sendToUser('js2', 'for-you', { n: 2 });
    assert.deepEqual(await forUser, { n: 2 });
});

test('the PHP SDK, which Laravel publishes with, works through it', async () => {
    const clients = await Client.openMany(nginx, 3);
    for (const client of clients)
        await client.subscribe('php');
    const outcomes = await php([
        ['trigger', 'php', 'one', { n: 1 }],
        ['trigger', ['php'], 'two', { n: 2 }, { socket_id: clients[0].socketId }],
        ['triggerBatch', [{ channel: 'php', name: 'three', data: { n: 3 } }]],
        ['getChannelInfo', 'php', { info: 'subscription_count' }],
    ]);
    assert.deepEqual(outcomes.at(-1).result, { occupied: true, subscription_count: 3 });
    for (const client of clients) {
        const due = client === clients[0] ? ['one', 'three'] : ['one', 'three', 'two'];
        const events = [];
        while (events.length < due.length)
            events.push((await client.take()).event);
        assert.deepEqual(events.sort(), due);
        await client.quiet();
    }
});

for (const channel of ['news-order', 'presence-order', 'cache-order'])
    test(`what a publisher sends one after the other comes in that order, though each request meets another node: ${channel}`, async () => {
        const clients = await cluster.openMany(6);
        for (const [n, client] of clients.entries())
            await client.subscribe(channel, channel.startsWith('presence-') ? { channelData: { user_id: String(n) } } : {});
        for (let n = 0; n < 150; n++)
            await publish(nginx, channel, 'n', String(n));
        for (const client of clients)
            for (let n = 0; n < 150; n++)
                assert.equal((await client.next('n')).data, String(n));
    });

test('all that leave are gone from all nodes', async () => {
    const clients = await Client.openMany(nginx, 12);
    await connectionsAre(nginx, 12);
    clients.forEach((client, n) => (n % 2 ? client.socket.close() : client.socket.terminate()));
    for (const node of cluster.nodes)
        await connectionsAre(node, 0);
});
