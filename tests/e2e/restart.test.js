'use strict';

/* A restart as pusher-js sees it, on its own timers. If one attempt is refused it stays away for 15 s: it
 * must find a listening server, or get a code that has it wait a second. */

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { test } = require('../support/test.js');
const { AWAY_MS, Traveller, longestAway } = require('../support/away.js');
const { Client, sdk } = require('../support/clients.js');
const { faults } = require('../support/faults.js');
const { app, freePort, ownServer, run } = require('../support/server.js');
const { RawConnection, connectDeaf } = require('../support/raw.js');
const { publish } = require('../support/api.js');
const { BIN, until, within } = require('../support/wait.js');

const CROWD = 150;

const restart = async (server) => {
    const result = await run(['restart', '--port', String(server.port)], { ms: 70_000 });
    assert.equal(result.code, 0, result.stderr);
    return result;
};

function ownFolder(t) {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'reverb-restart-'));
    t.after(() => fs.rmSync(folder, { recursive: true }));
    return folder;
}

/* A restart whose new process has opened its configuration, and reads it once it is told. */
async function beginRestart(server) {
    fs.rmSync(server.configFile);
    execFileSync('mkfifo', [server.configFile]);
    const restarted = run(['restart', '--port', String(server.port)], { ms: 70_000 });
    const configuration = await fs.promises.open(server.configFile, 'w');
    fs.rmSync(server.configFile);
    server.writeConfig();
    const pid = await until(() => childrenOf(server.pid)[0], 'the new process has been started');
    return {
        pid,
        restarted,
        tell: async (text) => {
            await configuration.writeFile(text).catch(() => {}); // it may have gone
            await configuration.close();
        },
    };
}

const childrenOf = (pid) => fs.readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    fs.readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number));

/* The process that was started has ended all but one of its threads. */
const onlyMinds = ({ pid }) => until(() => !fs.existsSync(`/proc/${pid}/task`) || fs.readdirSync(`/proc/${pid}/task`).length === 1, 'it only minds');

/* A process manager's restart: nothing listens on the port for at least `gapMs` in between. */
async function restartedAfter(t, server, gapMs) {
    server.signal('SIGTERM');
    await server.ended();
    await new Promise((resolve) => setTimeout(resolve, gapMs));
    return ownServer(t, { ...server.options, port: server.port });
}

for (const drain of [0, 3])
    test(`by \`reverb restart\` nobody is away for long; drain ${drain}`, { timeout: 60_000 }, async (t) => {
        const server = await ownServer(t, { server: { drain } });
        const travellers = await Traveller.all(server, CROWD);
        const { pid } = await server.status();
        await restart(server);
        assert.ok(await longestAway(travellers) < AWAY_MS);
        assert.ok(travellers.every(({ pusher }) => pusher.connection.state === 'connected'));
        const status = await server.status();
        assert.notEqual(status.pid, pid);
        assert.equal(status.connections, CROWD);
    });

test('publishers that keep their connections have no request lost by restarts', { timeout: 60_000 }, async (t) => {
    const server = await ownServer(t);
    const publishers = Array.from({ length: 16 }, () => sdk(server, { sdk: { agent: new http.Agent({ keepAlive: true, maxSockets: 1 }) } }));
    const failed = [];
    let isOver = false;
    let count = 0;
    const all = Promise.all(publishers.map(async (publisher, n) => {
        while (!isOver) {
            await publisher.trigger('news', 'told', { n }).then(() => { count++; }, (error) => failed.push(String(error.error ?? error)));
            await new Promise((resolve) => setTimeout(resolve, n * 3));
        }
    }));
    for (let round = 0; round < 3; round++)
        await restart(server);
    isOver = true;
    await all;
    assert.deepEqual(failed, []);
    assert.ok(count > publishers.length, String(count));
});

test('with the port closed for half a second they are back as soon as their library can', { timeout: 60_000 }, async (t) => {
    const server = await ownServer(t, { port: await freePort(), server: { drain: 3 } });
    const travellers = await Traveller.all(server, CROWD);
    await restartedAfter(t, server, 500);
    assert.ok(await longestAway(travellers) < AWAY_MS);
});

