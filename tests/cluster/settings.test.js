'use strict';

/* How Redis is configured and reached. If that is wrong, or Redis refuses: one clear line, and the
 * server keeps serving. docs/scaling.md. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { test } = require('../support/test.js');
const { app, freePort, ownServer, run, temporaryFolder } = require('../support/server.js');
const { ownCluster, redisOf, isConnected } = require('../support/cluster.js');
const { Client } = require('../support/clients.js');
const { get, publish } = require('../support/api.js');
const { makeCertificate } = require('../support/certificate.js');
const { Redis, Sentinels } = require('../support/redis.js');
const { until } = require('../support/wait.js');

const SCALING = { REVERB_SCALING_ENABLED: 'true' };
const PASSWORD = 'p@ss:w%rd/1';

const AGAIN_MS = 2000; // in which it tries again several times
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function ownRedis(t, options) {
    const redis = await Redis.start(options);
    t.after(() => redis.stop());
    return redis;
}

/* What the server reports as wrong with Redis. */
const complaints = (server) => server.stderr.split('\n').filter((line) => /redis/i.test(line));

async function worksTogether(nodes) {
    const [client, member] = [await Client.open(nodes[0]), await Client.open(nodes[1])];
    await client.subscribe('together');
    await publish(nodes[1], 'together', 'told');
    assert.equal((await client.take()).event, 'told');
    await client.join('presence-together', '1');
    assert.deepEqual((await member.join('presence-together', '2')).ids.sort(), ['1', '2']);
    for (const one of [client, member])
        await one.leave();
}

async function serves(server) {
    const client = await Client.open(server);
    await client.subscribe('alone');
    await publish(server, 'alone', 'told');
    assert.equal((await client.take()).event, 'told');
    assert.equal((await client.join('presence-alone', '1')).count, 1);
    assert.equal((await get(server, '/channels/alone')).json.occupied, true);
    await client.leave();
}

/* It starts, serves alone, says why once, and not again within some seconds. */
async function startsAlone(t, env, reason) {
    const server = await ownServer(t, { env: { ...SCALING, ...env } });
    await serves(server);
    await server.line(reason);
    assert.equal(await redisOf(server), 'away');
    await pause(AGAIN_MS);
    assert.equal(complaints(server).length, 1, `one line\n${server.stderr}`);
    return server;
}

const WAYS = {
    'host and port': (redis) => redis.env,
    'a URL': (redis) => ({ REDIS_URL: redis.url }),
    'a URL with a database': (redis) => ({ REDIS_URL: `${redis.url}/3` }),
    'a database': (redis) => ({ ...redis.env, REDIS_DB: '5' }),
};
for (const [how, env] of Object.entries(WAYS))
    test(`Redis is found by ${how}`, async (t) => {
        const redis = await ownRedis(t);
        const cluster = await ownCluster(t, { nodes: 2, redis, env: { REDIS_HOST: '', REDIS_PORT: '', ...env(redis) } });
        await worksTogether(cluster.nodes);
        if (how.includes('database')) {
            assert.equal(await redis.command('DBSIZE'), 0, 'nothing of it is in database 0');
            assert.match(await redis.command('INFO', 'keyspace'), /db[35]:/);
        }
    });

for (const [who, options] of [['a password', { password: PASSWORD }], ['a user and a password', { user: 'reverb', password: PASSWORD }]])
    for (const how of ['host and port', 'a URL'])
        test(`${who}, by ${how}`, async (t) => {
            const redis = await ownRedis(t, options);
            const env = how === 'a URL' ? { REDIS_HOST: '', REDIS_PORT: '', REDIS_USERNAME: '', REDIS_PASSWORD: '', REDIS_URL: redis.url } : redis.env;
            const cluster = await ownCluster(t, { nodes: 2, redis, env });
            await worksTogether(cluster.nodes);
            assert.ok(!cluster.nodes.some(({ stdout, stderr }) => (stdout + stderr).includes(PASSWORD)), 'the password is not said');
        });

