'use strict';

/* The script sends events for the same nodes by a short way of its own (scripts/apply/02_one_route.lua). It must do what the
 * long one does: the same calls, some with something wrong, are made with the whole script, and without that file. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { Redis } = require('../support/redis.js');
const { randomness } = require('../support/random.js');
const { applyScript } = require('../../tools/sources.js');

const [, LAYOUT] = /local LAYOUT = '(\d+)'/.exec(applyScript());
const TRIALS = 200;
const APP = '1001';
const CHANNELS = ['c4:1001:a', 'c4:1001:b', 'u4:1001:a'];
const LETTERS = '0123456789abcdef';
/* Beyond any clock: so numbers are counted on from it, the same on both sides. */
const LAST = '3000000000000000';
const READ_ALL = '4000000000000000-0';
const AHEAD = '5000000000000000-0';
const INDEX = '40000000000000';
const BYTES_MAX = 1e9;

const pack = (text) => `${String.fromCharCode(text.length)}\0\0\0${text}`;

/* An index that was counted anew, by the clock, is as good as another; "x" says that the call wrote to several streams. */
const maskIndex = (text, isByClock) => (isByClock ? text.replace(/^(x?)[3-9]\d{13}$/, '$1by the clock') : text);

/* The same with the rank of each entry's number in its place. */
function inOrder(dump) {
    const entries = Object.entries(dump).filter(([name]) => /^[iw]:/.test(name)).flatMap(([, value]) => value);
    const numbers = [...new Set(entries.map(([id]) => id))].sort();
    for (const entry of entries)
        entry[0] = numbers.indexOf(entry[0]);
    return dump;
}

/* One of the two: its own keys, its own script. */
class Side {
    constructor(client, name, sha) {
        Object.assign(this, { client, name, sha });
    }

    async command(...args) {
        return this.client.command(...args).catch((error) => error);
    }

    key(name) {
        return `${this.name}:${LAYOUT}:${name}`;
    }

    async apply(sha, node, max, ...operations) {
        const answer = await this.command('EVALSHA', sha, 1, this.name, node, max, 'epoch', ...operations);
        return answer instanceof Error ? answer.message.replaceAll(/ script: \w+.*/g, '') : answer;
    }

    /* What is in Redis, without what comes by the clock. A number may be left out: only their order counts. */
    async dump(isByClock) {
        const read = { hash: ['HGETALL'], set: ['SMEMBERS'], zset: ['ZRANGE', 0, -1, 'WITHSCORES'], stream: ['XRANGE', '-', '+'], string: ['GET'] };
        const dump = {};
        for (const key of (await this.command('KEYS', `${this.name}:${LAYOUT}:*`)).sort()) {
            const name = key.slice(this.name.length + 3);
            const [command, ...args] = read[await this.command('TYPE', key)];
            let value = await this.command(command, key, ...args);
            if (command === 'SMEMBERS')
                value.sort();
            if (command === 'HGETALL')
                value = Object.fromEntries(value.flatMap((text, n) => (n % 2 ? [] : [[text, name === 'w' ? maskIndex(value[n + 1], isByClock) : value[n + 1]]])));
            if (command === 'XRANGE')
                value = value.map(([id, [field, text]]) => [id, maskIndex(field, isByClock), text]);
            if (name !== 'p' && name !== 'last')
                dump[name] = value;
        }
        return inOrder(dump);
    }
}

/* Nodes with subscriptions, the same on both sides; one process has an earlier incarnation too. */
async function setUp(sides, random, sha) {
    const nodes = Array.from({ length: 1 + random.below(11) }, (_, n) => `n${n}.${n === 1 ? 2 : 1}`);
    const having = [...nodes, ...nodes.length > 1 ? ['n1.1'] : []].map((node) => [node, CHANNELS.filter(() => random.below(4) > 0)]);
    for (const side of sides) {
        for (const [node, keys] of having) {
            await side.apply(sha, node, BYTES_MAX, 'H', node === nodes[0] ? 'epoch' : 'another', 0);
            for (const key of keys)
                await side.apply(sha, node, BYTES_MAX, 'S', key, 3, '', 0);
        }
        for (const node of nodes)
            await side.command('XTRIM', side.key(`i:${node.split('.')[0]}`), 'MAXLEN', 0);
        await side.command('SET', side.key('last'), LAST);
        await side.command('HSET', side.key('w'), ...[...LETTERS].flatMap((letter) => [letter, INDEX]));
    }
    return nodes;
}

