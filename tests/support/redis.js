'use strict';

/* Real Redis servers on free ports of loopback, without persistence, each in a folder of its own:
 *
 *     Redis            one; with a password, a user or TLS if wanted
 *     Sentinels        a master, a replica, and three Sentinels
 *     RedisCluster     three masters with a replica each
 *
 * `env` of each has the settings for a server of ours.
 *
 * REDIS_SERVER names another program than redis-server, of a derivative or of another version.
 */

const assert = require('node:assert/strict');
const { execFile, execFileSync, spawn } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { freePort, temporaryFolder } = require('./server.js');
const { makeCertificate } = require('./certificate.js');
const { RedisClient } = require('./resp.js');
const { SLOW, deferred, until, within } = require('./wait.js');

const SERVER = process.env.REDIS_SERVER || 'redis-server';

/* Whether that server has what came with a version of Redis. */
function isSince(major) {
    const [, version] = / v=(\d+)\./.exec(execFileSync(SERVER, ['--version'], { encoding: 'utf8' }));
    return Number(version) >= major;
}

const running = new Set();
process.on('exit', () => {
    for (const child of running)
        child.kill('SIGKILL');
});

/* A free port whose neighbour 10000 above, the cluster's bus, is free as well. */
async function freeClusterPort() {
    for (;;) {
        const port = await freePort();
        const bus = net.createServer();
        const isFree = port + 10_000 < 65_536 && await new Promise((resolve) => {
            bus.on('error', () => resolve(false));
            bus.listen(port + 10_000, '127.0.0.1', () => resolve(true));
        });
        await new Promise((resolve) => bus.close(resolve));
        if (isFree)
            return port;
    }
}

/* A program of Redis in a folder, which it may write to. */
class Program {
    async spawn(program, args, prefix = []) {
        const [command, ...rest] = [...prefix, program, ...args];
        this.output = '';
        this.exited = deferred();
        this.child = spawn(command, rest, { cwd: this.folder, stdio: ['ignore', 'pipe', 'pipe'] });
        running.add(this.child);
        const { child } = this;
        for (const stream of [child.stdout, child.stderr])
            stream.setEncoding('utf8').on('data', (text) => { this.output += text; });
        child.on('error', (error) => this.exited.reject(error));
        child.on('close', () => {
            running.delete(child);
            this.exited.resolve();
        });
    }

    signal(name) {
        this.child.kill(name);
    }

    async kill() {
        this.child.kill('SIGKILL');
        await within(this.exited.promise, 'Redis is killed');
    }
}

class Redis extends Program {
    /* options: port, host, password, user, tls, args, prefix (a command that it is started by) */
    static async start(options = {}) {
        const it = new Redis();
        it.options = options;
        it.folder = temporaryFolder('reverb-redis-');
        it.host = options.host ?? '127.0.0.1';
        it.port = options.port ?? await freePort();
        if (options.tls)
            it.certificate = makeCertificate(it.folder, 'redis.test');
        await it.start();
        return it;
    }

    get args() {
        const { password, user, tls, args = [], host = '127.0.0.1' } = this.options;
        const port = tls
            ? ['--port', '0', '--tls-port', this.port, '--tls-cert-file', this.certificate.cert, '--tls-key-file',
                this.certificate.key, '--tls-auth-clients', 'no', '--tls-ca-cert-file', this.certificate.cert]
            : ['--port', this.port];
        const access = user ? ['--user', user, 'on', `>${password}`, '~*', '&*', '+@all', '--user', 'default', 'off']
            : password ? ['--requirepass', password] : [];
        return [...port, '--bind', host, '--save', '', '--appendonly', 'no', '--dir', this.folder, '--protected-mode', 'no',
            '--repl-diskless-sync-delay', '0', ...access, ...args].map(String);
    }

    /* Also after kill(): the same port, and nothing of what was there. */
    async start() {
        await this.spawn(SERVER, this.args, this.options.prefix);
        await until(() => /Ready to accept connections|Thread 0 alive/.test(this.output) || this.child.exitCode !== null,
            () => `${SERVER} is ready\n${this.output}`);
        assert.equal(this.child.exitCode, null, this.output);
    }

