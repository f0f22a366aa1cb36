'use strict';

/* The HTTP API: routes, signatures, bodies, answers. docs/wire.md. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { app, sharedServer } = require('../support/server.js');
const { Client, connectionsAre } = require('../support/clients.js');
const { api, get, post, publish, request } = require('../support/api.js');
const { hmac, md5, nowSeconds, signedTarget } = require('../support/signer.js');
const { until } = require('../support/wait.js');

const lax = app({ app_id: 'lax', key: 'key-lax', secret: 'secret-lax', auth_timestamp_tolerance: 0 });
const tight = app({ app_id: 'tight', key: 'key-tight', secret: 'secret-tight', auth_timestamp_tolerance: 30 });
const quiet = app({ app_id: 'quiet', key: 'key-quiet', secret: 'secret-quiet' });
const strict = app({ app_id: 'strict', key: 'key-strict', secret: 'secret-strict', strict: true });
const server = sharedServer({ apps: [app(), lax, tight, quiet, strict] });

const EVENT = { name: 'told', channel: 'news', data: '{}' };
const APP = '/apps/1001';

/* An answer with that status whose body is that text. */
function assertAnswer(answer, status, text) {
    assert.equal(answer.status, status, answer.text);
    if (text !== undefined)
        assert.equal(answer.text, text);
}

test('GET /up says that it is well, to everybody', async () => {
    const answer = await request(server, 'GET', '/up');
    assertAnswer(answer, 200, '{"health":"OK"}');
    assert.equal(answer.headers['content-length'], '15');
});

test('answers in JSON carry their type and their length', async () => {
    for (const answer of [await request(server, 'GET', '/up'), await get(server, '/channels'),
        await post(server, '/events', EVENT), await post(server, '/events', {})]) {
        assert.match(answer.headers['content-type'], /^application\/json/);
        assert.equal(Number(answer.headers['content-length']), Buffer.byteLength(answer.text));
        assert.equal(answer.headers['transfer-encoding'], undefined);
    }
});

for (const path of ['/', '/nothing', '/apps', '/apps/', APP, `${APP}/`, `${APP}/nothing`, `${APP}/events/more`,
    `${APP}/channels/`, `${APP}/channels//users`, `${APP}/channels/a/b`, `${APP}/users/7`, `${APP}/users/7/terminate`, '/up/', '/upper', '/UP', '/app', '/app/'])
    test(`GET ${path} is an unknown route`, async () => {
        assertAnswer(await request(server, 'GET', path), 404, 'Not found.');
    });

const methods = {
    '/up': 'GET',
    [`${APP}/events`]: 'POST',
    [`${APP}/batch_events`]: 'POST',
    [`${APP}/connections`]: 'GET',
    [`${APP}/channels`]: 'GET',
    [`${APP}/channels/news`]: 'GET',
    [`${APP}/channels/presence-news/users`]: 'GET',
    [`${APP}/users/7/terminate_connections`]: 'POST',
    '/app/key-of-1001': 'GET',
};
for (const [path, allowed] of Object.entries(methods))
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH'].filter((one) => one !== allowed))
        test(`${method} ${path} is not allowed, ${allowed} is`, async () => {
            const answer = await request(server, method, path);
            assertAnswer(answer, 405, 'Method not allowed.');
            assert.ok(answer.headers.allow.split(/,\s*/).includes(allowed), answer.headers.allow);
        });

for (const id of ['9999', 'x', '1001x', '%3Cb%3E'])
    test(`the app ${id} is unknown`, async () => {
        const answer = await api(server, 'GET', '/channels', { id });
        assertAnswer(answer, 404, `No matching application for ID [${decodeURIComponent(id)}].`);
    });

test('the app of another id does not answer to this key', async () => {
    assertAnswer(await get(server, '/channels', { id: 'lax' }), 401, 'Authentication signature invalid.');
    assertAnswer(await get(server, '/channels', { key: lax.key }), 401, 'Authentication signature invalid.');
    assertAnswer(await get(server, '/channels', { secret: lax.secret }), 401, 'Authentication signature invalid.');
});

