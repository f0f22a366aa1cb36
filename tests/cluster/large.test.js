'use strict';

/* States as large as people have: many channels on one node, many members in one channel. The work
 * of each call to Redis is bounded, and a dead node is cleaned up however much it had. docs/scaling.md. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { app } = require('../support/server.js');
const { ownCluster, redisOf } = require('../support/cluster.js');
const { Client } = require('../support/clients.js');
const { get, publish } = require('../support/api.js');
const { MembersObserver } = require('../support/observer.js');
const { channelAuth } = require('../support/signer.js');
const { SANITIZED, SLOW, until } = require('../support/wait.js');

const CHANNELS = SANITIZED ? 17_000 : 20_000; // Redis looks at 10 000 buckets of a hash in one call
const MEMBERS = 700;
const AT_ONCE = 500;
const COMMANDS_A_CALL = 2500; // some 5 ms
const PAGES_A_CALL = 8; // of some 200 members each
const STANDSTILL_MS = 150; // which no scheduling explains

const server = { max_request_size: 1_000_000 };
const apps = [app({ max_subscriptions: 100_000, rate_limiting: { enabled: false } })];
const channelsOf = async (node, prefix) =>
    Object.keys((await get(node, '/channels', { query: { filter_by_prefix: prefix } })).json.channels);

/* `count` channels on one connection. */
async function subscribeMany(client, prefix, count, channelData) {
    for (let from = 0; from < count; from += AT_ONCE) {
        const names = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, n) => `${prefix}${from + n}`);
        for (const channel of names)
            client.send('pusher:subscribe', { channel, ...(channelData ? auth(client, channel, channelData) : {}) });
        let left = names.length;
        while (left > 0)
            left -= (await client.take()).event === 'pusher_internal:subscription_succeeded' ? 1 : 0;
    }
}

function auth(client, channel, userId) {
    const channel_data = JSON.stringify({ user_id: userId, user_info: { name: userId } });
    return { channel_data, auth: channelAuth(client.app, client.socketId, channel, channel_data) };
}

/* Members without a client each: a few connections that join one channel would be one member each. */
async function joinMany(nodes, channel, count) {
    const clients = [];
    for (let from = 0; from < count; from += 50)
        clients.push(...await Promise.all(Array.from({ length: Math.min(50, count - from) }, async (_, n) => {
            const client = await Client.open(nodes[(from + n) % nodes.length]);
            client.receive = ((receive) => (bytes, binary) => { // later changes are not kept
                if (!bytes.includes('member_added') && !bytes.includes('member_removed'))
                    receive.call(client, bytes, binary);
            })(client.receive);
            await client.join(channel, `m${from + n}`);
            return client;
        })));
    return clients;
}

