'use strict';

/* pusher-js 8 and 7, unchanged, on every kind of channel. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { app, sharedServer, ownServer } = require('../support/server.js');
const { called, calledWith, pusherJs, sdk } = require('../support/clients.js');
const { startAuth } = require('../support/auth.js');

const counted = app({ app_id: '2', key: 'key-2', secret: 'secret-2', max_connections: 1 });
const server = sharedServer({ apps: [app(), counted] });

const subscribed = (channel) =>
    called((fn) => channel.bind('pusher:subscription_succeeded', fn), `subscribed to ${channel.name}`);
const event = (channel, name = 'told') => called((fn) => channel.bind(name, fn), `${name} on ${channel.name}`);
const connected = (pusher) => called((fn) => pusher.connection.bind('connected', fn), 'connected');

for (const version of [8, 7]) {
    const named = (what) => `pusher-js ${version} ${what}`;

    const open = async (options = {}) => {
        const auth = await startAuth(server);
        const user = options.user ?? 'anna';
        return pusherJs(server, {
            version,
            channelAuthorization: { endpoint: `${auth}/broadcasting/auth?user=${user}`, transport: 'ajax' },
            userAuthentication: { endpoint: `${auth}/broadcasting/user-auth?user=${user}`, transport: 'ajax' },
            ...options,
        });
    };

    test(named('connects and knows its socket id'), async () => {
        const pusher = await open();
        await connected(pusher);
        assert.match(pusher.connection.socket_id, /^\d+\.\d+$/);
    });

    for (const channel of ['news', 'private-news', 'presence-news', 'cache-news', 'private-cache-news',
        'presence-cache-news', 'private-encrypted-news', 'private-encrypted-cache-news'])
        test(named(`receives an event of the SDK on ${channel}`), async () => {
            const pusher = await open();
            const it = pusher.subscribe(channel);
            await subscribed(it);
            const told = event(it);
            await sdk(server).trigger(channel, 'told', { text: 'é "quoted"' });
            assert.deepEqual(await told, { text: 'é "quoted"' });
        });

    test(named('receives every event through bind_global'), async () => {
        const pusher = await open();
        const it = pusher.subscribe('news');
        await subscribed(it);
        const seen = calledWith((fn) => it.bind_global((name, data) => name === 'global' && fn(name, data)), 'an event');
        await sdk(server).trigger('news', 'global', [1, 2]);
        assert.deepEqual(await seen, ['global', [1, 2]]);
    });

    test(named('knows the members of a presence channel and sees them come and go'), async () => {
        const anna = await open({ user: 'anna' });
        const bert = await open({ user: 'bert' });
        const room = anna.subscribe('presence-room');
        await subscribed(room);
        assert.equal(room.members.count, 1);
        assert.deepEqual(room.members.me, { id: 'anna', info: { name: 'Name of anna' } });
        const added = event(room, 'pusher:member_added');
        const theirs = bert.subscribe('presence-room');
        await subscribed(theirs);
        assert.deepEqual(await added, { id: 'bert', info: { name: 'Name of bert' } });
        assert.deepEqual(Object.keys(theirs.members.members).sort(), ['anna', 'bert']);
        const removed = event(room, 'pusher:member_removed');
        bert.unsubscribe('presence-room');
        assert.deepEqual(await removed, { id: 'bert', info: { name: 'Name of bert' } });
        assert.equal(room.members.count, 1);
    });

    test(named('whispers on private and presence channels'), async () => {
        const anna = await open({ user: 'anna' });
        const bert = await open({ user: 'bert' });
        for (const name of ['private-talk', 'presence-talk']) {
            const [from, to] = [anna.subscribe(name), bert.subscribe(name)];
            await Promise.all([subscribed(from), subscribed(to)]);
            const heard = calledWith((fn) => to.bind('client-typing', fn), 'a whisper');
            assert.equal(from.trigger('client-typing', { on: true }), true);
            const [data, metadata] = await heard;
            assert.deepEqual(data, { on: true });
            if (name.startsWith('presence-'))
                assert.deepEqual(metadata, { user_id: 'anna' });
        }
    });

    test(named('is told that a subscription was refused'), async () => {
        const auth = sdk(server);
        const pusher = await open({
            channelAuthorization: {
                customHandler: ({ socketId, channelName }, callback) =>
                    callback(null, { ...auth.authorizeChannel(socketId, `${channelName}-other`) }),
            },
        });
        const error = await called((fn) => pusher.subscribe('private-news').bind('pusher:subscription_error', fn), 'an error');
        assert.equal(error.type, 'AuthError');
        assert.equal(error.status, 401);
        assert.equal(pusher.connection.state, 'connected');
    });

    test(named('is given the code and the text of an error'), async () => {
        const pusher = await open();
        await connected(pusher);
        const error = called((fn) => pusher.connection.bind('error', fn), 'an error');
        pusher.send_event('client-x', {}, 'public');
        const { type, data } = await error;
        assert.equal(type, 'PusherError');
        assert.equal(data.code, 4301);
        assert.match(data.message, /Client events/);
        assert.equal(pusher.connection.state, 'connected');
    });

    test(named('is told of an empty cache and given a full one'), async () => {
        const name = `cache-js-${version}`;
        const first = await open();
        const empty = first.subscribe(name);
        await called((fn) => empty.bind('pusher:cache_miss', fn), 'cache_miss');
        await sdk(server).trigger(name, 'told', { n: 1 });
        const second = await open();
        assert.deepEqual(await event(second.subscribe(name)), { n: 1 });
    });

    test(named('signs in, receives what is sent to its user, and is terminated'), async () => {
        const pusher = await open({ user: 'carla' });
        await connected(pusher);
        pusher.signin();
        await pusher.user.signinDonePromise;
        const told = called((fn) => pusher.user.bind('told', fn), 'an event for the user');
        await sdk(server).sendToUser('carla', 'told', { n: 1 });
        assert.deepEqual(await told, { n: 1 });
        let times = 0;
        pusher.user.bind('twice', () => { times++; });
        await sdk(server).sendToUser('carla', 'twice', {});
        const marker = called((fn) => pusher.user.bind('marker', fn), 'a marker');
        await sdk(server).sendToUser('carla', 'marker', {});
        await marker;
        assert.equal(times, 1);
        const gone = called((fn) => pusher.connection.bind('disconnected', fn), 'disconnected');
        await sdk(server).terminateUserConnections('carla');
        await gone;
    });

    test(named('watches users come online'), async () => {
        const auth = sdk(server);
        const signedInAs = (user) => ({
            userAuthentication: {
                customHandler: ({ socketId }, callback) => callback(null, auth.authenticateUser(socketId, user)),
            },
        });
        const watcher = await open(signedInAs({ id: `watcher-${version}`, watchlist: [`dora-${version}`] }));
        const online = called((fn) => watcher.user.watchlist.bind('online', fn), 'online');
        const offline = called((fn) => watcher.user.watchlist.bind('offline',
            (told) => told.user_ids.length && watched.left && fn(told)), 'offline');
        watcher.signin();
        await watcher.user.signinDonePromise;
        const watched = await open(signedInAs({ id: `dora-${version}` }));
        watched.signin();
        assert.deepEqual((await online).user_ids, [`dora-${version}`]);
        watched.left = true;
        watched.disconnect();
        assert.deepEqual((await offline).user_ids, [`dora-${version}`]);
    });

    test(named('gives up where the key is unknown and where the app is over its quota'), async () => {
        const unknown = await open({ app: { key: 'no-such-key' } });
        const error = await called((fn) => unknown.connection.bind('error', fn), 'an error');
        assert.equal((error.data ?? error.error.data).code, 4001);
        const first = await open({ app: counted });
        await connected(first);
        const second = await open({ app: counted });
        const failed = called((fn) => second.connection.bind('disconnected', fn), 'disconnected');
        const over = await called((fn) => second.connection.bind('error', fn), 'an error');
        assert.equal((over.data ?? over.error.data).code, 4004);
        await failed;
        first.disconnect();
    });
}

/* pusher-js tries again at once; refused by a server that is not up yet, it waits 15 s before the next try. */
test('pusher-js 8 and 7 come back and subscribe again after a graceful restart', { timeout: 60_000 }, async (t) => {
    const first = await ownServer(t);
    const clients = [8, 7].map((version) => pusherJs(first, { version }));
    const channels = clients.map((pusher) => pusher.subscribe('news'));
    await Promise.all(channels.map(subscribed));
    first.signal('SIGTERM');
    await first.ended();
    const again = channels.map((channel) =>
        called((fn) => channel.bind('pusher:subscription_succeeded', fn), 'subscribed again', 40_000));
    const second = await ownServer(t, { port: first.port });
    await Promise.all(again);
    const told = channels.map((channel) => event(channel));
    await sdk(second).trigger('news', 'told', { n: 2 });
    assert.deepEqual(await Promise.all(told), [{ n: 2 }, { n: 2 }]);
    clients.forEach((pusher) => pusher.disconnect());
});