const refused = {
    'no signature': { signature: null },
    'an empty signature': { signature: '' },
    'a signature of zeros': { signature: '0'.repeat(64) },
    'half a signature': { signature: '0'.repeat(32) },
    'a signature that is too long': { signature: '0'.repeat(65) },
    'no hexadecimal signature': { signature: 'z'.repeat(64) },
    'another secret': { secret: 'other' },
    'another key': { key: 'other' },
    'an empty key': { key: '' },
    'another signed path': { signedPath: `${APP}/channels/other` },
    'a parameter that was not signed': { unsigned: { info: 'user_count' } },
    'a parameter changed after it was signed': { unsigned: { auth_version: '2.0' } },
};
for (const [what, options] of Object.entries(refused))
    test(`${what}: 401`, async () => {
        assertAnswer(await get(server, '/channels', options), 401, 'Authentication signature invalid.');
        assertAnswer(await post(server, '/events', EVENT, options), 401, 'Authentication signature invalid.');
    });

test('a request without any query is not signed', async () => {
    assertAnswer(await request(server, 'GET', `${APP}/channels`), 401, 'Authentication signature invalid.');
    assertAnswer(await request(server, 'POST', `${APP}/events`, { body: '{}' }), 401, 'Authentication signature invalid.');
});

test('a signature is over the method', async () => {
    const target = signedTarget(server.app, 'POST', `${APP}/channels`);
    assertAnswer(await request(server, 'GET', target), 401, 'Authentication signature invalid.');
});

test('a signature covers the body that was received, not the MD5 that was claimed', async () => {
    const body = JSON.stringify(EVENT);
    const forged = JSON.stringify({ ...EVENT, name: 'forged' });
    assertAnswer(await post(server, '/events', forged, { signedBody: body, md5: md5(body) }), 401,
        'Authentication signature invalid.');
    assertAnswer(await post(server, '/events', body, { md5: '0'.repeat(32) }), 200, '{}');
    assertAnswer(await post(server, '/events', body, { md5: null }), 200, '{}');
});

test('the parameters that Reverb leaves out of the string are left out', async () => {
    const unsigned = { appId: '1001', appKey: 'x', channelName: 'news' };
    assertAnswer(await get(server, '/channels/news', { unsigned }), 200);
    assertAnswer(await post(server, '/events', EVENT, { unsigned }), 200);
});

test('the order of the parameters does not matter, and values are signed unescaped', async () => {
    const query = { filter_by_prefix: 'présence-a b&c=d', zebra: '1', Alpha: '2', info: '' };
    assertAnswer(await get(server, '/channels', { query }), 200);
    const target = signedTarget(server.app, 'GET', `${APP}/channels`, { query });
    const [path, search] = target.split('?');
    assertAnswer(await request(server, 'GET', `${path}?${search.split('&').reverse().join('&')}`), 200);
});

test('arrays are signed with their values joined by commas', async () => {
    const client = await Client.open(server);
    await client.join('presence-array', '1');
    const query = { info: ['user_count', 'occupied'], filter_by_prefix: 'presence-array' };
    const answer = await get(server, '/channels', { query });
    assertAnswer(answer, 200);
    assert.equal(answer.json.channels['presence-array'].user_count, 1);
    assert.equal((await get(server, '/channels/presence-array', { query: { info: ['user_count'] } })).json.user_count, 1);
});

/* GETs `path` with `query` in the URL, signed as `signedQuery`. */
function getSigned(path, query, signedQuery = query, method = 'GET') {
    const signature = hmac(server.app.secret, `${method}\n${APP}${path}\n${signedQuery}`);
    return request(server, method, `${APP}${path}?${query}&auth_signature=${signature}`);
}
const auth = () => `auth_key=${server.app.key}&auth_timestamp=${nowSeconds()}&auth_version=1.0`;

test('a list may be signed element by element, as the SDK for Ruby does, or exactly as it was sent', async () => {
    const client = await Client.open(server);
    await client.join('presence-ruby', '1');
    const listed = (answer) => assertAnswer(answer, 200, '{"occupied":true,"user_count":1}');
    listed(await getSigned('/channels/presence-ruby', `${auth()}&info%5B%5D=user_count`, `${auth()}&info[]=user_count`));
    listed(await getSigned('/channels/presence-ruby', `info%5B%5D=user%5Fcount&${auth()}`));
    assertAnswer(await getSigned('/channels/presence-ruby', `${auth()}&info[]=user_count`, `${auth()}&info[]=cache`), 401);
});

