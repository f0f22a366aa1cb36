'use strict';

/* A presence channel has users, not connections. docs/wire.md. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { sharedServer } = require('../support/server.js');
const { Client, eventsUntil } = require('../support/clients.js');
const { channelAuth } = require('../support/signer.js');
const { get, publish } = require('../support/api.js');
const { until } = require('../support/wait.js');

const server = sharedServer({ workers: 3 });

/* The events of the channel up to now, as received by `client`. */
async function eventsSoFar(client, channel) {
    await publish(server, channel, 'marker');
    return eventsUntil(client, channel, 'marker');
}

const usersOf = async (channel) => (await get(server, `/channels/${channel}/users`)).json?.users?.map(({ id }) => id);

test('a member is greeted with everybody that is there', async () => {
    const [anna, bert] = await Client.openMany(server, 2);
    assert.deepEqual(await anna.join('presence-hall', '1', { name: 'Anna' }),
        { count: 1, ids: ['1'], hash: { 1: { name: 'Anna' } } });
    assert.deepEqual(await bert.join('presence-hall', '2', { name: 'Bert' }),
        { count: 2, ids: ['1', '2'], hash: { 1: { name: 'Anna' }, 2: { name: 'Bert' } } });
});

test('the others are told of a member that comes and one that goes, it itself is not', async () => {
    const [anna, bert] = await Client.openMany(server, 2);
    await anna.join('presence-door', '1', { name: 'Anna' });
    await bert.join('presence-door', '2', { name: 'Bert' });
    const added = await anna.take();
    assert.deepEqual({ event: added.event, channel: added.channel, data: added.json }, {
        event: 'pusher_internal:member_added',
        channel: 'presence-door',
        data: { user_id: '2', user_info: { name: 'Bert' } },
    });
    await bert.quiet('nobody is told of himself');
    bert.unsubscribe('presence-door');
    const removed = await anna.take();
    assert.deepEqual({ event: removed.event, channel: removed.channel, data: removed.json },
        { event: 'pusher_internal:member_removed', channel: 'presence-door', data: { user_id: '2' } });
    await bert.quiet();
    await anna.quiet();
});

for (const how of ['close', 'terminate'])
    test(`a member whose connection ends by ${how} is removed`, async () => {
        const [anna, bert] = await Client.openMany(server, 2);
        await anna.join('presence-gone', '1');
        await bert.join('presence-gone', '2');
        bert.socket[how]();
        assert.deepEqual((await anna.next('pusher_internal:member_removed')).json, { user_id: '2' });
    });

test('a user with many connections over all workers is one member, added once and removed once', async () => {
    const witness = await Client.open(server);
    await witness.join('presence-one', 'w');
    const clients = await Client.openMany(server, 12);
    const snapshots = await Promise.all(clients.map((client) => client.join('presence-one', '7', { n: 7 })));
    for (const snapshot of snapshots)
        assert.deepEqual({ ...snapshot, ids: snapshot.ids.sort() },
            { count: 2, ids: ['7', 'w'], hash: { 7: { n: 7 }, w: {} } });
    const added = await eventsSoFar(witness, 'presence-one');
    assert.deepEqual(added.map(({ event, json }) => [event, json.user_id]), [['pusher_internal:member_added', '7']]);
    assert.deepEqual((await usersOf('presence-one')).sort(), ['7', 'w']);

    const last = clients.pop();
    await Promise.all(clients.map((client) => client.leave()));
    await until(async () => (await get(server, '/connections')).json.connections === 2, 'eleven have left');
    assert.deepEqual(await eventsSoFar(witness, 'presence-one'), [], 'the user is still there');
    await last.leave();
    assert.deepEqual((await witness.next('pusher_internal:member_removed')).json, { user_id: '7' });
    assert.deepEqual(await eventsSoFar(witness, 'presence-one'), []);
});

