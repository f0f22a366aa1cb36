'use strict';

/* Client events, under each policy. docs/wire.md. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { app, sharedServer } = require('../support/server.js');
const { Client } = require('../support/clients.js');
const { publish } = require('../support/api.js');

const withPolicy = (name, options) => app({ app_id: name, key: `key-${name}`, secret: `secret-${name}`, ...options });
const apps = {
    default: app(), // as the published config/reverb.php has it
    absent: withPolicy('absent', { accept_client_events_from: undefined }),
    members: withPolicy('members', { accept_client_events_from: 'members' }),
    all: withPolicy('all', { accept_client_events_from: 'all' }),
    none: withPolicy('none', { accept_client_events_from: 'none' }),
    open: withPolicy('open', { public_client_events: true }),
};
const server = sharedServer({ apps: Object.values(apps), workers: 3 });

const openMany = (which, count) => Client.openMany(server, count, { app: apps[which] });
const say = (client, channel, data = { n: 1 }) => client.send('client-said', data, channel);

/* Publishes a marker; frames before it came earlier. */
const marker = (which, channel) => publish(server, channel, 'marker', '{}', { app: apps[which] });

for (const which of ['default', 'members', 'all', 'absent', 'open'])
    test(`with the policy ${which} an event of a member reaches the other subscribers on all workers, not its sender`, async () => {
        const clients = await openMany(which, 9);
        await Promise.all(clients.map((client) => client.subscribe('private-room')));
        const [sender, ...others] = clients;
        say(sender, 'private-room');
        await sender.ping();
        await marker(which, 'private-room');
        for (const client of others)
            assert.deepEqual(await client.take(), { event: 'client-said', channel: 'private-room', data: { n: 1 } });
        for (const client of clients)
            assert.equal((await client.take()).event, 'marker');
    });

for (const data of ['{"n":1.0,"empty":{},"list":[],"big":12345678901234567890,"text":"é\\u00e9\\/"}',
    '"a string"', '"{\\"json\\":true}"', '[1,{"a":null}]', '7', 'true', 'null'])
    test(`the data ${data} is forwarded as it was sent`, async () => {
        const [sender, receiver] = await openMany('default', 2);
        await sender.subscribe('private-data');
        await receiver.subscribe('private-data');
        sender.sendText(`{"event":"client-said","channel":"private-data","data":${data}}`);
        const message = await receiver.take();
        assert.deepEqual(message.data, JSON.parse(data));
        assert.ok(message.raw.includes(`"data":${data}`), message.raw);
        assert.ok(!('user_id' in message), 'a private channel has no users');
    });

test('on a presence channel the user id of the sender is added, as a string', async () => {
    const [sender, receiver] = await openMany('default', 2);
    await receiver.join('presence-room', 'r');
    await sender.join('presence-room', 42, { name: 'x' });
    await receiver.next('pusher_internal:member_added');
    say(sender, 'presence-room', { typing: true });
    assert.deepEqual(await receiver.take(),
        { event: 'client-said', channel: 'presence-room', data: { typing: true }, user_id: '42' });
    await sender.quiet();
});

test('a user id that a client claims is not believed', async () => {
    const [sender, receiver] = await openMany('default', 2);
    await receiver.join('presence-claim', 'r');
    await sender.join('presence-claim', '1');
    await receiver.next('pusher_internal:member_added');
    sender.sendText('{"user_id":"admin","event":"client-said","channel":"presence-claim","data":{},"socket_id":"1.1"}');
    const message = await receiver.take();
    assert.equal(message.user_id, '1');
    assert.equal(message.raw.match(/user_id/g).length, 1);
});

test('an event to a channel the client is no member of is refused by default', async () => {
    for (const which of ['default', 'members']) {
        const [outsider, member] = await openMany(which, 2);
        await member.subscribe('private-closed');
        await outsider.subscribe('private-elsewhere');
        say(outsider, 'private-closed');
        assert.deepEqual(await outsider.takeError(),
            { code: 4009, message: 'The client is not a member of the specified channel.' });
        say(outsider, 'private-that-nobody-has');
        assert.equal((await outsider.takeError()).code, 4009);
        await marker(which, 'private-closed');
        assert.equal((await member.take()).event, 'marker', 'nothing was forwarded');
    }
});

