'use strict';

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const { X509Certificate } = require('node:crypto');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const path = require('node:path');
const { test } = require('../support/test.js');
const { app, freePort, ownServer, run, temporaryFolder } = require('../support/server.js');
const { Client } = require('../support/clients.js');
const { post, publish } = require('../support/api.js');
const { makeCertificate } = require('../support/certificate.js');
const { ROOT } = require('../support/documents.js');
const { until } = require('../support/wait.js');

/* A server that is administrated on a free port. */
async function administrated(t, options = {}) {
    const port = await freePort();
    const server = await ownServer(t, { ...options, server: { admin: `127.0.0.1:${port}`, ...options.server } });
    server.adminPort = port;
    return server;
}

function get(server, target, { headers = {}, method = 'GET', socketPath } = {}) {
    return new Promise((resolve, reject) => {
        const where = socketPath ? { socketPath } : { host: '127.0.0.1', port: server.adminPort };
        http.request({ ...where, path: target, method, headers, agent: false }, (response) => {
            let text = '';
            response.on('data', (part) => { text += part; });
            response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text }));
        }).on('error', reject).end();
    });
}

/* The value of one sample, named with its labels as it stands on the page. */
async function sample(server, name) {
    const { text } = await get(server, '/metrics');
    const line = text.split('\n').find((one) => one.startsWith(`${name} `));
    assert.ok(line, `${name} is not in\n${text}`);
    return Number(line.slice(name.length + 1));
}

