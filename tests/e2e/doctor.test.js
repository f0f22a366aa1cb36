'use strict';

/* `reverb doctor` against wrong set-ups, with real proxies and a real Redis: each is named, with the line that mends it. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('../support/test.js');
const { app, freePort, ownServer, run, sharedServer, temporaryFolder } = require('../support/server.js');
const { makeCertificate, makeSigned } = require('../support/certificate.js');
const { clock } = require('../support/faults.js');
const { haproxy, nginx } = require('../support/proxy.js');
const { RawConnection } = require('../support/raw.js');
const { Redis, Sentinels } = require('../support/redis.js');

const server = sharedServer();
const upstream = () => `127.0.0.1:${server.port}`;

function ownFolder(t) {
    const folder = temporaryFolder();
    t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
    return folder;
}

/* What the doctor says: { code, faults, warnings, findings }. */
async function doctor(args, { cwd, env, ms } = {}) {
    const { code, stdout, stderr } = await run(['doctor', '--json', ...args], { cwd, env, ms });
    assert.equal(stderr, '');
    return { code, ...JSON.parse(stdout) };
}

/* Of the shared server, by way of `url`. */
const ofServer = (t, url, args = [], options = {}) => doctor(['--config', server.configFile, '--port', String(server.port), '--url', url, ...args], { cwd: ownFolder(t), ...options });

function assertFault(result, check, text, ...cures) {
    const found = result.findings.find((finding) => finding.level === 'fault' && finding.check === check && text.test(finding.text));
    assert.ok(found, `${check}: ${text}\n${JSON.stringify(result.findings, null, 1)}`);
    for (const [where, line] of cures)
        assert.ok(found.cures.some((cure) => cure.where === where && line.test(cure.line)), `${where}: ${line}\n${JSON.stringify(found, null, 1)}`);
    assert.equal(result.code, 1);
}

const UPGRADE = `proxy_http_version 1.1;
proxy_set_header Host $http_host;
proxy_set_header Upgrade $http_upgrade;
proxy_set_header Connection "Upgrade";`;

const site = (port, location, more = '') => `server { listen 127.0.0.1:${port}${more}; ${location} }`;

test('a set-up without a fault has none, behind nginx and behind HAProxy', async (t) => {
    const proxies = [
        await nginx(t, (port) => site(port, `location / { ${UPGRADE} proxy_pass http://${upstream()}; }`)),
        await haproxy(t, (port) => `frontend f\n    bind 127.0.0.1:${port}\n    default_backend b\nbackend b\n    timeout tunnel 1h\n    server reverb ${upstream()}`),
    ];
    for (const { port } of proxies) {
        const result = await ofServer(t, `ws://127.0.0.1:${port}`, ['--origin', 'https://example.com']);
        assert.deepEqual([result.code, result.faults], [0, 0], JSON.stringify(result.findings, null, 1));
        for (const place of ['server', 'proxy'])
            assert.ok(result.findings.some(({ level, text }) => level === 'ok' && text.startsWith(`by way of the ${place} an event takes`)), place);
        assert.ok(result.findings.some(({ level, check }) => level === 'ok' && check === 'clock'));
    }
});

test('for people it prints one line a finding, the cures below it, and the sums last', async (t) => {
    const { code, stdout } = await run(['doctor', '--config', server.configFile, '--port', String(server.port), '--url', 'ws://127.0.0.1:1'], { cwd: ownFolder(t) });
    assert.equal(code, 1);
    assert.match(stdout, /^ok {6}settings +1 app$/m);
    assert.match(stdout, /^fault +proxy +no connection to 127\.0\.0\.1:1: Connection refused\n {23}nginx: listen 1;$/m);
    assert.match(stdout, /\n1 fault, \d+ warnings?\n$/);
});

