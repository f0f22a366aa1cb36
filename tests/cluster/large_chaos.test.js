'use strict';

/* Faults of all kinds while the state is large: many channels, presence channels with many members, three
 * nodes, one of them behind a slow link. When it is quiet again all views and all answers are the truth, and Redis
 * has nothing of nodes that are gone.
 *
 *     make chaos TIME=600 SEED=7 REDIS=sentinel     longer, larger, another seed, another kind of Redis
 */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { app } = require('../support/server.js');
const { ownCluster } = require('../support/cluster.js');
const { Client } = require('../support/clients.js');
const { get } = require('../support/api.js');
const { Masses } = require('../support/masses.js');
const { Listener, MembersObserver, Publisher } = require('../support/observer.js');
const { randomness } = require('../support/random.js');
const { HANG_MS_MIN, KINDS, cut, hang, pause } = require('../support/redis_faults.js');
const { Throttle } = require('../support/throttle.js');
const { SLOW, until } = require('../support/wait.js');

const number = (name, otherwise) => Number(process.env[name] || otherwise);
const SECONDS = number('CHAOS_S', 12);
const SEED = number('MODEL_SEED', 1);
const CHANNELS = number('CHAOS_CHANNELS', 3000);
const HALLS = number('CHAOS_HALLS', 4);
const MEMBERS = number('CHAOS_MEMBERS', 60);
const CALL_MS = number('CHAOS_CALL_MS', 0); // no call may take Redis longer; 0: the machine is too busy to say
const KIND = process.env.CHAOS_REDIS || 'single';
const HOLDERS = 6;
const MOVERS = 10;
const PING_MS = 10_000;
const LINK_BYTES_PER_S = 20_000_000;
const QUIET_MS = (60_000 + (CHANNELS + HALLS * MEMBERS) / 2) * SLOW;

const halls = Array.from({ length: HALLS }, (_, n) => `presence-hall-${n}`);
const isAlive = ({ child }) => child.exitCode === null && child.signalCode === null;

/* --- faults ------------------------------------------------------------------------------------ */

/* A master that has just become a replica, or has just started, refuses. */
const forget = (server) => server.command('FLUSHALL').catch((error) => assert.match(error.message, /^(LOADING|READONLY|MASTERDOWN)/));

function faultsOf(nodes, world, random) {
    const some = async () => random.one(await world.masters());
    const killable = () => nodes.nodes[1 + random.below(2)]; // never the first, whose clients detect losses
    return {
        ...Object.fromEntries(Object.entries(world.faults).map(([name, fault]) => [name, () => fault(random)])),
        cut: async () => cut(await some()),
        hang: async () => hang(await some(), random),
        forget: async () => Promise.all((await world.masters()).map(forget)),
        die: async () => {
            const node = killable();
            await node.kill();
            await pause(random.below(15_000));
            await nodes.replace(node);
        },
        restart: async () => {
            const node = killable();
            node.signal('SIGTERM');
            await node.ended();
            await nodes.replace(node);
        },
        freeze: async () => { // now and then for so long that the others give it up
            const node = killable();
            node.signal('SIGSTOP');
            await pause(random.below(16_000));
            node.signal('SIGCONT');
        },
        ...(world.link ? {
            partition: async () => {
                world.link.cut();
                await pause(random.below(8000));
                world.link.heal();
            },
        } : {}),
    };
}

/* Joins and leaves one hall after the other. */
async function move(nodes, random, userId, isOver) {
    let client;
    while (!isOver()) {
        try {
            if (!client || client.isClosed) {
                client = new Client(random.one(nodes.living));
                client.socketId = (await client.take()).json.socket_id;
            }
            const hall = random.one(halls);
            await client.join(hall, userId);
            await pause(random.below(100));
            client.unsubscribe(hall);
        } catch {
            client?.close();
        }
        await pause(random.below(100));
    }
    client?.close();
}

/* --- the truth --------------------------------------------------------------------------------- */

const sameSet = (seen, truth) => seen.size === truth.size && [...seen].every((one) => truth.has(one));

