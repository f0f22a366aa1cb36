'use strict';

/* Mixed traffic from real clients and `reverb bench` over several workers, for as long as wished:
 * every event is numbered, none is lost and none comes twice, presence is what it should be, and
 * neither memory nor descriptors grow.
 *
 *     make soak TIME=1800             half an hour
 *     SOAK_SEED=7 make soak TIME=60   from another seed
 *
 * Every ten seconds all traffic pauses, and every client's view, the API's answers and the true state
 * are compared. */

const assert = require('node:assert/strict');
const { randomness } = require('../support/random.js');
const { test } = require('../support/test.js');
const { app, ownServer, run } = require('../support/server.js');
const { get, post, publish } = require('../support/api.js');
const { SANITIZED, deferred, until } = require('../support/wait.js');
const { Line } = require('./track.js');
const { FrameMember, PusherMember, EchoMember, LazyMember, isPresence } = require('./members.js');

const SECONDS = Number(process.env.SOAK_S || 12);
const SEED = Number(process.env.SOAK_SEED || 1);
const WORKERS = Number(process.env.WORKERS || 3);
const MIB = 1024 * 1024;

const PEERS_WAIT_MS = Math.min(10_000, SECONDS * 200);
const MOVERS_COUNT = 20;
const FILLER_BYTES = 30_000;
const MOVER_USERS = ['1', '2', '3', '4', '5'];
const CHANNELS = ['news', 'private-orders', 'presence-room', 'presence-hall', 'cache-weather', 'private-cache-prices',
    'presence-cache-lobby', 'private-encrypted-secrets'];
const STEADY_CHANNELS = CHANNELS.filter((channel) => !channel.includes('encrypted'));

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/* Lets all members work, or pauses them: hold() returns when none is in the middle of a step. */
class Gate {
    constructor() {
        this.inside = 0;
        this.open = deferred();
        this.open.resolve();
    }

    async step(fn) {
        await this.open.promise;
        this.inside++;
        try {
            return await fn();
        } finally {
            this.inside--;
        }
    }

    async hold() {
        this.open = deferred();
        await until(() => this.inside === 0, 'every step is at its end', 60_000);
    }

    release() {
        this.open.resolve();
    }
}

class Soak {
    constructor(server, bench) {
        this.server = server;
        this.bench = bench; // the app that `reverb bench` has for itself
        this.random = randomness(SEED);
        this.gate = new Gate();
        this.lines = new Map(CHANNELS.map((channel) => [channel, new Line(channel)]));
        this.members = [];
        this.samples = [];
        this.counts = { published: 0, steps: 0, whispers: 0, benches: 0, reconciled: 0 };
        this.isOver = false;
    }

    add(member) {
        this.members.push(member);
        return member;
    }

    /* Does `fn` again and again, in its turn; ends with the soak. A failure ends all of it. */
    async loop(ms, fn) {
        while (!this.isOver) {
            await this.gate.step(fn);
            await pause(ms * (0.5 + this.random.below(100) / 100));
        }
    }

    /* One or several events of a channel, by one of the ways there are. */
    async publish(line) {
        const count = this.random.below(4) === 0 ? 3 : 1;
        const numbers = Array.from({ length: count }, () => ++line.begun);
        if (count === 1) {
            await publish(this.server, line.channel, 'numbered', String(numbers[0]));
        } else {
            const batch = numbers.map((n) => ({ name: 'numbered', channel: line.channel, data: String(n) }));
            assert.equal((await post(this.server, '/batch_events', { batch })).status, 200);
        }
        line.acked = line.begun;
        this.counts.published += count;
    }

    /* What a page, or a whole browser, does next. */
    async move(member) {
        const channel = this.random.one(CHANNELS);
        this.counts.steps++;
        if (!member.isOpen)
            return member.connect();
        switch (this.random.below(12)) {
        case 0:
            return member.disconnect(true);
        case 1:
            return member.disconnect(false);
        case 2:
        case 3:
        case 4:
            return member.tracks.has(channel) ? member.leave(channel) : undefined;
        default:
            return member.tracks.has(channel) ? member.client.ping() : member.join(channel);
        }
    }

    /* The steady ones restart, or leave a channel and come back to it. */
    async restart(member) {
        this.counts.steps++;
        if (member.restart && this.random.below(2) === 0)
            return member.restart();
        const channel = this.random.one([...member.tracks.keys()]);
        member.leave(channel);
        return member.join(channel);
    }

