'use strict';

/* An application of one's own for a test: the skeleton in a folder, with the vendor folder of the one
 * that tests/laravel/run has made, and its processes: artisan, reverb:start, a web server. */

const assert = require('node:assert/strict');
const { spawn, execFile } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { freePort } = require('../support/server.js');
const { within, until, deferred, BIN, SLOW } = require('../support/wait.js');

const BASE = process.env.LARAVEL_APP;
const INSTALLED = path.join(BASE, 'installed');
const PARTS = ['app', 'artisan', 'bootstrap', 'config', 'database', 'public', 'resources', 'routes', 'storage', '.env.example', 'composer.json'];
/* What the page in the browser loads. */
const SCRIPTS = { 'pusher.js': 'pusher-js/dist/web/pusher-with-encryption.js', 'echo.js': 'laravel-echo/dist/echo.iife.js' };
const ROOT = path.resolve(__dirname, '../..');
/* What a build needs of the package, and Laravel. */
const PACKAGE = ['composer.json', 'Makefile', 'src', 'laravel', 'tools'];
const IN_VENDOR = 'vendor/reverb-native/reverb';
/* A server that is installed on this machine is not used here. */
const PATH = process.env.PATH.split(':').filter((folder) => !fs.existsSync(path.join(folder, 'reverb'))).join(':');
const COMPOSER_MS = 300_000;
const COMMAND_MS = 30_000 * SLOW;
const END_MS = 15_000 * SLOW;

const running = new Set();
process.on('exit', () => {
    for (const child of running)
        child.kill('SIGKILL');
});

/* The caller's shell may hold settings of its own. */
function environment(extra) {
    const env = {};
    for (const [name, value] of Object.entries(process.env))
        if (!/^(REVERB|APP|DB|BROADCAST|NODE|LARAVEL|PULSE|LIVEWIRE)_/.test(name) && name !== 'HOME')
            env[name] = value;
    return { ...env, REVERB_BINARY: BIN, ...extra };
}

/* A process of the application, with its output. One that has a group of its own ends with all
 * that it has started. */
class Child {
    constructor(application, command, args, env, { hasGroup = false, hasInput = false } = {}) {
        this.hasGroup = hasGroup;
        this.application = application;
        this.said = '';
        this.exited = deferred();
        this.child = spawn(command, args, {
            cwd: application.folder, env: environment({ HOME: application.folder, ...env }), stdio: [hasInput ? 'pipe' : 'ignore', 'pipe', 'pipe'], detached: hasGroup,
        });
        running.add(this.child);
        for (const stream of [this.child.stdout, this.child.stderr])
            stream.setEncoding('utf8').on('data', (text) => { this.said += text; });
        this.child.on('close', (code, signal) => {
            running.delete(this.child);
            this.exited.resolve({ code, signal });
            this.hasExited = true;
        });
        application.children.add(this);
    }

    get pid() {
        return this.child.pid;
    }

    line(pattern, ms) {
        return until(() => pattern.exec(this.said), () => `${pattern} is said\n${this.said}`, ms);
    }

    signal(name) {
        if (this.hasGroup)
            process.kill(-this.pid, name);
        else
            this.child.kill(name);
    }

    async ended(ms = END_MS) {
        return within(this.exited.promise, () => `it ends\n${this.said}`, ms);
    }

    async stop() {
        if (!this.hasExited)
            this.signal('SIGTERM');
        try {
            await this.ended();
        } finally {
            if (!this.hasExited)
                this.signal('SIGKILL');
        }
    }
}

/* What `reverb:start` has started; for the clients of ../support it looks like a server. */
class Server extends Child {
    constructor(application, args, env) {
        super(application, 'php', ['artisan', 'reverb:start', ...args], env);
        this.clients = new Set();
        this.prefix = '';
        this.host = '127.0.0.1';
        this.app = application.app;
    }

    async ready() {
        const match = await until(() => {
            if (this.hasExited)
                throw new Error(`it ended before it was ready\n${this.said}`);
            return /Starting (secure )?server on [^\s:]+:(\d+)/.exec(this.said);
        }, () => `the server is ready\n${this.said}`);
        this.secure = Boolean(match[1]);
        this.port = Number(match[2]);
        return this;
    }

    /* The native server's process. */
    async nativePid() {
        const { stdout } = await run('pgrep', ['-P', String(this.pid)]);
        return Number(stdout.trim());
    }