test('TLS with an authority of one\'s own, by parts and by URL', async (t) => {
    const redis = await ownRedis(t, { tls: true, password: PASSWORD });
    const cluster = await ownCluster(t, { nodes: 1, redis });
    await cluster.add({ env: { REDIS_HOST: '', REDIS_PORT: '', REDIS_SCHEME: '', REDIS_PASSWORD: '', REDIS_URL: redis.url } });
    await worksTogether(cluster.nodes);
});

test('a configuration file names it as Laravel\'s does', async (t) => {
    const redis = await ownRedis(t, { password: PASSWORD });
    const scaling = { enabled: true, channel: 'filed', server: { url: '', host: '127.0.0.1', port: String(redis.port),
        username: null, password: PASSWORD, database: '2', timeout: 60 } };
    const nodes = await Promise.all([0, 1].map(() => ownServer(t, { server: { scaling } })));
    await Promise.all(nodes.map(isConnected));
    await worksTogether(nodes);
    const client = await redis.client();
    await client.command('SELECT', '2');
    assert.ok((await client.command('KEYS', '*')).every((key) => key.includes('filed:native:')));
    client.close();
    const { stdout } = await run(['config', '--config', nodes[0].configFile]);
    assert.ok(stdout.includes('scaling.channel') && !stdout.includes(PASSWORD), stdout);
});

test('a wrong password is said in one line; when it is right, the server joins', { timeout: 60_000 }, async (t) => {
    const redis = await ownRedis(t, { password: PASSWORD });
    const server = await startsAlone(t, { ...redis.env, REDIS_PASSWORD: 'wrong-one' }, /redis[^\n]*(password|WRONGPASS)/i);
    assert.ok(!server.stderr.includes('wrong-one'), 'not even the wrong one is said');
    await redis.command('CONFIG', 'SET', 'requirepass', 'wrong-one');
    await isConnected(server);
});

test('a password that Redis wants and nobody has given is said in one line', async (t) => {
    const redis = await ownRedis(t, { password: PASSWORD });
    await startsAlone(t, { ...redis.env, REDIS_PASSWORD: '' }, /redis[^\n]*(password|NOAUTH|authenti)/i);
});

test('a user who may not do what is needed is said in one line', async (t) => {
    const redis = await ownRedis(t);
    await redis.command('ACL', 'SETUSER', 'small', 'on', '>pw', '~*', '&*', '+@all', '-@scripting');
    await startsAlone(t, { ...redis.env, REDIS_USERNAME: 'small', REDIS_PASSWORD: 'pw' }, /redis[^\n]*(NOPERM|permission)/i);
});

test('Redis that is not there at the start is said in one line; when it comes, the server joins', { timeout: 60_000 }, async (t) => {
    const port = await freePort();
    const server = await startsAlone(t, { REDIS_HOST: '127.0.0.1', REDIS_PORT: String(port) }, new RegExp(`redis[^\n]*127\\.0\\.0\\.1:${port}[^\n]*refused`, 'i'));
    const client = await Client.open(server);
    await client.join('presence-early', 'early');
    const redis = await ownRedis(t, { port });
    await isConnected(server);
    const other = await ownServer(t, { env: { ...SCALING, ...redis.env } });
    await isConnected(other);
    const late = await Client.open(other);
    assert.deepEqual((await late.join('presence-early', 'late')).ids.sort(), ['early', 'late']);
    assert.deepEqual((await client.next('pusher_internal:member_added')).json.user_id, 'late');
    await worksTogether([server, other]);
});

test('a host that nobody knows is said in one line', async (t) => {
    await startsAlone(t, { REDIS_HOST: 'redis.invalid', REDIS_PORT: '6379' }, /redis[^\n]*redis\.invalid/i);
});