/* Counts the commands that each of our calls has Redis run: its time depends on the whole machine. */
async function watchCalls(redis) {
    await redis.command('CONFIG', 'SET', 'slowlog-log-slower-than', String(STANDSTILL_MS * 1000 * SLOW));
    await redis.command('SLOWLOG', 'RESET');
    const monitor = await redis.monitor();
    const calls = { most: 0, text: '', pages: 0, monitor };
    let count = 0;
    let pages = 0;
    let text = '';
    monitor.onMonitored = (line) => {
        const [, isOfScript] = /^\S+ \[\d+ (lua)?/.exec(line) ?? [];
        count = isOfScript ? count + 1 : 0;
        pages = isOfScript ? pages + /"HSCAN"/.test(line) : 0;
        calls.pages = Math.max(calls.pages, pages);
        text = isOfScript ? text : String(line);
        if (count > calls.most)
            Object.assign(calls, { most: count, text: text.slice(0, 300) });
    };
    return calls;
}

async function noCallWasLong(redis, calls, t) {
    calls.monitor.close();
    const slow = (await redis.command('SLOWLOG', 'GET', '128')).filter(([, , , args]) => /^(EVALSHA|XREAD|XDEL)$/i.test(args[0]))
        .map(([, , us, args]) => `${us / 1000} ms: ${args.slice(0, 8).join(' ').slice(0, 200)}`);
    t.diagnostic(`the longest call had Redis run ${calls.most} commands`);
    assert.ok(calls.most > 0 && calls.most <= COMMANDS_A_CALL, `${calls.most} commands in one call: ${calls.text}`);
    assert.deepEqual(slow, [], `no call takes Redis ${STANDSTILL_MS} ms`);
}

test(`${CHANNELS} channels on one node: it comes back after a blip, and is cleaned away when it dies`, { timeout: 180_000 }, async (t) => {
    const cluster = await ownCluster(t, { nodes: 3, apps, server });
    const { nodes, redis } = cluster;
    const calls = await watchCalls(redis);
    const many = await Client.open(nodes[1]);
    await subscribeMany(many, 'many-', CHANNELS);
    assert.equal((await channelsOf(nodes[0], 'many-')).length, CHANNELS);
    assert.equal((await channelsOf(nodes[0], 'none-')).length, 0);

    await redis.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await cluster.away().catch(() => {});
    await cluster.connected();
    assert.equal((await channelsOf(nodes[0], 'many-')).length, CHANNELS);
    await publish(nodes[0], 'many-17', 'told', '1');
    assert.equal((await many.next('told')).data, '1');

    const ghost = await Client.open(nodes[2]);
    const witness = await Client.open(nodes[0]);
    await ghost.join('presence-small', 'ghost');
    await witness.join('presence-small', 'witness');
    await Promise.all([nodes[1].kill(), nodes[2].kill()]); // the one with few dies as well
    await until(() => witness.inbox.some(({ event, json }) => event === 'pusher_internal:member_removed' && json.user_id === 'ghost'),
        'the ghost is gone', 20_000 * SLOW);
    await until(async () => (await channelsOf(nodes[0], '')).length === 1, 'its channels are vacant', 40_000 * SLOW);
    await until(async () => (await redis.command('KEYS', '*:n:*')).length === 1, 'nothing of the dead is left in Redis', 40_000 * SLOW);
    assert.equal(await redisOf(nodes[0]), 'connected');
    await noCallWasLong(redis, calls, t);
});

test(`${MEMBERS} members in one channel: who joins sees all, whoever comes and goes meanwhile`, { timeout: 180_000 }, async (t) => {
    const cluster = await ownCluster(t, { nodes: 2, apps, server });
    const { nodes, redis } = cluster;
    const members = await joinMany(nodes.slice(0, 1), 'presence-hall', MEMBERS);
    const calls = await watchCalls(redis);
    const moving = (async () => {
        for (let n = 0; n < 40; n++) {
            const client = await Client.open(nodes[0]);
            await client.join('presence-hall', `moving-${n}`);
            if (n % 2)
                await client.leave();
        }
    })();
    const late = [];
    for (let n = 0; n < 5; n++) { // each joins on a node that does not know the channel yet
        const client = await Client.open(nodes[1]);
        const { ids } = await client.join('presence-hall', `late-${n}`);
        const seen = new Set(ids);
        assert.equal(seen.size, ids.length, 'nobody twice');
        for (let m = 0; m < MEMBERS; m++)
            assert.ok(seen.has(`m${m}`), `m${m} is seen by late-${n}`);
        late.push(client);
        await client.leave();
    }
    await moving;
    const last = await Client.open(nodes[1]);
    const expected = [...members.map((_, n) => `m${n}`), ...Array.from({ length: 20 }, (_, n) => `moving-${2 * n}`), 'last'].sort();
    await until(async () => {
        const { json } = await get(nodes[1], '/channels/presence-hall/users');
        return json.users.length === expected.length - 1;
    }, 'all who went are gone');
    const { ids } = await last.join('presence-hall', 'last');
    assert.deepEqual([...ids].sort(), expected);
    const { json } = await get(nodes[1], '/channels/presence-hall/users');
    assert.deepEqual(json.users.map(({ id }) => id).sort(), expected);
    await noCallWasLong(redis, calls, t);
});

test('a node with many presence channels dies: its members leave, each once, and no call is long', { timeout: 180_000 }, async (t) => {
    const CHANNELS_OF_MEMBERS = SANITIZED ? 500 : 1500;
    const USERS = 3;
    const cluster = await ownCluster(t, { nodes: 2, apps, server });
    const { nodes, redis } = cluster;
    const watching = await Client.open(nodes[0]);
    const removed = new Map();
    const receive = watching.receive.bind(watching);
    watching.receive = (bytes, binary) => {
        const text = bytes.toString();
        if (!text.includes('member_removed'))
            return text.includes('member_added') ? undefined : receive(bytes, binary);
        const { channel, data } = JSON.parse(text);
        const key = `${channel} ${JSON.parse(data).user_id}`;
        removed.set(key, (removed.get(key) ?? 0) + 1);
    };
    await subscribeMany(watching, 'presence-', CHANNELS_OF_MEMBERS, 'watching');
    for (let n = 0; n < USERS; n++)
        await subscribeMany(ignoringMembers(await Client.open(nodes[1])), 'presence-', CHANNELS_OF_MEMBERS, `u${n}`);
    const calls = await watchCalls(redis);
    await nodes[1].kill();
    await until(() => removed.size === USERS * CHANNELS_OF_MEMBERS, () => `all leave, not ${removed.size}`, 60_000 * SLOW);
    assert.ok([...removed.values()].every((count) => count === 1), 'each once');
    assert.equal((await get(nodes[0], '/channels/presence-7/users')).json.users.length, 1);
    await noCallWasLong(redis, calls, t);
});

/* The living node's other members stand in Redis alone: what a call does there is as much. */
test('a node that has few of very many members dies: no call looks at all of them', { timeout: 90_000 }, async (t) => {
    const OTHERS = 20_000;
    const cluster = await ownCluster(t, { nodes: 2 });
    const { nodes: [living, dead], redis } = cluster;
    const observer = await MembersObserver.join(living, 'presence-hall', 'observer');
    for (let n = 0; n < 3; n++)
        await MembersObserver.join(dead, 'presence-hall', `few-${n}`);
    await until(() => observer.added.length === 3, 'all have joined');
    await dead.kill();

    const [name, sha, one, prefix, caller, max, epoch] = await redis.nextCall(); // of the living node
    const [members] = await redis.command('KEYS', '*:m:*presence-hall');
    for (let from = 0; from < OTHERS; from += AT_ONCE)
        await redis.command('HSET', members, ...Array.from({ length: AT_ONCE }, (_, n) => [`other-${from + n}`, `${caller}\n{}`]).flat());
    const [nodesKey] = await redis.command('KEYS', '*:nodes');
    const victim = (await redis.command('ZRANGE', nodesKey, '0', '-1')).find((node) => node !== caller);
    const calls = await watchCalls(redis);
    /* Given up at once, as if it had been silent for long. */
    await redis.command(name, sha, one, prefix, caller, max, epoch, 'U', victim, await redis.command('ZSCORE', nodesKey, victim));
    await until(async () => (await redis.command('KEYS', '*:n:*')).length === 1, 'nothing of the dead is left in Redis', 40_000 * SLOW);
    await until(() => observer.removed.length === 3, 'its members have left');
    assert.deepEqual(observer.removed.sort(), ['few-0', 'few-1', 'few-2']);
    assert.equal(await redis.command('HLEN', members), OTHERS + 1);
    t.diagnostic(`the longest call looked at ${calls.pages} pages`);
    assert.ok(calls.pages > 0 && calls.pages <= PAGES_A_CALL, `${calls.pages} pages in one call`);
    await noCallWasLong(redis, calls, t);
});

function ignoringMembers(client) {
    const receive = client.receive.bind(client);
    client.receive = (bytes, binary) => {
        if (!bytes.includes('member_added'))
            receive(bytes, binary);
    };
    return client;
}