    async linger(lazy) {
        if (!lazy.isOpen) {
            await lazy.connect();
            await lazy.join('news');
            await lazy.join('private-orders');
        }
        lazy.pause();
        await pause(200 + this.random.below(1500));
        await lazy.resume();
    }

    /* Never reads, although it answers pings; leaves after a while, if it was not closed before. */
    async deafen() {
        const deaf = new FrameMember(this, 'deaf');
        deaf.isCompressed = false; // what it is sent is one letter, many times
        await deaf.connect();
        await deaf.client.subscribe('filler');
        deaf.client.socket._socket.pause();
        for (let n = 0; n < 20 && !this.isOver; n++) {
            deaf.client.send('pusher:pong', {});
            await pause(1500);
        }
        deaf.client.close();
        this.server.clients.delete(deaf.client);
    }

    async benchOnce() {
        const { app_id, key, secret } = this.bench;
        const [scenario, ...args] = this.random.one([['fanout', '--connections', '30', '--rate', '50'], ['whisper', '--connections', '8', '--rate', '50'],
            ['presence', '--connections', '10'], ['connect', '--connections', '20'], ['publish', '--rate', '50'], ['channels', '--connections', '200']]);
        const { code, stdout, stderr } = await run(['bench', scenario, ...args, '--duration', '1', '--json', '--url',
            `ws://${this.server.host}:${this.server.port}`, '--app-id', app_id, '--key', key, '--secret', secret]);
        assert.equal(code, 0, `bench ${scenario}: ${stderr}`);
        const { ok, faults } = JSON.parse(stdout);
        assert.ok(ok, `bench ${scenario}: ${JSON.stringify(faults)}`);
        this.counts.benches++;
    }

    /* Client events, numbered too: from one connection to all others. */
    async beginWhispers() {
        const [from, ...to] = await Promise.all(['w1', 'w2', 'w3', 'w4'].map(async (id) => {
            const member = this.add(new FrameMember(this, id));
            await member.connect();
            await member.join('private-orders');
            return member;
        }));
        this.whisperers = to.map(() => 0);
        to.forEach((member, i) => {
            member.onWhisper = (n) => assert.equal(n, ++this.whisperers[i], `${member.who}: whispers come each once, in order`);
        });
        return () => from.client.send('client-numbered', { n: ++this.counts.whispers }, 'private-orders');
    }

    truth(channel) {
        const there = this.members.filter((member) => member.isOpen && member.tracks.has(channel));
        return [...new Set(there.map(({ userId }) => userId))].sort();
    }

    async terminate() {
        const userId = this.random.one(MOVER_USERS);
        const theirs = this.members.filter((member) => member.isOpen && member.userId === userId && [...member.tracks.keys()].some(isPresence));
        await post(this.server, `/users/${userId}/terminate_connections`, {});
        for (const { client, tracks } of theirs) {
            assert.equal((await client.waitClosed()).code, 4009);
            tracks.clear();
        }
    }

    /* Nothing is under way: all that was acknowledged has come to all who are subscribed. */
    async reconcile() {
        await this.gate.hold();
        for (const member of this.members.filter(({ isOpen }) => isOpen))
            for (const track of member.tracks.values())
                await until(() => track.isComplete || !member.isOpen,
                    () => `${member.who} has all of ${track.line.channel}: ${track.last} of ${track.line.begun}, due from ${track.dueFrom}`);
        await until(() => this.whisperers.every((n) => n === this.counts.whispers), () => `${this.counts.whispers} whispers, not ${this.whisperers}`);
        for (const channel of CHANNELS.filter(isPresence)) {
            /* Looked up each time: a client that cannot keep up is closed, and notices it a moment later. */
            const truth = () => JSON.stringify(this.truth(channel));
            let users;
            await until(async () => {
                users = ((await get(this.server, `/channels/${channel}/users`)).json?.users ?? []).map(({ id }) => id).sort();
                return JSON.stringify(users) === truth();
            }, () => `${channel} has ${truth()} for the API, not ${users}`);
            for (const member of this.members.filter((it) => it.isOpen && it.tracks.has(channel)))
                await until(() => !member.isOpen || JSON.stringify(member.membersOf(channel)) === truth(),
                    () => `${channel} has ${truth()} for ${member.who}, who sees ${member.membersOf(channel)}`);
        }
        await this.sample();
        await this.terminate();
        this.counts.reconciled++;
        this.gate.release();
    }

    async sample() {
        const { connections } = await this.server.status();
        this.samples.push({ at: Date.now(), rss: this.server.rss(), others: this.server.descriptors() - connections });
    }
}

