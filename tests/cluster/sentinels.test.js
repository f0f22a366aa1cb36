'use strict';

/* What the nodes make of what Sentinels answer, or do not. docs/scaling.md. */

const assert = require('node:assert/strict');
const net = require('node:net');
const { test } = require('../support/test.js');
const { ownCluster } = require('../support/cluster.js');
const { Client } = require('../support/clients.js');
const { publish } = require('../support/api.js');
const { Redis } = require('../support/redis.js');
const { SLOW, until } = require('../support/wait.js');

const OVER_MS = 20_000 * SLOW;
const bulk = (text) => `$${text.length}\r\n${text}\r\n`;

/* A Sentinel that names a server, or, without one, answers nothing; it counts the questions. */
class Sentinel {
    static async start(t, names) {
        const it = new Sentinel();
        it.names = names;
        it.asked = 0;
        it.connections = 0;
        const sockets = new Set();
        it.server = net.createServer((socket) => {
            sockets.add(socket);
            it.connections++;
            socket.on('error', () => {}).on('data', (data) => it.answer(socket, data.toString()));
        });
        await new Promise((resolve) => it.server.listen(0, '127.0.0.1', resolve));
        t.after(() => {
            it.server.close();
            sockets.forEach((socket) => socket.destroy());
        });
        return it;
    }

    answer(socket, text) {
        if (!this.names)
            return;
        if (text.includes('INFO'))
            socket.write(bulk('redis_version:7.0.0\r\n'));
        if (text.includes('get-master-addr-by-name')) {
            this.asked++;
            socket.write(`*2\r\n${bulk('127.0.0.1')}${bulk(String(this.names.port))}`);
        }
    }
}

async function scene(t, names) {
    const sentinels = await Promise.all(names.map((server) => Sentinel.start(t, server)));
    const cluster = await ownCluster(t, { nodes: 2, redis: { env: {
        REVERB_SCALING_SENTINEL: 'mymaster', REVERB_SCALING_HOSTS: sentinels.map(({ server }) => `127.0.0.1:${server.address().port}`).join(','),
    } } });
    return { sentinels, cluster };
}

async function redis(t) {
    const server = await Redis.start();
    t.after(() => server.stop());
    return server;
}

const awayCount = ({ nodes }) => nodes.reduce((sum, { stderr }) => sum + stderr.split('is away').length, 0);
const connectionsCount = (sentinels) => sentinels.reduce((sum, { connections }) => sum + connections, 0);

async function areOne({ nodes }) {
    const client = await Client.open(nodes[0]);
    await client.subscribe('news');
    await publish(nodes[1], 'news', 'hello');
    assert.equal((await client.take()).event, 'hello');
}

test('a server that is the master no more is left as soon as two Sentinels say so, and not for one', async (t) => {
    const [first, second] = await Promise.all([redis(t), redis(t)]);
    const { sentinels, cluster } = await scene(t, [first, first, first]);
    sentinels[1].names = second;
    const before = sentinels[1].asked;
    await until(() => sentinels[1].asked > before + 2, 'the one that differs is asked', OVER_MS);
    await areOne(cluster);
    assert.equal(await second.command('DBSIZE'), 0);
    assert.ok(cluster.nodes.every(({ stderr }) => !/name another/.test(stderr)));
    sentinels[2].names = second;
    sentinels[0].names = second;
    await until(() => cluster.nodes.every(({ stderr }) => stderr.includes(`the Sentinels name another master, 127.0.0.1:${second.port}`)),
        'both leave the first', OVER_MS);
    await cluster.connected();
    await areOne(cluster);
    assert.ok(await second.command('DBSIZE') > 0);
});

test('a Sentinel that accepts and says nothing holds up nobody for long', async (t) => {
    const server = await redis(t);
    const { sentinels, cluster } = await scene(t, [null, server]);
    await areOne(cluster);
    sentinels[1].names = null;
    const [away, before] = [awayCount(cluster), connectionsCount(sentinels)];
    await until(() => connectionsCount(sentinels) > before + 2, 'both have been asked in vain', OVER_MS);
    await areOne(cluster);
    assert.equal(awayCount(cluster), away);
});
