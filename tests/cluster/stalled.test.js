'use strict';

/* A node whose thread to Redis stalls reports it, serves alone, and can be ended. With one worker that thread is the
 * worker's. */

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const path = require('node:path');
const { test } = require('../support/test.js');
const { ownCluster, redisOf } = require('../support/cluster.js');
const { Client } = require('../support/clients.js');
const { get, publish, request } = require('../support/api.js');
const { faults } = require('../support/faults.js');
const { OnePublisher, isLent } = require('../support/lending.js');
const { MembersObserver, allSee } = require('../support/observer.js');
const { run, temporaryFolder } = require('../support/server.js');
const { SLOW, deferred, until, within } = require('../support/wait.js');

const STALLED = { health: 'the thread that speaks to Redis has stalled', redis: 'stalled' };

/* The thread of that node that receives these words is busy for as long as it was told: they come by way of Redis. */
async function makeBusy(cluster, node) {
    const [other] = cluster.nodes;
    const client = await Client.open(node);
    await client.subscribe('stalling');
    await publish(other, 'stalling', 'keep-me-busy');
    return client;
}

async function stall(cluster, node) {
    await makeBusy(cluster, node);
    await until(async () => (await request(node, 'GET', '/up')).status === 503,
        () => `the node notices that it has stalled\n${node.stdout}${node.stderr}`, 30_000 * SLOW);
}

/* What systemd would be told, a line each. */
async function manager(t) {
    const socket = path.join(temporaryFolder('reverb-notify-'), 'socket');
    const code = '$s = stream_socket_server("udg://$argv[1]", $e, $m, STREAM_SERVER_BIND); echo "ready\n";'
        + 'while (true) echo fread($s, 1000), "\n";';
    const child = spawn('php', ['-r', code, '--', socket], { stdio: ['ignore', 'pipe', 'inherit'] });
    const it = { lines: [], ready: deferred() };
    t.after(() => child.kill());
    child.stdout.setEncoding('utf8').on('data', (text) => {
        it.lines.push(...text.trim().split('\n'));
        it.ready.resolve();
    });
    it.env = { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '10000000' };
    it.fed = () => it.lines.filter((line) => line === 'WATCHDOG=1').length;
    await within(it.ready.promise, 'the manager listens');
    return it;
}

test('a node whose thread to Redis stalls for ever says so, serves on by itself, and ends when it is told to', { timeout: 60_000 }, async (t) => {
    const systemd = await manager(t);
    const cluster = await ownCluster(t, { nodes: 1 });
    const node = await cluster.add({ workers: 2, env: { ...faults({ FAULTS_BUSY_MS: '3600000' }), ...systemd.env } });
    await until(() => systemd.fed() > 0, 'the watchdog is fed');
    const waiting = await Client.open(node);
    await stall(cluster, node);

    assert.deepEqual((await request(node, 'GET', '/up')).json, STALLED);
    assert.equal((await node.status()).cluster.redis, 'stalled');
    const { stdout } = await run(['status', '--port', String(node.port)], { cwd: node.folder });
    assert.match(stdout, /^Redis +stalled$/m);

    const { uptime_s: since } = await node.status();
    const fed = systemd.fed();
    await until(async () => (await node.status()).uptime_s >= since + 3, 'three seconds pass');
    assert.equal(systemd.fed(), fed, 'the watchdog is not fed any more');

    await waiting.subscribe('news');
    await publish(node, 'news', 'told', '1');
    assert.equal((await waiting.next('told')).data, '1');
    assert.equal((await get(node, '/channels/news')).json.occupied, true);

    node.isKilled = true; // its status is not 0
    node.signal('SIGTERM');
    assert.equal((await within(node.exited.promise, 'the node ends')).code, 1);
    assert.match(node.stderr, /the thread that speaks to Redis has stalled: the process ends without it/);
});

