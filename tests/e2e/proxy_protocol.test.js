'use strict';

/* The PROXY protocol on the public listener: who the client is, and nothing of TLS or HTTP is lost behind the header. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const path = require('node:path');
const { test } = require('../support/test.js');
const { freePort, ownServer, run, temporaryFolder } = require('../support/server.js');
const { Client } = require('../support/clients.js');
const { makeCertificate } = require('../support/certificate.js');
const { publish, request } = require('../support/api.js');
const { Haproxy } = require('../support/haproxy.js');
const { RawConnection } = require('../support/raw.js');
const { until } = require('../support/wait.js');

/* The proxy is at 127.0.0.1, and clients come from 127.0.0.2. */
const TRUSTING = { trusted_proxies: ['127.0.0.1'], proxy_protocol: true };
const FROM_ELSEWHERE = { ws: { localAddress: '127.0.0.2' } };
const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const TCP4 = Buffer.from([192, 0, 2, 2, 127, 0, 0, 1, 0x12, 0x67, 1, 0xbb]);

const version1 = (address) => `PROXY ${net.isIPv6(address) ? 'TCP6' : 'TCP4'} ${address} ${address} 4711 443\r\n`;
const version2 = (command, family, rest) => Buffer.concat([SIGNATURE, Buffer.from([0x20 | command, family, rest.length >> 8, rest.length & 0xff]), rest]);

/* As a proxy connects: the header first. */
function behind(header, more = {}) {
    const createConnection = (options) => {
        const socket = net.connect({ ...options, path: undefined });
        socket.write(header);
        return socket;
    };
    return { ...more, ws: { createConnection } };
}

async function addressOf(server, client) {
    const { code, stdout, stderr } = await run(['why', client.socketId, `--port=${server.port}`, '--json']);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout).connection.address;
}

async function throughHaproxy(t, server, more) {
    const proxy = await Haproxy.start(server, { mode: 'tcp', more });
    t.after(() => proxy.stop());
    proxy.secure = server.secure;
    return proxy;
}

for (const more of ['send-proxy', 'send-proxy-v2'])
    test(`HAProxy with ${more} names the client`, async (t) => {
        const server = await ownServer(t, { server: TRUSTING });
        const proxy = await throughHaproxy(t, server, more);
        const clients = await Client.openMany(proxy, 3, FROM_ELSEWHERE);
        await Promise.all(clients.map((client) => client.subscribe('news')));
        await publish(proxy, 'news', 'told', '{"n":1}');
        await Promise.all(clients.map((client) => client.next('told', 'news')));
        assert.equal(await addressOf(server, clients[0]), '127.0.0.2');
    });

test('HAProxy passes TLS on behind its header', async (t) => {
    const folder = temporaryFolder();
    t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
    const { cert, key } = makeCertificate(folder);
    const server = await ownServer(t, { server: { ...TRUSTING, options: { tls: { local_cert: cert, local_pk: key } } } });
    const proxy = await throughHaproxy(t, server, 'send-proxy-v2 check-ssl verify none');
    const client = await Client.open(proxy, FROM_ELSEWHERE);
    await client.ping();
    assert.equal(await addressOf(server, client), '127.0.0.2');
});

test('the client is whom the header names; if it names none, the proxy is it, and HTTP headers do not count', async (t) => {
    const server = await ownServer(t, { server: TRUSTING });
    const forwarded = { headers: { 'X-Forwarded-For': '192.0.2.9' } };
    for (const [header, address] of [
        [version1('192.0.2.1'), '192.0.2.1'],
        [version1('2001:db8::7'), '2001:db8::7'],
        ['PROXY UNKNOWN\r\n', '127.0.0.1'],
        [version2(1, 0x11, TCP4), '192.0.2.2'],
        [version2(1, 0x11, Buffer.concat([TCP4, Buffer.from('\x01\0\x02h2', 'latin1')])), '192.0.2.2'],
        [version2(0, 0x11, TCP4), '127.0.0.1'],
        [version2(1, 0, Buffer.alloc(0)), '127.0.0.1'],
        [version2(1, 0x31, Buffer.alloc(216, 'p')), '127.0.0.1'],
    ])
        assert.equal(await addressOf(server, await Client.open(server, behind(header, forwarded))), address, String(header));
    /* The header names a proxy that is trusted too, and speaks HTTP. */
    assert.equal(await addressOf(server, await Client.open(server, behind(version1('127.0.0.1'), forwarded))), '192.0.2.9');
});

test('a header byte by byte, then a request in the same segment as its end', async (t) => {
    const server = await ownServer(t, { server: TRUSTING });
    for (const header of [Buffer.from(version1('192.0.2.1')), version2(1, 0x11, TCP4)]) {
        const raw = await RawConnection.open(server);
        for (const byte of header.subarray(0, -1))
            await raw.write(Buffer.from([byte]));
        await raw.write(Buffer.concat([header.subarray(-1), Buffer.from('GET /up HTTP/1.1\r\nHost: a\r\n\r\n')]));
        assert.equal((await raw.response()).status, 200);
        raw.close();
    }
});