test('who does not answer its close frame keeps nobody from coming back', { timeout: 60_000 }, async (t) => {
    const server = await ownServer(t, { port: await freePort() });
    const travellers = await Traveller.all(server, 4);
    await connectDeaf(server);
    await restartedAfter(t, server, 0);
    assert.ok(await longestAway(travellers) < AWAY_MS);
});

test('clients are sent away at once only where somebody listens', async (t) => {
    const server = await ownServer(t);
    const stayed = await Client.open(server);
    await restart(server);
    assert.equal((await stayed.waitClosed()).code, 4200);
    const last = await Client.open(server);
    server.signal('SIGTERM');
    assert.equal((await last.waitClosed()).code, 4100);
    await server.ended();
});

test('the process that was started stays, hands signals on and ends with the server', async (t) => {
    const server = await ownServer(t);
    for (let n = 0; n < 3; n++)
        await restart(server);
    const status = await server.status();
    assert.notEqual(status.pid, server.pid);
    await until(() => childrenOf(server.pid).join() === String(status.pid),
        'the processes in between are gone');
    server.apps.push(app({ app_id: '2', key: 'second', secret: 'secret' }));
    server.writeConfig();
    server.signal('SIGHUP');
    await server.line(/apps were reloaded: 2/);
    server.signal('SIGTERM');
    await server.ended();
    await assert.rejects(RawConnection.open(server));
});

test('a reload that is asked for while the former process waits for its clients is the new one\'s', { timeout: 60_000 }, async (t) => {
    const server = await ownServer(t);
    await connectDeaf(server);
    await restart(server);
    server.apps.push(app({ app_id: '2', key: 'second', secret: 'secret' }));
    server.writeConfig();
    server.signal('SIGHUP');
    await server.line(/apps were reloaded: 2/);
});

test('two restarts while the first process waits for its clients: it minds the last one', { timeout: 60_000 }, async (t) => {
    const server = await ownServer(t);
    await connectDeaf(server);
    await restart(server);
    const { pid: between } = await server.status();
    await restart(server);
    await until(() => !fs.existsSync(`/proc/${between}`), 'the process in between is gone');
    server.apps.push(app({ app_id: '2', key: 'second', secret: 'secret' }));
    server.writeConfig();
    server.signal('SIGHUP');
    await server.line(/apps were reloaded: 2/);
    await onlyMinds(server);
    await server.status();
    assert.doesNotMatch(server.stderr, /error/);
    server.signal('SIGTERM');
    await server.ended();
});

test('a signal that comes last before the former process only minds reaches the new one', { timeout: 60_000 }, async (t) => {
    const server = await ownServer(t, { env: faults({ FAULTS_LAST_SIGNAL: String(os.constants.signals.SIGTERM) }) });
    await restart(server);
    await server.ended();
});