test('the MD5 of an empty body, which the SDK for Python signs in every GET, counts and must be right', async () => {
    assertAnswer(await getSigned('/channels', `${auth()}&body_md5=${md5('')}`), 200);
    assertAnswer(await getSigned('/channels', `${auth()}&body_md5=${md5('')}`, auth()), 401);
    assertAnswer(await getSigned('/channels', `${auth()}&body_md5=${md5('x')}`), 401);
});

for (const name of ['auth_key', 'auth_timestamp', 'auth_version', 'auth_signature', 'body_md5'])
    test(`${name} as a list: 401`, async () => {
        const query = name === 'body_md5' ? `${auth()}&body_md5=${md5('')}` : auth();
        assertAnswer(await getSigned('/channels', query.replace(`${name}=`, `${name}[]=`) +
            (name === 'auth_signature' ? '&auth_signature[]=x' : ''), query), 401, 'Authentication signature invalid.');
    });

test('HEAD is answered as GET without the body, also where the signature is for GET', async () => {
    for (const target of ['/up', '/nothing', `${APP}/channels`, `/app/${server.app.key}`]) {
        const got = await request(server, 'GET', target);
        const answer = await request(server, 'HEAD', target);
        assertAnswer(answer, got.status, '');
        assert.equal(answer.headers['content-length'], got.headers['content-length']);
    }
    for (const path of ['/channels', '/channels/news', '/connections', '/channels/presence-nobody/users'])
        for (const method of ['GET', 'HEAD']) {
            const answer = await api(server, method, path);
            assert.equal((await request(server, 'HEAD', signedTarget(server.app, method, `${APP}${path}`))).status, answer.status);
        }
});

test('a path with percent escapes may be signed as it was sent or as it reads', async () => {
    const path = `${APP}/channels/private-a%3Bb%40c%20d`;
    assertAnswer(await api(server, 'GET', '', { fullPath: path }), 200);
    assertAnswer(await api(server, 'GET', '', { fullPath: path, signedPath: `${APP}/channels/private-a;b@c d` }), 200);
    assertAnswer(await api(server, 'GET', '', { fullPath: path, signedPath: `${APP}/channels/private-a` }), 401);
});

test('a channel named by percent escapes is that channel', async () => {
    const client = await Client.open(server);
    await client.subscribe('a;b@c d/é');
    const answer = await get(server, `/channels/${encodeURIComponent('a;b@c d/é')}`);
    assert.equal(answer.json.occupied, true);
});

for (const [tolerance, which, near, far] of [[600, 'app', 590, 620], [30, 'tight', 25, 40]])
    test(`a timestamp more than ${tolerance} s away is refused with a word about the skew`, async () => {
        const theApp = which === 'tight' ? tight : server.app;
        for (const sign of [-1, 1]) {
            const at = (seconds) => get(server, '/channels', { app: theApp, timestamp: nowSeconds() + sign * seconds });
            assertAnswer(await at(near), 200);
            const answer = await at(far);
            assertAnswer(answer, 401);
            assert.notEqual(answer.text, 'Authentication signature invalid.');
            assert.match(answer.text, new RegExp(`${tolerance}|timestamp|skew`, 'i'));
            assert.match(answer.text, /\d/, 'it names the skew');
        }
    });

test('a tolerance of 0 takes any timestamp', async () => {
    for (const timestamp of [1, nowSeconds() - 1e6, nowSeconds() + 1e6])
        assertAnswer(await get(server, '/channels', { app: lax, timestamp }), 200);
});

for (const timestamp of ['', 'now', '-', '1e99', '99999999999999999999999999'])
    test(`the timestamp ${JSON.stringify(timestamp)} is refused`, async () => {
        assertAnswer(await get(server, '/channels', { timestamp }), 401);
    });

for (const body of ['', 'name=told', '{"name":', '{"name":"told"}}', "{'name':'told'}", '\u0000', '{"a":1,}', '[' .repeat(3000)])
    test(`the body ${JSON.stringify(body.slice(0, 20))} is no JSON: 400`, async () => {
        assertAnswer(await post(server, '/events', body), 400);
        assertAnswer(await post(server, '/batch_events', body), 400);
    });