async function viewIsTrue(nodes, observer) {
    const hall = observer.channel;
    const truth = new Set([...Array.from({ length: MEMBERS }, (_, n) => `m${n}`), observer.userId]);
    await until(() => sameSet(observer.members, truth),
        () => `${observer.userId} sees ${observer.members.size} members in ${hall}, not ${truth.size}`, QUIET_MS);
    observer.assertTrue();
    for (const node of nodes) {
        let seen;
        await until(async () => {
            seen = ((await get(node, `/channels/${hall}/users`)).json?.users ?? []).map(({ id }) => id);
            return seen.length === truth.size && sameSet(new Set(seen), truth);
        }, () => `the API has ${seen.length} users in ${hall}, not ${truth.size}`, QUIET_MS);
    }
}

async function answersAreTrue(nodes, connectionsCount) {
    for (const node of nodes) {
        let wrong;
        await until(async () => {
            wrong = (await get(node, '/connections')).json.connections;
            return wrong === connectionsCount;
        }, () => `the API has ${connectionsCount} connections, not ${wrong}`, QUIET_MS);
        await until(async () => {
            const { json } = await get(node, '/channels', { query: { filter_by_prefix: 'many-', info: 'subscription_count' } });
            const channels = json?.channels ?? {};
            wrong = Object.keys(channels).length !== CHANNELS ? `${Object.keys(channels).length} channels`
                : Object.entries(channels).find(([, { subscription_count: count }]) => count !== 1);
            return !wrong;
        }, () => `the API has ${CHANNELS} channels of one subscription, not ${wrong}`, QUIET_MS);
        for (const hall of halls) {
            const { json } = await get(node, `/channels/${hall}`, { query: { info: 'user_count' } });
            assert.equal(json.user_count, MEMBERS + 1, hall);
        }
    }
}

/* What Redis has is of living nodes, each in its present incarnation, and nothing waits to be removed. */
async function redisIsClean(masters, nodesCount) {
    let dirt;
    await until(async () => {
        dirt = (await Promise.all(masters.map((server) => dirtOf(server, nodesCount)))).flat();
        return dirt.length === 0;
    }, () => `Redis has nothing of the dead: ${dirt.slice(0, 5).join(', ')}`, QUIET_MS);
}

async function dirtOf(server, nodesCount) {
    const client = await server.client();
    const dirt = [];
    const keys = await client.command('KEYS', '*:native:*');
    for (const nodesKey of keys.filter((key) => key.endsWith(':nodes'))) {
        const prefix = nodesKey.slice(0, -'nodes'.length);
        const state = `${prefix}${await client.command('GET', `${prefix}epoch`)}:`;
        const own = keys.filter((key) => key.startsWith(prefix));
        const living = new Set(await client.command('ZRANGE', nodesKey, '0', '-1'));
        if (living.size !== nodesCount)
            dirt.push(`${living.size} nodes`);
        const isOfDead = (text) => text.split('\n')[0].split(' ').some((word) => word.includes('.') && !living.has(word));
        for (const key of own) {
            const [kind, name] = key.slice((key.startsWith(state) ? state : prefix).length).split(/:(.*)/s);
            if ((kind === 'n' && !living.has(name)) || kind === 'dying'
                || (kind === 'i' && ![...living].some((node) => node.startsWith(`${name}.`)))
                || /^[0-9a-f]{32}$/.test(kind)) // a state that was given up
                dirt.push(key);
            if (kind === 'k' || kind === 'r' || kind === 'm')
                dirt.push(...(await client.command('HVALS', key)).filter(isOfDead).map((text) => `${key}: ${text.slice(0, 80)}`));
        }
    }
    client.close();
    return dirt;
}

/* Calls that took long, of servers that come and go: asked for each second. */
function watchCalls(t, world) {
    const slow = new Map();
    const look = async () => {
        for (const server of (world.redis.servers ?? [world.redis]).filter(isAlive)) {
            await server.command('CONFIG', 'SET', 'slowlog-log-slower-than', '5000');
            for (const [id, at, us, args] of await server.command('SLOWLOG', 'GET', '128'))
                if (/^(EVALSHA|XREAD|XDEL)$/i.test(args[0]) && us < HANG_MS_MIN * 1000) // else it was stopped in the middle
                    slow.set(`${server.port} ${at} ${id}`, { ms: us / 1000, text: args.slice(0, 12).join(' ').slice(0, 300) });
        }
    };
    const timer = setInterval(() => look().catch(() => {}), 1000);
    t.after(() => clearInterval(timer));
    return { stop: async () => {
        clearInterval(timer);
        await look();
        return [...slow.values()].sort((one, other) => other.ms - one.ms);
    } };
}

