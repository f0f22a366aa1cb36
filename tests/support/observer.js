'use strict';

/* Clients that record what they receive, and detect at once if it cannot be true:
 *
 *     MembersObserver     a member of a presence channel: its members, and who joined and left how often
 *     Listener   a subscriber of numbered events: each once, and in order for each publisher
 */

const assert = require('node:assert/strict');
const { Client } = require('./clients.js');
const { get, publish } = require('./api.js');
const { until } = require('./wait.js');

/* Passes each frame of the client to `see`; those it does not take go to the inbox. What it throws is
 * kept for assertTrue(): an exception in a callback of the socket would end the file. */
class Observer {
    constructor(client, channel) {
        this.client = client;
        this.channel = channel;
        this.faults = [];
        const receive = client.receive.bind(client);
        client.receive = (bytes, binary) => {
            try {
                const message = JSON.parse(bytes.toString());
                if (message.channel === channel && this.see(message))
                    return;
            } catch (error) {
                this.faults.push(error);
            }
            receive(bytes, binary);
        };
    }

    assertTrue() {
        if (this.faults.length)
            throw this.faults[0];
        assert.equal(this.client.isClosed, false, `a client of ${this.channel} is still connected (${this.client.closeCode})`);
    }
}

class MembersObserver extends Observer {
    static async join(node, channel, userId, options) {
        const it = new MembersObserver(await Client.open(node, options), channel);
        it.userId = userId;
        it.added = [];
        it.removed = [];
        await it.client.join(channel, userId);
        return it;
    }

    see({ event, data }) {
        const { user_id: user, presence } = JSON.parse(data ?? '{}');
        switch (event) {
        case 'pusher_internal:subscription_succeeded':
            this.members = new Set(presence.ids);
            assert.ok(this.members.has(this.userId), `the joiner ${this.userId} is among ${presence.ids}`);
            return false;
        case 'pusher_internal:member_added':
            assert.ok(!this.members.has(user), `${user} was added twice, as ${this.userId} sees it`);
            this.members.add(user);
            this.added.push(user);
            return true;
        case 'pusher_internal:member_removed':
            assert.ok(this.members.delete(user), `${user} was removed twice, as ${this.userId} sees it`);
            this.removed.push(user);
            return true;
        default:
            return false;
        }
    }

    get sorted() {
        return [...this.members].sort();
    }
}

/* All observers and all nodes come to see these users, and no others. */
async function allSee(observers, nodes, channel, users, ms) {
    const truth = JSON.stringify([...users].sort());
    for (const observer of observers) {
        await until(() => JSON.stringify(observer.sorted) === truth,
            () => `${observer.userId} sees ${truth} in ${channel}, not ${observer.sorted}`, ms);
        observer.assertTrue();
    }
    for (const node of nodes) {
        let seen;
        await until(async () => {
            seen = ((await get(node, `/channels/${channel}/users`)).json?.users ?? []).map(({ id }) => id).sort();
            return JSON.stringify(seen) === truth;
        }, () => `the API says ${truth} of ${channel}, not ${JSON.stringify(seen)}`, ms);
    }
}

class Listener extends Observer {
    static async open(node, channel, options) {
        const it = new Listener(await Client.open(node, options), channel);
        it.numbers = new Map(); // publisher => the number of its latest event
        it.count = 0;
        await it.client.subscribe(channel);
        return it;
    }

    see({ event, data }) {
        if (event !== 'numbered')
            return false;
        const [publisher, number] = JSON.parse(data);
        const last = this.numbers.get(publisher) ?? -1;
        this.numbers.set(publisher, Math.max(last, number));
        this.count++;
        assert.equal(number, last + 1, `event ${number} of ${publisher} came after ${last}`);
        return true;
    }

    /* It has had all that `publishers` have sent so far, each once and in order. */
    async hasAll(publishers, ms) {
        for (const { name, next } of publishers)
            await until(() => this.faults.length > 0 || (this.numbers.get(name) ?? -1) >= next - 1,
                () => `event ${next - 1} of ${name} on ${this.channel}; the last is ${this.numbers.get(name)}`, ms);
        this.assertTrue();
    }
}

/* Sends numbered events to one node, each after the one before was answered. */
class Publisher {
    constructor(node, channel, name, options = {}) {
        Object.assign(this, { node, channel, name, options, next: 0 });
    }

    async send(count = 1) {
        for (let n = 0; n < count; n++) {
            const data = JSON.stringify([this.name, this.next++, ...(this.options.filling ? [this.options.filling] : [])]);
            await publish(this.node, this.channel, 'numbered', data);
        }
    }

    /* Until stop(): one event after the other, with a little time between. */
    start(ms = 5) {
        this.isOver = false;
        this.running = (async () => {
            while (!this.isOver) {
                await this.send();
                await new Promise((resolve) => setTimeout(resolve, ms));
            }
        })();
        this.running.catch(() => {});
    }

    async stop() {
        this.isOver = true;
        await this.running;
    }
}

/* After a fault: all that was sent arrives, and so does what is sent then. */
async function catchUp(listeners, publishers) {
    for (const listener of listeners)
        await listener.hasAll(publishers, 20_000);
    for (const publisher of publishers)
        await publisher.send(5);
    for (const listener of listeners)
        await listener.hasAll(publishers);
}

module.exports = { MembersObserver, Listener, Publisher, allSee, catchUp };