async function openMembers(soak) {
    const steady = [new PusherMember(soak, 'p8', 8), new PusherMember(soak, 'p7', 7), new PusherMember(soak, 'q8', 8),
        new EchoMember(soak, 'e1'), new EchoMember(soak, 'e2')];
    for (const member of steady) {
        soak.add(member);
        await member.connect();
        for (const channel of STEADY_CHANNELS)
            await member.join(channel);
    }
    for (const id of ['f1', 'f2', 'f3', 'f4']) {
        const member = soak.add(new FrameMember(soak, id));
        await member.connect();
        for (const channel of CHANNELS)
            await member.join(channel);
    }
    const movers = Array.from({ length: MOVERS_COUNT }, (_, n) => soak.add(new FrameMember(soak, MOVER_USERS[n % MOVER_USERS.length])));
    const lazy = Array.from({ length: 2 }, (_, n) => soak.add(new LazyMember(soak, `l${n}`)));
    return { steady, movers, lazy };
}

/* What all of them do until it is over. */
async function live(soak) {
    const { steady, movers, lazy } = await openMembers(soak);
    const whisper = await soak.beginWhispers();
    const filler = JSON.stringify('x'.repeat(FILLER_BYTES));
    return [
        ...[...soak.lines.values()].map((line) => soak.loop(150, () => soak.publish(line))),
        ...movers.map((member) => soak.loop(400, () => soak.move(member))),
        ...steady.map((member) => soak.loop(3000, () => soak.restart(member))),
        ...lazy.map((member) => soak.loop(500, () => soak.linger(member))),
        soak.loop(100, whisper),
        soak.loop(60, () => publish(soak.server, 'filler', 'filler', filler)),
        (async () => {
            while (!soak.isOver)
                await soak.deafen();
        })(),
        (async () => {
            while (!soak.isOver) {
                await soak.gate.step(() => soak.benchOnce());
                await pause(Math.min(10_000, SECONDS * 200));
            }
        })(),
    ];
}

const middle = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

/* After the warm-up, against the end; the middle of some samples, for each alone is chance. */
function growth(samples) {
    const fifth = Math.max(1, Math.floor(samples.length / 5));
    const rss = (from, to) => middle(samples.slice(from, to).map((sample) => sample.rss));
    return [rss(fifth, 2 * fifth), rss(-fifth)];
}

test(`${SECONDS} s of everything lose nothing, double nothing and grow nothing (seed ${SEED})`, { timeout: (SECONDS + 120) * 1000 }, async (t) => {
    const bench = app({ app_id: '1002', key: 'key-of-1002', secret: 'secret-of-1002', accept_client_events_from: 'all' });
    const server = await ownServer(t, {
        workers: WORKERS,
        server: { compression: true, max_request_size: 4 * FILLER_BYTES, max_backlog: 256 * 1024 },
        apps: [app({ ping_interval: 5, accept_client_events_from: 'all' }), bench],
    });
    const soak = new Soak(server, bench);
    const loops = await live(soak);
    const failed = Promise.all(loops).then(() => {
        assert.ok(soak.isOver);
    });
    failed.catch(() => {});
    for (const end = Date.now() + SECONDS * 1000; Date.now() < end;) {
        await Promise.race([pause(PEERS_WAIT_MS), failed]);
        await soak.reconcile();
    }
    soak.isOver = true;
    await failed;
    await soak.reconcile();

    const status = await server.status();
    const [warm, last] = growth(soak.samples);
    const others = soak.samples.map((sample) => sample.others);
    t.diagnostic(`RSS ${(warm / MIB).toFixed(1)} MiB after the warm-up, ${(last / MIB).toFixed(1)} at the end; `
        + `descriptors beside connections ${others[0]}, then ${others.at(-1)}; ${JSON.stringify(soak.counts)}; `
        + `opened ${status.connections_opened}, slow ${status.slow_readers_closed}, stale ${status.stale_closed}, sent ${status.messages_sent}`);
    assert.ok(soak.counts.published > 0 && soak.counts.whispers > 0 && soak.counts.benches > 0);
    assert.ok(others.at(-1) <= Math.max(others[0], others[1]) + 12, `descriptors: ${others}`);
    if (!SANITIZED)
        assert.ok(last <= warm * 1.1 + 4 * MIB, `memory grew from ${warm} to ${last} bytes`);
    if (SECONDS >= 60)
        assert.ok(status.slow_readers_closed > 0, 'who never reads was closed');

    server.closeClients();
    await until(async () => (await server.status()).connections === 0, 'everybody has gone');
    assert.equal((await get(server, '/channels')).text, '{"channels":{}}');
});