/* --- the test ---------------------------------------------------------------------------------- */

async function scene(t, random) {
    const world = await KINDS[KIND](t);
    const apps = [app({ max_subscriptions: 1_000_000, rate_limiting: { enabled: false } })];
    const nodes = await ownCluster(t, { nodes: 2, redis: world.redis, apps });
    if (KIND === 'single') {
        world.link = await Throttle.open({ port: world.redis.port, rate: LINK_BYTES_PER_S });
        t.after(() => world.link.close());
        await nodes.add({ env: { REDIS_PORT: String(world.link.port) } });
    } else {
        await nodes.add();
    }
    const masses = new Masses(nodes, random);
    t.after(() => masses.close());
    const names = Array.from({ length: CHANNELS }, (_, n) => `many-${n}`);
    const share = Math.ceil(CHANNELS / HOLDERS);
    await masses.open([
        ...Array.from({ length: HOLDERS }, (_, n) => ({ channels: names.slice(n * share, (n + 1) * share) })),
        ...Array.from({ length: MEMBERS }, (_, n) => ({ channels: halls, userId: `m${n}` })),
    ]);
    return { world, nodes, masses };
}

test(`${CHANNELS} channels, ${HALLS} presence channels of ${MEMBERS} members, ${KIND}: faults for ${SECONDS} s (seed ${SEED})`,
    { timeout: SECONDS * 1000 + 8 * QUIET_MS }, async (t) => {
        const random = randomness(SEED);
        const { world, nodes, masses } = await scene(t, random);
        const calls = watchCalls(t, world);
        const observers = await Promise.all(halls.map((hall, n) => MembersObserver.join(nodes.nodes[0], hall, `w${n}`)));
        const local = await Listener.open(nodes.nodes[0], 'news');
        const publisher = new Publisher(nodes.nodes[0], 'news', 'p0');
        const pinging = setInterval(() => [...observers, local].forEach(({ client }) => client.send('pusher:ping', {})), PING_MS);
        t.after(() => clearInterval(pinging));
        publisher.start(20);
        let isOver = false;
        t.after(() => {
            isOver = true;
            publisher.isOver = true;
        });
        const moving = Array.from({ length: MOVERS }, (_, n) => move(nodes, random, `u${n}`, () => isOver));
        const faults = faultsOf(nodes, world, random);
        const done = [];
        for (const end = Date.now() + SECONDS * 1000; Date.now() < end;) {
            const name = random.one(Object.keys(faults));
            done.push(name);
            await faults[name]();
            await pause(random.below(4000));
        }
        isOver = true;
        await Promise.all(moving);
        await publisher.stop();
        await nodes.connected();
        await masses.ready();
        t.diagnostic(done.join(' '));

        for (const observer of observers)
            await viewIsTrue(nodes.nodes, observer);
        await answersAreTrue(nodes.nodes, HOLDERS + MEMBERS + HALLS + 1);
        await redisIsClean(await world.masters(), nodes.nodes.length);
        await local.hasAll([publisher], QUIET_MS);
        const last = await Promise.all(nodes.nodes.map((node) => Listener.open(node, 'after')));
        const publishers = nodes.nodes.map((node, n) => new Publisher(node, 'after', `p${n}`));
        for (const one of publishers)
            await one.send(20);
        for (const listener of last)
            await listener.hasAll(publishers, QUIET_MS); // behind what was queued before
        const slow = await calls.stop();
        t.diagnostic(`${slow.length} calls took Redis 5 ms, the longest ${slow[0]?.ms ?? 0}`);
        assert.deepEqual(CALL_MS ? slow.filter(({ ms }) => ms > CALL_MS) : [], [], `no call of ours takes Redis ${CALL_MS} ms`);
    });