const FAULTS = {
    nothing: () => [],
    'an inbox is gone': (side, process) => [['DEL', side.key(`i:${process}`)]],
    'the number is gone': (side) => [['DEL', side.key('last')]],
    'the indexes are gone': (side) => [['DEL', side.key('w')]],
    'the bytes are gone': (side) => [['DEL', side.key('b'), side.key('wb')]],
    'the wide streams are gone': (side) => [...LETTERS].map((letter) => ['DEL', side.key(`w:${letter}`)]),
    'the routes are gone': (side) => [['DEL', side.key(`epoch:k:c${APP}`)]],
    'the nodes of wide channels are gone': (side) => [['DEL', side.key(`epoch:r:c${APP}`)]],
    'all is gone': (side) => [['FLUSHALL']],
    'a node is expelled': (side, process) => [['ZADD', side.key('nodes'), 'XX', -1, `${process}.1`]],
    'a node is given up': (side, process) => [['ZREM', side.key('nodes'), `${process}.1`]],
    'an inbox holds much': (side, process) => [['HSET', side.key('b'), process, BYTES_MAX - 10]],
    'wide streams hold much': (side) => [['HSET', side.key('wb'), ...[...LETTERS].flatMap((letter) => [letter, BYTES_MAX - 10])]],
};
const BY_CLOCK = ['the number is gone', 'the indexes are gone', 'all is gone'];

/* Mostly events for one channel, which the short way is for. */
function randomCall(random) {
    const operations = [];
    const [first, wanted] = [random.one(CHANNELS), random.one(['0', '1'])];
    for (let n = random.one([1, 1, 1, 2, 5]); n > 0; n--)
        operations.push('E', random.below(5) ? first : random.one(CHANNELS), random.below(8) ? wanted : '1', `E${'x'.repeat(random.one([20, 20, 200, 20_000]))}`);
    if (random.below(12) === 0)
        operations.push('K', CHANNELS[0], '', '1', '1000', '1', 'frame');
    if (random.below(12) === 0)
        operations.push('D', CHANNELS[0], 'socket', '');
    else if (random.below(2))
        operations.push('e', random.one(['0-0', READ_ALL]));
    return operations;
}

async function loaded(redis) {
    const client = await redis.client();
    const [whole, without] = [() => true, (file) => file !== '02_one_route.lua'].map((has) => applyScript('latin1', has));
    assert.notEqual(whole, without);
    return { client, shas: [await client.command('SCRIPT', 'LOAD', whole), await client.command('SCRIPT', 'LOAD', without)] };
}

test('events for the same nodes are sent as others are, whatever is wrong in Redis', { timeout: 120_000 }, async (t) => {
    const redis = await Redis.start();
    t.after(() => redis.stop());
    const { client, shas } = await loaded(redis);
    const random = randomness(7);
    for (let trial = 0; trial < TRIALS; trial++) {
        const sides = shas.map((sha, n) => new Side(client, `${trial}${'ab'[n]}`, sha));
        const nodes = await setUp(sides, random, shas[1]);
        for (let call = 0; call < 3; call++) {
            const fault = random.below(2) ? 'nothing' : random.one(Object.keys(FAULTS));
            const [node, process, operations] = [random.one(nodes), random.one(nodes).split('.')[0], randomCall(random)];
            const what = `trial ${trial}, call ${call}: ${fault}: ${node}: ${operations.map((text) => text.slice(0, 20)).join(' ')}`;
            const seen = [];
            for (const side of sides) {
                for (const command of FAULTS[fault](side, process))
                    await side.command(...command);
                const answer = await side.apply(side.sha, node, BYTES_MAX, ...operations);
                seen.push({ answer, dump: await side.dump(BY_CLOCK.includes(fault)) });
            }
            assert.deepEqual(seen[0], seen[1], what);
            if (BY_CLOCK.includes(fault))
                break; // from here on numbers differ
        }
    }
    client.close();
});

test('an inbox whose ids are ahead of the number is given up, and the others get the event once', async (t) => {
    const redis = await Redis.start();
    t.after(() => redis.stop());
    const { client, shas: [sha] } = await loaded(redis);
    const side = new Side(client, 'ahead', sha);
    for (const node of ['n0.1', 'n1.1', 'n2.1']) {
        await side.apply(sha, node, BYTES_MAX, 'H', node === 'n0.1' ? 'epoch' : 'another', 0);
        await side.apply(sha, node, BYTES_MAX, 'S', CHANNELS[0], 1, '', 0);
    }
    await side.command('XADD', side.key('i:n1'), AHEAD, 'm', '');
    assert.deepEqual(await side.apply(sha, 'n0.1', BYTES_MAX, 'E', CHANNELS[0], '1', 'Event'), ['OK']);
    const entries = async (process) => (await side.command('XRANGE', side.key(`i:${process}`), '-', '+')).filter(([, [, text]]) => text === 'Event');
    assert.deepEqual((await entries('n0')).length, 1);
    assert.deepEqual(await entries('n2'), await entries('n0'));
    assert.equal(await side.command('EXISTS', side.key('i:n1')), 0);
    client.close();
});
