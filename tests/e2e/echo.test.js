'use strict';

/* laravel-echo 2, unchanged, with both of its broadcasters. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { sharedServer } = require('../support/server.js');
const { called, echo, sdk } = require('../support/clients.js');
const { startAuth } = require('../support/auth.js');

const server = sharedServer();
const ready = (channel) => called((fn) => channel.subscribed(() => fn(channel)), `subscribed to ${channel.name}`);

for (const broadcaster of ['reverb', 'pusher'])
    for (const version of [8, 7]) {
        const named = (what) => `Echo as ${broadcaster} over pusher-js ${version} ${what}`;

        const open = async (user = 'anna') => {
            const auth = await startAuth(server);
            return echo(server, {
                broadcaster,
                version,
                authEndpoint: `${auth}/broadcasting/auth`,
                auth: { headers: { 'X-User': user } },
                userAuthentication: { endpoint: `${auth}/broadcasting/user-auth`, headers: { 'X-User': user } },
            });
        };

        const channels = {
            'a public channel': ['orders', (it) => it.channel('orders')],
            'a private channel': ['private-orders', (it) => it.private('orders')],
            'a presence channel': ['presence-orders', (it) => it.join('orders')],
            'an encrypted channel': ['private-encrypted-orders', (it) => it.encryptedPrivate('orders')],
        };
        for (const [what, [channel, subscribe]] of Object.entries(channels))
            test(named(`receives a broadcast on ${what}`), async () => {
                const it = await open();
                const target = subscribe(it);
                await ready(target);
                const shipped = called((fn) => target.listen('OrderShipped', fn), 'OrderShipped');
                await sdk(server).trigger(channel, 'App\\Events\\OrderShipped', { order: { id: 1 } });
                assert.deepEqual(await shipped, { order: { id: 1 } });
            });

        test(named('knows who is here, who joins and who leaves'), async () => {
            const [anna, bert] = [await open('anna'), await open('bert')];
            const room = anna.join('room');
            assert.deepEqual(await called((fn) => room.here(fn), 'here'), [{ name: 'Name of anna' }]);
            const joining = called((fn) => room.joining(fn), 'joining');
            const leaving = called((fn) => room.leaving(fn), 'leaving');
            await ready(bert.join('room'));
            assert.deepEqual(await joining, { name: 'Name of bert' });
            bert.leave('room');
            assert.deepEqual(await leaving, { name: 'Name of bert' });
        });

        test(named('whispers on private and presence channels'), async () => {
            const [anna, bert] = [await open('anna'), await open('bert')];
            for (const kind of ['private', 'join']) {
                const [from, to] = [anna[kind]('talk'), bert[kind]('talk')];
                await Promise.all([ready(from), ready(to)]);
                const heard = called((fn) => to.listenForWhisper('typing', fn), 'a whisper');
                from.whisper('typing', { on: true });
                assert.deepEqual(await heard, { on: true });
            }
        });

        test(named('sends no broadcast back to the socket it came from'), async () => {
            const [anna, bert] = [await open('anna'), await open('bert')];
            const [mine, theirs] = [anna.channel('others'), bert.channel('others')];
            await Promise.all([ready(mine), ready(theirs)]);
            const seen = [];
            mine.listen('.told', () => seen.push('told'));
            const heard = called((fn) => theirs.listen('.told', fn), 'told');
            const marker = called((fn) => mine.listen('.marker', fn), 'marker');
            await sdk(server).trigger('others', 'told', {}, { socket_id: anna.socketId() });
            await sdk(server).trigger('others', 'marker', {});
            await Promise.all([heard, marker]);
            assert.deepEqual(seen, []);
        });

        test(named('calls error() where a channel is refused'), async () => {
            const auth = sdk(server);
            const it = await echo(server, {
                broadcaster,
                version,
                channelAuthorization: {
                    customHandler: ({ socketId }, callback) => callback(null, auth.authorizeChannel(socketId, 'private-x')),
                },
            });
            const error = await called((fn) => it.private('refused').error(fn), 'error()');
            assert.equal(error.type, 'AuthError');
            assert.equal(error.status, 401);
        });

        test(named('signs its user in'), async () => {
            const it = await open(`user-${broadcaster}-${version}`);
            await called((fn) => it.connector.pusher.connection.bind('connected', fn), 'connected');
            it.connector.signin();
            await it.connector.pusher.user.signinDonePromise;
            const told = called((fn) => it.connector.pusher.user.bind('told', fn), 'told');
            await sdk(server).sendToUser(`user-${broadcaster}-${version}`, 'told', { n: 1 });
            assert.deepEqual(await told, { n: 1 });
        });
    }
