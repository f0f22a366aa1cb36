'use strict';

/* POST /apps/{id}/users/{user}/terminate_connections. docs/wire.md. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { app, sharedServer } = require('../support/server.js');
const { Client } = require('../support/clients.js');
const { post, publish } = require('../support/api.js');

const other = app({ app_id: '2', key: 'key-2', secret: 'secret-2' });
const server = sharedServer({ apps: [app(), other], workers: 3 });

async function assertTerminated(client) {
    const message = await client.next('pusher:error');
    assert.deepEqual(message.json, { code: 4009, message: 'Connection terminated by the application' });
    assert.equal((await client.waitClosed()).code, 4009);
}

async function terminate(user, options) {
    const answer = await post(server, `/users/${encodeURIComponent(user)}/terminate_connections`, {}, options);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.text, '{}');
    assert.match(answer.headers['content-type'], /^application\/json/);
}

test('every connection signed in as the user is told 4009 and closed, on all workers; others stay', async () => {
    const users = await Client.openMany(server, 9);
    const [stranger, unsigned] = await Client.openMany(server, 2);
    const theirs = await Client.open(server, { app: other });
    await Promise.all(users.map((client) => client.signin({ id: '7' })));
    await stranger.signin({ id: '77' });
    await theirs.signin({ id: '7' });
    await terminate('7');
    await Promise.all(users.map(assertTerminated));
    for (const client of [stranger, unsigned, theirs])
        await client.quiet();
});

test('a presence member with that user id is terminated too, and the others see it go', async () => {
    const [first, second, witness] = await Client.openMany(server, 3);
    await witness.join('presence-t', 'w');
    await first.join('presence-t', 7);
    await second.join('presence-t', '8');
    await terminate('7');
    await assertTerminated(first);
    assert.deepEqual((await witness.next('pusher_internal:member_removed')).json, { user_id: '7' });
    await second.ping();
    await publish(server, 'presence-t', 'marker');
    await second.next('marker');
});

test('an id with a control character names nobody: 400, and who is named by its beginning stays', async () => {
    const client = await Client.open(server);
    await client.signin({ id: 'bob' });
    for (const id of ['bob\0x', 'bob\n', '\u001b[31mbob', 'bob\u007f', 'bob\u0085'])
        assert.equal((await post(server, `/users/${encodeURIComponent(id)}/terminate_connections`, {})).status, 400);
    await client.quiet();
});

test('a user who is not there is terminated without a word', async () => {
    await terminate('nobody');
});

for (const id of ['a b', 'user@example.com', 'é', 'a+b', 'x;y'])
    test(`the user id ${id} is found in an escaped path`, async () => {
        const client = await Client.open(server);
        await client.signin({ id });
        await terminate(id);
        await assertTerminated(client);
    });

test('a terminated client is gone for good: it may sign in again on a new connection', async () => {
    const client = await Client.open(server);
    await client.signin({ id: '7' });
    await terminate('7');
    await assertTerminated(client);
    const again = await Client.open(server);
    await again.signin({ id: '7' });
    await again.quiet();
});