/* [what, (t) => the address, check, text, cures …] */
const PROXIES = [
    ['nginx without the upgrade', (t) => nginx(t, (port) => site(port, `location / { proxy_pass http://${upstream()}; }`)),
        'proxy', /upgrade to a WebSocket is not passed on/, ['nginx', /^proxy_set_header Upgrade \$http_upgrade;$/], ['nginx', /^proxy_http_version 1\.1;$/]],
    ['nginx without "Connection: Upgrade"', (t) => nginx(t, (port) => site(port, `location / { proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_pass http://${upstream()}; }`)),
        'proxy', /upgrade to a WebSocket is not passed on \(400\)/, ['nginx', /^proxy_set_header Connection "Upgrade";$/]],
    ['HAProxy that removes the upgrade', (t) => haproxy(t, (port) => `frontend f\n    bind 127.0.0.1:${port}\n    http-request del-header Upgrade\n    default_backend b\nbackend b\n    server reverb ${upstream()}`),
        'proxy', /upgrade to a WebSocket is not passed on/, ['haproxy', /del-header/]],
    ['nginx whose server is on another port', (t) => nginx(t, (port) => site(port, `location / { ${UPGRADE} proxy_pass http://127.0.0.1:1; }`)),
        'proxy', /handshake is answered with 502/, ['nginx', /proxy_pass http:\/\/127\.0\.0\.1:\d+;/]],
    ['HAProxy whose server is on another port', (t) => haproxy(t, (port) => `frontend f\n    bind 127.0.0.1:${port}\n    default_backend b\nbackend b\n    retries 0\n    server reverb 127.0.0.1:1`),
        'proxy', /handshake is answered with 503/, ['haproxy', /^server reverb 127\.0\.0\.1:\d+$/]],
    ['a web server with the application alone', (t) => nginx(t, (port) => site(port, 'location / { default_type text/html; return 200 "<html>"; }')),
        'proxy', /handshake is answered with 200: <html>/, ['nginx', /proxy_pass/]],
    ['a redirection to https', (t) => nginx(t, (port) => site(port, 'location / { return 301 https://ws.example.com$request_uri; }')),
        'proxy', /handshake is answered with 301/, ['.env', /REVERB_SCHEME=https.*https:\/\/ws\.example\.com/]],
    ['a proxy with a password', (t) => nginx(t, (port) => site(port, 'location / { deny all; }')),
        'proxy', /handshake is answered with 403/, ['nginx', /auth_basic off; allow all;/]],
    ['nginx that passes only /app on', (t) => nginx(t, (port) => site(port, `location /app/ { ${UPGRADE} proxy_pass http://${upstream()}; } location / { return 404; }`)),
        'proxy', /a publish is answered with 404/, ['nginx', /location \/ \{ proxy_pass/]],
    ['nginx with a prefix that the server lacks', (t) => nginx(t, (port) => site(port, `location / { ${UPGRADE} proxy_pass http://${upstream()}/ws/; }`)),
        'proxy', /handshake is answered with 404/],
    ['nginx that takes smaller requests than the server', (t) => nginx(t, (port) => site(port, `client_max_body_size 1k; location / { ${UPGRADE} proxy_pass http://${upstream()}; }`)),
        'proxy', /refuses requests that the server takes: max_request_size is 10000/, ['nginx', /^client_max_body_size 10000;$/]],
    ['nobody at the address', async () => ({ port: await freePort() }),
        'proxy', /no connection to 127\.0\.0\.1:\d+: Connection refused/, ['nginx', /^listen \d+;$/]],
];
for (const [what, open, check, text, ...cures] of PROXIES)
    test(`${what}: the fault is named, and the line that mends it`, async (t) => {
        const { port } = await open(t);
        assertFault(await ofServer(t, `ws://127.0.0.1:${port}`), check, text, ...cures);
    });

test('a proxy that ends silent clients is found by watching one', async (t) => {
    const proxies = [
        await nginx(t, (port) => site(port, `location / { ${UPGRADE} proxy_read_timeout 1s; proxy_pass http://${upstream()}; }`)),
        await haproxy(t, (port) => `frontend f\n    bind 127.0.0.1:${port}\n    default_backend b\nbackend b\n    timeout tunnel 1s\n    server reverb ${upstream()}`),
    ];
    for (const { port } of proxies)
        assertFault(await ofServer(t, `ws://127.0.0.1:${port}`, ['--idle', '5']), 'proxy', /it ended a silent client after [12] s; the server pings each 60 s/,
            ['nginx', /^proxy_read_timeout 90s;$/], ['haproxy', /^timeout tunnel 1h$/]);
    const direct = await ofServer(t, `ws://127.0.0.1:${server.port}`, ['--idle', '1']);
    assert.equal(direct.code, 0);
});

test('a proxy that closes each connection of a publisher is a warning', async (t) => {
    const { port } = await nginx(t, (at) => site(at, `keepalive_timeout 0; location / { ${UPGRADE} proxy_pass http://${upstream()}; }`));
    const { findings } = await ofServer(t, `ws://127.0.0.1:${port}`);
    assert.ok(findings.some(({ level, text, cures }) => level === 'warning' && /Connection: close/.test(text) && cures.some(({ line }) => line === 'keepalive_timeout 75s;')));
});

/* [what, (folder) => its certificate, text, cure]: nginx shows it. */
const CERTIFICATES = [
    ['of another name', (folder) => makeSigned(folder, 'other.test', {}), /certificate is for another name|chain/, /certbot|fullchain/],
    ['signed by itself', (folder) => makeCertificate(folder, 'localhost'), /signed by itself/, /certbot certonly/],
];
for (const [what, make, text, cure] of CERTIFICATES)
    test(`a proxy's certificate ${what} is a fault, in words`, async (t) => {
        const { cert, key } = make(ownFolder(t));
        const { port } = await nginx(t, (at) => site(at, `ssl_certificate ${cert}; ssl_certificate_key ${key}; location / { ${UPGRADE} proxy_pass http://${upstream()}; }`, ' ssl'));
        const result = await ofServer(t, `wss://localhost:${port}`);
        assertFault(result, 'proxy', text);
        assert.ok(result.findings.some(({ cures }) => cures.some(({ line }) => cure.test(line))));
        assert.equal((await ofServer(t, `wss://localhost:${port}`, ['--insecure'])).code, 0);
    });

test('a name that the certificate lacks is named where its authority is trusted', async (t) => {
    const folder = ownFolder(t);
    const { cert, key, authority } = makeSigned(folder, 'other.test');
    const { port } = await nginx(t, (at) => site(at, `ssl_certificate ${cert}; ssl_certificate_key ${key}; location / { ${UPGRADE} proxy_pass http://${upstream()}; }`, ' ssl'));
    assertFault(await ofServer(t, `wss://localhost:${port}`, [], { env: { SSL_CERT_FILE: authority.cert } }), 'proxy', /the certificate is for another name/, ['shell', /certbot certonly/]);
    assert.equal((await ofServer(t, `wss://127.0.0.1:${port}`, [], { env: { SSL_CERT_FILE: authority.cert } })).code, 0);
});

test('wss to a port without TLS is named', async (t) => {
    const { port } = await nginx(t, (at) => site(at, `location / { ${UPGRADE} proxy_pass http://${upstream()}; }`));
    assertFault(await ofServer(t, `wss://127.0.0.1:${port}`), 'proxy', /that port speaks no TLS/, ['nginx', /^listen 443 ssl;$/]);
});

/* --- the server's own files ------------------------------------------------------------------ */

const withTls = async (t, tls, more = {}) => {
    const folder = ownFolder(t);
    fs.writeFileSync(path.join(folder, 'reverb.json'), JSON.stringify({ servers: { reverb: { host: '127.0.0.1', port: await freePort(), options: { tls } } }, apps: { apps: [app(more)] } }));
    return doctor(['--config', 'reverb.json'], { cwd: folder });
};

test('the server\'s certificate: expired, alone, of another name, with another key', async (t) => {
    const folder = ownFolder(t);
    const old = makeSigned(folder, 'old.test', { from: '20200101000000Z', to: '20210101000000Z' });
    assertFault(await withTls(t, { local_cert: old.cert, local_pk: old.key }), 'certificate', /has expired \d+ days ago/, ['shell', /certbot renew/]);
    assertFault(await withTls(t, { local_cert: old.cert, local_pk: old.key }), 'certificate', /stands alone/, ['.env', /fullchain\.pem/]);
    const own = makeCertificate(folder, 'own.test');
    assertFault(await withTls(t, { local_cert: own.cert, local_pk: own.key }, { options: { host: 'ws.example.com' } }), 'certificate', /is not for ws\.example\.com/, ['shell', /certbot certonly -d ws\.example\.com/]);
    assertFault(await withTls(t, { local_cert: own.cert, local_pk: old.key }), 'certificate', /do not belong together/, ['.env', /REVERB_TLS_LOCAL_PK/]);
});

test('a port that another program has, and a server that does not run', async (t) => {
    const folder = ownFolder(t);
    const { port } = await nginx(t, (at) => site(at, 'location / { return 200; }'));
    fs.writeFileSync(path.join(folder, 'reverb.json'), JSON.stringify({ servers: { reverb: { host: '127.0.0.1', port } }, apps: { apps: [app()] } }));
    assertFault(await doctor(['--config', 'reverb.json'], { cwd: folder }), 'port', /is in use by another program/, ['shell', new RegExp(`ss -ltnp.*${port}`)]);
    assertFault(await doctor(['--config', 'reverb.json', '--port', String(await freePort())], { cwd: folder }), 'server', /Connection refused/, ['shell', /systemctl start reverb/]);
});

test('few open files are a warning', async (t) => {
    const own = await ownServer(t, { ulimit: 300 });
    const { findings } = await doctor(['--config', own.configFile, '--port', String(own.port)], { cwd: ownFolder(t) });
    const found = findings.find(({ check }) => check === 'open files');
    assert.match(found.text, /the server may have 300, and each client is one/);
    assert.ok(found.cures.some(({ where, line }) => where === 'systemd' && line === 'LimitNOFILE=1048576'));
});

/* --- the app --------------------------------------------------------------------------------- */

/* The server's app with other values, as another .env would have it. */
const REMOTE = [
    ['another key', { key: 'other' }, 'server', /no client is greeted: .*4001/, ['.env', /REVERB_APP_KEY=/]],
    ['another secret', { secret: 'other' }, 'server', /a private channel is refused: .*4009/, ['.env', /REVERB_APP_SECRET=/]],
    ['another id', { app_id: 'key-of-1001' }, 'server', /a publish is answered with 404.*No matching application/, ['.env', /REVERB_APP_ID=the id, not the key/]],
];
for (const [what, values, check, text, cure] of REMOTE)
    test(`${what} than the server's is named`, async (t) => {
        const folder = ownFolder(t);
        fs.writeFileSync(path.join(folder, 'reverb.json'), JSON.stringify({ servers: { reverb: { host: '127.0.0.1', port: server.port } }, apps: { apps: [app(values)] } }));
        const result = await doctor(['--config', 'reverb.json'], { cwd: folder });
        const found = result.findings.find((finding) => finding.level === 'fault' && text.test(finding.text));
        assert.ok(found, JSON.stringify(result.findings, null, 1));
        assert.equal(found.check, check);
        assert.ok(found.cures.some(({ where, line }) => where === cure[0] && cure[1].test(line)));
    });

test('an origin that is not allowed is named, APP_URL\'s too', async (t) => {
    const own = await ownServer(t, { apps: [app({ allowed_origins: ['example.com'] })] });
    const folder = ownFolder(t);
    fs.writeFileSync(path.join(folder, '.env'), 'APP_URL=https://shop.example.com/start\n');
    const args = ['--config', own.configFile, '--port', String(own.port)];
    assertFault(await doctor(args, { cwd: folder }), 'origins', /pages of https:\/\/shop\.example\.com may not connect/, ['config/reverb.php', /'allowed_origins' => \['shop\.example\.com'\],/]);
    assert.equal((await doctor([...args, '--origin', 'https://example.com'], { cwd: folder })).code, 0);
});

test('a publisher\'s clock that differs is named', async (t) => {
    const late = clock();
    late.step(-1000);
    assertFault(await ofServer(t, `ws://127.0.0.1:${server.port}`, [], { env: late.env }), 'clock', /auth_timestamp is \d+ seconds behind/, ['shell', /timedatectl set-ntp true/]);
    late.step(60);
    const { findings } = await ofServer(t, `ws://127.0.0.1:${server.port}`, [], { env: late.env });
    assert.ok(findings.some(({ level, check, text }) => level === 'warning' && check === 'clock' && /this machine is (59|60|61) s ahead of the server/.test(text)), JSON.stringify(findings));
});

/* --- Redis ----------------------------------------------------------------------------------- */

async function ofRedis(t, scaling) {
    const folder = ownFolder(t);
    fs.writeFileSync(path.join(folder, 'reverb.json'), JSON.stringify({ servers: { reverb: { host: '127.0.0.1', port: await freePort(), scaling: { enabled: true, ...scaling } } }, apps: { apps: [app()] } }));
    return doctor(['--config', 'reverb.json'], { cwd: folder });
}

test('Redis: away, with a password, full and evicting, a replica, not a cluster', async (t) => {
    assertFault(await ofRedis(t, { server: { host: '127.0.0.1', port: String(await freePort()) } }), 'redis', /cannot be reached: Connection refused/, ['.env', /^REDIS_HOST=/]);
    const redis = await Redis.start({ password: 'open sesame' });
    t.after(() => redis.stop());
    const settings = { host: '127.0.0.1', port: String(redis.port), password: 'open sesame' };
    const fine = await ofRedis(t, { server: settings });
    assert.deepEqual(fine.findings.filter(({ check }) => check === 'redis').map(({ level }) => level), ['ok', 'ok'], JSON.stringify(fine.findings));
    assertFault(await ofRedis(t, { server: { ...settings, password: null } }), 'redis', /it refuses this server: NOAUTH/, ['.env', /REDIS_PASSWORD=/]);
    assertFault(await ofRedis(t, { server: { ...settings, cluster: true } }), 'redis', /it is no Redis Cluster/, ['.env', /^REVERB_SCALING_CLUSTER=false$/]);
    assertFault(await ofRedis(t, { server: { ...settings, sentinel: 'mymaster', hosts: [`127.0.0.1:${redis.port}`], sentinel_password: 'open sesame' } }), 'redis', /no Sentinel listens there/, ['.env', /^REVERB_SCALING_HOSTS=/]);
    await redis.command('CONFIG', 'SET', 'maxmemory', '100mb');
    await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    assertFault(await ofRedis(t, { server: settings }), 'redis', /maxmemory-policy allkeys-lru/, ['redis.conf', /^maxmemory-policy noeviction$/]);
    await redis.command('REPLICAOF', '127.0.0.1', '1');
    assertFault(await ofRedis(t, { server: settings }), 'redis', /it is a replica/, ['.env', /^REDIS_HOST=127\.0\.0\.1 /]);
});

test('Redis: TLS on one side alone, another authority, no Redis at all', async (t) => {
    const [plain, secure] = await Promise.all([Redis.start(), Redis.start({ tls: true })]);
    t.after(() => Promise.all([plain.stop(), secure.stop()]));
    const of = (redis, more) => ofRedis(t, { server: { host: '127.0.0.1', port: String(redis.port), ...more } });
    assertFault(await of(plain, { scheme: 'tls' }), 'redis', /cannot be reached: [^:]*does it speak TLS there\?/, ['.env', /^REDIS_SCHEME=tcp /]);
    assertFault(await of(secure, {}), 'redis', /closed the connection without an answer/, ['.env', /^REDIS_SCHEME=tls /]);
    assertFault(await of(secure, { scheme: 'tls' }), 'redis', /certificate verify failed/, ['.env', /^REVERB_SCALING_CAFILE=/]);
    assertFault(await of(secure, { scheme: 'tls' }), 'redis', /certificate verify failed/, ['shell', /^redis-cli .*--tls/]);
    const strict = await Redis.start({ tls: true, args: ['--tls-auth-clients', 'yes'] });
    t.after(() => strict.stop());
    const trusting = { scheme: 'tls', host: 'localhost', tls: { cafile: strict.certificate.cert, verify_peer: true } };
    assertFault(await of(strict, trusting), 'redis', /certificate verify failed: [hH]ostname mismatch/, ['.env', /^REDIS_HOST=the name in its certificate/]);
    assertFault(await of(strict, { scheme: 'tls', tls: { verify_peer: false } }), 'redis', /closed the connection without an answer/, ['redis.conf', /^tls-auth-clients no/]);
    assertFault(await of({ port: server.port }, {}), 'redis', /not the Redis protocol/, ['.env', /^REDIS_HOST=/]);
});

test('Redis: a Sentinel with a password, and one in the place of Redis', async (t) => {
    const sentinels = await Sentinels.start();
    t.after(() => sentinels.stop());
    const hosts = sentinels.sentinels.map(({ port }) => `127.0.0.1:${port}`);
    assertFault(await ofRedis(t, { server: { host: '127.0.0.1', port: hosts[0].split(':')[1] } }), 'redis', /it is a Sentinel/, ['.env', /^REVERB_SCALING_SENTINEL=/]);
    assertFault(await ofRedis(t, { server: { sentinel: 'another', hosts } }), 'redis', /Sentinels know no master "another"/, ['.env', /^REVERB_SCALING_SENTINEL=/]);
    const closed = await Redis.start({ password: 'open sesame' });
    t.after(() => closed.stop());
    assertFault(await ofRedis(t, { server: { sentinel: 'mymaster', hosts: [`127.0.0.1:${closed.port}`] } }), 'redis', /it refuses this server: NOAUTH/, ['.env', /^REVERB_SCALING_SENTINEL_PASSWORD=/]);
});

test('Redis: the user of docs/scaling.md is enough, and is refused nothing', async (t) => {
    const redis = await Redis.start();
    t.after(() => redis.stop());
    const [, acl] = /<!-- acl -->\n\s+(ACL .*)/.exec(fs.readFileSync(path.join(__dirname, '../../docs/scaling.md'), 'utf8'));
    await redis.command(...acl.split(' '));
    const { findings } = await ofRedis(t, { server: { host: '127.0.0.1', port: String(redis.port), username: 'reverb', password: 'secret' } });
    assert.deepEqual(findings.filter(({ check }) => check === 'redis').map(({ level }) => level), ['ok', 'ok'], JSON.stringify(findings));
    assert.deepEqual(await redis.command('ACL', 'LOG'), []);
});

/* --- the application ------------------------------------------------------------------------- */

const ENV = { APP_NAME: 'Laravel', BROADCAST_CONNECTION: 'reverb', REVERB_APP_ID: '1', REVERB_APP_KEY: 'k', REVERB_APP_SECRET: 's', REVERB_HOST: 'ws.example.com', REVERB_PORT: '443', REVERB_SCHEME: 'https',
    VITE_REVERB_APP_KEY: '"${REVERB_APP_KEY}"', VITE_REVERB_HOST: '"${REVERB_HOST}"', VITE_REVERB_PORT: '"${REVERB_PORT}"', VITE_REVERB_SCHEME: '"${REVERB_SCHEME}"' };

async function ofApplication(t, values, files = {}) {
    const folder = ownFolder(t);
    fs.writeFileSync(path.join(folder, '.env'), Object.entries({ ...ENV, REVERB_SERVER_PORT: await freePort(), ...values }).filter(([, value]) => value !== null).map(([name, value]) => `${name}=${value}\n`).join(''));
    for (const [name, text] of Object.entries(files)) {
        fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
        fs.writeFileSync(path.join(folder, name), text);
    }
    return doctor(['--url', 'ws://127.0.0.1:1'], { cwd: folder });
}

const APPLICATIONS = [
    ['BROADCAST_CONNECTION=log', { BROADCAST_CONNECTION: 'log' }, /BROADCAST_CONNECTION is "log"/, /^BROADCAST_CONNECTION=reverb$/],
    ['a URL as REVERB_HOST', { REVERB_HOST: 'https://ws.example.com:8443/x' }, /REVERB_HOST is a URL/, /^REVERB_HOST=ws\.example\.com$/],
    ['the listening address as REVERB_HOST', { REVERB_HOST: '0.0.0.0' }, /REVERB_HOST is 0\.0\.0\.0/, /^REVERB_SERVER_HOST=0\.0\.0\.0$/],
    ['wss as REVERB_SCHEME', { REVERB_SCHEME: 'wss' }, /REVERB_SCHEME is "wss"/, /^REVERB_SCHEME=https$/],
    ['https on a port without TLS', { REVERB_SERVER_PORT: '28991', REVERB_PORT: '28991' }, /speaks no TLS on port 28991/, /^REVERB_PORT=443/],
    ['another key for Vite', { VITE_REVERB_APP_KEY: 'old' }, /VITE_REVERB_APP_KEY differs from REVERB_APP_KEY/, /^VITE_REVERB_APP_KEY="\$\{REVERB_APP_KEY\}"/],
    ['no key for Vite', { VITE_REVERB_APP_KEY: null }, /VITE_REVERB_APP_KEY is not set/, /^VITE_REVERB_APP_KEY=/],
];
for (const [what, values, text, cure] of APPLICATIONS)
    test(`.env with ${what} is named`, async (t) => {
        assertFault(await ofApplication(t, values), '.env', text, ['.env', cure]);
    });

const BUNDLE = (settings) => `const a=1;window.Echo=new Vt({broadcaster:"reverb",${settings},forceTLS:!0,enabledTransports:["ws","wss"]});`;

test('a bundle that was built with other values is named', async (t) => {
    const right = await ofApplication(t, {}, { 'public/build/assets/app-1.js': BUNDLE('key:"k",wsHost:"ws.example.com",wsPort:80') });
    assert.ok(right.findings.some(({ level, check }) => level === 'ok' && check === '.env'), JSON.stringify(right.findings));
    assert.ok(right.findings.some(({ level, check }) => level === 'ok' && check === 'bundle'));
    for (const [settings, text, where, line] of [
        ['key:"old",wsHost:"ws.example.com"', /built with the key "old"/, 'shell', /npm run build/],
        ['key:void 0,wsHost:"ws.example.com"', /Echo without a key/, '.env', /VITE_REVERB_APP_KEY/],
        ['key:"k",wsHost:"localhost"', /connects to "localhost", and the server is at "ws\.example\.com"/, '.env', /VITE_REVERB_HOST/],
    ])
        assertFault(await ofApplication(t, {}, { 'public/build/assets/app-1.js': BUNDLE(settings) }), 'bundle', text, [where, line]);
});

/* --- options --------------------------------------------------------------------------------- */

test('a server elsewhere needs no configuration, and a broken one is the first finding', async (t) => {
    const folder = ownFolder(t);
    const identity = ['--app-id', server.app.app_id, '--key', server.app.key, '--secret', server.app.secret];
    const elsewhere = await doctor(['--url', `ws://127.0.0.1:${server.port}`, ...identity], { cwd: folder });
    assert.equal(elsewhere.code, 0, JSON.stringify(elsewhere.findings));
    fs.writeFileSync(path.join(folder, 'reverb.json'), '{"servers":{"reverb":{"prot":1}}}');
    const broken = await doctor(['--config', 'reverb.json'], { cwd: folder });
    assert.deepEqual([broken.code, broken.findings[0].level, broken.findings[0].check], [1, 'fault', 'settings']);
    assert.match(broken.findings[0].text, /did you mean port\?/);
    const { code, stderr } = await run(['doctor', '--idle', 'x'], { cwd: folder });
    assert.equal(code, 1);
    assert.match(stderr, /--idle "x" is no number of seconds/);
});

test('config --check does what a start does, and starts nothing', async (t) => {
    const folder = ownFolder(t);
    const { cert, key } = makeCertificate(folder, 'one');
    const other = makeCertificate(folder, 'two');
    const port = await freePort();
    const taken = await nginx(t, (at) => site(at, 'location / { return 200; }'));
    const check = async (settings) => {
        fs.writeFileSync(path.join(folder, 'reverb.json'), JSON.stringify({ servers: { reverb: { host: '127.0.0.1', port, ...settings } }, apps: { apps: [app()] } }));
        return run(['config', '--check', '--config', 'reverb.json'], { cwd: folder });
    };
    const right = await check({ options: { tls: { local_cert: cert, local_pk: key } } });
    assert.deepEqual(right, { code: 0, stdout: 'A server can start with this configuration.\n', stderr: '' });
    for (const [settings, said] of [
        [{ options: { tls: { local_cert: cert, local_pk: other.key } } }, /do not belong together/],
        [{ port: taken.port }, /is in use by another program/],
        [{ admin: `127.0.0.1:${taken.port}` }, /the administration listener cannot listen on 127\.0\.0\.1:\d+: address already in use/],
        [{ host: '192.0.2.1' }, /is no address of this machine/],
        [{ prot: 1 }, /did you mean port\?/],
    ]) {
        const { code, stdout, stderr } = await check(settings);
        assert.deepEqual([code, stdout], [1, ''], stderr);
        assert.match(stderr, said);
    }
    const { code } = await run(['config', '--check', '--config', server.configFile, '--port', String(server.port)], { cwd: folder });
    assert.equal(code, 0, 'a running server\'s port is its own');
    await assert.rejects(RawConnection.open({ host: '127.0.0.1', port }));
});