test('a second connection of a user is not told of its own user, nor are the others', async () => {
    const [first, second, other] = await Client.openMany(server, 3);
    await other.join('presence-again', 'o');
    await first.join('presence-again', '1');
    await other.next('pusher_internal:member_added');
    await second.join('presence-again', '1');
    await first.quiet();
    await second.quiet();
    await other.quiet();
    assert.deepEqual(await eventsSoFar(other, 'presence-again'), []);
});

test('subscribing twice is being there once', async () => {
    const [witness, client] = await Client.openMany(server, 2);
    await witness.join('presence-twice', 'w');
    await client.join('presence-twice', '1');
    await client.join('presence-twice', '1');
    client.unsubscribe('presence-twice');
    client.unsubscribe('presence-twice');
    await client.ping();
    const seen = await eventsSoFar(witness, 'presence-twice');
    assert.deepEqual(seen.map(({ event }) => event),
        ['pusher_internal:member_added', 'pusher_internal:member_removed']);
    await client.quiet('it gets nothing of the channel any more');
    assert.deepEqual(await usersOf('presence-twice'), ['w']);
});

test('a numeric user id is a string everywhere', async () => {
    const [anna, bert] = await Client.openMany(server, 2);
    await anna.join('presence-number', 1);
    const snapshot = await bert.join('presence-number', 42, { a: 1 });
    assert.deepEqual(snapshot, { count: 2, ids: ['1', '42'], hash: { 1: {}, 42: { a: 1 } } });
    assert.strictEqual((await anna.next('pusher_internal:member_added')).json.user_id, '42');
    assert.deepEqual((await usersOf('presence-number')).sort(), ['1', '42']);
    bert.unsubscribe('presence-number');
    assert.strictEqual((await anna.next('pusher_internal:member_removed')).json.user_id, '42');
});

test('a user id compares as a string: 7 and "7" are the same user', async () => {
    const [witness, first, second] = await Client.openMany(server, 3);
    await witness.join('presence-same', 'w');
    await first.join('presence-same', 7);
    assert.equal((await second.join('presence-same', '7')).count, 2);
    first.unsubscribe('presence-same');
    await first.ping();
    const seen = await eventsSoFar(witness, 'presence-same');
    assert.deepEqual(seen.map(({ event }) => event), ['pusher_internal:member_added']);
});

for (const zero of [0, '0'])
    test(`the user ${JSON.stringify(zero)} is a user like any other`, async () => {
        const channel = `presence-zero-${typeof zero}`;
        const [witness, client] = await Client.openMany(server, 2);
        await witness.join(channel, 'w');
        const snapshot = await client.join(channel, zero);
        assert.deepEqual(snapshot, { count: 2, ids: snapshot.ids, hash: { 0: {}, w: {} } });
        assert.deepEqual((await witness.next('pusher_internal:member_added')).json, { user_id: '0', user_info: {} });
        assert.deepEqual((await usersOf(channel)).sort(), ['0', 'w']);
        await client.leave();
        assert.deepEqual((await witness.next('pusher_internal:member_removed')).json, { user_id: '0' });
    });

test('user_info that is absent is sent as {}', async () => {
    const [anna, bert] = await Client.openMany(server, 2);
    const snapshot = await anna.subscribe('presence-bare', { channelData: '{"user_id":"1"}' });
    assert.match(snapshot.data, /"hash":\{"1":\{\}\}/);
    await bert.subscribe('presence-bare', { channelData: '{"user_id":"2"}' });
    assert.deepEqual((await anna.take()).json, { user_id: '2', user_info: {} });
});

