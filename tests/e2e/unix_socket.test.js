'use strict';

/* A server that listens on a Unix socket, with Debian's nginx in front. */

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('../support/test.js');
const { app, environment, freePort, ownServer, run, Server, temporaryFolder } = require('../support/server.js');
const { Client } = require('../support/clients.js');
const { publish, request } = require('../support/api.js');
const { Nginx } = require('../support/nginx.js');
const { BIN, until } = require('../support/wait.js');

async function onSocket(t, more = {}) {
    const folder = temporaryFolder();
    t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
    const file = path.join(folder, 'reverb.sock');
    const options = { host: `unix:${file}`, port: await freePort(), ...more };
    return { file, options, server: await ownServer(t, options) };
}

async function behindNginx(t, server) {
    const nginx = await Nginx.start(server);
    t.after(() => nginx.stop());
    return nginx;
}

test('nginx passes sockets and the API on to a Unix socket, whichever worker accepts, and names the client', async (t) => {
    const { server, file } = await onSocket(t, { workers: 3, server: { trusted_proxies: ['unix'] } });
    assert.equal(fs.statSync(file).mode & 0o777, 0o666);
    const nginx = await behindNginx(t, server);
    const clients = await Client.openMany(nginx, 12);
    await Promise.all(clients.map((client) => client.subscribe('news')));
    await publish(nginx, 'news', 'told', '{"n":1}');
    await Promise.all(clients.map((client) => client.next('told', 'news')));
    const { stdout } = await run(['why', clients[0].socketId, `--port=${server.port}`, '--json']);
    assert.equal(JSON.parse(stdout).connection.address, '127.0.0.1');
    const status = await server.status();
    assert.equal(status.host, `unix:${file}`);
    assert.match(server.stdout, new RegExp(`Starting server on unix:${file} \\(port ${server.port}\\)`));
});

test('without trust the client is "unix", whatever a header says', async (t) => {
    const { server } = await onSocket(t);
    const nginx = await behindNginx(t, server);
    await new Client(nginx, { app: app({ key: 'no-such-key' }), headers: { 'X-Forwarded-For': '192.0.2.1' } }).waitClosed();
    await server.line(/refused: address unix: no app has that key/);
});

test('a restart keeps the socket, and its clients come back', async (t) => {
    const { server } = await onSocket(t);
    const nginx = await behindNginx(t, server);
    const client = await Client.open(nginx);
    const { code, stderr } = await run(['restart', '--port', String(server.port)]);
    assert.equal(code, 0, stderr);
    await client.waitClosed();
    await (await Client.open(nginx)).ping();
});

test('the file of a server that was killed is replaced; one in use, or another file, is not', async (t) => {
    const { server, file, options } = await onSocket(t);
    const other = new Server({ ...options, port: await freePort() });
    await assert.rejects(other.start(), /cannot listen on unix:.*another program does/s);
    fs.rmSync(other.folder, { recursive: true, force: true });
    await server.kill();
    assert.ok(fs.existsSync(file));
    const next = await ownServer(t, options);
    const nginx = await behindNginx(t, next);
    assert.equal((await request(nginx, 'GET', '/up')).status, 200);
    const plain = path.join(path.dirname(file), 'notes.txt');
    fs.writeFileSync(plain, 'mine');
    const third = new Server({ ...options, host: `unix:${plain}`, port: await freePort() });
    await assert.rejects(third.start(), /cannot listen on unix:.*the file is no socket/s);
    fs.rmSync(third.folder, { recursive: true, force: true });
    assert.equal(fs.readFileSync(plain, 'utf8'), 'mine');
});

/* The port in the configuration too: the commands below read it, and no option says where the server is. */
async function configured(t, settings = {}) {
    const port = await freePort();
    return onSocket(t, { port, server: { port, ...settings } });
}

for (const [name, settings] of [['', {}], [' that takes the PROXY protocol', { trusted_proxies: ['unix'], proxy_protocol: true }]])
    test(`listen, publish, bench and doctor find the socket of a server${name} in the configuration`, async (t) => {
        const { server, file } = await configured(t, settings);
        const options = ['--config', server.configFile];
        const listener = spawn(BIN, ['listen', 'news', ...options], { env: environment(), stdio: ['ignore', 'pipe', 'pipe'] });
        t.after(() => listener.kill('SIGKILL'));
        let said = '';
        for (const stream of [listener.stdout, listener.stderr])
            stream.setEncoding('utf8').on('data', (text) => { said += text; });
        await until(() => said.includes('listening'), () => `listening: ${said}`);
        const published = await run(['publish', 'news', 'told', '{"n":1}', ...options, '--port', String(server.port)]);
        assert.deepEqual([published.code, published.stdout], [0, '{}\n'], published.stderr);
        await until(() => said.includes('"event":"told"'), () => `the event: ${said}`);
        const bench = await run(['bench', 'fanout', ...options, '--connections', '5', '--duration', '1', '--json']);
        assert.equal(JSON.parse(bench.stdout).ok, true, bench.stdout + bench.stderr);
        const doctor = await run(['doctor', '--json', ...options], { cwd: path.dirname(file) });
        const { findings } = JSON.parse(doctor.stdout);
        assert.ok(findings.some(({ level, check, text }) => level === 'ok' && check === 'port' && text.endsWith(`listens on unix:${file}`)), doctor.stdout);
        assert.ok(findings.some(({ level, text }) => level === 'ok' && text.startsWith('by way of the server an event takes')), doctor.stdout);
        assert.deepEqual(findings.filter(({ level }) => level === 'fault'), []);
    });

test('what is said of a socket at which no server listens names it', async (t) => {
    const { server, file } = await configured(t);
    const folder = temporaryFolder();
    t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
    const config = path.join(folder, 'reverb.json');
    fs.copyFileSync(server.configFile, config);
    await server.stop();
    const published = await run(['publish', 'news', 'told', '{}', '--config', config]);
    assert.equal(published.code, 1);
    assert.ok(published.stderr.includes(`no connection to unix:${file}: `), published.stderr);
    const { code, stdout } = await run(['doctor', '--json', '--config', config], { cwd: folder });
    assert.equal(code, 1);
    const { findings } = JSON.parse(stdout);
    assert.ok(findings.some(({ level, text }) => level === 'ok' && text === `unix:${file} is free for the server`), stdout);
    assert.ok(findings.some(({ level, check, text }) => level === 'fault' && check === 'server' && text.startsWith(`no connection to unix:${file}: `)), stdout);
});