test('a trusted proxy without a header, or with a wrong or late one, is refused, logged and counted', async (t) => {
    const adminPort = await freePort();
    const server = await ownServer(t, { server: { ...TRUSTING, admin: `127.0.0.1:${adminPort}` } });
    const late = await RawConnection.open(server);
    await late.write('PROXY TCP4 192.0.2.1 ');
    for (const bytes of ['GET /up HTTP/1.1\r\nHost: a\r\n\r\n', 'PROXY TCP5 a b 1 2\r\n', version2(1, 0x11, Buffer.alloc(5000))]) {
        const raw = await RawConnection.open(server);
        await raw.write(bytes);
        await raw.waitClosed();
        assert.equal(raw.bytes.length, 0);
    }
    await server.line(/refused: address 127\.0\.0\.1: the proxy's header of the PROXY protocol is missing, malformed or late/);
    await late.waitClosed();
    await until(async () => {
        const { text } = await request({ host: '127.0.0.1', port: adminPort }, 'GET', '/metrics');
        return /reverb_rejected_total\{[^}]*reason="proxy"[^}]*\} 4$/m.test(text);
    }, 'all four are counted');
});

test('nobody else is served with a header, nor needs one', async (t) => {
    const server = await ownServer(t, { server: { trusted_proxies: ['10.0.0.0/8'], proxy_protocol: true } });
    assert.equal(await addressOf(server, await Client.open(server)), '127.0.0.1');
    for (const header of [version1('192.0.2.1'), version2(1, 0x11, TCP4)]) {
        const raw = await RawConnection.open(server);
        await raw.write(Buffer.concat([Buffer.from(header), Buffer.from('GET /up HTTP/1.1\r\nHost: a\r\n\r\n')]));
        assert.equal((await raw.response()).status, 400);
        await raw.waitClosed();
    }
});

test('whoever connects through a Unix socket is trusted', async (t) => {
    const folder = temporaryFolder();
    t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
    const file = path.join(folder, 'reverb.sock');
    const server = await ownServer(t, { host: `unix:${file}`, port: await freePort(), server: { trusted_proxies: ['unix'], proxy_protocol: true } });
    const status = await new Promise((resolve, reject) => {
        const createConnection = () => {
            const socket = net.connect({ path: file });
            socket.write(version1('192.0.2.1'));
            return socket;
        };
        http.get({ path: '/apps/unknown/channels', createConnection }, (response) => {
            response.resume();
            resolve(response.statusCode);
        }).on('error', reject);
    });
    assert.equal(status, 404);
    await server.line(/refused: address 192\.0\.2\.1: no app has that key or id/);
});

test('doctor and publish send a header of their own, as they come from a trusted address', async (t) => {
    const port = await freePort();
    const server = await ownServer(t, { port, server: { ...TRUSTING, port } });
    const { stdout } = await run(['doctor', '--json', '--config', server.configFile], { cwd: server.folder });
    const { findings } = JSON.parse(stdout);
    assert.ok(findings.some(({ level, text }) => level === 'ok' && text.startsWith('by way of the server an event takes')), stdout);
    const published = await run(['publish', 'news', 'told', '{}', '--config', server.configFile]);
    assert.deepEqual([published.code, published.stdout], [0, '{}\n'], published.stderr);
    assert.doesNotMatch(server.stderr, /refused/);
});

test('the limits of an address are those of the client', async (t) => {
    const server = await ownServer(t, { server: { ...TRUSTING, address_limits: { max_connections: 1 } } });
    await Client.open(server, behind(version1('192.0.2.1')));
    await Client.open(server, behind(version1('192.0.2.2')));
    const { code } = await new Client(server, behind(version1('192.0.2.1'))).takeError();
    assert.equal(code, 4100);
});

test('a server ends although a connection has sent no header', async (t) => {
    const server = await ownServer(t, { server: TRUSTING });
    const silent = await RawConnection.open(server);
    server.signal('SIGTERM');
    await silent.waitClosed();
    await server.ended();
});

test('without trusted proxies it does not start, and says why', async () => {
    const env = { REVERB_APP_ID: '1', REVERB_APP_KEY: 'k', REVERB_APP_SECRET: 's', REVERB_PROXY_PROTOCOL: 'true' };
    const { code, stderr } = await run(['config'], { env });
    assert.equal(code, 1);
    assert.match(stderr, /REVERB_PROXY_PROTOCOL in the environment: the PROXY protocol needs trusted_proxies/);
    assert.equal((await run(['config'], { env: { ...env, REVERB_TRUSTED_PROXIES: '10.0.0.5' } })).code, 0);
});
