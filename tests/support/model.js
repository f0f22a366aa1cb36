'use strict';

/* Random joins, leaves, closes, publishes, sign-ins and terminations by many clients, over all workers of
 * one server or of several that are one, compared with a model: what each client saw, what the API of each
 * answers, and what is true.
 */

const assert = require('node:assert/strict');
const { randomness } = require('./random.js');
const { Client } = require('./clients.js');
const { get, post, publish } = require('./api.js');
const { until } = require('./wait.js');

const CLIENTS_COUNT = 32;
const AT_ONCE = 12; // clients that act in one step; the others only receive
const STEPS_A_ROUND = 12;

const PRESENCE = ['presence-a', 'presence-b', 'presence-cache-c'];
const PLAIN = ['news', 'private-d', 'cache-e'];
const USERS = ['1', '2', '3', '4', '5'];

/* One client, what it is subscribed to, and what it has seen of it. */
class Actor {
    constructor(servers, random) {
        this.servers = servers;
        this.random = random;
        this.subscriptions = new Map(); // channel => { members, numbers, from, userId }
    }

    async connect() {
        this.subscriptions.clear();
        this.userId = undefined;
        this.client = await Client.open(this.random.one(this.servers));
        this.client.receive = (bytes) => this.see(JSON.parse(bytes.toString()), bytes);
    }

    /* Every frame passes here in its order; frames that a call waits for go on to the inbox. */
    see(message, bytes) {
        const seen = this.subscriptions.get(message.channel);
        const data = () => JSON.parse(message.data);
        const isSubscribed = seen !== undefined && seen.members !== undefined; // else it was on its way
        switch (message.event) {
        case 'pusher_internal:member_added':
            if (!isSubscribed)
                return;
            assert.ok(!seen.members.has(data().user_id), `${data().user_id} was added twice to ${message.channel}`);
            seen.members.add(data().user_id);
            return;
        case 'pusher_internal:member_removed':
            if (!isSubscribed)
                return;
            assert.ok(seen.members.delete(data().user_id), `${data().user_id} was removed twice from ${message.channel}`);
            return;
        case 'numbered':
            if (isSubscribed)
                this.number(message.channel, Number(message.data));
            return;
        case 'pusher_internal:subscription_succeeded':
            seen.members = new Set();
            if (message.channel.startsWith('presence-'))
                this.joined(message.channel, data().presence);
            break;
        case 'pusher:ping':
            this.client.send('pusher:pong', {});
            return;
        default:
        }
        Client.prototype.receive.call(this.client, bytes, false);
    }

    number(channel, number) {
        const { numbers } = this.subscriptions.get(channel);
        assert.ok(numbers.length === 0 || numbers.at(-1) < number, `${number} of ${channel} came after ${numbers.at(-1)}`);
        numbers.push(number);
    }

    joined(channel, presence) {
        assert.equal(presence.count, presence.ids.length);
        assert.deepEqual(Object.keys(presence.hash).sort(), [...presence.ids].sort());
        assert.equal(new Set(presence.ids).size, presence.ids.length, 'nobody is listed twice');
        const seen = this.subscriptions.get(channel);
        assert.ok(presence.ids.includes(seen.userId), `the joiner ${seen.userId} is among ${presence.ids}`);
        seen.members = new Set(presence.ids);
    }

    async subscribe(channel, userId, published) {
        if (this.subscriptions.has(channel))
            return;
        const seen = { members: undefined, numbers: [], userId };
        this.subscriptions.set(channel, seen);
        await this.client.subscribe(channel, channel.startsWith('presence-') ? { channelData: { user_id: userId } } : {});
        seen.from = published.get(channel) ?? 0; // what is published from here on must come
    }

    unsubscribe(channel) {
        this.subscriptions.delete(channel);
        this.client.unsubscribe(channel);
    }

    get isClosed() {
        return this.client.isClosed;
    }
}

/* What is true: who is in a presence channel, over all clients that are connected. */
function membersOf(actors, channel) {
    const there = actors.filter((actor) => !actor.isClosed && actor.subscriptions.has(channel));
    return [...new Set(there.map((actor) => actor.subscriptions.get(channel).userId))].sort();
}

