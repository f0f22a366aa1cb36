'use strict';

/* One connection and many channels, or watched users: max_subscriptions and max_watched are the limits.
 * docs/configuration.md. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { app, ownServer } = require('../support/server.js');
const { Client, called, echo } = require('../support/clients.js');
const { get, publish } = require('../support/api.js');
const { RawConnection, maskedFrame } = require('../support/raw.js');
const { SANITIZED, until } = require('../support/wait.js');

const MIB = 1024 * 1024;
const MANY = SANITIZED ? 10_000 : 100_000;
const BATCH = 1_000;
const BYTES_A_CHANNEL_MAX = 1000;

const limited = (max) => ({ apps: [app({ max_subscriptions: max })] });

async function subscribeTo(raw, count) {
    const answers = [];
    for (let from = 0; from < count; from += BATCH) {
        const frames = Array.from({ length: BATCH },
            (_, n) => maskedFrame(0x1, JSON.stringify({ event: 'pusher:subscribe', data: { channel: `many-${from + n}` } })));
        await raw.write(Buffer.concat(frames));
        for (let n = 0; n < BATCH; n++)
            answers.push(JSON.parse((await raw.frame()).payload));
    }
    return answers;
}

async function openRaw(server) {
    const raw = await RawConnection.open(server);
    await raw.upgrade(`/app/${server.app.key}`);
    await raw.frame();
    return raw;
}

test('a channel too many is refused and named, the connection and its other channels stay', async (t) => {
    const server = await ownServer(t, limited(3));
    const [client, other] = await Client.openMany(server, 2);
    await client.subscribe('one');
    await client.subscribe('private-two');
    await client.join('presence-three', '7');
    client.sendSubscribe('four');
    assert.deepEqual(await client.takeError(), { code: 4300, message: 'Too many subscriptions on this connection' });
    const refusal = await client.take();
    assert.equal(refusal.event, 'pusher:subscription_error');
    assert.equal(refusal.channel, 'four');
    assert.deepEqual(refusal.json, { type: 'LimitReached', error: 'Too many subscriptions on this connection', status: 429 });
    assert.equal((await get(server, '/channels/four')).json.occupied, false);

    await publish(server, ['one', 'private-two', 'presence-three', 'four'], 'told');
    for (const channel of ['one', 'private-two', 'presence-three'])
        assert.equal((await client.take()).channel, channel);
    await client.quiet();
    for (const channel of ['a', 'b', 'c'])
        await other.subscribe(channel);
});

test('a channel that was left makes room, and subscribing again takes none', async (t) => {
    const server = await ownServer(t, limited(2));
    const client = await Client.open(server);
    for (let round = 0; round < 3; round++)
        await client.subscribe('one');
    for (let round = 0; round < 50; round++) {
        await client.subscribe(`round-${round}`);
        client.unsubscribe(`round-${round}`);
    }
    await client.subscribe('last');
    client.sendSubscribe('one too many');
    assert.equal((await client.takeError()).code, 4300);
});

test('a user and its watchlist are no channels', async (t) => {
    const server = await ownServer(t, limited(1));
    const client = await Client.open(server);
    await client.signin({ id: '1', watchlist: ['2', '3', '4'] });
    await client.subscribe('one');
    client.sendSubscribe('two');
    assert.equal((await client.takeError()).code, 4300);
});

test('users beyond max_watched are not watched, and the client is told', async (t) => {
    const server = await ownServer(t, { apps: [app({ max_watched: 150 })] });
    const ids = Array.from({ length: 151 }, (_, n) => String(n));
    const [client, ...others] = await Client.openMany(server, 4);
    for (const [n, id] of ['0', '120', '150'].entries())
        await others[n].signin({ id });
    await client.signin({ id: 'me', watchlist: ids });
    const online = (id) => ({ events: [{ name: 'online', user_ids: [id] }] });
    assert.deepEqual((await client.next('pusher_internal:watchlist_events')).json, online('0'));
    assert.deepEqual((await client.next('pusher_internal:watchlist_events')).json, online('120'));
    assert.deepEqual(await client.takeError(), { code: 4300, message: 'Too many watched users on this connection' });
    await others[2].leave();
    await client.quiet();
    await client.signin({ id: 'me', watchlist: ids.slice(1) });
    assert.deepEqual((await client.next('pusher_internal:watchlist_events')).json, online('120'));
    await client.quiet();
});

test('many long watchlists keep nobody waiting', { timeout: 60_000 }, async (t) => {
    const COUNT = SANITIZED ? 50 : 400;
    const server = await ownServer(t, { apps: [app({ max_message_size: 100_000 })], workers: 1 });
    const clients = await Client.openMany(server, COUNT);
    const other = await Client.open(server);
    clients.forEach((client, n) => client.sendSignin({ id: `u${n}`,
        watchlist: Array.from({ length: 1000 }, (_, m) => `of-${n}-${m}`) }));
    let worst = 0;
    const pinging = (async () => {
        for (let n = 0; n < 20; n++) {
            const start = performance.now();
            await other.ping();
            worst = Math.max(worst, performance.now() - start);
        }
    })();
    await Promise.all(clients.map((client) => client.next('pusher:signin_success')));
    await pinging;
    if (!SANITIZED)
        assert.ok(worst < 350, `another client waited for ${Math.round(worst)} ms`);
    await other.signin({ id: `of-${COUNT - 1}-999` });
    await clients[COUNT - 1].next('pusher_internal:watchlist_events');
});

test('Echo tells the page of the refusal', async (t) => {
    const server = await ownServer(t, limited(1));
    const it = await echo(server);
    await called((fn) => it.channel('one').subscribed(fn), 'subscribed');
    const error = await called((fn) => it.channel('two').error(fn), 'the error of the second channel');
    assert.equal(error.type, 'LimitReached');
});

test('the limit is 10 000 where nothing is said, and a reload changes it', async (t) => {
    const server = await ownServer(t);
    const raw = await openRaw(server);
    const answers = await subscribeTo(raw, 10_000);
    assert.ok(answers.every(({ event }) => event === 'pusher_internal:subscription_succeeded'));
    const more = JSON.stringify({ event: 'pusher:subscribe', data: { channel: 'more' } });
    raw.sendFrame(0x1, more);
    assert.equal(JSON.parse((await raw.frame()).payload).event, 'pusher:error');
    assert.equal(JSON.parse((await raw.frame()).payload).event, 'pusher:subscription_error');
    server.apps[0].max_subscriptions = 10_001;
    server.writeConfig();
    server.signal('SIGHUP');
    await server.line(/reloaded|taken up/);
    raw.sendFrame(0x1, more);
    assert.equal(JSON.parse((await raw.frame()).payload).event, 'pusher_internal:subscription_succeeded');
});

test(`${MANY} channels on one connection without a limit cost what they should, and nothing of them is left`, { timeout: 60_000 }, async (t) => {
    const server = await ownServer(t, limited(0));
    const raw = await openRaw(server);
    const before = server.rss();
    await subscribeTo(raw, MANY);
    const full = server.rss();
    await publish(server, `many-${MANY - 1}`, 'told', '"last"');
    assert.equal(JSON.parse((await raw.frame()).payload).channel, `many-${MANY - 1}`);
    if (!SANITIZED)
        assert.ok((full - before) / MANY < BYTES_A_CHANNEL_MAX, `${(full - before) / MANY} bytes a channel`);
    raw.close();
    await until(async () => (await get(server, '/channels')).text === '{"channels":{}}', 'no channel is occupied');
    if (!SANITIZED)
        await until(() => server.rss() < before + 10 * MIB, () => `${(server.rss() - before) / MIB} MiB are left`, 20_000);
    await (await Client.open(server)).ping();
});