test('the metrics pass promtool without a word, in both formats', async (t) => {
    const server = await administrated(t);
    const { text, headers } = await get(server, '/metrics');
    assert.match(headers['content-type'], /^text\/plain; version=0\.0\.4/);
    assert.equal(execFileSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' }), '');
    const open = await get(server, '/metrics', { headers: { Accept: 'application/openmetrics-text; version=1.0.0' } });
    assert.match(open.headers['content-type'], /^application\/openmetrics-text/);
    assert.ok(open.text.endsWith('\n# EOF\n'));
});

test('what clients and publishers do is counted for their app', async (t) => {
    const server = await administrated(t, { apps: [app(), app({ app_id: '2', key: 'key-of-2', secret: 'secret-of-2' })] });
    const client = new Client(server);
    client.received = 0;
    client.socket.on('message', (bytes) => { client.received += bytes.length; });
    await client.next('pusher:connection_established');
    const subscribe = JSON.stringify({ event: 'pusher:subscribe', data: { channel: 'news' } });
    client.socket.send(subscribe);
    await client.next('pusher_internal:subscription_succeeded', 'news');
    await publish(server, 'news', 'greeting', '{}');
    await client.next('greeting', 'news');
    assert.equal(await sample(server, 'reverb_connections{app="1001"}'), 1);
    assert.equal(await sample(server, 'reverb_connections{app="2"}'), 0);
    assert.equal(await sample(server, 'reverb_channels{app="1001",kind="public"}'), 1);
    assert.equal(await sample(server, 'reverb_channels{app="1001",kind="presence-cache"}'), 0);
    assert.equal(await sample(server, 'reverb_connections_opened_total{app="1001"}'), 1);
    assert.equal(await sample(server, 'reverb_messages_received_total{app="1001"}'), 1);
    assert.equal(await sample(server, 'reverb_messages_sent_total{app="1001"}'), 3); /* established, succeeded, greeting */
    assert.equal(await sample(server, 'reverb_bytes_sent_total{app="1001"}'), client.received);
    assert.equal(await sample(server, 'reverb_bytes_received_total{app="1001"}'), subscribe.length);
    assert.equal(await sample(server, 'reverb_subscribe_duration_seconds_count'), 1);
    assert.equal(await sample(server, 'reverb_requests_total{app="1001",route="events",status="200"}'), 1);
    assert.equal(await sample(server, 'reverb_requests_total{app="1001",route="websocket",status="101"}'), 1);
    assert.equal(await sample(server, 'reverb_events_published_total{app="1001"}'), 1);
    assert.equal(await sample(server, 'reverb_events_published_total{app="2"}'), 0);
    await until(async () => await sample(server, 'reverb_publish_duration_seconds_count') === 1);
    assert.equal(await sample(server, 'reverb_fanout_receivers_count'), 1);
    client.socket.close(1000);
    await until(async () => await sample(server, 'reverb_connections_closed_total{app="1001",code="1000"}') === 1);
    assert.equal(await sample(server, 'reverb_connections{app="1001"}'), 0);
});

test('what is refused is counted by its reason', async (t) => {
    const server = await administrated(t, { apps: [app({ allowed_origins: ['right.example'], max_connections: 1 }),
        app({ app_id: '2', key: 'key-of-2', secret: 'secret-of-2', max_message_size: 500 })] });
    const client = await Client.open(server, { origin: 'https://right.example' });
    client.send('pusher:subscribe', { channel: 'private-x', auth: 'wrong' });
    await client.next('pusher:error');
    client.send('nonsense', {});
    await client.next('pusher:error');
    for (const origin of ['https://wrong.example', 'https://right.example'])
        assert.equal((await new Client(server, { origin }).take()).event, 'pusher:error');
    const large = await Client.open(server, { app: server.apps[1] });
    large.socket.send('x'.repeat(1000));
    await large.closed.promise;
    const body = { name: 'x', channel: 'news', data: '{}' };
    assert.equal((await post(server, '/events', body, { app: { ...server.app, secret: 'wrong' } })).status, 401);
    assert.equal((await post(server, '/events', body, { app: { ...server.app, key: 'wrong' } })).status, 401);
    assert.equal((await post(server, '/events', body, { timestamp: 1 })).status, 401);
    assert.equal((await post(server, '/events', body, { id: 'unknown' })).status, 404);
    assert.equal((await post(server, '/events', { ...body, data: 'x'.repeat(20_000) })).status, 413);
    assert.equal((await new Client(server, { app: { key: 'unknown' } }).take()).event, 'pusher:error');
    for (const reason of ['auth', 'message', 'origin', 'quota', 'signature', 'key', 'timestamp'])
        assert.equal(await sample(server, `reverb_rejected_total{app="1001",reason="${reason}"}`), 1, reason);
    assert.equal(await sample(server, 'reverb_rejected_total{app="2",reason="size"}'), 1);
    assert.equal(await sample(server, 'reverb_rejected_total{app="",reason="size"}'), 1);
    assert.equal(await sample(server, 'reverb_rejected_total{app="",reason="key"}'), 2);
    assert.equal(await sample(server, 'reverb_requests_total{app="1001",route="events",status="401"}'), 3);
    assert.equal(await sample(server, 'reverb_requests_total{app="",route="events",status="404"}'), 1);
    assert.equal(await sample(server, 'reverb_requests_total{app="",route="other",status="413"}'), 1);
    assert.equal(await sample(server, 'reverb_connections_closed_total{app="",code="4001"}'), 1);
});

test('how long clients take to answer a ping is measured', async (t) => {
    const server = await administrated(t, { apps: [app({ ping_interval: 1 })] });
    const client = await Client.open(server);
    await client.next('pusher:ping');
    client.send('pusher:pong', {});
    await until(async () => await sample(server, 'reverb_ping_rtt_seconds_count') === 1);
    assert.ok(await sample(server, 'reverb_ping_rtt_seconds_sum') < 1);
});

test('docs/operations.md has every metric of a server without scaling and webhooks, and no other', async (t) => {
    const { cert, key } = makeCertificate(temporaryFolder());
    const server = await administrated(t, { server: { options: { tls: { local_cert: cert, local_pk: key } } } });
    const { text } = await get(server, '/metrics');
    const documented = fs.readFileSync(path.join(ROOT, 'docs/operations.md'), 'utf8').match(/`reverb_[a-z_]+`/g).map((name) => name.slice(1, -1));
    const there = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
    assert.deepEqual(there.filter((name) => !documented.includes(name)), []);
    assert.deepEqual(documented.filter((name) => !/^reverb_(cluster|webhook)_/.test(name) && !there.includes(name)), []);
    const expires = new Date(new X509Certificate(fs.readFileSync(cert)).validTo).getTime() / 1000;
    assert.equal(await sample(server, 'reverb_certificate_expiry_timestamp_seconds'), expires);
});

test('it is live and ready, and says what else there is', async (t) => {
    const server = await administrated(t);
    assert.deepEqual(await get(server, '/live').then(({ status, text }) => [status, JSON.parse(text)]), [200, { live: true }]);
    assert.deepEqual(await get(server, '/ready').then(({ status, text }) => [status, JSON.parse(text)]), [200, { ready: true }]);
    assert.equal((await get(server, '/live', { method: 'HEAD' })).status, 200);
    assert.equal((await get(server, '/nothing')).status, 404);
    const posted = await get(server, '/metrics', { method: 'POST' });
    assert.deepEqual([posted.status, posted.headers.allow], [405, 'GET, HEAD']);
});

test('with a token nobody gets in without it', async (t) => {
    const server = await administrated(t, { env: { REVERB_ADMIN_TOKEN: 'a secret' } });
    for (const headers of [{}, { Authorization: 'Bearer another' }, { Authorization: 'Bearer a secre' }, { Authorization: 'Basic a secret' }]) {
        const answer = await get(server, '/metrics', { headers });
        assert.deepEqual([answer.status, answer.headers['www-authenticate']], [401, 'Bearer']);
        assert.doesNotMatch(answer.text, /a secret/);
    }
    assert.equal((await get(server, '/metrics', { headers: { Authorization: 'Bearer a secret' } })).status, 200);
    assert.equal((await get(server, '/metrics', { headers: { Authorization: 'bearer  a secret ' } })).status, 200);
});

test('the public port knows nothing of it', async (t) => {
    const server = await administrated(t);
    for (const target of ['/metrics', '/live', '/ready'])
        assert.equal((await get({ adminPort: server.port }, target)).status, 404);
});

test('it listens on a Unix socket of its owner and group, also where a killed server left one', async (t) => {
    const file = path.join(temporaryFolder(), 'admin.sock');
    const listener = net.createServer().listen(file);
    await new Promise((resolve) => listener.once('listening', resolve));
    fs.renameSync(file, `${file}.left`);
    await new Promise((resolve) => listener.close(resolve));
    fs.renameSync(`${file}.left`, file);
    const server = await ownServer(t, { server: { admin: `unix:${file}` } });
    assert.equal((await get(server, '/live', { socketPath: file })).status, 200);
    assert.equal(fs.statSync(file).mode & 0o777, 0o660);
    await server.stop();
    assert.ok(!fs.existsSync(file));
});

test('readers that hang cost nobody else anything, and the server ends all the same', async (t) => {
    const server = await administrated(t);
    const hung = [];
    for (let i = 0; i < 80; i++) {
        const socket = net.connect(server.adminPort, '127.0.0.1');
        socket.on('error', () => {});
        socket.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(20));
        socket.pause();
        hung.push(socket);
    }
    t.after(() => hung.forEach((socket) => socket.destroy()));
    const client = await Client.open(server);
    await client.ping();
    await server.stop();
});

