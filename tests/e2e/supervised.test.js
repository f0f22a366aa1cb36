'use strict';

/* The connection to `php artisan reverb:start`: the events' pipe, the commands' pipe, and that the server
 * never outlives the process that has started it. */

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const { test } = require('../support/test.js');
const { Client } = require('../support/clients.js');
const { app } = require('../support/server.js');
const { BIN, until, within, deferred } = require('../support/wait.js');

const START = ['start', '--config', '-', '--supervised', '--workers=2', '--events-fd=3', '--commands-fd=4'];

const config = (apps) => JSON.stringify({ servers: { reverb: { host: '127.0.0.1', port: 0 } }, apps: { apps } });

/* A server of which the test holds both pipes. `command` starts it from within another process. */
async function supervised(t, { events = '', command = [BIN] } = {}) {
    const child = spawn(command[0], [...command.slice(1), ...START, `--events=${events}`], { stdio: ['pipe', 'pipe', 'pipe', 'pipe', 'pipe'] });
    const server = { child, said: '', told: [], clients: new Set(), prefix: '', host: '127.0.0.1', app: app(), exited: deferred() };
    let rest = '';
    for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (text) => { server.said += text; });
    child.stdio[3].setEncoding('utf8').on('data', (text) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop();
        server.told.push(...lines.map((line) => JSON.parse(line)));
    });
    child.stdio[4].on('error', () => {});
    child.on('close', (code, signal) => server.exited.resolve({ code, signal }));
    t.after(async () => {
        for (const client of server.clients)
            client.close();
        child.stdio[4].end();
        const how = await within(server.exited.promise, () => `it ends\n${server.said}`);
        assert.doesNotMatch(server.said, /Sanitizer|runtime error:|CHECK failed/);
        return how;
    });
    server.command = (command) => child.stdio[4].write(`${JSON.stringify(command)}\n`);
    server.hears = (name) => until(() => server.told.find(({ event }) => event === name), () => `${name} is told: ${JSON.stringify(server.told)}`);
    child.stdin.end(config([server.app]));
    server.port = Number((await until(() => /Starting server on \S*:(\d+)/.exec(server.said), () => `it starts\n${server.said}`))[1]);
    return server;
}

/* Its number among the fields of /proc/PID/stat that follow the name. */
const statOf = (pid, field) => Number(fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').pop().split(' ')[field]);

test('it is in a process group of its own: a signal of the terminal reaches it once', async (t) => {
    const { child } = await supervised(t);
    assert.equal(statOf(child.pid, 2), child.pid);
});

test('only the kinds that were asked for are told', async (t) => {
    const server = await supervised(t, { events: 'ChannelCreated,ConnectionClosed' });
    const client = await Client.open(server);
    await client.subscribe('news');
    await client.leave();
    await server.hears('ConnectionClosed');
    assert.deepEqual(server.told, [
        { event: 'ChannelCreated', app: '1001', channel: 'news' },
        { event: 'ConnectionClosed', app: '1001', socket_id: client.socketId, seen: server.told[1].seen },
    ]);
});

test('commands send, disconnect, and bring another configuration', async (t) => {
    const server = await supervised(t);
    const [anna, bert] = await Client.openMany(server, 2);
    server.command({ command: 'send', socket_id: anna.socketId, message: '{"event":"hi"}' });
    await anna.next('hi');
    server.command({ command: 'disconnect', socket_id: bert.socketId });
    await bert.waitClosed();
    const other = app({ app_id: '2', key: 'second', secret: 'secret' });
    server.command({ command: 'config', config: JSON.parse(config([server.app, other])) });
    await until(() => server.said.includes('apps were reloaded: 2'), () => `the apps are reloaded\n${server.said}`);
    await Client.open(server, { app: other });
    server.command({ command: 'config', config: { apps: { apps: [{ app_id: '3' }] } } });
    await until(() => /has no key|has no secret/.test(server.said), () => `the mistake is told\n${server.said}`);
    await Client.open(server, { app: other });
});

test('SIGHUP asks for the configuration', async (t) => {
    const server = await supervised(t);
    server.child.kill('SIGHUP');
    await server.hears('config');
});

test('it ends gracefully when the commands end', async (t) => {
    const server = await supervised(t);
    const client = await Client.open(server);
    server.child.stdio[4].end();
    assert.equal((await client.waitClosed()).code, 4100);
    assert.deepEqual(await within(server.exited.promise, 'it ends'), { code: 0, signal: null });
});

/* Another process may have inherited the commands' pipe and hold it open. */
test('it ends gracefully when who has started it is killed', async (t) => {
    const server = await supervised(t, { command: ['sh', '-c', 'exec 5<&0; "$0" "$@" <&5 & wait', BIN] });
    const client = await Client.open(server);
    server.child.kill('SIGKILL');
    assert.equal((await client.waitClosed('it ends')).code, 4100);
});
