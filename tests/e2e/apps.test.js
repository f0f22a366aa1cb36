'use strict';

/* Several apps in one server are separate from each other; apps come and go with SIGHUP. */

const assert = require('node:assert/strict');
const { writeFileSync } = require('node:fs');
const { test } = require('../support/test.js');
const { app, ownServer, sharedServer } = require('../support/server.js');
const { Client } = require('../support/clients.js');
const { channelAuth } = require('../support/signer.js');
const { get, post, publish } = require('../support/api.js');
const { until } = require('../support/wait.js');

const first = app({ app_id: 'first', key: 'key-first', secret: 'secret-first' });
const second = app({ app_id: 'second', key: 'key-second', secret: 'secret-second', activity_timeout: 11 });
const server = sharedServer({ apps: [first, second], workers: 3 });

const both = async (count = 1) =>
    [await Client.openMany(server, count, { app: first }), await Client.openMany(server, count, { app: second })];

test('an event of one app is not told to the same channel of another', async () => {
    const [ours, theirs] = await both(6);
    for (const client of [...ours, ...theirs])
        await client.subscribe('news');
    await publish(server, 'news', 'first', '{}', { app: first });
    await publish(server, 'news', 'second', '{}', { app: second });
    for (const client of ours) {
        assert.equal((await client.take()).event, 'first');
        await client.quiet();
    }
    for (const client of theirs) {
        assert.equal((await client.take()).event, 'second');
        await client.quiet();
    }
});

test('users, members, caches and client events are of one app', async () => {
    const [[ours], [theirs]] = await both();
    assert.equal((await ours.join('presence-a', '1')).count, 1);
    assert.deepEqual(await theirs.join('presence-a', '2'), { count: 1, ids: ['2'], hash: { 2: {} } });
    await publish(server, 'cache-a', 'cached', '{}', { app: first });
    await theirs.subscribe('cache-a');
    assert.equal((await theirs.take()).event, 'pusher:cache_miss');
    ours.send('client-said', {}, 'presence-a');
    await ours.ping();
    await publish(server, 'presence-a', 'marker', '{}', { app: second });
    assert.equal((await theirs.take()).event, 'marker');
    assert.deepEqual((await get(server, '/channels', { app: first })).json, { channels: { 'presence-a': {} } });
    assert.deepEqual((await get(server, '/channels/presence-a/users', { app: second })).json, { users: [{ id: '2' }] });
});

test('the secret of one app signs nothing for another', async () => {
    const [[ours]] = await both();
    ours.sendSubscribe('private-a', { auth: channelAuth(second, ours.socketId, 'private-a') });
    assert.equal((await ours.next('pusher:error')).json.code, 4009);
    for (const options of [{ app: first, secret: second.secret }, { app: second, id: 'first' },
        { app: first, key: second.key, secret: second.secret }]) {
        const answer = await post(server, '/events', { name: 'told', channel: 'news', data: '{}' }, options);
        assert.equal(answer.status, 401);
    }
});

test('a socket id of one app leaves out nobody of another', async () => {
    const [[ours], [theirs]] = await both();
    await ours.subscribe('news');
    await publish(server, 'news', 'told', '{}', { app: first, body: { socket_id: theirs.socketId } });
    assert.equal((await ours.take()).event, 'told');
});

test('each app has settings of its own', async () => {
    const [[ours], [theirs]] = await both();
    assert.deepEqual([ours.hello.json.activity_timeout, theirs.hello.json.activity_timeout], [30, 11]);
});

test('SIGHUP takes up an app that was added, and leaves the connections of the others alone', async (t) => {
    const own = await ownServer(t, { apps: [first] });
    const client = await Client.open(own);
    await client.subscribe('news');
    const early = new Client(own, { app: second });
    assert.equal((await early.takeError()).code, 4001);
    own.apps.push(second);
    own.writeConfig();
    own.signal('SIGHUP');
    await until(async () => (await get(own, '/connections', { app: second })).status === 200, 'the new app is known');
    const late = await Client.open(own, { app: second });
    await late.subscribe('news');
    await publish(own, 'news', 'told', '{}', { app: second });
    assert.equal((await late.take()).event, 'told');
    await publish(own, 'news', 'still here', '{}', { app: first });
    assert.equal((await client.take()).event, 'still here');
});

test('SIGHUP with a file that is wrong keeps the apps as they are and says so', async (t) => {
    const own = await ownServer(t, { apps: [first] });
    const client = await Client.open(own);
    writeFileSync(own.configFile, '{"apps":');
    own.signal('SIGHUP');
    await until(() => own.stderr.length > 0, 'a word about the file');
    await client.ping();
    await publish(own, 'news', 'told', '{}');
    await Client.open(own);
});

test('SIGHUP names the settings that only a restart takes up', async (t) => {
    const own = await ownServer(t, { apps: [first] });
    own.options.server = { ...own.options.server, max_backlog: 5000, scaling: { enabled: true, server: { password: 'redis-password' } } };
    own.writeConfig();
    own.signal('SIGHUP');
    await until(() => /only by a restart/.test(own.stderr), 'a word about the settings');
    assert.match(own.stderr, /only by a restart: max_backlog, scaling\.enabled$/m);
    await Client.open(own);
});

test('SIGHUP takes up another secret of an app', async (t) => {
    const own = await ownServer(t, { apps: [{ ...first }] });
    const renewed = { ...first, secret: 'another-secret' };
    own.apps[0] = renewed;
    own.writeConfig();
    own.signal('SIGHUP');
    await until(async () => (await get(own, '/connections', { app: renewed })).status === 200, 'the new secret is known');
    assert.equal((await get(own, '/connections', { app: first })).status, 401);
});
