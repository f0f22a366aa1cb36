'use strict';

/* Watchlists: users who come online and go offline. docs/wire.md. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { sharedServer } = require('../support/server.js');
const { Client } = require('../support/clients.js');

const server = sharedServer({ workers: 3 });
const EVENT = 'pusher_internal:watchlist_events';

/* Reads watchlist events until one names `user` as `state`; records each state that a user has passed through. */
async function becomes(client, state, user) {
    for (;;) {
        const message = await client.next(EVENT);
        assert.equal(message.channel, undefined, message.raw);
        for (const { name, user_ids: ids } of message.json.events) {
            assert.ok(['online', 'offline'].includes(name), message.raw);
            assert.ok(Array.isArray(ids) && ids.every((id) => typeof id === 'string'), message.raw);
            if (name === state && ids.includes(user))
                return;
            assert.ok(!(name === 'online' && ids.includes(user)), `${user} is online, not ${state}`);
        }
    }
}

test('who signs in with a watchlist learns at once who of it is online', async () => {
    const [bert, carl, anna] = await Client.openMany(server, 3);
    await bert.signin({ id: 'bert' });
    await carl.signin({ id: 'carl' });
    anna.sendSignin({ id: 'anna', watchlist: ['bert', 'nobody'] });
    assert.equal((await anna.take()).event, 'pusher:signin_success');
    const message = await anna.take();
    assert.equal(message.event, EVENT);
    const online = message.json.events.filter(({ name }) => name === 'online');
    assert.deepEqual(online, [{ name: 'online', user_ids: ['bert'] }]);
    assert.ok(!message.data.includes('carl'), 'who is not watched is not told of');
});

test('a watchlist may hold integers, and what names nobody in it is passed over', async () => {
    const [bert, anna] = await Client.openMany(server, 2);
    await bert.signin({ id: '42' });
    anna.sendSignin('{"id":"anna-numbers","watchlist":[42,43,null,true,["44"],"","45\\u0000"]}');
    assert.equal((await anna.take()).event, 'pusher:signin_success');
    assert.deepEqual((await anna.take()).json.events, [{ name: 'online', user_ids: ['42'] }]);
    const carl = await Client.open(server);
    await carl.signin({ id: 43 });
    await becomes(anna, 'online', '43');
    await bert.leave();
    await becomes(anna, 'offline', '42');
    await anna.quiet();
});

test('a watched user is told of once when the first connection comes and once when the last goes', async () => {
    const anna = await Client.open(server);
    await anna.signin({ id: 'anna-2', watchlist: ['dora'] });
    const doras = await Client.openMany(server, 9);
    await Promise.all(doras.map((client) => client.signin({ id: 'dora' })));
    await becomes(anna, 'online', 'dora');
    await anna.quiet('once, whatever the number of connections');
    const last = doras.pop();
    await Promise.all(doras.map((client) => client.leave()));
    await last.ping();
    await anna.quiet('one connection is left');
    await last.leave();
    await becomes(anna, 'offline', 'dora');
    await anna.quiet();
});

test('every connection that signed in with the watchlist is told, and no other', async () => {
    const watchers = await Client.openMany(server, 6);
    const [unlisted, unsigned, emil] = await Client.openMany(server, 3);
    await Promise.all(watchers.map((client, n) => client.signin({ id: `watcher-${n % 2}`, watchlist: ['emil'] })));
    await unlisted.signin({ id: 'watcher-9' });
    await emil.signin({ id: 'emil' });
    for (const client of watchers)
        await becomes(client, 'online', 'emil');
    await unlisted.quiet();
    await unsigned.quiet();
    await emil.quiet('he watches nobody');
});

test('who has gone is told of no more', async () => {
    const anna = await Client.open(server);
    await anna.signin({ id: 'anna-3', watchlist: ['fred'] });
    await anna.leave();
    const fred = await Client.open(server);
    await fred.signin({ id: 'fred' });
    await fred.quiet();
    const again = await Client.open(server);
    await again.signin({ id: 'anna-3', watchlist: ['fred'] });
    await becomes(again, 'online', 'fred');
});

test('who signs in again as the same user is no news to those who watch, as another one it is', async () => {
    const [anna, bert] = await Client.openMany(server, 2);
    await bert.signin({ id: 'bert-again' });
    anna.sendSignin({ id: 'anna', watchlist: ['bert-again', 'robert'] });
    await becomes(anna, 'online', 'bert-again');
    for (let round = 0; round < 10; round++)
        await bert.signin({ id: 'bert-again', user_info: { round } });
    await bert.signin({ id: 'robert' });
    assert.deepEqual((await anna.take()).json.events, [{ name: 'offline', user_ids: ['bert-again'] }]);
    assert.deepEqual((await anna.take()).json.events, [{ name: 'online', user_ids: ['robert'] }]);
    await bert.leave();
    await becomes(anna, 'offline', 'robert');
});

test('a user who is named twice in a watchlist is told of once', async () => {
    const [bert, anna] = await Client.openMany(server, 2);
    await bert.signin({ id: 'bert-twice' });
    anna.sendSignin({ id: 'anna', watchlist: ['bert-twice', 'bert-twice'] });
    await anna.next('pusher:signin_success');
    assert.deepEqual((await anna.take()).json.events, [{ name: 'online', user_ids: ['bert-twice'] }]);
});
