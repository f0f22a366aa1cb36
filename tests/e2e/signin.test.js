'use strict';

/* Signing in, and events for a user. docs/wire.md. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { app, sharedServer } = require('../support/server.js');
const { Client } = require('../support/clients.js');
const { userAuth } = require('../support/signer.js');
const { post, publish } = require('../support/api.js');

const other = app({ app_id: '2', key: 'key-2', secret: 'secret-2' });
const server = sharedServer({ apps: [app(), other], workers: 3 });

const USER = '{"id":"7","user_info":{"name":"Seven"}}';
const channelOf = (id) => `#server-to-user-${id}`;

test('a sign-in is answered with the user data as it was sent', async () => {
    const client = await Client.open(server);
    const text = '{ "id": "7", "user_info": {"name":"Sévèn \\u20ac"} }';
    client.sendSignin(text);
    const message = await client.take();
    assert.deepEqual(Object.keys(message).sort(), ['data', 'event']);
    assert.equal(message.event, 'pusher:signin_success');
    assert.equal(message.json.user_data, text);
    await client.quiet();
});

const wrong = {
    'with an empty auth': () => ({ auth: '', user_data: USER }),
    'with the auth of other user data': (client) =>
        ({ auth: userAuth(client.app, client.socketId, '{"id":"8"}'), user_data: USER }),
    'with the auth of another connection': (client) => ({ auth: userAuth(client.app, '1.1', USER), user_data: USER }),
    'with the key of another app': (client) => ({
        auth: userAuth({ key: other.key, secret: client.app.secret }, client.socketId, USER), user_data: USER,
    }),
    'with the secret of another app': (client) => ({
        auth: userAuth({ key: client.app.key, secret: other.secret }, client.socketId, USER), user_data: USER,
    }),
};
for (const [what, data] of Object.entries(wrong))
    test(`a sign-in ${what} is told 4009 and closed with it`, async () => {
        const client = await Client.open(server);
        client.send('pusher:signin', data(client));
        assert.deepEqual(await client.takeError(), { code: 4009, message: 'Connection is unauthorized' });
        assert.equal((await client.waitClosed()).code, 4009);
    });

for (const user of ['no json', '[]', '{}', '{"id":null}', '{"id":["7"]}', '{"id":""}', '{"name":"7"}', '{"id":true}',
    '{"id":"admin\\u0000x"}', '{"id":"\\u0000"}', '{"id":"admin\\r"}', '{"id":"admin\u007f"}', '{"id":"admin\u0085"}'])
    test(`the user data ${user} names no user and signs nobody in, however well it is signed`, async () => {
        const client = await Client.open(server);
        client.sendSignin(user);
        assert.deepEqual(await client.takeError(), { code: 4009, message: 'Connection is unauthorized' });
        assert.equal((await client.waitClosed()).code, 4009);
    });

for (const [sent, id] of [['7', '7'], ['-3', '-3'], ['0', '0'], ['90071992547409931', '90071992547409931']])
    test(`a user whose id is the integer ${sent} is signed in as its text, and told so as a string`, async () => {
        const client = await Client.open(server);
        client.sendSignin(`{"watchlist":[],"id" : ${sent} ,"user_info":{"id":1,"name":"Sévèn"}}`);
        const message = await client.take();
        assert.equal(message.event, 'pusher:signin_success');
        assert.equal(message.json.user_data, `{"watchlist":[],"id" : "${id}" ,"user_info":{"id":1,"name":"Sévèn"}}`);
        await publish(server, channelOf(id), 'told');
        assert.equal((await client.next('told')).channel, channelOf(id));
        client.send('pusher:subscribe', { channel: channelOf(id) });
        await client.next('pusher_internal:subscription_succeeded', channelOf(id));
    });

test('an event for a user reaches each connection signed in as that user, on all workers, and nobody else', async () => {
    const users = await Client.openMany(server, 9);
    const [stranger, unsigned] = await Client.openMany(server, 2);
    await Promise.all(users.map((client) => client.signin({ id: '7' })));
    await stranger.signin({ id: '77' });
    await publish(server, channelOf('7'), 'told', '{"n":1}');
    for (const client of users) {
        assert.deepEqual(await client.take(), { event: 'told', channel: channelOf('7'), data: '{"n":1}' });
        await client.quiet('once');
    }
    await publish(server, channelOf('77'), 'marker');
    assert.equal((await stranger.take()).event, 'marker');
    await unsigned.quiet();
});

test('the subscription that pusher-js sends for its own user is granted and changes nothing', async () => {
    const client = await Client.open(server);
    await client.signin({ id: '7' });
    client.send('pusher:subscribe', { channel: channelOf('7') });
    assert.deepEqual(await client.take(),
        { event: 'pusher_internal:subscription_succeeded', channel: channelOf('7'), data: '{}' });
    await publish(server, channelOf('7'), 'told');
    assert.equal((await client.take()).event, 'told');
    await client.quiet('the event came once');
    client.unsubscribe(channelOf('7'));
    await client.ping();
    await publish(server, channelOf('7'), 'again');
    assert.equal((await client.take()).event, 'again');
});

for (const who of ['another user', 'nobody'])
    test(`the channel of a user is refused to ${who} like a bad auth`, async () => {
        const client = await Client.open(server);
        if (who === 'another user')
            await client.signin({ id: '8' });
        client.send('pusher:subscribe', { channel: channelOf('7') });
        const answers = [await client.take(), await client.take()];
        const error = answers.find(({ event }) => event === 'pusher:error');
        const refusal = answers.find(({ event }) => event === 'pusher:subscription_error');
        assert.deepEqual(error.json, { code: 4009, message: 'Connection is unauthorized' });
        assert.equal(refusal.channel, channelOf('7'));
        assert.equal(refusal.json.type, 'AuthError');
        await publish(server, channelOf('7'), 'told');
        await client.quiet();
    });

test('an event for a user leaves out the connection of its socket_id', async () => {
    const [first, second] = await Client.openMany(server, 2);
    await first.signin({ id: '7' });
    await second.signin({ id: '7' });
    await publish(server, channelOf('7'), 'told', '{}', { body: { socket_id: first.socketId } });
    assert.equal((await second.take()).event, 'told');
    await publish(server, channelOf('7'), 'marker');
    assert.equal((await first.take()).event, 'marker');
});

test('an event may go to users and channels at once, and in a batch', async () => {
    const client = await Client.open(server);
    await client.signin({ id: '7' });
    await client.subscribe('news');
    await publish(server, [channelOf('7'), 'news'], 'told');
    assert.deepEqual([(await client.take()).channel, (await client.take()).channel].sort(), [channelOf('7'), 'news']);
    const answer = await post(server, '/batch_events',
        { batch: [{ channel: channelOf('7'), name: 'one', data: '1' }, { channel: 'news', name: 'two', data: '2' }] });
    assert.equal(answer.status, 200);
    assert.equal((await client.next('one')).channel, channelOf('7'));
    await client.next('two');
});

test('an event for a user who is not there is taken and goes nowhere', async () => {
    const client = await Client.open(server);
    await client.signin({ id: '7' });
    await client.leave();
    assert.equal((await publish(server, channelOf('7'), 'told')).text, '{}');
});

test('a user id may hold any characters', async () => {
    const client = await Client.open(server);
    const id = 'a b/é"\\😀@x';
    await client.signin({ id });
    await publish(server, channelOf(id), 'told');
    assert.equal((await client.take()).channel, channelOf(id));
});

test('users of different apps are different users', async () => {
    const mine = await Client.open(server);
    const theirs = await Client.open(server, { app: other });
    await mine.signin({ id: '7' });
    await theirs.signin({ id: '7' });
    await publish(server, channelOf('7'), 'told');
    await mine.next('told');
    await publish(server, channelOf('7'), 'marker', '{}', { app: other });
    assert.equal((await theirs.take()).event, 'marker');
});
