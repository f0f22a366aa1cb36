'use strict';

/* A graceful end that first says so: balancers send nothing more to the server, and nobody is refused. */

const assert = require('node:assert/strict');
const http = require('node:http');
const { test } = require('../support/test.js');
const { freePort, ownServer, run } = require('../support/server.js');
const { Client } = require('../support/clients.js');
const { post, publish, request } = require('../support/api.js');
const { faults } = require('../support/faults.js');
const { Haproxy } = require('../support/haproxy.js');
const { Nginx } = require('../support/nginx.js');
const { RawConnection } = require('../support/raw.js');
const { until } = require('../support/wait.js');

const status = async (server) => (await request(server, 'GET', '/up')).status;

test('a lame duck says that it is not ready, serves on, and then sends its clients to another server', async (t) => {
    const adminPort = await freePort();
    const server = await ownServer(t, { server: { lame_duck: 1, admin: `127.0.0.1:${adminPort}` } });
    const admin = { host: '127.0.0.1', port: adminPort };
    const client = await Client.open(server);
    await client.subscribe('news');
    assert.equal(await status(server), 200);
    server.signal('SIGTERM');
    await until(async () => await status(server) === 503, 'it is a lame duck');
    assert.deepEqual((await request(server, 'GET', '/up')).json, { health: 'the server is about to end' });
    const ready = await request(admin, 'GET', '/ready');
    assert.deepEqual([ready.status, ready.json], [503, { ready: false, reasons: ['draining'] }]);
    assert.equal((await request(admin, 'GET', '/live')).status, 200);
    server.signal('SIGTERM'); /* a second one changes nothing */
    const newcomer = await Client.open(server);
    await newcomer.subscribe('news');
    await publish(server, 'news', 'greeting');
    for (const each of [client, newcomer]) {
        await each.next('greeting', 'news');
        assert.equal((await each.waitClosed()).code, 4200);
    }
    await server.ended();
});

for (const [how, hasten] of [['a second Ctrl-C', (server) => server.signal('SIGINT')], ['stop --now', (server) => run(['stop', '--now', '--port', String(server.port)])]])
    test(`${how} ends a lame duck at once`, async (t) => {
        const server = await ownServer(t, { server: { lame_duck: 3600 } });
        const client = await Client.open(server);
        server.signal('SIGINT');
        await until(async () => await status(server) === 503, 'it is a lame duck');
        await hasten(server);
        await client.waitClosed();
        await server.ended();
    });

test('a reload that a worker takes up late does not shorten its time', async (t) => {
    const server = await ownServer(t, { server: { lame_duck: 4 }, env: faults({ FAULTS_BUSY_MS: '1500' }) });
    const clients = await Client.openMany(server, 4);
    const busy = await RawConnection.open(server);
    await busy.write('GET /keep-me-busy HTTP/1.1\r\nHost: x\r\n\r\n');
    await new Promise((resolve) => setTimeout(resolve, 200)); // a worker has received it: nothing says so
    server.signal('SIGHUP');
    await server.line(/apps were reloaded/);
    const start = Date.now();
    server.signal('SIGTERM');
    await busy.response(); // from then on the reload is done
    await Promise.all(clients.map((client) => client.waitClosed()));
    assert.ok(Date.now() - start > 3500, `${Date.now() - start} ms`);
    await server.ended();
});

test('a restart needs no lame duck: the new process answers', async (t) => {
    const server = await ownServer(t, { port: await freePort(), server: { lame_duck: 1 } });
    const client = await Client.open(server);
    const { code, stderr } = await run(['restart', '--port', String(server.port)]);
    assert.equal(code, 0, stderr);
    assert.equal((await client.waitClosed()).code, 4200);
    assert.equal(await status(server), 200);
});

/* No idle connections: those of its clients nginx closes when it is configured anew. */
const agent = new http.Agent({ keepAlive: false });

/* Publishers and clients that come and go, over the balancer; ends with how many there were, all of them served. */
function traffic(balancer) {
    const it = { ends: false, count: 0 };
    const loop = async (step) => {
        try {
            while (!it.ends) {
                await step();
                it.count++;
            }
        } finally {
            it.ends = true;
        }
    };
    const publisher = async () => {
        const answer = await post(balancer, '/events', { name: 'x', channel: 'news', data: '{}' }, { agent });
        assert.equal(answer.status, 200, answer.text);
    };
    const visitor = async () => {
        const client = await Client.open(balancer);
        assert.equal(client.error, undefined);
        client.socket.terminate();
        await client.closed.promise;
    };
    it.done = Promise.all([loop(publisher), loop(publisher), loop(visitor), loop(visitor)]);
    it.done.catch(() => {});
    it.further = async (count) => {
        const goal = it.count + count;
        await until(() => it.ends || it.count >= goal, 'traffic goes on');
        if (it.ends)
            await it.done;
    };
    it.end = async () => {
        it.ends = true;
        await it.done;
    };
    return it;
}

/* Stops the servers one after the other, and starts each again. */
async function roll(servers, balancer, onLame, onBack) {
    const it = traffic(balancer);
    await it.further(50);
    for (const server of servers) {
        server.signal('SIGTERM');
        await onLame(server);
        await server.ended();
        await it.further(50);
        server.options.port = server.port;
        await server.start();
        await onBack(server);
        await it.further(50);
    }
    await it.end();
}

test('a rolling stop behind HAProxy refuses nobody, without a second try', async (t) => {
    const servers = await Promise.all([1, 2].map(() => ownServer(t, { server: { lame_duck: 1 } })));
    const haproxy = await Haproxy.start(servers);
    t.after(() => haproxy.stop());
    const backs = () => haproxy.log.split('is UP').length;
    let before = 0;
    await roll(servers, haproxy, async () => { before = backs(); }, () => until(() => backs() > before, 'HAProxy has noticed'));
});

test('a rolling stop behind nginx refuses nobody, if a script takes out who is a lame duck', async (t) => {
    const servers = await Promise.all([1, 2].map(() => ownServer(t, { server: { lame_duck: 1 } })));
    const nginx = await Nginx.start(servers);
    t.after(() => nginx.stop());
    await roll(servers, nginx, async (lame) => {
        await until(async () => await status(lame) === 503, 'it is a lame duck');
        await nginx.reload(servers.filter((server) => server !== lame));
    }, () => nginx.reload(servers));
});