test('who has left a channel is no member of it', async () => {
    const [sender, member] = await openMany('default', 2);
    await member.subscribe('private-left');
    await sender.subscribe('private-left');
    sender.unsubscribe('private-left');
    say(sender, 'private-left');
    assert.equal((await sender.takeError()).code, 4009);
    await marker('default', 'private-left');
    assert.equal((await member.take()).event, 'marker');
});

test('with the policy all an event of a client that is no member is forwarded', async () => {
    const [outsider, member] = await openMany('all', 2);
    await member.subscribe('private-room');
    say(outsider, 'private-room');
    assert.deepEqual(await member.take(), { event: 'client-said', channel: 'private-room', data: { n: 1 } });
    await outsider.quiet();
});

test('where no policy is given, members alone may send', async () => {
    const [outsider, member] = await openMany('absent', 2);
    await member.subscribe('private-room');
    say(outsider, 'private-room');
    assert.equal((await outsider.takeError()).code, 4009);
    await marker('absent', 'private-room');
    assert.equal((await member.take()).event, 'marker');
});

test('with the policy none an event is refused and forwarded to nobody', async () => {
    const [sender, member] = await openMany('none', 2);
    for (const channel of ['private-room', 'presence-room']) {
        const channelData = channel.startsWith('presence') ? { user_id: 'the same' } : undefined;
        await member.subscribe(channel, { channelData });
        await sender.subscribe(channel, { channelData });
        say(sender, channel);
        assert.deepEqual(await sender.takeError(),
            { code: 4301, message: 'The app does not have client messaging enabled.' });
        await marker('none', channel);
        assert.equal((await member.take()).event, 'marker');
        assert.equal((await sender.take()).event, 'marker');
    }
});

for (const which of ['default', 'all', 'absent', 'none'])
    for (const channel of ['news', 'cache-news'])
        test(`on ${channel}, which is public, the policy ${which} refuses an event with 4301`, async () => {
            const [sender, member] = await openMany(which, 2);
            await member.subscribe(channel);
            await sender.subscribe(channel);
            for (const client of [member, sender])
                if (channel.startsWith('cache-'))
                    await client.take();
            say(sender, channel);
            assert.equal((await sender.takeError()).code, 4301);
            await marker(which, channel);
            assert.equal((await member.take()).event, 'marker', 'nothing was forwarded');
        });

test('public_client_events forwards on public channels too', async () => {
    const [sender, member, outsider] = await openMany('open', 3);
    await member.subscribe('news');
    await sender.subscribe('news');
    say(sender, 'news');
    assert.deepEqual(await member.take(), { event: 'client-said', channel: 'news', data: { n: 1 } });
    await sender.quiet();
    say(outsider, 'news');
    assert.equal((await outsider.takeError()).code, 4009, 'members only still holds');
});

test('a client event is never cached', async () => {
    const [sender, member, late] = await openMany('default', 3);
    await member.subscribe('private-cache-room');
    await sender.subscribe('private-cache-room');
    await member.next('pusher:cache_miss');
    await sender.next('pusher:cache_miss');
    say(sender, 'private-cache-room');
    await member.next('client-said');
    await late.subscribe('private-cache-room');
    assert.equal((await late.take()).event, 'pusher:cache_miss');
});

test('client events of one sender arrive in the order they were sent', async () => {
    const clients = await openMany('default', 7);
    await Promise.all(clients.map((client) => client.subscribe('private-order')));
    const [sender, ...others] = clients;
    for (let n = 0; n < 200; n++)
        say(sender, 'private-order', n);
    for (const client of others)
        for (let n = 0; n < 200; n++)
            assert.equal((await client.take()).data, n);
});