    closeClients() {
        for (const client of this.clients)
            client.close();
        this.clients.clear();
    }

    async ended(ms) {
        const how = await super.ended(ms);
        assert.doesNotMatch(this.said, /Sanitizer|runtime error:|CHECK failed/);
        return how;
    }

    async stop() {
        this.closeClients();
        await super.stop();
    }
}

function run(command, args, options = {}) {
    return new Promise((resolve) => {
        execFile(command, args, { timeout: COMMAND_MS, maxBuffer: 16 * 1024 * 1024, ...options },
            (error, stdout, stderr) => resolve({ code: error ? error.code ?? error.signal : 0, stdout, stderr, said: stdout + stderr }));
    });
}

class Application {
    /* Fresh from the skeleton; without `hasVendor` it has no packages yet. */
    constructor({ hasVendor = true, folder = fs.mkdtempSync(path.join(os.tmpdir(), 'reverb-laravel-')) } = {}) {
        this.folder = folder;
        this.children = new Set();
        this.app = { app_id: '1001', key: 'key-of-1001', secret: 'secret-of-1001' };
        if (this.exists('artisan'))
            return;
        this.take(BASE, PARTS);
        if (hasVendor)
            fs.symlinkSync(path.join(BASE, 'vendor'), this.path('vendor'));
        fs.copyFileSync(this.path('.env.example'), this.path('.env'));
        fs.writeFileSync(this.path('database/database.sqlite'), '');
    }

    /* One that is in a folder already, and stays there. */
    static at(folder) {
        const application = new Application({ folder });
        application.stays = true;
        return application;
    }

    take(from, parts) {
        for (const part of parts)
            fs.cpSync(path.join(from, part), path.join(this.folder, part), { recursive: true });
    }

    path(name) {
        return path.join(this.folder, name);
    }

    read(name) {
        return fs.readFileSync(this.path(name), 'utf8');
    }

    write(name, text) {
        fs.writeFileSync(this.path(name), text);
    }

    exists(name) {
        return fs.existsSync(this.path(name));
    }

    setEnv(settings) {
        let text = this.read('.env');
        for (const [name, value] of Object.entries(settings)) {
            const line = new RegExp(`^${name}=.*$`, 'm');
            text = line.test(text) ? text.replace(line, `${name}=${value}`) : `${text.trimEnd()}\n${name}=${value}\n`;
        }
        this.write('.env', text);
    }

    artisan(args, { env, ...options } = {}) {
        return run('php', ['artisan', ...args], { cwd: this.folder, env: environment({ HOME: this.folder, ...env }), ...options });
    }

    async must(args, options) {
        const result = await this.artisan(args, options);
        assert.equal(result.code, 0, `artisan ${args.join(' ')}\n${result.said}`);
        return result;
    }

    /* Installed, with tables, channels and an app of its own on a free port. What artisan does for it is
     * done once, by template.js. */
    async install() {
        this.take(INSTALLED, [...PARTS, '.env']);
        return this.useFreePort();
    }

    async useFreePort() {
        this.port = await freePort();
        this.setEnv({
            DB_DATABASE: this.path('database/database.sqlite'),
            REVERB_APP_ID: this.app.app_id, REVERB_APP_KEY: this.app.key, REVERB_APP_SECRET: this.app.secret,
            REVERB_HOST: '127.0.0.1', REVERB_PORT: this.port, REVERB_SERVER_HOST: '127.0.0.1', REVERB_SERVER_PORT: this.port,
        });
        return this;
    }

    /* Makes what install() takes. */
    async makeTemplate() {
        this.setEnv({ DB_DATABASE: this.path('database/database.sqlite') });
        await this.must(['migrate', '--force']);
        await this.must(['reverb:install', '--no-interaction']);
        this.prepareForBrowser();
        fs.rmSync(INSTALLED, { recursive: true, force: true });
        for (const part of [...PARTS, '.env'])
            fs.cpSync(this.path(part), path.join(INSTALLED, part), { recursive: true });
    }

    /* What a developer would do by hand. */
    prepareForBrowser() {
        this.write('routes/channels.php', this.read('routes/channels.php.test'));
        /* Encrypted channels need a master key, which the published connection does not mention. */
        this.write('config/broadcasting.php', this.read('config/broadcasting.php')
            .replace("'useTLS' => env('REVERB_SCHEME', 'https') === 'https',", "$& 'encryption_master_key_base64' => base64_encode(str_repeat('k', 32)),"));
        for (const [name, file] of Object.entries(SCRIPTS))
            fs.copyFileSync(path.join(__dirname, '../node_modules', file), this.path(`public/${name}`));
    }