/* Laravel's shape: an object of fields, each with a list of messages. */
function assertInvalid(answer, field) {
    assert.equal(answer.status, 422, answer.text);
    assert.match(answer.headers['content-type'], /^application\/json/);
    for (const messages of Object.values(answer.json))
        assert.ok(Array.isArray(messages) && messages.length > 0 && messages.every((one) => typeof one === 'string' && one),
            answer.text);
    assert.ok(Object.keys(answer.json).some((name) => field.test(name)), answer.text);
}

const without = (event, key) => Object.fromEntries(Object.entries(event).filter(([name]) => name !== key));
const invalid = {
    'a name that is missing': [/^name$/, without(EVENT, 'name')],
    'a name that is null': [/^name$/, { ...EVENT, name: null }],
    'a name that is empty': [/^name$/, { ...EVENT, name: '' }],
    'a name that is a number': [/^name$/, { ...EVENT, name: 5 }],
    'a name that is a list': [/^name$/, { ...EVENT, name: ['told'] }],
    'data that is missing': [/^data$/, without(EVENT, 'data')],
    'data that is null': [/^data$/, { ...EVENT, data: null }],
    'data that is an object': [/^data$/, { ...EVENT, data: { a: 1 } }],
    'data that is a list': [/^data$/, { ...EVENT, data: [] }],
    'data that is a number': [/^data$/, { ...EVENT, data: 5 }],
    'no channel at all': [/^channels?$/, without(EVENT, 'channel')],
    'a channel that is a number': [/^channel$/, { ...EVENT, channel: 5 }],
    'a channel that is a list': [/^channel$/, { ...EVENT, channel: ['news'] }],
    'channels that are empty': [/^channels/, { name: 'told', data: '{}', channels: [] }],
    'channels that are a string': [/^channels/, { name: 'told', data: '{}', channels: 'news' }],
    'channels that are numbers': [/^channels/, { name: 'told', data: '{}', channels: ['news', 5] }],
    'channels that hold null': [/^channels/, { name: 'told', data: '{}', channels: [null] }],
    'a socket_id that is a number': [/^socket_id$/, { ...EVENT, socket_id: 1.1 }],
    'a socket_id that is a list': [/^socket_id$/, { ...EVENT, socket_id: [] }],
    'an info that is a number': [/^info$/, { ...EVENT, info: 1 }],
    'an info that is a list': [/^info$/, { ...EVENT, info: ['user_count'] }],
    'nothing at all': [/^name$/, {}],
};
for (const [what, [field, body]] of Object.entries(invalid)) {
    test(`an event with ${what} is refused: 422`, async () => {
        assertInvalid(await post(server, '/events', body), field);
    });
    if (!what.startsWith('channels'))
        test(`a batch with ${what} is refused: 422, and nothing of it is told`, async () => {
            const client = await Client.open(server);
            await client.subscribe('news');
            assertInvalid(await post(server, '/batch_events', { batch: [EVENT, body] }),
                new RegExp(field.source.replace('^', '(^|\\.)')));
            await publish(server, 'news', 'marker');
            assert.equal((await client.take()).event, 'marker');
        });
}

/* The part that does not depend on the rest has come before the fault. */
const partly = JSON.stringify({ name: 'told', channel: 'whole', data: '{}', socket_id: '1.1' });
const broken = [`${partly},`, `${partly} x`, `${partly}${partly}`, partly.slice(0, -1), partly.slice(0, -5), `${partly}\u0000`,
    `{"batch":[${partly}]},`, `{"batch":[${partly},]}`, `{"batch":[${partly}]`, `{"batch":[${partly},${partly.slice(0, -4)}]}`];
test('a body that is not JSON to its last byte is refused, and nobody hears of it', async () => {
    const client = await Client.open(server);
    await client.subscribe('whole');
    for (const body of broken)
        assertAnswer(await post(server, body.startsWith('{"batch"') ? '/batch_events' : '/events', body), 400);
    await client.quiet();
});

test('where PHP kept the keys of an array its values count', async () => {
    const client = await Client.open(server);
    await client.subscribe('keyed');
    assertAnswer(await post(server, '/events', '{"name":"one","data":"","channels":{"100":"keyed","3":"else"}}'), 200, '{}');
    const batch = '{"batch":{"10":{"name":"two","data":"","channel":"keyed"},"2":{"name":"three","data":"","channel":"keyed"}}}';
    assertAnswer(await post(server, '/batch_events', batch), 200, '{}');
    for (const event of ['one', 'two', 'three'])
        assert.equal((await client.take()).event, event);
});

