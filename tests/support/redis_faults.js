'use strict';

/* Kinds of Redis, each with the faults that it can have:
 *
 *     const { redis, masters, faults } = await KINDS.sentinel(t);
 *     await faults.masterDies(random);
 */

const { Redis, RedisCluster, Sentinels } = require('./redis.js');
const { until } = require('./wait.js');

const HANG_MS_MIN = 500;
const OVERLOOKED_MS = 30_000;

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

const cut = (server) => server.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');

async function hang(server, random, msBelow = 4000) {
    server.signal('SIGSTOP');
    await pause(HANG_MS_MIN + random.below(msBelow));
    server.signal('SIGCONT');
}

async function single(t) {
    const redis = await Redis.start();
    t.after(() => redis.stop());
    const end = async (random) => {
        await redis.kill();
        await pause(random.below(4000));
        await redis.start();
    };
    return { redis, masters: async () => [redis], faults: { end } };
}

async function sentinel(t) {
    const redis = await Sentinels.start();
    t.after(() => redis.stop());
    const another = (first) => until(async () => await redis.master() !== first, 'another is the master', 60_000);
    /* Sentinel may overlook a former master that has come back: after a while it is told what it is. */
    const follows = async () => {
        const since = Date.now();
        let said = '';
        await until(async () => {
            const master = await redis.master();
            const other = redis.servers.find((one) => one !== master);
            said = await other.command('INFO', 'replication').catch(String);
            if (/role:master/.test(said) && Date.now() - since > OVERLOOKED_MS)
                await other.command('REPLICAOF', '127.0.0.1', String(master.port)).catch(() => {});
            return /master_link_status:up/.test(said);
        }, () => `the other one follows: ${said}`, 120_000);
    };
    const failOver = async () => {
        await follows();
        const first = await redis.master();
        await redis.sentinels[0].command('SENTINEL', 'FAILOVER', 'mymaster').catch(() => {}); // one may be under way
        await another(first).catch(() => {});
    };
    const masterDies = async () => {
        await follows();
        const first = await redis.master();
        await first.kill();
        await another(first);
        await first.start();
        await follows();
    };
    return { redis, masters: async () => [await redis.master()], faults: { failOver, masterDies } };
}

async function cluster(t) {
    const redis = await RedisCluster.start();
    t.after(() => redis.stop());
    const masters = async () => (await redis.roles()).filter(({ isMaster, isUp }) => isMaster && isUp).map(({ server }) => server);
    const failOver = async (random) => {
        await redis.untilWell();
        await redis.failOver(random.one((await redis.roles()).filter(({ isMaster }) => !isMaster)));
    };
    const masterDies = async (random) => {
        await redis.untilWell();
        const server = random.one(await masters());
        await server.kill();
        await redis.untilWell(redis.servers.length - 1);
        await server.start();
        await redis.untilWell();
    };
    return { redis, masters, faults: { failOver, masterDies } };
}

module.exports = { HANG_MS_MIN, KINDS: { single, sentinel, cluster }, cut, hang, pause };
