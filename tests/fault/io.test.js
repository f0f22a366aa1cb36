'use strict';

/* How sockets are served: by io_uring, or by epoll where that is asked for or the system forbids it; and that
 * what leaves together with others is neither lost nor doubled when connections break off meanwhile. */

const assert = require('node:assert/strict');
const os = require('node:os');
const { test } = require('../support/test.js');
const { ownServer } = require('../support/server.js');
const { Client, connectionsAre } = require('../support/clients.js');
const { publish } = require('../support/api.js');
const { Crowd } = require('../support/crowd.js');
const { faults } = require('../support/faults.js');
const { SANITIZED, until } = require('../support/wait.js');

const COUNT = SANITIZED ? 1_000 : 10_000;
const WATCHERS = 20;
const EVENTS = 40;
const SAID = /sockets are served by (.*)/g;
const { errno } = os.constants;

async function subscribed(server, channel) {
    const client = await Client.open(server);
    client.send('pusher:subscribe', { channel });
    await client.next('pusher_internal:subscription_succeeded', channel);
    return client;
}

async function servesAll(server) {
    const clients = await Promise.all(Array.from({ length: WATCHERS }, () => subscribed(server, 'news')));
    for (let n = 0; n < 5; n++)
        await publish(server, 'news', 'told', JSON.stringify({ n }));
    for (const client of clients)
        for (let n = 0; n < 5; n++)
            assert.deepEqual(JSON.parse((await client.next('told', 'news')).data), { n });
}

for (const [name, reason] of [['EPERM', /the system forbids it/], ['ENOSYS', /the kernel has none/], ['ENOMEM', /locked memory/]])
    test(`where io_uring fails with ${name} the server says so once, and serves all the same`, async (t) => {
        const server = await ownServer(t, { env: { ...faults({ FAULTS_URING: String(errno[name]) }), REVERB_IO: 'io_uring' } });
        await servesAll(server);
        const { io, io_reason: why } = await server.status();
        assert.equal(io, 'epoll');
        // Without liburing there is another reason, of course.
        if (!/without liburing/.test(why))
            assert.match(why, reason);
        assert.deepEqual([...server.stdout.matchAll(SAID)].map((match) => match[1]), [`epoll, as io_uring is not available: ${why}`]);
        assert.doesNotMatch(server.stderr, /uring/);
    });

test('REVERB_IO=epoll forces it, and gives no reason', async (t) => {
    const server = await ownServer(t, { env: { REVERB_IO: 'epoll' } });
    await servesAll(server);
    const { io, io_reason: why } = await server.status();
    assert.deepEqual({ io, why }, { io: 'epoll', why: undefined });
    assert.deepEqual([...server.stdout.matchAll(SAID)].map((match) => match[1]), ['epoll']);
});

for (const mode of ['io_uring', 'epoll'])
    test(`through sockets that take little at a time nothing is lost, doubled or out of order: ${mode}`, async (t) => {
        const server = await ownServer(t, {
            server: { max_backlog: 4 * 1024 * 1024 },
            env: { ...faults({ FAULTS_SNDBUF: '4096' }), REVERB_IO: mode },
        });
        const clients = await Promise.all(Array.from({ length: WATCHERS }, () => subscribed(server, 'news')));
        // Half of them read nothing meanwhile: first sends are short, then these sockets are full.
        const paused = clients.filter((_, n) => n % 2);
        paused.forEach(({ socket }) => socket.pause());
        const text = (n) => `${n}:`.padEnd(n % 3 ? 9_000 : 10, String(n));
        for (let n = 0; n < EVENTS; n++)
            await publish(server, 'news', 'told', text(n));
        paused.forEach(({ socket }) => socket.resume());
        for (const client of clients)
            for (let n = 0; n < EVENTS; n++)
                assert.equal((await client.next('told', 'news')).data, text(n));
        for (const client of clients)
            await client.quiet();
    });

for (const [mode, count] of [['io_uring', COUNT], ['epoll', COUNT / 10]])
    test(`${count} connections break off while they are sent events, and the others miss nothing: ${mode}`, { timeout: 180_000 }, async (t) => {
        const server = await ownServer(t, { env: { REVERB_IO: mode } });
        const crowd = new Crowd(server);
        server.clients.add(crowd);
        await crowd.open(count);
        crowd.send('{"event":"pusher:subscribe","data":{"channel":"news"}}');
        await crowd.have(2);
        const watchers = await Promise.all(Array.from({ length: WATCHERS }, () => subscribed(server, 'news')));

        // Some break off between any two events, and in the middle of one that is being sent.
        const { members } = crowd;
        crowd.members = [];
        for (let n = 0; n < EVENTS; n++) {
            const published = publish(server, 'news', 'told', JSON.stringify({ n }));
            for (const member of members.splice(0, Math.ceil(count / EVENTS)))
                member.socket.destroy();
            await published;
        }
        for (const client of watchers)
            for (let n = 0; n < EVENTS; n++)
                assert.deepEqual(JSON.parse((await client.next('told', 'news')).data), { n });
        await connectionsAre(server, WATCHERS);
        for (const client of watchers)
            await client.quiet();
        await until(async () => (await server.status()).connections === WATCHERS, 'only the watchers are left');
    });