for (const [address, token, wrong] of [
    ['0.0.0.0:9100', '', /servers\.reverb\.admin|REVERB_ADMIN.*needs a token.*REVERB_ADMIN_TOKEN/],
    ['9100', '', /REVERB_ADMIN.*"9100" is no address/],
    ['unix:', '', /REVERB_ADMIN.*"unix:" is no address/],
]) {
    test(`the address ${address} without a token does not start`, async () => {
        const env = { REVERB_APP_ID: '1', REVERB_APP_KEY: 'k', REVERB_APP_SECRET: 's', REVERB_ADMIN: address };
        const { code, stderr } = await run(['start', '--port', '0'], { env, cwd: temporaryFolder() });
        assert.equal(code, 1);
        assert.match(stderr, wrong);
        assert.equal(stderr.trim().split('\n').length, 1);
    });
}

test('an address that another program has does not start', async (t) => {
    const server = await administrated(t);
    const env = { REVERB_APP_ID: '1', REVERB_APP_KEY: 'k', REVERB_APP_SECRET: 's' };
    const { code, stderr } = await run(['start', '--port', '0', '--admin', `127.0.0.1:${server.adminPort}`], { env, cwd: temporaryFolder() });
    assert.equal(code, 1);
    assert.match(stderr, /admin "127\.0\.0\.1:\d+" cannot be listened on: address already in use/);
});

/* How many sockets the server has open. */
function sockets(server) {
    const folder = `/proc/${server.pid}/fd`;
    const kinds = fs.readdirSync(folder).map((fd) => {
        try {
            return fs.readlinkSync(path.join(folder, fd));
        } catch {
            return ''; /* closed meanwhile */
        }
    });
    return kinds.filter((kind) => kind.startsWith('socket:')).length;
}

test('a client that asks for much and reads nothing is closed', { timeout: 60_000 }, async (t) => {
    const server = await administrated(t, { server: { admin_token: 'open-sesame' } });
    const before = sockets(server);
    const socket = net.connect(server.adminPort, '127.0.0.1').on('error', () => {});
    t.after(() => socket.destroy());
    socket.pause();
    socket.write('GET /up HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(() => sockets(server) > before, 'it is accepted');
    socket.write('GET /console.js HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(3000)); /* some 40 MB of answers */
    await until(() => sockets(server) === before, 'it is closed');
    assert.equal((await get(server, '/live', { headers: { Authorization: 'Bearer open-sesame' } })).status, 200);
});
