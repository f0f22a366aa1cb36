'use strict';

/* What a receiver of webhooks believes, beside what the API says, and clients that make the two hard to keep equal.
 *
 *     const bustling = bustle(cluster, random, () => isOver);
 *     …
 *     await pictureIsTrue(receiver, cluster, 'seed 7');
 */

const { Client } = require('./clients.js');
const { get } = require('./api.js');
const { SLOW, until } = require('./wait.js');

const REST_MS = 60_000 * SLOW;
const BUSTLERS = 3; // a node that hangs holds up one of them
const CLIENTS_EACH = 4;

/* Of each channel that is occupied: who is in it. */
function pictureOf(events) {
    const picture = new Map();
    for (const { name, channel, user_id: user } of events) {
        if (name === 'channel_vacated')
            picture.delete(channel);
        else if (name !== 'member_removed' && !picture.has(channel))
            picture.set(channel, new Set());
        if (name === 'member_added')
            picture.get(channel).add(user);
        if (name === 'member_removed')
            picture.get(channel)?.delete(user);
    }
    return written(picture);
}

const written = (picture) => [...picture].map(([channel, users]) => `${channel}: ${[...users].sort().join(' ')}`).sort();

/* The same, of the API; null if it does not answer. */
async function stateOf(node) {
    const { json } = await get(node, '/channels');
    const state = new Map();
    for (const channel of Object.keys(json?.channels ?? {}))
        state.set(channel, new Set(channel.startsWith('presence-')
            ? ((await get(node, `/channels/${channel}/users`)).json?.users ?? []).map(({ id }) => id) : []));
    return written(state);
}

/* What was sent of the channels in which both differ. */
function differences(receiver, is, should) {
    const wrong = new Set([...is.filter((line) => !should.includes(line)), ...should.filter((line) => !is.includes(line))]
        .map((line) => line.split(':')[0]));
    const sent = receiver.events.filter(({ channel }) => wrong.has(channel)).slice(-60)
        .map(({ name, channel, user_id: user, time_ms: ms, id, source }) => `${ms} ${name} ${channel} ${user ?? ''} ${id} ${source}`);
    return `is\n${is.join('\n')}\nshould be\n${should.join('\n')}\nsent of it\n${sent.join('\n')}`;
}

async function pictureIsTrue(receiver, cluster, what) {
    let [is, should] = [[], []];
    await cluster.connected();
    await until(async () => {
        should = await stateOf(cluster.living[0]);
        is = pictureOf(receiver.events);
        return JSON.stringify(is) === JSON.stringify(should);
    }, () => `the picture is true (${what}); it ${differences(receiver, is, should)}`, REST_MS);
}

/* All clients have left: the API has no channel any more, and neither has the picture. */
async function nobodyIsLeft(receiver, cluster, what) {
    let [is, should] = [[], []];
    await until(async () => {
        should = await stateOf(cluster.living[0]);
        is = pictureOf(receiver.events);
        return is.length === 0 && should.length === 0;
    }, () => `nobody is left (${what}); it ${differences(receiver, is, should)}`, REST_MS);
}

async function bustleOnce(cluster, random, clients) {
    if (random.below(2 * CLIENTS_EACH) < clients.length) {
        const [client] = clients.splice(random.below(clients.length), 1);
        client.close();
        return;
    }
    const client = await Client.open(random.one(cluster.living));
    clients.push(client);
    for (let n = random.below(3); n >= 0; n--)
        client.sendSubscribe(random.below(2) === 0 ? `news-${random.below(6)}` : `presence-${random.below(4)}`,
            { channelData: { user_id: `u${random.below(6)}` } });
}

/* Clients that come and go, in few channels and with few names, until it is over. */
async function bustle(cluster, random, isOver) {
    await Promise.all(Array.from({ length: BUSTLERS }, async () => {
        const clients = [];
        while (!isOver()) {
            await bustleOnce(cluster, random, clients).catch(() => {}); // of a node that was killed
            await new Promise((resolve) => { setTimeout(resolve, random.below(30)); });
        }
    }));
}

module.exports = { bustle, nobodyIsLeft, pictureIsTrue };