async function act(actor, random, world) {
    if (actor.isClosed)
        return actor.connect();
    const channel = random.one([...PRESENCE, ...PLAIN]);
    switch (random.below(10)) {
    case 0:
        return actor.client.leave();
    case 1:
        actor.client.close();
        return actor.client.waitClosed();
    case 2:
    case 3:
        return actor.unsubscribe(channel);
    case 4:
        if (actor.userId === undefined) {
            actor.userId = random.one(USERS);
            await actor.client.signin({ id: actor.userId });
        }
        return undefined;
    default:
        return actor.subscribe(channel, random.one(USERS), world.published);
    }
}

/* One event at a time and channel, so that the numbers have an order to hold, on whichever server. */
async function publishNumbered(servers, random, published) {
    const channel = random.one([...PRESENCE, ...PLAIN]);
    const server = random.one(servers);
    const number = (published.get(channel) ?? 0) + 1;
    published.set(channel, number);
    await publish(server, channel, 'numbered', String(number));
}

/* Those of that user are closed, and nobody else. */
async function terminate(server, actors, userId) {
    const theirs = actors.filter((actor) => !actor.isClosed && (actor.userId === userId
        || [...actor.subscriptions].some(([channel, seen]) => channel.startsWith('presence-') && seen.userId === userId)));
    await post(server, `/users/${userId}/terminate_connections`, {});
    for (const actor of theirs)
        assert.equal((await actor.client.waitClosed()).code, 4009);
}

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

async function compareMembers(servers, alive, channel, truth) {
    for (const server of servers)
        await until(async () => {
            const { json } = await get(server, `/channels/${channel}/users`);
            return same((json?.users ?? []).map(({ id }) => id).sort(), truth);
        }, () => `${channel} has ${truth} for the API`);
    for (const { subscriptions } of alive.filter((actor) => actor.subscriptions.has(channel)))
        await until(() => same([...subscriptions.get(channel).members].sort(), truth),
            () => `${channel} has ${truth} for a member, who sees ${[...subscriptions.get(channel).members].sort()}`);
}

/* Nothing is under way any more: then all views must agree. */
async function compare(servers, actors, published) {
    const alive = actors.filter((actor) => !actor.isClosed);
    for (const channel of PRESENCE)
        await compareMembers(servers, alive, channel, membersOf(actors, channel));
    for (const actor of alive) {
        for (const [channel, { numbers, from }] of actor.subscriptions) {
            const last = published.get(channel) ?? 0;
            await until(() => last <= from || numbers.at(-1) === last, () => `event ${last} of ${channel}, not ${numbers.at(-1)}`);
            const due = numbers.filter((number) => number > from);
            assert.deepEqual(due, Array.from({ length: last - from }, (_, n) => from + 1 + n),
                `${channel} from ${from} on, each once and in order`);
        }
    }
    for (const server of servers)
        await until(async () => (await get(server, '/connections')).json.connections === alive.length,
            () => `${alive.length} connections`);
}

const isVacant = async (server) => {
    const { json } = await get(server, '/channels');
    return json && Object.keys(json.channels).length === 0;
};

/* For `seconds`; returns how many acts there were. */
async function runModel(servers, { seconds, seed }) {
    const random = randomness(seed);
    const actors = Array.from({ length: CLIENTS_COUNT }, () => new Actor(servers, random));
    const published = new Map();
    await Promise.all(actors.map((actor) => actor.connect()));

    const end = Date.now() + seconds * 1000;
    let rounds = 0;
    for (; Date.now() < end; rounds++) {
        for (let step = 0; step < STEPS_A_ROUND; step++) {
            const chosen = new Set(Array.from({ length: AT_ONCE }, () => random.one(actors)));
            await Promise.all([
                ...[...chosen].map((actor) => act(actor, random, { published })),
                publishNumbered(servers, random, published),
            ]);
        }
        if (rounds % 4 === 3)
            await terminate(random.one(servers), actors, random.one(USERS));
        await compare(servers, actors, published);
    }
    assert.ok(rounds > 0);

    await Promise.all(actors.filter((actor) => !actor.isClosed).map((actor) => actor.client.leave()));
    for (const server of servers)
        await until(() => isVacant(server), 'all channels are vacated');
    return rounds * STEPS_A_ROUND * AT_ONCE;
}

module.exports = { runModel };