test('a port that takes connections and never answers is said in one line', { timeout: 60_000 }, async (t) => {
    const silent = net.createServer(() => {});
    await new Promise((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const sockets = new Set();
    silent.on('connection', (socket) => { sockets.add(socket); socket.on('error', () => {}); });
    t.after(() => { sockets.forEach((socket) => socket.destroy()); silent.close(); });
    const server = await ownServer(t, { env: { ...SCALING, REDIS_HOST: '127.0.0.1', REDIS_PORT: String(silent.address().port) } });
    await serves(server);
    await until(() => complaints(server).length > 0, 'it is said', 20_000);
    await pause(AGAIN_MS);
    assert.equal(complaints(server).length, 1, server.stderr);
});

/* As much of Redis 5 as is queried before anything is changed. */
function answerAsRedis5(socket) {
    let text = '';
    socket.on('error', () => {});
    socket.on('data', (data) => {
        text += data.toString('latin1');
        for (let command; (command = /^\*(\d+)\r\n((?:\$\d+\r\n[^\r\n]*\r\n)+)/.exec(text)) !== null;) {
            const args = command[2].split('\r\n').filter((_, n) => n % 2 === 1);
            if (args.length < Number(command[1]))
                return;
            text = text.slice(command[0].length);
            const info = '# Server\r\nredis_version:5.0.0\r\nredis_mode:standalone\r\n';
            const replies = { INFO: `$${info.length}\r\n${info}\r\n`, PING: '+PONG\r\n', SELECT: '+OK\r\n', CLIENT: '+OK\r\n', AUTH: '+OK\r\n' };
            socket.write(replies[args[0].toUpperCase()] ?? `-ERR unknown command \`${args[0]}\`\r\n`);
        }
    });
}

test('a Redis that is too old is said in one line, with its version and the least', async (t) => {
    const old = net.createServer(answerAsRedis5);
    await new Promise((resolve) => old.listen(0, '127.0.0.1', resolve));
    t.after(() => old.close());
    await startsAlone(t, { REDIS_HOST: '127.0.0.1', REDIS_PORT: String(old.address().port) }, /redis[^\n]*5\.0\.0[^\n]*\b6\b/i);
});

test('what is no Redis is said in one line', async (t) => {
    const web = net.createServer((socket) => {
        socket.on('error', () => {});
        socket.on('data', () => socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'));
    });
    await new Promise((resolve) => web.listen(0, '127.0.0.1', resolve));
    t.after(() => web.close());
    await startsAlone(t, { REDIS_HOST: '127.0.0.1', REDIS_PORT: String(web.address().port) }, /redis/i);
});

test('a certificate by an authority that is not known is said in one line', async (t) => {
    const redis = await ownRedis(t, { tls: true });
    const { cert } = makeCertificate(redis.folder, 'another.test');
    await startsAlone(t, { ...redis.env, REVERB_SCALING_CAFILE: cert }, /redis[^\n]*certificate/i);
    await startsAlone(t, { ...redis.env, REVERB_SCALING_CAFILE: '' }, /redis[^\n]*certificate/i);
});

test('TLS to a Redis without, and plain to one with it, are said in one line', async (t) => {
    const plain = await ownRedis(t);
    await startsAlone(t, { ...plain.env, REDIS_SCHEME: 'tls' }, /redis[^\n]*does it speak TLS there\?/i);
    const secure = await ownRedis(t, { tls: true });
    await startsAlone(t, { ...secure.env, REDIS_SCHEME: '', REVERB_SCALING_CAFILE: '' }, /redis[^\n]*without an answer[^\n]*REDIS_SCHEME=tls/i);
});

test('a Redis that asks for a client certificate: the line says what may be missing', async (t) => {
    const redis = await ownRedis(t, { tls: true, args: ['--tls-auth-clients', 'yes'] });
    await startsAlone(t, redis.env, /redis[^\n]*without an answer[^\n]*scaling\.server\.tls\.local_cert/i);
});

test('a password that is missing or wrong is said with its variable', async (t) => {
    const redis = await ownRedis(t, { password: PASSWORD });
    await startsAlone(t, { ...redis.env, REDIS_PASSWORD: '' }, /redis[^\n]*wants a password \(REDIS_PASSWORD\): NOAUTH/i);
    await startsAlone(t, { ...redis.env, REDIS_PASSWORD: 'wrong' }, /redis[^\n]*REDIS_USERNAME, REDIS_PASSWORD, REDIS_URL\): WRONGPASS/i);
    await startsAlone(t, { REVERB_SCALING_SENTINEL: 'mymaster', REVERB_SCALING_HOSTS: `127.0.0.1:${redis.port}` }, /Sentinel[^\n]*wants a password \(REVERB_SCALING_SENTINEL_PASSWORD\): NOAUTH/);
});

test('a Sentinel as Redis, a Redis as Sentinel, and a master that no Sentinel knows are said', async (t) => {
    const sentinels = await Sentinels.start();
    t.after(() => sentinels.stop());
    const [{ port }] = sentinels.sentinels;
    await startsAlone(t, { REDIS_HOST: '127.0.0.1', REDIS_PORT: String(port) }, /redis[^\n]*it is a Sentinel: REVERB_SCALING_HOSTS/i);
    await startsAlone(t, { REVERB_SCALING_SENTINEL: 'mymaster', REVERB_SCALING_HOSTS: `127.0.0.1:${sentinels.servers[0].port}` }, /it is no Sentinel \(REVERB_SCALING_HOSTS\)/);
    await startsAlone(t, { ...sentinels.env, REVERB_SCALING_SENTINEL: 'another' }, /it knows no master "another" \(REVERB_SCALING_SENTINEL\)/);
});

test('one Redis that some nodes take for a Redis Cluster: log and status warn', async (t) => {
    const redis = await ownRedis(t);
    const cluster = await ownCluster(t, { nodes: 1, redis });
    await cluster.add({ env: { REVERB_SCALING_CLUSTER: 'true', REVERB_SCALING_HOSTS: `127.0.0.1:${redis.port}` } });
    const [one, other] = cluster.nodes;
    await other.line(/error [^\n]*Redis is no Redis Cluster, and REVERB_SCALING_CLUSTER is true/);
    assert.match((await other.status()).cluster.warning, /REVERB_SCALING_CLUSTER/);
    assert.equal((await one.status()).cluster.warning, undefined);
});

test('settings that cannot be right end the start with one line', async () => {
    const folder = temporaryFolder();
    const file = path.join(folder, 'reverb.json');
    fs.writeFileSync(file, JSON.stringify({ apps: { apps: [app()] } }));
    for (const [env, names] of [
        [{ REDIS_PORT: 'abc' }, /REDIS_PORT/],
        [{ REDIS_URL: 'http://127.0.0.1' }, /REDIS_URL/],
        [{ REDIS_HOST: '127.0.0.1:6379' }, /REDIS_HOST[^\n]*REDIS_PORT/],
        [{ REVERB_SCALING_HOSTS: 'nothing-like-it', REVERB_SCALING_CLUSTER: 'true' }, /REVERB_SCALING_HOSTS/],
        [{ REVERB_SCALING_MAX_KEPT: '-1' }, /REVERB_SCALING_MAX_KEPT/],
    ]) {
        const { code, stderr } = await run(['start', '--config', file, '--port', '0'], { env: { ...SCALING, ...env }, cwd: folder, ms: 5000 });
        assert.equal(code, 1, `${JSON.stringify(env)} ${code} ${stderr}`);
        assert.match(stderr, names);
        assert.equal(stderr.trim().split('\n').length, 1, stderr);
    }
    fs.rmSync(folder, { recursive: true });
});

/* Redis begins to refuse in operation: one line, local service, and afterwards the correct state. */
async function refusesFor(t, cluster, { refuse, allow, reason }) {
    const { nodes } = cluster;
    const [a, b] = [await Client.open(nodes[0]), await Client.open(nodes[1])];
    await a.join('presence-refused', 'a');
    await b.join('presence-refused', 'b');
    await b.subscribe('refused');
    await refuse();
    for (let n = 0; n < 10; n++)
        await publish(nodes[0], 'refused', 'n', String(n));
    await nodes[0].line(reason);
    await serves(nodes[0]);
    await pause(AGAIN_MS);
    const said = nodes[0].stderr.split('\n').filter((line) => reason.test(line));
    assert.equal(said.length, 1, `one line\n${nodes[0].stderr}`);
    await allow();
    await cluster.connected();
    for (let n = 0; n < 10; n++)
        assert.equal((await b.next('n')).data, String(n), 'what was published meanwhile comes, in order and once');
    const c = await Client.open(nodes[0]);
    assert.deepEqual((await c.join('presence-refused', 'c')).ids.sort(), ['a', 'b', 'c']);
    await worksTogether(nodes);
}

test('Redis is out of memory', { timeout: 90_000 }, async (t) => {
    const redis = await ownRedis(t, { args: ['--maxmemory-policy', 'noeviction'] });
    const cluster = await ownCluster(t, { nodes: 2, redis });
    await refusesFor(t, cluster, {
        reason: /redis[^\n]*(OOM|memory)/i,
        refuse: () => redis.command('CONFIG', 'SET', 'maxmemory', '100kb'),
        allow: () => redis.command('CONFIG', 'SET', 'maxmemory', '0'),
    });
});

test('Redis becomes a replica, which takes no writes', { timeout: 90_000 }, async (t) => {
    const redis = await ownRedis(t);
    const cluster = await ownCluster(t, { nodes: 2, redis });
    await refusesFor(t, cluster, {
        reason: /redis[^\n]*READONLY/i,
        refuse: () => redis.command('REPLICAOF', '127.0.0.1', '1'), // no master is there: it keeps what it has
        allow: () => redis.command('REPLICAOF', 'NO', 'ONE'),
    });
});

test('Redis cannot save, and takes no writes', { timeout: 90_000 }, async (t) => {
    const redis = await ownRedis(t, { args: ['--dbfilename', 'taken'] });
    fs.mkdirSync(path.join(redis.folder, 'taken')); // a folder, which no dump can replace
    const cluster = await ownCluster(t, { nodes: 2, redis });
    await refusesFor(t, cluster, {
        reason: /redis[^\n]*(MISCONF|snapshot|save)/i,
        refuse: async () => {
            await redis.command('CONFIG', 'SET', 'save', '3600 1');
            await redis.command('BGSAVE');
            await until(async () => /rdb_last_bgsave_status:err/.test(await redis.command('INFO', 'persistence')), 'saving has failed');
        },
        allow: () => redis.command('CONFIG', 'SET', 'stop-writes-on-bgsave-error', 'no'),
    });
});

test('a replica as target from the start is said in one line', async (t) => {
    const redis = await ownRedis(t, { args: ['--replicaof', '127.0.0.1', '1'] });
    await startsAlone(t, redis.env, /redis[^\n]*(READONLY|read only|read-only|replica)/i);
});

test('without scaling, no Redis is asked for', async (t) => {
    const asked = net.createServer((socket) => { asked.wasAsked = true; socket.destroy(); });
    await new Promise((resolve) => asked.listen(0, '127.0.0.1', resolve));
    t.after(() => asked.close());
    const server = await ownServer(t, { env: { REDIS_HOST: '127.0.0.1', REDIS_PORT: String(asked.address().port) } });
    await serves(server);
    assert.equal((await get(server, '/up', { fullPath: '/up' })).json.redis, undefined);
    assert.equal(asked.wasAsked, undefined);
});