for (const info of ['{}', '{"a":{},"b":[],"c":[{}],"d":null,"e":"é€😀","f":-1.5,"g":12345678901234567890,"h":1.0}', '[]', '"text"', '7'])
    test(`user_info ${info} is passed on as it came`, async () => {
        const channel = `presence-as-is-${Buffer.from(info).toString('hex').slice(0, 40)}`;
        const [anna, bert] = await Client.openMany(server, 2);
        await anna.subscribe(channel, { channelData: '{"user_id":"w"}' });
        const joined = await bert.subscribe(channel, { channelData: `{"user_info":${info},"user_id":"1"}` });
        const { hash } = joined.json.presence;
        assert.deepEqual(hash['1'], JSON.parse(info));
        assert.ok(joined.data.includes(`"1":${info}`), joined.data);
        const added = await anna.take();
        assert.ok(added.data.includes(`"user_info":${info}`), added.data);
    });

test('user ids with quotes, backslashes and other scripts come through', async () => {
    const [anna, bert] = await Client.openMany(server, 2);
    await anna.join('presence-odd', 'w');
    const id = 'a"b\\c é😀/ü';
    assert.deepEqual((await bert.join('presence-odd', id)).hash, { w: {}, [id]: {} });
    assert.deepEqual((await anna.take()).json, { user_id: id, user_info: {} });
});

const nobody = {
    'that is no JSON': 'user 1',
    'that is a list': '[]',
    'without a user id': '{"user_info":{}}',
    'whose user id is null': '{"user_id":null}',
    'whose user id is a list': '{"user_id":["1"]}',
    'whose user id is true': '{"user_id":true}',
    'whose user id is empty': '{"user_id":""}',
    'whose user id holds a NUL': '{"user_id":"admin\\u0000x"}',
    'whose user id holds a line end': '{"user_id":"admin\\n"}',
    'whose user id holds a DEL': '{"user_id":"admin\u007f"}',
    'whose user id holds a control character of two bytes': '{"user_id":"admin\u009b"}',
};
for (const [what, channelData] of Object.entries(nobody))
    test(`channel data ${what} makes no member, however well it is signed`, async () => {
        const [witness, client] = await Client.openMany(server, 2);
        await witness.join('presence-nobody', 'w');
        client.sendSubscribe('presence-nobody', { channelData });
        assert.equal((await client.takeError()).code, 4200);
        const refusal = await client.take();
        assert.equal(refusal.event, 'pusher:subscription_error', 'Echo waits for its channel');
        assert.equal(refusal.channel, 'presence-nobody');
        await publish(server, 'presence-nobody', 'marker');
        assert.deepEqual(await eventsUntil(witness, 'presence-nobody', 'marker'), []);
        await client.quiet('it is not subscribed');
    });

test('a connection that has signed in may omit channel data and is a member as its user', async () => {
    const [witness, client] = await Client.openMany(server, 2);
    await witness.join('presence-signed', 'w');
    await client.signin({ id: '7', user_info: { name: 'Seven' } });
    const joined = await client.subscribe('presence-signed');
    assert.deepEqual(joined.json.presence.hash, { w: {}, 7: { name: 'Seven' } });
    assert.deepEqual((await witness.take()).json, { user_id: '7', user_info: { name: 'Seven' } });
    client.unsubscribe('presence-signed');
    assert.deepEqual((await witness.take()).json, { user_id: '7' });
});

test('a member that subscribes again is told the same, and as another user is refused', async () => {
    const channel = 'presence-again';
    const [witness, client] = await Client.openMany(server, 2);
    await witness.join(channel, 'w');
    await client.join(channel, '7');
    await witness.next('pusher_internal:member_added');
    assert.deepEqual((await client.join(channel, 7)).ids.sort(), ['7', 'w']);
    client.sendSubscribe(channel, { channelData: { user_id: '8' } });
    assert.deepEqual(await client.takeError(), { code: 4009, message: 'Connection is unauthorized' });
    assert.equal((await client.take()).event, 'pusher:subscription_error');
    await client.quiet('it stays a member as it was');
    await witness.quiet('nobody else has come');
    await client.leave();
    assert.deepEqual((await witness.take()).json, { user_id: '7' });
});