    /* As Composer brings it: a copy of the package in vendor, with no server in it. */
    static async withCopiedPackage() {
        const application = new Application({ hasVendor: false });
        for (const part of PACKAGE)
            fs.cpSync(path.join(ROOT, part), application.path(`package/${part}`), { recursive: true });
        const composer = JSON.parse(fs.readFileSync(path.join(BASE, 'composer.json')));
        composer.repositories[0] = { type: 'path', url: application.path('package'), options: { symlink: false, versions: { 'reverb-native/reverb': 'dev-main' } } };
        application.write('composer.json', JSON.stringify(composer));
        fs.copyFileSync(path.join(BASE, 'stubs.php'), application.path('stubs.php'));
        const { code, said } = await run('composer', ['update', '--no-interaction', '--no-progress'], { cwd: application.folder, timeout: COMPOSER_MS });
        assert.equal(code, 0, said);
        fs.rmSync(application.path('package'), { recursive: true });
        assert.ok(!fs.lstatSync(application.path(IN_VENDOR)).isSymbolicLink());
        await application.must(['migrate', '--force']);
        return application;
    }

    /* A folder of programs: those of the machine by their names, and those of its own by what they do. */
    programs(name, { links = [], scripts = {} }) {
        const folder = this.path(name);
        fs.mkdirSync(folder);
        for (const program of links) {
            const found = PATH.split(':').map((each) => path.join(each, program)).find((each) => fs.existsSync(each));
            assert.ok(found, `${program} is on the PATH`);
            fs.symlinkSync(found, path.join(folder, program));
        }
        for (const [program, text] of Object.entries(scripts))
            fs.writeFileSync(path.join(folder, program), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
        return folder;
    }

    start(args = [], env = {}) {
        return new Server(this, args, env);
    }

    async server(args, env) {
        return this.start(args, env).ready();
    }

    spawn(command, args, env, options) {
        return new Child(this, command, args, env, options);
    }

    /* An artisan command on a terminal, whose questions are answered as they come: [question, keys]. */
    async atTerminal(args, answers, { status = 0, env = {} } = {}) {
        const child = this.spawn('script', ['-qec', ['php', 'artisan', ...args].join(' '), '/dev/null'], { TERM: 'xterm', COLUMNS: '120', ...env },
            { hasInput: true });
        for (const [question, keys] of answers) {
            await child.line(question);
            child.child.stdin.write(keys);
        }
        const { code } = await child.ended();
        assert.equal(code, status, child.said);
        return child.said;
    }

    /* The application's pages, from PHP's own web server. */
    async web() {
        const port = await freePort();
        const child = this.spawn('php', ['-S', `127.0.0.1:${port}`, '-t', 'public'], { PHP_CLI_SERVER_WORKERS: '3' },
            { hasGroup: true });
        await child.line(/Development Server .* started/);
        return `http://127.0.0.1:${port}`;
    }

    /* What the listener has written down. */
    heard() {
        if (!this.exists('storage/heard'))
            return [];
        return this.read('storage/heard').split('\n').filter(Boolean).map((line) => JSON.parse(line));
    }

    hears(condition, what) {
        return until(() => this.heard().find(condition), () => `${what} is heard; heard: ${JSON.stringify(this.heard())}`);
    }

    async remove() {
        for (const child of this.children)
            await child.stop();
        if (!this.stays)
            fs.rmSync(this.folder, { recursive: true, force: true });
    }
}

const is11 = (application) => fs.readFileSync(application.path('vendor/laravel/framework/src/Illuminate/Foundation/Application.php'), 'utf8')
    .includes("VERSION = '11.");

/* The framework's own command, which has no question left. */
const installBroadcasting = (application) => ['install:broadcasting', '--no-interaction', '--without-node', ...(is11(application) ? [] : ['--reverb'])];

/* For one test: goes with it. */
function ownApplication(t) {
    const application = new Application();
    t.after(() => application.remove());
    return application;
}

module.exports = { Application, COMPOSER_MS, IN_VENDOR, PATH, installBroadcasting, is11, ownApplication, run, environment };
