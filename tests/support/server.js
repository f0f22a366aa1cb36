'use strict';

/* Starts the real server on a free port with a configuration of its own, and ends it again.
 *
 * A server is "clean" when it left with status 0 and its stderr holds no sanitizer's report and no
 * failed CHECK; stop() fails the test if it is not.
 *
 *     const server = sharedServer({ apps: [app({ max_connections: 2 })] });   one for a file
 *     const server = await ownServer(t, { debug: true });                     one for a test
 */

const assert = require('node:assert/strict');
const { spawn, execFile } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { before, after, afterEach } = require('node:test');
const { BIN, SLOW, within, until, deferred } = require('./wait.js');

const READY_MS = 10_000 * SLOW;
const EXIT_MS = 15_000 * SLOW;
const BANNER = /Starting (secure )?server on (?:unix:\S+ \(port |\S*:)(\d+)/;
const REPORT = /CHECK failed|(?:Address|Thread|Leak|UndefinedBehavior|Memory)Sanitizer|runtime error:|^==\d+== /m;

const running = new Set();
process.on('exit', () => {
    for (const child of running)
        child.kill('SIGKILL');
});

/* One app as config/reverb.php holds it; `options` are further keys or other values. */
function app(options = {}) {
    return {
        app_id: '1001',
        key: 'key-of-1001',
        secret: 'secret-of-1001',
        allowed_origins: ['*'],
        ping_interval: 60,
        activity_timeout: 30,
        max_message_size: 10_000,
        accept_client_events_from: 'members',
        ...options,
    };
}

/* What the server inherits: none of the settings that the caller's shell may hold. */
function environment(extra = {}) {
    const env = {};
    for (const [name, value] of Object.entries(process.env))
        if (!/^(REVERB|REDIS)_/.test(name) && !name.startsWith('NODE_'))
            env[name] = value;
    return { ...env, ...extra };
}

/* How sockets are served is what a whole run of tests may choose, for each server that it starts. */
const IO = process.env.REVERB_IO ? { REVERB_IO: process.env.REVERB_IO } : {};

function temporaryFolder(prefix = 'reverb-e2e-') {
    return fs.mkdtempSync(path.join(os.tmpdir(), prefix));
}

async function freePort() {
    const listener = net.createServer();
    await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const { port } = listener.address();
    await new Promise((resolve) => listener.close(resolve));
    return port;
}

/* Runs one command of the program to its end: { code, stdout, stderr }. */
function run(args, { env, cwd, input, ms = EXIT_MS } = {}) {
    return new Promise((resolve, reject) => {
        const child = execFile(BIN, args, { env: environment(env), cwd, timeout: ms },
            (error, stdout, stderr) => {
                if (error && error.code === 'ENOENT')
                    return reject(error);
                const code = error ? error.code ?? error.signal : 0;
                resolve({ code, stdout, stderr });
            });
        child.stdin.on('error', () => {});
        child.stdin.end(input ?? '');
    });
}

class Server {
    /* apps, server (keys of servers.reverb), args, env, debug, ulimit, workers, withoutHost,
     * withoutPort and withoutWorkers (what the configuration says counts), host, port, prefix (a command that it is started by), binary */
    constructor(options = {}) {
        this.options = options;
        this.apps = options.apps ?? [app()];
        this.host = options.host ?? '127.0.0.1';
        this.prefix = options.server?.path ?? '';
        this.workers = options.workers ?? Number(process.env.WORKERS || 2);
        this.clients = new Set();
        this.stdout = '';
        this.stderr = '';
    }

    get app() {
        return this.apps[0];
    }

    get pid() {
        return this.child.pid;
    }

    get config() {
        return {
            servers: { reverb: { host: this.host, port: 0, options: { tls: {} }, ...this.options.server } },
            apps: { provider: 'config', apps: this.apps },
        };
    }

    writeConfig() {
        fs.writeFileSync(this.configFile, JSON.stringify(this.config));
    }

    async start() {
        this.folder = temporaryFolder();
        this.configFile = path.join(this.folder, 'reverb.json');
        this.writeConfig();
        const args = ['start', '--config', this.configFile, ...(this.options.withoutHost ? [] : ['--host', this.host]),
            ...(this.options.withoutPort ? [] : ['--port', String(this.options.port ?? 0)]), ...(this.options.withoutWorkers ? [] : ['--workers', String(this.workers)])];
        if (this.options.debug)
            args.push('--debug');
        args.push(...(this.options.args ?? []));
        this.spawn(args);
        const banner = await within(this.ready.promise,
            () => `the server is ready\n${this.stdout}${this.stderr}`, READY_MS);
        this.secure = Boolean(banner[1]);
        this.port = Number(banner[2]);
        return this;
    }

    spawn(args) {
        const { ulimit, env, prefix = [], binary = BIN } = this.options;
        const command = [...prefix, ...(ulimit ? ['sh', '-c', `ulimit -n ${ulimit}; exec "$0" "$@"`, binary] : [binary])];
        this.ready = deferred();
        this.exited = deferred();
        this.child = spawn(command[0], [...command.slice(1), ...args],
            { cwd: this.folder, env: environment({ ...IO, ...env }), stdio: ['ignore', 'pipe', 'pipe'] });
        running.add(this.child);
        this.child.stdout.setEncoding('utf8').on('data', (text) => {
            this.stdout += text;
            this.lookForBanner(this.stdout);
        });
        this.child.stderr.setEncoding('utf8').on('data', (text) => {
            this.stderr += text;
            if (this.options.args?.includes('--log-format=json'))
                this.lookForBanner(this.stderr);
        });
        this.child.on('error', (error) => this.ready.reject(error));
        this.child.on('close', (code, signal) => {
            running.delete(this.child);
            this.exited.resolve({ code, signal });
            this.ready.reject(new Error(`ended before it was ready: ${code ?? signal}\n${this.stderr}`));
        });
    }

    lookForBanner(said) {
        const banner = BANNER.exec(said);
        if (banner)
            this.ready.resolve(banner);
    }

    get url() {
        return `${this.secure ? 'https' : 'http'}://${this.host}:${this.port}`;
    }

    /* stdout and stderr together hold a match; returns it. */
    line(pattern, what = String(pattern)) {
        return until(() => pattern.exec(this.stdout + this.stderr),
            () => `the server says ${what}\n${this.stdout}${this.stderr}`);
    }

    status() {
        return run(['status', '--port', String(this.port), '--json'], { cwd: this.folder })
            .then(({ code, stdout, stderr }) => {
                assert.equal(code, 0, `reverb status: ${stderr}`);
                return JSON.parse(stdout);
            });
    }

    rss() {
        const status = fs.readFileSync(`/proc/${this.pid}/status`, 'utf8');
        return Number(/VmRSS:\s+(\d+) kB/.exec(status)[1]) * 1024;
    }

    descriptors() {
        return fs.readdirSync(`/proc/${this.pid}/fd`).length;
    }

    signal(name) {
        this.child.kill(name);
    }

    /* Stops it until SIGCONT. On a busy machine a thread may go on for some ms after the signal; those of the kernel
     * for io_uring are left out. */
    async freeze() {
        this.signal('SIGSTOP');
        const tasks = `/proc/${this.pid}/task`;
        const isStopped = (task) => /^Name:\s+iou-|^State:\s+T/m.test(fs.readFileSync(`${tasks}/${task}/status`, 'utf8'));
        await until(() => fs.readdirSync(tasks).every(isStopped), 'it is stopped');
    }

    assertClean() {
        const report = REPORT.exec(this.stderr);
        assert.equal(report, null, `the server reported on stderr:\n${this.stderr}`);
    }

    /* Waits for the end that the test, or stop(), has asked for. */
    async ended(ms = EXIT_MS) {
        this.isEnding = true;
        const { code, signal } = await within(this.exited.promise,
            () => `the server ends\n${this.stdout}${this.stderr}`, ms);
        this.assertClean();
        assert.deepEqual({ code, signal }, { code: 0, signal: null }, this.stderr);
    }

    /* As a machine that loses its power: nothing is sent, nothing is finished. */
    async kill() {
        this.isKilled = true;
        this.signal('SIGKILL');
        await within(this.exited.promise, 'the server is killed');
    }

    closeClients() {
        for (const client of this.clients)
            client.close();
        this.clients.clear();
    }

    async stop() {
        this.closeClients();
        if (!this.child)
            return;
        if (this.isKilled) {
            fs.rmSync(this.folder, { recursive: true, force: true });
            return this.assertClean();
        }
        assert.ok(this.isEnding || this.child.exitCode === null, `the server ended unasked\n${this.stdout}${this.stderr}`);
        this.signal('SIGTERM');
        try {
            await this.ended();
        } finally {
            this.child.kill('SIGKILL');
            fs.rmSync(this.folder, { recursive: true, force: true });
        }
    }
}

/* One server for a whole file; a test's clients go with the test. */
function sharedServer(options) {
    const server = new Server(options);
    before(() => server.start());
    afterEach(() => server.closeClients());
    after(() => server.stop().catch((error) => {
        error.message = `${path.basename(process.argv[1])}: ${error.message}`;
        throw error;
    }));
    return server;
}

/* One server for one test. */
async function ownServer(t, options) {
    const server = new Server(options);
    t.after(() => server.stop());
    return server.start();
}

module.exports = { app, Server, sharedServer, ownServer, run, freePort, temporaryFolder, environment };
