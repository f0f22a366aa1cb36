'use strict';

/* Webhooks of one server: what is sent, when, in which order, and what becomes of it if the receiver is down or
 * hostile. docs/webhooks.md. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { test } = require('../support/test.js');
const { makeCertificate, makeSigned } = require('../support/certificate.js');
const { Client, sdk } = require('../support/clients.js');
const { connectDeaf } = require('../support/raw.js');
const { Receiver } = require('../support/receiver.js');
const { Server, app, ownServer, run, temporaryFolder } = require('../support/server.js');
const { SLOW, until } = require('../support/wait.js');

const STATE = ['channel_occupied', 'channel_vacated', 'member_added', 'member_removed'];

/* A server whose one app has the webhook, and its receiver. */
async function serverWith(t, webhook = {}, options = {}, receiverOptions = {}) {
    const receiver = await Receiver.start(t, receiverOptions);
    const { appOptions = {}, ...rest } = options;
    const server = await ownServer(t, { apps: [app({ webhooks: receiver.webhook(webhook), ...appOptions })], ...rest });
    return { receiver, server };
}

const webhooks = async (server) => {
    const { code, stdout, stderr } = await run(['webhooks', '--json', '--port', String(server.port)]);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout).webhooks;
};

test('a channel and its members: what happened is sent in that order, and signed', async (t) => {
    const { receiver, server } = await serverWith(t);
    const client = await Client.open(server);
    await client.join('presence-room', 'ann', { name: 'Ann' });
    const second = await Client.open(server);
    await second.join('presence-room', 'ann', { name: 'Ann' });
    await second.leave();
    client.unsubscribe('presence-room');
    await receiver.until(4);
    assert.deepEqual(receiver.told, ['channel_occupied presence-room', 'member_added presence-room ann',
        'member_removed presence-room ann', 'channel_vacated presence-room']);
    receiver.assertInOrder();
    const { headers, body } = receiver.bodies[0];
    assert.match(headers['user-agent'], /^reverb\//);
    assert.ok(Math.abs(body.time_ms - Date.now()) < 60_000);
    assert.ok(Math.abs(receiver.events[0].time_ms - Date.now()) < 60_000);
});

test('client events, cache misses and subscription counts are sent if they are asked for', async (t) => {
    const { receiver, server } = await serverWith(t, { events: ['client_event', 'cache_miss', 'subscription_count'] },
        { appOptions: { subscription_counts: true } });
    const client = await Client.open(server);
    await client.subscribe('cache-news');
    await client.join('presence-room', 'ann');
    client.send('client-typed', { n: 1 }, 'presence-room');
    client.send('client-typed', 'text', 'presence-room');
    await receiver.until(4);
    const [miss, count, typed, text] = receiver.events;
    assert.deepEqual([miss.name, miss.channel], ['cache_miss', 'cache-news']);
    assert.deepEqual([count.name, count.channel, count.subscription_count], ['subscription_count', 'cache-news', 1]);
    assert.deepEqual([typed.name, typed.channel, typed.event, typed.data, typed.socket_id, typed.user_id],
        ['client_event', 'presence-room', 'client-typed', '{"n":1}', client.socketId, 'ann']);
    assert.equal(text.data, 'text');
});

test('who returns within the smoothing has not left, and who does not has', { timeout: 60_000 }, async (t) => {
    const { receiver, server } = await serverWith(t, { disconnect_smoothing_ms: 1500 * SLOW });
    const stays = await Client.open(server);
    await stays.join('presence-room', 'stays');
    const returns = await Client.open(server);
    await returns.join('presence-room', 'returns');
    const leaves = await Client.open(server);
    await leaves.join('presence-room', 'leaves');
    await leaves.subscribe('left');
    await receiver.until(5);
    await leaves.leave();
    await returns.leave();
    await (await Client.open(server)).join('presence-room', 'returns');
    await receiver.until(7);
    assert.deepEqual(receiver.told.slice(5).sort(), ['channel_vacated left', 'member_removed presence-room leaves']);
    stays.unsubscribe('presence-room');
    await receiver.until(8);
    assert.deepEqual(receiver.told.slice(7), ['member_removed presence-room stays']);
    receiver.assertInOrder();
});

test('a filter and a choice of events', async (t) => {
    const { receiver, server } = await serverWith(t, {
        events: ['channel_vacated'], headers: { 'X-Own': 'mine', 'X-Empty': '' },
        filter: { channel_name_starts_with: 'private-', channel_name_ends_with: '-b' },
    });
    const client = await Client.open(server);
    for (const channel of ['private-a', 'private-b', 'x-b', 'private-c-b']) {
        await client.subscribe(channel);
        client.unsubscribe(channel);
    }
    await receiver.until(2);
    assert.deepEqual(receiver.told, ['channel_vacated private-b', 'channel_vacated private-c-b']);
    assert.equal(receiver.bodies[0].headers['x-own'], 'mine');
    assert.equal(receiver.bodies[0].headers['x-empty'], '');
    await client.subscribe('private-end-b');
    assert.equal(receiver.events.length, 2);
});

test('batches have so many events at most, and without them each event comes alone', async (t) => {
    const { receiver, server } = await serverWith(t, { batching: { max_events: 3, max_delay_ms: 50 } });
    const client = await Client.open(server);
    for (let n = 0; n < 30; n++)
        client.sendSubscribe(`channel-${n}`);
    await receiver.until(30);
    assert.ok(receiver.bodies.every(({ body }) => body.events.length <= 3));
    assert.ok(receiver.bodies.some(({ body }) => body.events.length === 3));
    server.apps[0].webhooks.batching = { enabled: false };
    server.writeConfig();
    assert.equal((await run(['reload', '--port', String(server.port)])).code, 0);
    const before = receiver.bodies.length;
    for (let n = 30; n < 40; n++)
        client.sendSubscribe(`channel-${n}`);
    await receiver.until(40);
    assert.equal(receiver.bodies.length - before, 10);
    receiver.assertInOrder();
});

const HOSTILE = ['fails', 'hangs', 'takes_and_closes_in_the_middle', 'resets', 'asks_for_time', 'redirects', 'talks_without_end'];

test('of 10 000 events to a receiver that fails in every way none is lost, none out of order, and doubles are known',
    { timeout: 240_000 }, async (t) => {
        const { receiver, server } = await serverWith(t, { batching: { max_events: 500, max_delay_ms: 5 } });
        const client = await Client.open(server);
        let turn = 0;
        receiver.behave = () => (turn++ % 2 === 0 ? 'takes' : HOSTILE[(turn >> 1) % HOSTILE.length]);
        for (let n = 0; n < 5000; n++) {
            client.sendSubscribe(`channel-${n}`);
            client.unsubscribe(`channel-${n}`);
            if (n === 2500) {
                await client.ping();
                await receiver.stop();
            }
        }
        await client.ping();
        await until(async () => (await webhooks(server))[0].state === 'failing', 'the receiver is known to be down');
        await receiver.listen(receiver.port);
        await receiver.until(10_000, '10 000 events are received', 150_000 * SLOW);
        receiver.assertInOrder();
        assert.deepEqual(receiver.told.slice(-2), ['channel_occupied channel-4999', 'channel_vacated channel-4999']);
        assert.ok(receiver.doubles > 0, 'what was taken without an answer came again');
        const ids = new Map();
        for (const { id, body } of receiver.bodies) {
            assert.deepEqual(ids.get(id) ?? body, body, 'the same id is the same body');
            ids.set(id, body);
        }
        receiver.behave = () => 'takes';
        await until(async () => (await webhooks(server))[0].queue_events === 0, 'nothing waits any more', 30_000 * SLOW);
        const [webhook] = await webhooks(server);
        assert.equal(webhook.delivered, 10_000);
        assert.equal(webhook.dropped, 0);
        await server.line(/does not take events: /);
    });

test('after retry_for events are dropped, counted and logged, and numbers show the gap', { timeout: 60_000 }, async (t) => {
    const { receiver, server } = await serverWith(t, { retry_for: 0 });
    const client = await Client.open(server);
    receiver.behave = () => 'fails';
    await client.subscribe('lost');
    await server.line(/1 event was dropped: it answered 500/);
    receiver.behave = () => 'takes';
    await client.subscribe('found');
    await receiver.until(1);
    assert.equal(receiver.events[0].channel, 'found');
    assert.equal(receiver.events[0].sequence, 2);
    const [webhook] = await webhooks(server);
    assert.deepEqual([webhook.dropped, webhook.delivered, webhook.state], [1, 1, 'working']);
});

test('what does not fit into the queue is dropped, and another app is not held up', { timeout: 60_000 }, async (t) => {
    const dead = await Receiver.start(t);
    const other = await Receiver.start(t, { secrets: { second: 'of-second' } });
    dead.behave = () => 'hangs';
    const server = await ownServer(t, {
        server: { webhook_max_queue: 65_536 },
        apps: [app({ webhooks: [dead.webhook()] }), app({ app_id: '2', key: 'second', secret: 'of-second', webhooks: [other.webhook()] })],
    });
    const client = await Client.open(server);
    for (let n = 0; n < 2000; n++)
        client.sendSubscribe(`channel-${n}`);
    await client.ping();
    await server.line(/its queue is full/);
    await (await Client.open(server, { app: server.apps[1] })).subscribe('elsewhere');
    await other.until(1);
    assert.deepEqual(other.told, ['channel_occupied elsewhere']);
    const [webhook] = await webhooks(server);
    assert.ok(webhook.dropped > 1000 && webhook.queue_bytes < 140_000, JSON.stringify(webhook));
});

test('a private address can be forbidden, and is not even connected to', async (t) => {
    const { receiver, server } = await serverWith(t, { retry_for: 0 }, { server: { webhook_deny_private: true } });
    await (await Client.open(server)).subscribe('news');
    await server.line(/127\.0\.0\.1 is none of the public internet, which webhook_deny_private forbids/);
    assert.equal(receiver.requests, 0);
});

test('a certificate that cannot be verified is refused, and one that can is not', async (t) => {
    const folder = temporaryFolder();
    t.after(() => fs.rmSync(folder, { recursive: true }));
    const { cert, key } = makeCertificate(folder);
    const tls = { cert: fs.readFileSync(cert), key: fs.readFileSync(key) };
    const { receiver, server } = await serverWith(t, { retry_for: 0 }, {}, { tls });
    await (await Client.open(server)).subscribe('news');
    await server.line(/event was dropped: .*certificate/i);
    assert.equal(receiver.requests, 0);
    const trusting = await ownServer(t, { apps: server.apps, env: { SSL_CERT_FILE: cert } });
    await (await Client.open(trusting)).subscribe('news');
    await receiver.until(1);
});

/* A receiver with a certificate that the server's authorities have signed. */
async function trustedReceiver(t, options) {
    const folder = temporaryFolder();
    t.after(() => fs.rmSync(folder, { recursive: true }));
    const { cert, key, authority } = makeSigned(folder);
    const receiver = await Receiver.start(t, { tls: { cert: fs.readFileSync(cert), key: fs.readFileSync(key) }, ...options });
    return { receiver, env: { SSL_CERT_FILE: authority.cert } };
}

test('a receiver with HTTP/2 has it, and what fails is sent again as ever', { timeout: 60_000 }, async (t) => {
    const { receiver, env } = await trustedReceiver(t, { isHttp2: true });
    const server = await ownServer(t, { apps: [app({ webhooks: receiver.webhook({ batching: { enabled: false } }) })], env });
    const client = await Client.open(server);
    const versions = new Set();
    receiver.behave = ({ httpVersion }) => {
        versions.add(httpVersion);
        return receiver.requests % 5 === 0 ? 'fails' : 'takes';
    };
    for (let n = 0; n < 20; n++)
        client.sendSubscribe(`channel-${n}`);
    await receiver.until(20);
    receiver.assertInOrder();
    assert.equal(receiver.doubles, 0);
    assert.deepEqual([...versions], ['2.0']);
    await receiver.stop();
    client.sendSubscribe('meanwhile');
    await server.line(/does not take events: (?!it answered)/);
    await receiver.listen(receiver.port);
    await receiver.until(21);
    assert.deepEqual(receiver.told.slice(-1), ['channel_occupied meanwhile']);
});

test('a certificate of another name is refused, whoever has signed it', async (t) => {
    const { receiver, env } = await trustedReceiver(t);
    const url = receiver.webhook().url.replace('127.0.0.1', 'localhost');
    const server = await ownServer(t, { apps: [app({ webhooks: receiver.webhook({ url, retry_for: 0 }) })], env });
    await (await Client.open(server)).subscribe('news');
    await server.line(/event was dropped: .*(certificate|SSL).*localhost/i);
    assert.equal(receiver.requests, 0);
});

test('a redirect is not followed, neither on this machine nor to another', async (t) => {
    const other = await Receiver.start(t);
    const { receiver, server } = await serverWith(t, { retry_for: 0 });
    receiver.behave = () => 'redirects';
    for (const [n, to] of [`${receiver.url}elsewhere`, other.webhook().url].entries()) {
        receiver.redirectsTo = to;
        await (await Client.open(server)).subscribe(`news-${n}`);
        await server.line(/event was dropped: it answered 302, and redirects are not followed/);
    }
    await until(() => receiver.requests === 2, 'each was asked once');
    assert.equal(other.connections, 0);
});

test('a connection from before is not used for an address that is forbidden since', async (t) => {
    const { receiver, server } = await serverWith(t, { retry_for: 0 });
    const client = await Client.open(server);
    await client.subscribe('before');
    await receiver.until(1);
    server.options.server = { ...server.options.server, webhook_deny_private: true };
    server.writeConfig();
    const { code, stderr } = await run(['reload', '--port', String(server.port)]);
    assert.equal(code, 0, stderr);
    await client.subscribe('after');
    await server.line(/127\.0\.0\.1 is none of the public internet/);
    assert.equal(receiver.requests, 1);
});

test('a reload keeps what waits for a URL that is still there', { timeout: 60_000 }, async (t) => {
    const { receiver, server } = await serverWith(t);
    const client = await Client.open(server);
    receiver.behave = () => 'fails';
    await client.subscribe('before');
    await server.line(/does not take events/);
    server.apps[0].webhooks.headers = { 'X-Reloaded': 'yes' };
    server.writeConfig();
    assert.equal((await run(['reload', '--port', String(server.port)])).code, 0);
    await client.subscribe('after');
    receiver.behave = () => 'takes';
    await receiver.until(2);
    assert.deepEqual(receiver.told, ['channel_occupied before', 'channel_occupied after']);
    assert.equal(receiver.bodies[0].headers['x-reloaded'], 'yes');
    server.apps[0].webhooks = [];
    server.writeConfig();
    assert.equal((await run(['reload', '--port', String(server.port)])).code, 0);
    await until(async () => (await webhooks(server)).length === 0, 'there are no webhooks any more');
    await client.subscribe('of-nobody');
    await client.ping();
    assert.equal(receiver.events.length, 2);
});

const LIBCURL = /libcurl\.so\.4/;
const isLoaded = (server) => LIBCURL.test(fs.readFileSync(`/proc/${server.child.pid}/maps`, 'utf8'));

test('libcurl is loaded when there is a first webhook, and not before', async (t) => {
    const receiver = await Receiver.start(t);
    const server = await ownServer(t, { apps: [app()] });
    assert.ok(!isLoaded(server));
    await (await Client.open(server)).subscribe('before');
    server.apps[0].webhooks = receiver.webhook();
    server.writeConfig();
    const { code, stderr } = await run(['reload', '--port', String(server.port)]);
    assert.equal(code, 0, stderr);
    assert.ok(isLoaded(server));
    await (await Client.open(server)).subscribe('after');
    await receiver.until(1);
    assert.deepEqual(receiver.told, ['channel_occupied after']);
});

test('a reload does not take up artisan where no artisan is, and says so', async (t) => {
    const { receiver, server } = await serverWith(t);
    const { url } = server.apps[0].webhooks;
    server.apps[0].webhooks.url = 'artisan';
    server.writeConfig();
    const { code, stderr } = await run(['reload', '--port', String(server.port)]);
    assert.equal(code, 1);
    assert.match(stderr, /no artisan has started this server; start it by php artisan reverb:start, or give a URL/);
    const tested = await run(['webhooks', 'test', '--config', server.configFile]);
    assert.equal(tested.code, 1);
    assert.match(tested.stderr, /artisan \(app \S+\): not tested/);
    server.apps[0].webhooks.url = url;
    await (await Client.open(server)).subscribe('news');
    await receiver.until(1);
});

test('without libcurl a server starts, and one with webhooks does not and says why', async (t) => {
    const folder = temporaryFolder();
    t.after(() => fs.rmSync(folder, { recursive: true }));
    fs.writeFileSync(`${folder}/libcurl.so.4`, ''); // is found first, and is none
    const env = { LD_LIBRARY_PATH: folder };
    const receiver = await Receiver.start(t);
    const server = await ownServer(t, { apps: [app()], env });
    const client = await Client.open(server);
    server.apps[0].webhooks = receiver.webhook();
    server.writeConfig();
    const { code, stderr } = await run(['reload', '--port', String(server.port)]);
    assert.equal(code, 1);
    assert.match(stderr, /webhooks are sent by libcurl, which cannot be loaded: .*libcurl\.so\.4/);
    await client.ping();
    const other = new Server({ apps: server.apps, env });
    await assert.rejects(other.start(), /webhooks are sent by libcurl, which cannot be loaded/);
    const tested = await run(['webhooks', 'test', '--config', server.configFile], { env });
    assert.equal(tested.code, 1);
    assert.match(tested.stderr, /webhooks are sent by libcurl, which cannot be loaded/);
    fs.rmSync(`${folder}/libcurl.so.4`);
    const again = await run(['reload', '--port', String(server.port)]);
    assert.equal(again.code, 0, again.stderr);
    await client.subscribe('news');
    await receiver.until(1);
});

test('at the end of the server its leavers are sent before it is gone', async (t) => {
    const { receiver, server } = await serverWith(t, { disconnect_smoothing_ms: 60_000 });
    await (await Client.open(server)).join('presence-room', 'ann');
    await receiver.until(2);
    server.signal('SIGTERM');
    await server.ended();
    assert.deepEqual(receiver.told.slice(2), ['member_removed presence-room ann', 'channel_vacated presence-room']);
});

test('after a restart nothing of the new server overtakes what the former one still sends', { timeout: 60_000 }, async (t) => {
    const { receiver, server } = await serverWith(t);
    const client = await Client.open(server);
    await client.join('presence-room', 'ann');
    await receiver.until(2);
    receiver.behave = () => (receiver.requests < 6 ? 'fails' : 'takes');
    const { code, stderr } = await run(['restart', '--port', String(server.port)], { ms: 70_000 });
    assert.equal(code, 0, stderr);
    await (await Client.open(server)).join('presence-room', 'bob');
    await receiver.until(4);
    const [, first] = new Set(receiver.events.map(({ source }) => source));
    const told = receiver.told;
    if (first !== undefined && told.includes('channel_vacated presence-room'))
        assert.ok(told.indexOf('channel_vacated presence-room') < told.lastIndexOf('channel_occupied presence-room'), told.join(', '));
    assert.equal(told.at(-1), 'member_added presence-room bob');
});

test('a second restart while the first process waits for its clients: what the second one has to send is not lost, nor overtaken', { timeout: 60_000 }, async (t) => {
    const { receiver, server } = await serverWith(t);
    const restart = async () => assert.equal((await run(['restart', '--port', String(server.port)], { ms: 70_000 })).code, 0);
    await connectDeaf(server);
    await restart();
    await (await Client.open(server)).subscribe('second');
    await restart();
    await (await Client.open(server)).subscribe('third');
    await receiver.until(3);
    assert.deepEqual(receiver.told, ['channel_occupied second', 'channel_vacated second', 'channel_occupied third']);
});

test('the environment gives the one app its webhook', async (t) => {
    const receiver = await Receiver.start(t);
    const server = await ownServer(t, { env: { REVERB_WEBHOOK_URL: receiver.webhook().url, REVERB_WEBHOOK_EVENTS: 'channel_occupied' } });
    await (await Client.open(server)).join('presence-room', 'ann');
    await receiver.until(1);
    assert.deepEqual(receiver.told, ['channel_occupied presence-room']);
});

for (const [name, webhook, told] of [
    ['a URL that is none', { url: 'x:y' }, /webhooks\.0\.url in .*"x:y" is not a URL of http or https/],
    ['artisan, where no artisan is,', { url: 'artisan' }, /app \S+ has the webhook "artisan", .*start it by php artisan reverb:start/],
    ['another scheme', { url: 'ftp://example.com/' }, /is not a URL of http or https/],
    ['no host', { url: 'https:///path' }, /has no host/],
    ['a port that is none', { url: 'https://example.com:99999/' }, /has a port that cannot be one/],
    ['a URL with a space', { url: 'https://example.com/a b' }, /has a character that a URL cannot have/],
    ['a kind of event that there is not', { url: 'https://example.com/', events: ['channel_ocupied'] }, /"channel_ocupied" is no event; did you mean channel_occupied/],
    ['a key that there is not', { url: 'https://example.com/', evnts: [] }, /webhooks\.0\.evnts in .* did you mean events/],
    ['a header that the server sets', { url: 'https://example.com/', headers: { 'content-type': 'x' } }, /"content-type" cannot be sent/],
    ['a number out of range', { url: 'https://example.com/', timeout: 0 }, /webhooks\.0\.timeout in .* is out of range/],
])
    test(`${name} does not start`, async (t) => {
        const server = new Server({ apps: [app({ webhooks: [webhook] })] });
        await assert.rejects(server.start(), told);
    });

test('`reverb config` shows them without what may be secret, and `reverb webhooks test` sends each an example', async (t) => {
    const { receiver, server } = await serverWith(t, { headers: { Authorization: 'hidden-1' } });
    const url = new URL(receiver.webhook().url);
    url.username = 'somebody';
    url.password = 'hidden-2';
    url.search = '?token=hidden-3';
    server.apps[0].webhooks.url = String(url);
    server.writeConfig();
    const config = await run(['config', '--config', server.configFile]);
    assert.match(config.stdout, /apps\.apps\.0\.webhooks\.0\.url +http:\/\/127\.0\.0\.1:\d+\/hooks/);
    assert.doesNotMatch(config.stdout, /hidden|somebody/);
    server.apps[0].webhooks.url = receiver.webhook().url;
    server.writeConfig();
    const tested = await run(['webhooks', 'test', '--config', server.configFile]);
    assert.equal(tested.code, 0, tested.stderr);
    assert.match(tested.stdout, /delivered, it answered 200/);
    assert.deepEqual(receiver.told, ['channel_occupied webhook-test', 'channel_vacated webhook-test']);
    receiver.behave = () => 'fails';
    const failed = await run(['webhooks', 'test', '--config', server.configFile]);
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /not delivered: it answered 500/);
    const { stdout } = await run(['webhooks', '--port', String(server.port)]);
    assert.match(stdout, /hooks \(app 1001\): new/);
});

test('the validator of the SDK for Node accepts what is sent', async (t) => {
    const { receiver, server } = await serverWith(t);
    let received;
    const record = receiver.record;
    receiver.record = function keep(request) { received = request; record.call(this, request); };
    await (await Client.open(server)).join('presence-room', 'ann');
    await receiver.until(1);
    const webhook = sdk(server).webhook({ headers: received.headers, rawBody: received.text });
    assert.ok(webhook.isValid());
    assert.equal(webhook.getEvents()[0].channel, 'presence-room');
    assert.ok(STATE.includes(webhook.getEvents()[0].name));
    assert.ok(webhook.getTime() instanceof Date);
});