for (const body of [{}, { batch: null }, { batch: 'x' }, { batch: {} }, { batch: [1] }, { batch: ['told'] }])
    test(`the batch ${JSON.stringify(body)} is refused: 422`, async () => {
        assertInvalid(await post(server, '/batch_events', body), /batch/);
    });

for (const body of ['1', '"told"', 'null', 'true', '[]'])
    test(`the JSON body ${body} is refused without harm`, async () => {
        for (const path of ['/events', '/batch_events']) {
            const { status, text } = await post(server, path, body);
            assert.ok(status === 400 || status === 422, `${status} ${text}`);
        }
    });

test('an event with empty data is told', async () => {
    const client = await Client.open(server);
    await client.subscribe('empty');
    await publish(server, 'empty', 'told', '');
    assert.deepEqual(await client.take(), { event: 'told', channel: 'empty', data: '' });
});

test('an event is answered with {}, also where further members are sent', async () => {
    assertAnswer(await post(server, '/events', { ...EVENT, more: [1], nested: { name: 'x' } }), 200, '{}');
});

test('an event with info is answered channel by channel', async () => {
    const clients = await Client.openMany(server, 3);
    await clients[0].subscribe('info-a');
    await clients[1].subscribe('info-a');
    await clients[0].join('presence-info', '1');
    await clients[1].join('presence-info', '1');
    await clients[2].join('presence-info', '2');
    const answer = await post(server, '/events', { name: 'told', data: '{}',
        channels: ['info-a', 'presence-info', 'info-nobody'], info: 'subscription_count,user_count' });
    assertAnswer(answer, 200);
    assert.deepEqual(answer.json, { channels: {
        'info-a': { subscription_count: 2 },
        'presence-info': { user_count: 2 },
        'info-nobody': {},
    } });
});

test('a batch is answered with {}, with info by one object an event', async () => {
    const client = await Client.open(server);
    await client.subscribe('batch-a');
    const batch = [
        { name: 'one', channel: 'batch-a', data: '1' },
        { name: 'two', channel: 'batch-b', data: '2' },
        { name: 'three', channel: 'batch-a', data: '3' },
    ];
    assertAnswer(await post(server, '/batch_events', { batch }), 200, '{}');
    for (const event of ['one', 'three'])
        assert.equal((await client.take()).event, event);
    batch[0].info = 'subscription_count';
    const answer = await post(server, '/batch_events', { batch });
    assertAnswer(answer, 200);
    assert.deepEqual(answer.json, { batch: [{ subscription_count: 1 }, {}, {}] });
});

test('connections counts all that are established, subscribed or not, app by app', async () => {
    assert.deepEqual((await get(server, '/connections', { app: quiet })).json, { connections: 0 });
    const clients = await Client.openMany(server, 5, { app: quiet });
    await clients[0].subscribe('a');
    assert.deepEqual((await get(server, '/connections', { app: quiet })).json, { connections: 5 });
    assert.deepEqual((await get(server, '/connections', { app: lax })).json, { connections: 0 });
    await clients[0].leave();
    await connectionsAre(server, 4, quiet);
});

test('where no channel is occupied, channels is {}', async () => {
    assertAnswer(await get(server, '/channels', { app: quiet }), 200, '{"channels":{}}');
    assertAnswer(await get(server, '/channels', { app: quiet, query: { info: 'user_count', filter_by_prefix: 'x' } }), 200,
        '{"channels":{}}');
});

