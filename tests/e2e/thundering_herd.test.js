'use strict';

/* Many join a channel at the same time, as after a restart, and many leave at the same time: each sees the
 * true members, and receives each event from its own joining on. docs/architecture.md, "A turn of the loop". */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { ownServer } = require('../support/server.js');
const { Client } = require('../support/clients.js');
const { Publisher, MembersObserver, allSee } = require('../support/observer.js');
const { SANITIZED } = require('../support/wait.js');

const CHANNEL = 'presence-herd';
const HERD = SANITIZED ? 60 : 200;

/* Also receives numbered events: none is missing between two. */
class Witness extends MembersObserver {
    see(message) {
        if (message.event !== 'numbered')
            return super.see(message);
        const [, number] = JSON.parse(message.data);
        assert.ok(this.members, 'an event before the channel has answered');
        assert.equal(number, (this.last ?? number - 1) + 1, `an event is missing, as ${this.userId} hears it`);
        this.last = number;
        return true;
    }
}

const join = (server, users) => Promise.all(users.map((user) => Witness.join(server, CHANNEL, user)));
const names = (prefix, count) => Array.from({ length: count }, (_, i) => `${prefix}${i}`);

/* Three ways to leave; the first two end with a frame, the last does not. */
const GO = [
    (client) => client.socket.close(),
    (client) => client.unsubscribe(CHANNEL),
    (client) => client.close(),
];

for (const workers of [1, 3])
    test(`a herd comes, turns over and goes, ${workers} worker${workers > 1 ? 's' : ''}`, { timeout: 120_000 }, async (t) => {
        const server = await ownServer(t, { workers });
        const publisher = new Publisher(server, CHANNEL, 'p');
        const [first] = await join(server, ['first']);
        publisher.start(1);

        const herd = await join(server, names('a', HERD));
        await allSee([first, ...herd], [server], CHANNEL, ['first', ...names('a', HERD)]);

        const going = herd.filter((_, i) => i % 2 === 0);
        const staying = herd.filter((_, i) => i % 2 === 1);
        going.forEach(({ client }, i) => GO[i % GO.length](client));
        const came = await join(server, names('b', HERD / 2));
        const left = [first, ...staying, ...came];
        await allSee(left, [server], CHANNEL, left.map(({ userId }) => userId));

        left.slice(1).forEach(({ client }) => client.socket.close());
        await allSee([first], [server], CHANNEL, ['first']);
        await publisher.stop();
        assert.equal(first.added.length, HERD + HERD / 2);
        assert.deepEqual([...first.removed].sort(), [...first.added].sort());
        assert.ok(publisher.next > 2, `${publisher.next} events were published meanwhile`);
    });

test('who leaves a channel in the middle of a herd hears no more of it, and all that came before', async (t) => {
    const server = await ownServer(t, { workers: 1 });
    const [leaver] = await join(server, ['leaver']);
    const clients = await Client.openMany(server, HERD / 2);
    const joined = clients.map((client, i) => client.join(CHANNEL, `c${i}`));
    leaver.client.unsubscribe(CHANNEL);
    leaver.client.send('pusher:ping', {});
    await leaver.client.next('pusher:pong');
    const heard = leaver.added.length;
    await Promise.all(joined);
    await leaver.client.quiet();
    assert.equal(leaver.added.length, heard, 'nothing after it has left');
    assert.deepEqual(leaver.faults, []);
});