for (const how of ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGTSTP', 'stop', 'stop --now'])
    test(`${how} while a new process starts ends that one too`, async (t) => {
        const server = await ownServer(t);
        const { pid, restarted, tell } = await beginRestart(server);
        if (how.startsWith('SIG')) {
            server.signal(how);
        } else {
            const { code, stderr } = await run([...how.split(' '), '--port', String(server.port)]);
            assert.equal(code, 0, stderr);
        }
        await server.ended();
        await until(() => !fs.existsSync(`/proc/${pid}`), 'the new process is gone');
        assert.match((await restarted).stdout, /ended gracefully/);
        assert.doesNotMatch(server.stderr, /error/);
        await tell('');
    });

for (const how of ['SIGHUP', 'reload'])
    test(`${how} while a new process starts, which may have read its configuration before, is that one's too`, async (t) => {
        const server = await ownServer(t);
        const former = JSON.stringify(server.config);
        const { restarted, tell } = await beginRestart(server);
        server.apps.push(app({ app_id: '2', key: 'second', secret: 'secret' }));
        server.writeConfig();
        if (how === 'reload')
            assert.equal((await run(['reload', '--port', String(server.port)])).code, 0);
        else
            server.signal(how);
        await server.line(/apps were reloaded: 2/);
        await tell(former);
        assert.equal((await restarted).code, 0);
        await until(() => server.stderr.split('apps were reloaded: 2').length === 3, () => `the new one reloads\n${server.stderr}`);
        await (await Client.open(server, { app: server.apps[1] })).ping();
    });

test('a server that somebody else starts while a new process starts does not take its place', async (t) => {
    const server = await ownServer(t);
    const text = JSON.stringify(server.config);
    const { restarted, tell } = await beginRestart(server);
    const other = await run(['start', '--config', server.configFile, '--port', String(server.port)]);
    assert.equal(other.code, 1);
    assert.match(other.stderr, /is in use by another program/);
    await tell(text);
    assert.equal((await restarted).code, 0);
    await (await Client.open(server)).ping();
});

test('the status of a server that dies is the status of the process that was started', async (t) => {
    const server = await ownServer(t);
    await restart(server);
    const { pid } = await server.status();
    await onlyMinds(server);
    process.kill(pid, 'SIGKILL');
    server.isKilled = true;
    const { code, signal } = await server.exited.promise;
    assert.deepEqual({ code, signal }, { code: 137, signal: null });
});

test('a new process that dies while the former waits for its clients: that one waits no longer', { timeout: 60_000 }, async (t) => {
    const server = await ownServer(t, { server: { shutdown_timeout: 60 } });
    await connectDeaf(server);
    await restart(server);
    process.kill((await server.status()).pid, 'SIGKILL');
    server.isKilled = true;
    assert.deepEqual(await within(server.exited.promise, 'the former process ends'), { code: 137, signal: null });
    assert.match(server.stderr, /error the new process was ended by signal 9; this one, which still waits for clients, ends at once/);
});

test('a server whose parent is killed does not stay behind', async (t) => {
    const server = await ownServer(t);
    await restart(server);
    const { pid } = await server.status();
    await server.kill();
    await until(() => !fs.existsSync(`/proc/${pid}`), 'the server is gone');
});

test('a new process that cannot start leaves the server where it is, and says why', async (t) => {
    const server = await ownServer(t);
    const client = await Client.open(server);
    fs.writeFileSync(server.configFile, '{"servers":{"reverb":{"port":"many"}}}');
    const { code, stderr } = await run(['restart', '--port', String(server.port)], { ms: 70_000 });
    assert.equal(code, 1);
    assert.match(stderr, /"many"/);
    await server.line(/the server was not restarted: .*"many"/);
    await client.ping();
    server.writeConfig();
    await restart(server);
    assert.equal((await client.waitClosed()).code, 4200);
});

test('a program that is gone, or cannot run, leaves the server where it is', async (t) => {
    const folder = ownFolder(t);
    const copy = path.join(folder, 'reverb');
    fs.copyFileSync(BIN, copy);
    const server = await ownServer(t, { binary: copy });
    const client = await Client.open(server);
    for (const text of ['#!/bin/sh\nexit 3\n', null]) {
        fs.rmSync(copy);
        if (text)
            fs.writeFileSync(copy, text, { mode: 0o755 });
        const { code, stderr } = await run(['restart', '--port', String(server.port)], { ms: 70_000 });
        assert.equal(code, 1);
        assert.match(stderr, text ? /status 3/ : /cannot be started: no such file/);
        await client.ping();
    }
});

test('a new process that a reload of the process group ends before it can hold it is started again', async (t) => {
    const folder = ownFolder(t);
    const copy = path.join(folder, 'reverb');
    fs.copyFileSync(BIN, copy);
    const server = await ownServer(t, { binary: copy });
    fs.rmSync(copy);
    fs.writeFileSync(copy, `#!/bin/sh\nmkdir ${folder}/second 2>/dev/null || exec ${BIN} "$@"\nkill -HUP $$\n`, { mode: 0o755 });
    await restart(server);
    await (await Client.open(server)).ping();
});

test('a port of the system\'s choice is kept', async (t) => {
    const server = await ownServer(t);
    const client = await Client.open(server);
    const { pid } = await server.status();
    await restart(server);
    assert.equal((await client.waitClosed()).code, 4200);
    assert.notEqual((await server.status()).pid, pid);
});

test('another port is moved to, and the former one is left', async (t) => {
    const folder = ownFolder(t);
    const [first, second] = [await freePort(), await freePort()];
    const server = await ownServer(t, { env: { REVERB_CONTROL: folder }, withoutPort: true, server: { port: first } });
    const client = await Client.open(server);
    server.options.server.port = second;
    server.writeConfig();
    const { code, stderr } = await run(['restart', '--port', String(first)], { env: { REVERB_CONTROL: folder }, ms: 70_000 });
    assert.equal(code, 0, stderr);
    assert.equal((await client.waitClosed()).code, 4100);
    await assert.rejects(RawConnection.open(server));
    server.port = second;
    await (await Client.open(server)).ping();
    await until(() => fs.readdirSync(folder).join() === `${second}.sock`, 'the former socket is gone');
});

test('other numbers of workers go on with the same port', async (t) => {
    const folder = ownFolder(t);
    const env = { REVERB_CONTROL: folder };
    const server = await ownServer(t, { env, withoutWorkers: true, server: { workers: 3 } });
    for (const workers of [1, 4, 2]) {
        server.options.server.workers = workers;
        server.writeConfig();
        const { code, stderr } = await run(['restart', '--port', String(server.port)], { env, ms: 70_000 });
        assert.equal(code, 0, stderr);
        const clients = await Client.openMany(server, 24);
        await Promise.all(clients.map((client) => client.ping()));
        const { stdout } = await run(['status', '--json'], { env });
        assert.equal(JSON.parse(stdout).workers, workers);
        server.closeClients();
    }
});

/* A kept-alive connection may be closed during a request: the publisher tries again. No connection is refused. */
test('under traffic each event is heard by whoever was subscribed, and nobody is refused', { timeout: 60_000 }, async (t) => {
    const server = await ownServer(t);
    let isOver = false;
    let published = 0;
    const failures = [];
    const publishing = (async () => {
        while (!isOver) {
            try {
                await publish(server, 'news', 'n', String(published));
                published++;
            } catch (error) {
                failures.push(error);
            }
        }
    })();
    try {
        for (let round = 0; round < 5; round++) {
            const clients = await Client.openMany(server, 10);
            await Promise.all(clients.map((client) => client.subscribe('news')));
            const before = published;
            await until(() => published > before + 20, 'traffic');
            await restart(server);
            for (const client of clients) {
                assert.equal((await client.waitClosed()).code, 4200);
                const numbers = client.inbox.map(({ data }) => Number(data));
                numbers.slice(1).forEach((n, i) => assert.equal(n, numbers[i] + 1, 'no gap, no repetition'));
                assert.ok(numbers.length > 0);
            }
        }
    } finally {
        isOver = true;
        await publishing;
    }
    assert.deepEqual(failures.map(({ code }) => code).filter((code) => code !== 'ECONNRESET'), []);
});

for (const kind of ['tcp', 'unix'])
    test(`the administration listener goes over too: ${kind}`, async (t) => {
        const folder = ownFolder(t);
        const port = await freePort();
        const admin = kind === 'tcp' ? `127.0.0.1:${port}` : `unix:${path.join(folder, 'admin.sock')}`;
        const where = kind === 'tcp' ? { host: '127.0.0.1', port } : { socketPath: path.join(folder, 'admin.sock') };
        const ready = () => new Promise((resolve, reject) => {
            http.get({ ...where, path: '/ready', agent: false }, (response) => resolve(response.resume().statusCode)).on('error', reject);
        });
        const server = await ownServer(t, { server: { admin } });
        for (let n = 0; n < 2; n++) {
            assert.equal(await ready(), 200);
            await restart(server);
        }
        await until(async () => await ready() === 200, 'the new one is ready');
    });