test('a node whose thread to Redis runs again is in step with the others', { timeout: 60_000 }, async (t) => {
    const cluster = await ownCluster(t, { nodes: 1 });
    const node = await cluster.add({ workers: 2, env: faults({ FAULTS_BUSY_MS: '9000' }) });
    const [other] = cluster.nodes;
    const observers = [await MembersObserver.join(node, 'presence-hall', 'here'), await MembersObserver.join(other, 'presence-hall', 'there')];
    const both = [await MembersObserver.join(node, 'presence-hall', 'both'), await MembersObserver.join(other, 'presence-hall', 'both')];
    await allSee([...observers, ...both], cluster.nodes, 'presence-hall', ['here', 'there', 'both']);
    await stall(cluster, node);
    await both.shift().client.leave();
    observers.push(await MembersObserver.join(node, 'presence-hall', 'meanwhile'));
    await until(async () => await redisOf(node) === 'connected', () => `it is connected again\n${node.stderr}`, 30_000 * SLOW);
    await allSee([...observers, ...both], cluster.nodes, 'presence-hall', ['here', 'there', 'both', 'meanwhile']);
    assert.equal((await request(node, 'GET', '/up')).status, 200);
});

test('a node whose only worker stalls reports that worker, and is in step with the others when it runs again', { timeout: 60_000 }, async (t) => {
    const cluster = await ownCluster(t, { nodes: 1 });
    const node = await cluster.add({ workers: 1, env: faults({ FAULTS_BUSY_MS: '8000' }) });
    const [other] = cluster.nodes;
    const observers = [await MembersObserver.join(node, 'presence-hall', 'here'), await MembersObserver.join(other, 'presence-hall', 'there')];
    await allSee(observers, cluster.nodes, 'presence-hall', ['here', 'there']);
    await makeBusy(cluster, node);
    await until(async () => (await node.status()).stalled_workers === 1, () => `the worker's stall is noticed\n${node.stderr}`, 30_000 * SLOW);
    observers.push(await MembersObserver.join(other, 'presence-hall', 'meanwhile'));
    await until(async () => (await node.status()).stalled_workers === 0, () => `it runs again\n${node.stderr}`, 30_000 * SLOW);
    observers.push(await MembersObserver.join(node, 'presence-hall', 'afterwards'));
    await allSee(observers, cluster.nodes, 'presence-hall', ['here', 'there', 'meanwhile', 'afterwards']);
    assert.doesNotMatch(node.stderr, /the thread that speaks to Redis/);
});

test('a worker that stalls while it has the loop of the thread to Redis is reported as both, and the node is in step when it runs again', { timeout: 90_000 * SLOW }, async (t) => {
    const cluster = await ownCluster(t, { nodes: 1 });
    const node = await cluster.add({ workers: 2, env: faults({ FAULTS_BUSY_MS: '9000' }) });
    const [other] = cluster.nodes;
    const observers = [await MembersObserver.join(node, 'presence-hall', 'here'), await MembersObserver.join(other, 'presence-hall', 'there')];
    await isLent(new OnePublisher(t, node, 'news', 'one'));
    await makeBusy(cluster, node);
    await until(async () => (await node.status()).cluster.redis === 'stalled', () => `the stall is noticed\n${node.stderr}`, 30_000 * SLOW);
    await until(async () => (await node.status()).stalled_workers === 1, () => `the worker's stall is noticed\n${node.stderr}`, 30_000 * SLOW);
    observers.push(await MembersObserver.join(other, 'presence-hall', 'meanwhile'));
    await until(async () => (await node.status()).cluster.redis === 'connected', () => `it runs again\n${node.stderr}`, 30_000 * SLOW);
    await until(async () => (await node.status()).stalled_workers === 0, () => `the worker too\n${node.stderr}`, 30_000 * SLOW);
    await allSee(observers, cluster.nodes, 'presence-hall', ['here', 'there', 'meanwhile']);
});
