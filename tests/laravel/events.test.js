'use strict';

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { Client } = require('../support/clients.js');
const { api } = require('../support/api.js');
const { until } = require('../support/wait.js');
const { ownApplication } = require('./application.js');

const ALL = ['ChannelCreated', 'ChannelRemoved', 'ConnectionOpened', 'ConnectionClosed', 'ConnectionPruned', 'MessageReceived',
    'MessageSent', 'MemberAdded', 'MemberRemoved', 'MessagesCounted', 'EventsDropped'];

async function listening(t, kinds, env = {}) {
    const application = await ownApplication(t).install();
    const server = await application.server([], { LISTEN_TO: kinds.join(','), ...env });
    return { application, server };
}

test('a subscription is heard as Reverb tells it: created, sent, received', async (t) => {
    const { application, server } = await listening(t, ALL);
    const client = await Client.open(server, { origin: 'https://app.test:8443' });
    await client.subscribe('private-orders');
    const received = await application.hears(({ event }) => event === 'MessageReceived', 'MessageReceived');
    const heard = application.heard();
    assert.deepEqual(heard.map(({ event }) => event),
        ['ConnectionOpened', 'MessageSent', 'ChannelCreated', 'MessageSent', 'MessageReceived']);
    assert.deepEqual(heard[2].channel, ['PrivateChannel', 'private-orders']);
    assert.equal(received.connection, client.socketId);
    assert.equal(received.origin, 'https://app.test:8443');
    assert.equal(received.app, '1001');
    assert.equal(JSON.parse(received.message).event, 'pusher:subscribe');
    assert.ok(Math.abs(received.seen - Date.now() / 1000) < 60);
    assert.equal(JSON.parse(heard[3].message).event, 'pusher_internal:subscription_succeeded');
});

test('members and connections that come and go are heard', async (t) => {
    const { application, server } = await listening(t, ['MemberAdded', 'MemberRemoved', 'ConnectionClosed', 'ChannelRemoved']);
    const client = await Client.open(server);
    await client.join('presence-room', '7', { name: 'Séven' });
    await client.leave();
    await application.hears(({ event }) => event === 'ChannelRemoved', 'ChannelRemoved');
    const [added, closed, left, removed] = application.heard();
    assert.deepEqual([added.event, added.channel, added.user, added.info, added.app],
        ['MemberAdded', ['PresenceChannel', 'presence-room'], '7', { name: 'Séven' }, '1001']);
    assert.deepEqual([closed.event, closed.connection], ['ConnectionClosed', client.socketId]);
    assert.deepEqual([left.event, left.user], ['MemberRemoved', '7']);
    assert.deepEqual(removed, { event: 'ChannelRemoved', channel: ['PresenceChannel', 'presence-room'] });
});

test('every receiver of a broadcast is a message sent', async (t) => {
    const { application, server } = await listening(t, ['MessageSent']);
    const clients = await Client.openMany(server, 3);
    await Promise.all(clients.map((client) => client.subscribe('news')));
    await api(server, 'POST', '/events', { body: { name: 'told', channel: 'news', data: '{"n":1}', socket_id: clients[0].socketId } });
    const told = () => application.heard().filter(({ message }) => JSON.parse(message).event === 'told');
    await until(() => told().length === 2, 'two messages sent');
    assert.deepEqual(told().map(({ connection }) => connection).sort(), [clients[1].socketId, clients[2].socketId].sort());
});

test('what was refused is not a message received', async (t) => {
    const { application, server } = await listening(t, ['MessageReceived']);
    const client = await Client.open(server);
    client.sendText('no JSON');
    client.sendSubscribe('private-orders', { auth: 'wrong:signature' });
    client.send('client-typing', {}, 'news');
    await client.subscribe('news');
    await application.hears(({ message }) => message.includes('"news"') && message.includes('pusher:subscribe'), 'the last one');
    assert.equal(application.heard().length, 1);
});

test('a client that does not answer is pruned, and heard so', async (t) => {
    const { application, server } = await listening(t, ['ConnectionPruned'], { REVERB_APP_PING_INTERVAL: '1' });
    const client = await Client.open(server, { ws: { autoPong: false } });
    const pruned = await application.hears(({ event }) => event === 'ConnectionPruned', 'ConnectionPruned');
    assert.equal(pruned.connection, client.socketId);
    assert.equal(pruned.app, '1001');
});

test('a listener may answer a client, and disconnect it', async (t) => {
    const { server } = await listening(t, ['MessageReceived']);
    const client = await Client.open(server);
    client.send('pusher:ping', { do: 'answer' });
    await client.next('answered');
    client.send('pusher:ping', { do: 'disconnect' });
    assert.equal((await client.waitClosed()).code, 1000);
});

test('a listener that throws ends nothing', async (t) => {
    const { application, server } = await listening(t, ['MessageReceived']);
    const client = await Client.open(server);
    client.send('pusher:ping', { do: 'throw' });
    await server.line(/the listener failed/);
    client.send('pusher:ping', { do: 'answer' });
    await client.next('answered');
    assert.match(application.read('storage/logs/laravel.log'), /the listener failed/);
});

test('what nobody listens to is not streamed, also where somebody listens to everything', async (t) => {
    const { server } = await listening(t, ['ChannelCreated', 'MemberRemoved'], { LISTEN_TO_ALL: '1' });
    const { stdout } = await require('./application.js').run('ps', ['-o', 'args=', '-p', String(await server.nativePid())]);
    assert.match(stdout, /--events=ChannelCreated,MemberRemoved$/m);
});

test('a slow listener does not slow delivery, and hears of what it has missed', { timeout: 60_000 }, async (t) => {
    const { application, server } = await listening(t, ['MessageSent', 'EventsDropped'], { LISTENER_IS_SLOW: '2000' });
    const clients = await Client.openMany(server, 10);
    await Promise.all(clients.map((client) => client.subscribe('news')));
    const data = JSON.stringify({ text: 'x'.repeat(8000) });
    for (let i = 0; i < 200; i++)
        await api(server, 'POST', '/events', { body: { name: 'told', channel: 'news', data } });
    await api(server, 'POST', '/events', { body: { name: 'last', channel: 'news', data: '{}' } });
    await Promise.all(clients.map((client) => client.next('last')));
    assert.ok(application.heard().length < 2000, 'the listener lags behind what is delivered');
    const dropped = await until(() => application.heard().find(({ event }) => event === 'EventsDropped'), 'EventsDropped', 30_000);
    assert.ok(dropped.count > 0);
    await server.line(/events were not told/);
});

test('messages are counted, and the last interval is not lost', async (t) => {
    const { application, server } = await listening(t, ['MessagesCounted'], { REVERB_PULSE_INGEST_INTERVAL: '1' });
    const clients = await Client.openMany(server, 2);
    await Promise.all(clients.map((client) => client.subscribe('news')));
    await application.hears(({ event }) => event === 'MessagesCounted', 'a first sum');
    await api(server, 'POST', '/events', { body: { name: 'told', channel: 'news', data: '{}' } });
    await Promise.all(clients.map((client) => client.next('told')));
    server.signal('SIGTERM');
    await server.ended();
    const sums = application.heard();
    const total = (key) => sums.reduce((sum, each) => sum + each[key], 0);
    assert.equal(total('received'), 2, 'two subscriptions');
    assert.equal(total('sent'), 6, 'two greetings, two answers, two receivers');
    assert.ok(sums.every(({ app }) => app === '1001'));
});