test('a connection that has not signed in and omits channel data is refused', async () => {
    const client = await Client.open(server);
    client.sendSubscribe('presence-unsigned', { auth: channelAuth(client.app, client.socketId, 'presence-unsigned') });
    await client.takeError();
    await client.ping();
    assert.equal((await get(server, '/channels/presence-unsigned/users')).status, 404, 'nobody is there');
});

test('events of the channel reach its members, on all workers', async () => {
    const clients = await Client.openMany(server, 9);
    await Promise.all(clients.map((client, n) => client.join('presence-told', `${n}`)));
    await publish(server, 'presence-told', 'told', '{"n":1}');
    for (const client of clients)
        assert.deepEqual(await client.next('told'), { event: 'told', channel: 'presence-told', data: '{"n":1}' });
});

test('who comes and goes in one breath ends where the last word was', async () => {
    const channel = 'presence-hasty';
    const witness = await Client.open(server);
    await witness.join(channel, 'w');
    const clients = await Client.openMany(server, 24);
    await Promise.all(clients.map(async (client, n) => {
        const channelData = { user_id: `u${n % 8}` };
        client.sendSubscribe(channel, { channelData });
        client.unsubscribe(channel);
        if (n % 8 < 4)
            client.sendSubscribe(channel, { channelData });
        await client.ping();
    }));
    assert.deepEqual((await usersOf(channel)).sort(), ['u0', 'u1', 'u2', 'u3', 'w']);
    const balance = {};
    for (const { event, json } of await eventsSoFar(witness, channel)) {
        balance[json.user_id] = (balance[json.user_id] ?? 0) + (event === 'pusher_internal:member_added' ? 1 : -1);
        assert.ok([0, 1].includes(balance[json.user_id]), `${json.user_id}: ${event} out of turn`);
    }
    assert.deepEqual(balance, { u0: 1, u1: 1, u2: 1, u3: 1, u4: 0, u5: 0, u6: 0, u7: 0 });
});

test('a snapshot and the changes after it neither overlap nor leave a gap', async () => {
    const channel = 'presence-flow';
    const watchers = await Client.openMany(server, 12);
    const movers = await Client.openMany(server, 12);
    const churn = movers.map(async (client, n) => {
        for (let round = 0; round < 15; round++) {
            await client.join(channel, `m${n % 6}`);
            client.unsubscribe(channel);
        }
        if (n < 2)
            await client.join(channel, `m${n}`);
        await client.ping();
    });
    const rooms = watchers.map(async (client, n) => {
        const { ids } = await client.join(channel, `w${n}`);
        return new Set(ids);
    });
    await Promise.all(churn);
    const present = await Promise.all(rooms);
    await publish(server, channel, 'marker');
    const expected = [...watchers.map((_, n) => `w${n}`), 'm0', 'm1'].sort();
    for (const [n, client] of watchers.entries()) {
        for (const { event, json } of await eventsUntil(client, channel, 'marker')) {
            if (event === 'pusher_internal:member_added') {
                assert.ok(!present[n].has(json.user_id), `${json.user_id} was added twice`);
                present[n].add(json.user_id);
            } else {
                assert.equal(event, 'pusher_internal:member_removed');
                assert.ok(present[n].delete(json.user_id), `${json.user_id} was removed without being there`);
            }
        }
        assert.deepEqual([...present[n]].sort(), expected);
    }
    assert.deepEqual((await usersOf(channel)).sort(), expected);
});

test('of a user whose tabs have different infos a newcomer is shown that of a tab that is there', async () => {
    const [first, second, third] = await Client.openMany(server, 3);
    await first.join('presence-tabs', 'u', { tab: 1 });
    await second.join('presence-tabs', 'u', { tab: 2 });
    assert.deepEqual((await third.join('presence-tabs', 'v')).hash.u, { tab: 1 });
    await first.leave();
    await until(async () => {
        const newcomer = await Client.open(server);
        const { hash } = await newcomer.join('presence-tabs', 'v');
        return hash.u.tab === 2;
    }, 'the tab that is there is shown');
    await third.quiet('nobody came and nobody went');
});
