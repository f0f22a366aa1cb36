'use strict';

/* The server under systemd, as far as a small process manager can simulate it: it opens the port and keeps
 * it, or keeps the sockets that the server gives it, and is notified of the main process. */

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('../support/test.js');
const { AWAY_MS, Traveller, longestAway } = require('../support/away.js');
const { Client } = require('../support/clients.js');
const { app, environment, freePort, run } = require('../support/server.js');
const { BIN, deferred, until, within } = require('../support/wait.js');

/* Node has no way to hand over descriptors, or to keep them: Python, which Debian's node-gyp needs too,
 * has. It opens the port (`activate`) or keeps what it is sent (`store`), starts the server again whenever it
 * ends, and writes what it was notified of. A line on its standard input ends the server as `systemctl restart` does. */
const MANAGER = path.join(__dirname, '../support/systemd.py');

class Manager {
    constructor(mode, folder, config) {
        this.said = '';
        this.exited = deferred();
        this.clients = new Set();
        this.prefix = '';
        this.host = '127.0.0.1';
        this.app = app();
        this.port = config.servers.reverb.port;
        this.env = { REVERB_CONTROL: path.join(folder, 'control') };
        fs.writeFileSync(path.join(folder, 'reverb.json'), JSON.stringify(config));
        this.child = spawn('python3', [MANAGER, mode, path.join(folder, 'notify'), String(this.port), BIN, 'start', '--config', path.join(folder, 'reverb.json')],
            { env: environment(this.env), stdio: ['pipe', 'pipe', 'pipe'] });
        for (const stream of [this.child.stdout, this.child.stderr])
            stream.setEncoding('utf8').on('data', (text) => { this.said += text; });
        this.child.on('close', (code) => this.exited.resolve(code));
    }

    says(pattern, count = 1) {
        return until(() => this.said.split(pattern).length > count, () => `${pattern} is said ${count} times\n${this.said}`);
    }

    tell(word) {
        this.child.stdin.write(`${word}\n`);
    }

    async end() {
        for (const client of this.clients)
            client.close();
        this.child.stdin.end();
        assert.equal(await within(this.exited.promise, () => `it ends\n${this.said}`), 0, this.said);
        assert.doesNotMatch(this.said, /Sanitizer|runtime error:|CHECK failed/);
    }
}

async function managed(t, mode, server = {}) {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'reverb-systemd-'));
    const config = { servers: { reverb: { host: '127.0.0.1', port: await freePort(), workers: 2, ...server } }, apps: { apps: [app()] } };
    const manager = new Manager(mode, folder, config);
    t.after(async () => {
        await manager.end();
        fs.rmSync(folder, { recursive: true });
    });
    await manager.says('told READY=1');
    return manager;
}

for (const [mode, what] of Object.entries({ activate: 'the port that systemd opened', store: 'the sockets that systemd keeps' }))
    test(`${what} is never closed: a restart by the manager keeps nobody away`, { timeout: 60_000 }, async (t) => {
        const manager = await managed(t, mode, { drain: 3 });
        const travellers = await Traveller.all(manager, 150);
        const stayed = await Client.open(manager);
        manager.tell('restart');
        assert.equal((await stayed.waitClosed()).code, 4200);
        assert.ok(await longestAway(travellers) < AWAY_MS);
        await manager.says('told READY=1', 2);
    });

test('the manager is told who is the main process after `reverb restart`', { timeout: 60_000 }, async (t) => {
    const manager = await managed(t, 'store');
    const travellers = await Traveller.all(manager, 20);
    for (let n = 0; n < 2; n++) {
        const { code, stderr } = await run(['restart'], { env: manager.env, ms: 70_000 });
        assert.equal(code, 0, stderr);
    }
    assert.ok(await longestAway(travellers) < AWAY_MS);
    const { stdout } = await run(['status', '--json'], { env: manager.env });
    await manager.says(`told MAINPID=${JSON.parse(stdout).pid}`);
});

test('sockets in the store that are no longer configured are given up', { timeout: 60_000 }, async (t) => {
    const manager = await managed(t, 'store');
    const port = await freePort();
    const file = path.join(path.dirname(manager.env.REVERB_CONTROL), 'reverb.json');
    fs.writeFileSync(file, JSON.stringify({ servers: { reverb: { host: '127.0.0.1', port } }, apps: { apps: [app()] } }));
    manager.tell('restart');
    await manager.says('told READY=1', 2);
    assert.match(manager.said, /told FDSTOREREMOVE=1/);
    manager.port = port;
    await (await Client.open(manager)).ping();
});

test('an address that systemd does not listen on is warned of', async (t) => {
    const manager = await managed(t, 'activate', { host: '127.0.0.2' });
    assert.match(manager.said, /systemd listens for this server, and not on 127\.0\.0\.2/);
    await (await Client.open(manager)).ping();
});