    async client() {
        const { password, user, tls } = this.options;
        return RedisClient.open({ port: this.port, host: this.host, password, user, tls: tls && { rejectUnauthorized: false } });
    }

    async command(...args) {
        const client = await this.client();
        try {
            return await client.command(...args);
        } finally {
            client.close();
        }
    }

    /* Every command from now on, those within scripts too, as MONITOR's lines; close() ends it. */
    async monitor() {
        const client = await this.client();
        client.lines = [];
        await client.command('MONITOR');
        client.onMonitored = (line) => client.lines.push(String(line));
        return client;
    }

    /* The next call of the nodes' script: EVALSHA, its digest, "1", the prefix, the node, what an inbox may hold, the
     * epoch, the operations. */
    async nextCall() {
        const monitor = await this.monitor();
        const call = deferred();
        monitor.onMonitored = (line) => /"EVALSHA"/.test(line) && call.resolve([...String(line).matchAll(/"([^"]*)"/g)].map(([, word]) => word));
        try {
            return await within(call.promise, 'a heartbeat');
        } finally {
            monitor.close();
        }
    }

    replication() {
        return this.command('INFO', 'replication');
    }

    /* Becomes a replica that has all of `master`. */
    async follow(master) {
        await this.command('REPLICAOF', '127.0.0.1', String(master.port));
        await until(async () => /master_link_status:up/.test(await this.replication()), 'the replica follows', 20_000 * SLOW);
    }

    /* From now on this replica of `master`, which has all until now, misses what happens. */
    async stopFollowing(master) {
        const offset = async (server) => Number(/(?:slave|master)_repl_offset:(\d+)/.exec(await server.replication())[1]);
        const reached = await offset(master);
        await until(async () => await offset(this) >= reached, 'the replica has all', 20_000 * SLOW);
        await this.command('REPLICAOF', 'NO', 'ONE');
    }

    get env() {
        const { password, user, tls } = this.options;
        return {
            REDIS_HOST: this.host,
            REDIS_PORT: String(this.port),
            ...(password ? { REDIS_PASSWORD: password } : {}),
            ...(user ? { REDIS_USERNAME: user } : {}),
            ...(tls ? { REDIS_SCHEME: 'tls', REVERB_SCALING_CAFILE: this.certificate.cert } : {}),
        };
    }

    get url() {
        const { password, user, tls } = this.options;
        const who = password ? `${user ?? ''}:${encodeURIComponent(password)}@` : '';
        return `${tls ? 'rediss' : 'redis'}://${who}${this.host}:${this.port}`;
    }

    async stop() {
        await this.kill();
        fs.rmSync(this.folder, { recursive: true, force: true });
    }
}

class Sentinel extends Program {
    static async start(master) {
        const it = new Sentinel();
        it.folder = temporaryFolder('reverb-sentinel-');
        it.port = await freePort();
        const file = path.join(it.folder, 'sentinel.conf');
        fs.writeFileSync(file, `port ${it.port}\nbind 127.0.0.1\ndir ${it.folder}\nprotected-mode no\n`
            + `sentinel monitor mymaster 127.0.0.1 ${master.port} 2\n`
            + 'sentinel down-after-milliseconds mymaster 1000\nsentinel failover-timeout mymaster 6000\n');
        await it.spawn(SERVER, [file, '--sentinel']);
        await until(() => /\+monitor master/.test(it.output), () => `${SERVER} is ready as a sentinel\n${it.output}`);
        return it;
    }

    async command(...args) {
        const client = await RedisClient.open({ port: this.port });
        try {
            return await client.command(...args);
        } finally {
            client.close();
        }
    }

    async stop() {
        await this.kill();
        fs.rmSync(this.folder, { recursive: true, force: true });
    }
}

class Sentinels {
    /* options: replica (those of that server) */
    static async start(options = {}) {
        const it = new Sentinels();
        const master = await Redis.start();
        const replica = await Redis.start({ ...options.replica, args: ['--replicaof', '127.0.0.1', master.port] });
        it.servers = [master, replica];
        await until(async () => /master_link_status:up/.test(await replica.command('INFO', 'replication')), 'the replica follows');
        it.sentinels = await Promise.all([1, 2, 3].map(() => Sentinel.start(master)));
        await until(async () => {
            const states = await Promise.all(it.sentinels.map((one) => one.command('SENTINEL', 'MASTER', 'mymaster')));
            return states.every((state) => valueOf(state, 'num-other-sentinels') === '2' && valueOf(state, 'num-slaves') === '1');
        }, 'the sentinels know each other and the replica', 20_000);
        return it;
    }