test('channels lists the occupied ones, by prefix and with what is asked for', async () => {
    const clients = await Client.openMany(server, 3, { app: lax });
    const ask = async (query) => (await get(server, '/channels', { app: lax, query })).json;
    await clients[0].subscribe('list-a');
    await clients[1].subscribe('list-a');
    await clients[1].subscribe('list-b');
    await clients[0].join('presence-list', '1');
    await clients[1].join('presence-list', '1');
    assert.deepEqual(await ask({}), { channels: { 'list-a': {}, 'list-b': {}, 'presence-list': {} } });
    assert.deepEqual(await ask({ filter_by_prefix: 'list-' }), { channels: { 'list-a': {}, 'list-b': {} } });
    assert.deepEqual(await ask({ filter_by_prefix: 'presence-', info: 'user_count' }),
        { channels: { 'presence-list': { user_count: 1 } } });
    assert.deepEqual(await ask({ filter_by_prefix: 'list-', info: 'subscription_count' }),
        { channels: { 'list-a': { subscription_count: 2 }, 'list-b': { subscription_count: 1 } } });
    clients[1].unsubscribe('list-b');
    await clients[1].ping();
    assert.deepEqual(await ask({ filter_by_prefix: 'list-' }), { channels: { 'list-a': {} } });
});

test('a single channel says whether it is occupied, and what it is asked for', async () => {
    const clients = await Client.openMany(server, 3);
    const ask = async (channel, info) => (await get(server, `/channels/${channel}`, { query: info ? { info } : {} })).json;
    assert.deepEqual(await ask('single'), { occupied: false });
    await clients[0].subscribe('single');
    await clients[1].subscribe('single');
    assert.deepEqual(await ask('single'), { occupied: true });
    assert.deepEqual(await ask('single', 'subscription_count,user_count'), { occupied: true, subscription_count: 2 });
    await clients[0].join('presence-single', '1');
    await clients[1].join('presence-single', '1');
    await clients[2].join('presence-single', '2');
    assert.deepEqual(await ask('presence-single', 'subscription_count,user_count'), { occupied: true, user_count: 2 });
    assert.deepEqual(await ask('single', 'cache'), { occupied: true }, 'a channel without a cache has none');
});

test('users lists each user of a presence channel once', async () => {
    const clients = await Client.openMany(server, 3);
    await clients[0].join('presence-users', 1);
    await clients[1].join('presence-users', '1');
    await clients[2].join('presence-users', 'two');
    const answer = await get(server, '/channels/presence-users/users');
    assertAnswer(answer, 200);
    answer.json.users.sort((a, b) => (a.id < b.id ? -1 : 1));
    assert.deepEqual(answer.json, { users: [{ id: '1' }, { id: 'two' }] });
});

test('users of another kind of channel: 400, of a presence channel that nobody is on: 404', async () => {
    const client = await Client.open(server);
    await client.subscribe('users-public');
    for (const channel of ['users-public', 'private-users', 'nobody-is-here', 'presenceusers'])
        assertAnswer(await get(server, `/channels/${channel}/users`), 400);
    assertAnswer(await get(server, '/channels/presence-nobody-is-here/users'), 404);
    await client.join('presence-was-here', '1');
    await client.leave();
    await until(async () => (await get(server, '/channels/presence-was-here/users')).status === 404, 'it is vacant');
});

const letters = (count) => 'x'.repeat(count);
const beyondPusher = {
    'eleven events a batch': () => ['/batch_events', { batch: Array(11).fill(EVENT) }],
    'an event on 101 channels': () =>
        ['/events', { name: 'told', data: '{}', channels: Array.from({ length: 101 }, (_, n) => `c${n}`) }],
    'a channel name of 201 letters': () => ['/events', { ...EVENT, channel: letters(201) }],
    'an event name of 201 letters': () => ['/events', { ...EVENT, name: letters(201) }],
    'a channel name with a space': () => ['/events', { ...EVENT, channel: 'a b' }],
};
for (const [what, make] of Object.entries(beyondPusher))
    test(`${what}: taken as Reverb does, refused where the app is strict`, async () => {
        const [path, body] = make();
        assertAnswer(await post(server, path, body), 200);
        const { status, text } = await post(server, path, body, { app: strict });
        assert.ok(status >= 400 && status < 500, `${status} ${text}`);
    });

test('a signature made by hand from the description is the one that is asked for', async () => {
    const body = '{"name":"told","channel":"news","data":"{}"}';
    const query = `auth_key=key-of-1001&auth_timestamp=${nowSeconds()}&auth_version=1.0&body_md5=${md5(body)}`;
    const signature = hmac('secret-of-1001', `POST\n/apps/1001/events\n${query}`);
    assertAnswer(await request(server, 'POST', `/apps/1001/events?${query}&auth_signature=${signature}`, { body }), 200, '{}');
});