    get env() {
        return {
            REVERB_SCALING_SENTINEL: 'mymaster',
            REVERB_SCALING_HOSTS: this.sentinels.map(({ port }) => `127.0.0.1:${port}`).join(','),
        };
    }

    async master() {
        const [, port] = await this.sentinels[0].command('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'mymaster');
        return this.servers.find((server) => server.port === Number(port));
    }

    async stop() {
        for (const one of [...this.sentinels, ...this.servers])
            await one.stop();
    }
}

/* Of a reply that is a list of names and values. */
function valueOf(list, name) {
    return list[list.indexOf(name) + 1];
}

const CLUSTER_MASTERS_COUNT = 3;
const FAILOVER_MS = 6000;

class RedisCluster {
    /* options: args (of each server) */
    static async start(options = {}) {
        const it = new RedisCluster();
        it.servers = [];
        for (let n = 0; n < 2 * CLUSTER_MASTERS_COUNT; n++)
            it.servers.push(await Redis.start({
                port: await freeClusterPort(),
                args: ['--cluster-enabled', 'yes', '--cluster-node-timeout', '1000', '--cluster-config-file', 'nodes.conf',
                    ...options.args ?? []],
            }));
        const addresses = it.servers.map(({ port }) => `127.0.0.1:${port}`);
        await new Promise((resolve, reject) => execFile('redis-cli',
            ['--cluster', 'create', ...addresses, '--cluster-replicas', '1', '--cluster-yes'],
            (error, stdout, stderr) => (error ? reject(new Error(`${stdout}${stderr}`)) : resolve())));
        await it.untilWell();
        return it;
    }

    /* Waits until every living server reports that all is well. */
    untilWell(count = this.servers.length) {
        return until(async () => {
            const alive = this.servers.filter(({ child }) => child.exitCode === null && child.signalCode === null);
            const states = await Promise.all(alive.map((one) => one.command('CLUSTER', 'INFO').catch(String))); // one may be loading
            const roles = (await this.roles().catch(() => [])).filter(({ isUp }) => isUp);
            return states.every((state) => /cluster_state:ok/.test(state)) && roles.length >= count
                && roles.filter(({ isMaster }) => isMaster).length === CLUSTER_MASTERS_COUNT;
        }, 'the Redis cluster is well', 30_000 * SLOW);
    }

    get env() {
        return {
            REVERB_SCALING_CLUSTER: 'true',
            REVERB_SCALING_HOSTS: this.servers.map(({ port }) => `127.0.0.1:${port}`).join(','),
        };
    }

    /* [{ server, isMaster, isUp }] as a living one sees it. */
    async roles() {
        const alive = this.servers.find(({ child }) => child.exitCode === null && child.signalCode === null);
        const nodes = await alive.command('CLUSTER', 'NODES');
        return nodes.trim().split('\n').map((line) => {
            const [id, address, flags, master, , , , link] = line.split(' ');
            const port = Number(/:(\d+)@/.exec(address)[1]);
            return { id, master, server: this.servers.find((one) => one.port === port), isMaster: flags.includes('master'),
                isUp: !flags.includes('fail') && (link === 'connected' || flags.includes('myself')) };
        });
    }

    /* The replica takes its master's place. Redis gives up after 5 s if the machine is busy: it is asked again. */
    async failOver(replica) {
        const isMaster = async () => (await this.roles()).find(({ id }) => id === replica.id).isMaster;
        let askedAt = 0;
        await until(async () => {
            if (await isMaster())
                return true;
            if (Date.now() - askedAt > FAILOVER_MS) {
                askedAt = Date.now();
                await replica.server.command('CLUSTER', 'FAILOVER').catch(() => {});
            }
            return false;
        }, 'the replica is a master', 40_000 * SLOW);
        await this.untilWell();
    }

    async stop() {
        for (const one of this.servers)
            await one.stop();
    }
}

module.exports = { Redis, Sentinels, RedisCluster, isSince };
