'use strict';

/* wss and HTTPS by the server itself, with certificates made on the spot. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const https = require('node:https');
const path = require('node:path');
const tls = require('node:tls');
const { test, before, after } = require('../support/test.js');
const { Server, freePort, ownServer, run, temporaryFolder } = require('../support/server.js');
const { Client, called, pusherJs, sdk } = require('../support/clients.js');
const { get, publish } = require('../support/api.js');
const { RawConnection } = require('../support/raw.js');
const { makeCertificate, makeSigned } = require('../support/certificate.js');
const { until, within } = require('../support/wait.js');

const folder = temporaryFolder();
const main = makeCertificate(folder);
const renewed = makeCertificate(folder, 'renewed.test');
const withPassphrase = makeCertificate(folder, 'locked.test', { passphrase: 'open sesame' });
const client = makeCertificate(folder, 'client.test');
const secured = (options) => ({ server: { options: { tls: options } } });

const server = new Server(secured({ local_cert: main.cert, local_pk: main.key }));
before(() => server.start());
after(async () => {
    await server.stop();
    fs.rmSync(folder, { recursive: true, force: true });
});

/* Handshakes and returns { protocol, name } (the CN the server showed), or the error. */
function handshake(where, options = {}) {
    return within(new Promise((resolve) => {
        const socket = tls.connect({ host: where.host, port: where.port, rejectUnauthorized: false, ...options }, () => {
            resolve({ protocol: socket.getProtocol(), name: socket.getPeerCertificate().subject.CN });
            socket.destroy();
        });
        socket.on('error', (error) => resolve({ error }));
        socket.on('close', () => resolve({ error: new Error('closed') }));
    }), 'a TLS handshake');
}

const shows = (where, name, options) => until(async () => (await handshake(where, options)).name === name,
    `the certificate of ${name}`);

test('the banner says that the server is secure', () => {
    assert.equal(server.secure, true);
    assert.match(server.stdout, /Starting secure server on/);
});

test('a client that trusts the certificate connects over wss and receives', async () => {
    const socket = await Client.open(server, { ws: { rejectUnauthorized: true, ca: main.pem } });
    await socket.subscribe('news');
    await publish(server, 'news', 'told', '{"n":1}');
    assert.deepEqual(await socket.take(), { event: 'told', channel: 'news', data: '{"n":1}' });
    await socket.leave();
});

test('the SDK publishes over HTTPS', async () => {
    const socket = await Client.open(server);
    await socket.subscribe('news');
    const agent = new https.Agent({ ca: main.pem });
    await sdk(server, { sdk: { agent } }).trigger('news', 'told', { n: 1 });
    assert.equal((await socket.take()).event, 'told');
});

test('pusher-js connects with forceTLS', async (t) => {
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    t.after(() => { delete process.env.NODE_TLS_REJECT_UNAUTHORIZED; });
    const pusher = pusherJs(server);
    const channel = pusher.subscribe('news');
    await called((fn) => channel.bind('pusher:subscription_succeeded', fn), 'subscribed');
    pusher.disconnect();
});

for (const protocol of ['TLSv1.2', 'TLSv1.3'])
    test(`${protocol} is spoken`, async () => {
        const got = await handshake(server, { minVersion: protocol, maxVersion: protocol });
        assert.deepEqual(got, { protocol, name: 'reverb.test' });
    });

for (const [method, protocol, other] of [[32, 'TLSv1.2', 'TLSv1.3'], ['STREAM_CRYPTO_METHOD_TLSv1_3_SERVER', 'TLSv1.3', 'TLSv1.2']])
    test(`with ${method} as crypto_method ${protocol} is the only one`, async (t) => {
        const own = await ownServer(t, secured({ local_cert: main.cert, local_pk: main.key, crypto_method: method }));
        assert.equal(own.stderr, '');
        assert.equal((await handshake(own)).protocol, protocol);
        assert.ok((await handshake(own, { minVersion: other, maxVersion: other })).error);
    });

test('crypto_method of a config/reverb.php is the sum of PHP\'s constants', async (t) => {
    const own = temporaryFolder();
    t.after(() => fs.rmSync(own, { recursive: true, force: true }));
    fs.mkdirSync(path.join(own, 'config'));
    fs.writeFileSync(path.join(own, 'artisan'), '');
    fs.writeFileSync(path.join(own, 'config/reverb.php'), `<?php return ['servers' => ['reverb' => ['options' => ['tls' => ['local_cert' => '${main.cert}', 'local_pk' => '${main.key}',
        'crypto_method' => STREAM_CRYPTO_METHOD_TLSv1_2_SERVER | STREAM_CRYPTO_METHOD_TLSv1_3_SERVER]]]], 'apps' => ['apps' => [['app_id' => '1', 'key' => 'k', 'secret' => 's']]]];`);
    const { code, stdout, stderr } = await run(['config'], { cwd: own });
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
    assert.match(stdout, /options\.tls\.crypto_method +96 /);
});

test('TLS 1.1 is not spoken', async () => {
    const { error } = await handshake(server,
        { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' });
    assert.ok(error);
});

test('messages of any size pass, both ways, also when they are split', async () => {
    const socket = await Client.open(server);
    await socket.subscribe('private-sizes');
    const other = await Client.open(server);
    await other.subscribe('private-sizes');
    for (const size of [1, 125, 126, 4096, 9000]) {
        socket.send('client-size', 'x'.repeat(size), 'private-sizes');
        assert.equal((await other.take()).data.length, size);
    }
    const raw = await RawConnection.open(server, { tls: {} });
    for (const byte of 'GET /up HTTP/1.1\r\nHost: x\r\n\r\n')
        await raw.write(byte);
    assert.equal((await raw.response()).text, '{"health":"OK"}');
    raw.close();
});

test('plain HTTP to the secure port, and a handshake that stops half way, harm nobody', async () => {
    const plain = await RawConnection.open(server);
    await plain.write('GET /up HTTP/1.1\r\nHost: x\r\n\r\n');
    await plain.waitClosed();
    const silent = await RawConnection.open(server);
    await silent.write(Buffer.from([0x16, 3, 1, 0, 200]));
    assert.equal((await get(server, '/connections')).status, 200);
    silent.close();
});

test('many connections at once are served', async () => {
    const clients = await Client.openMany(server, 60);
    await Promise.all(clients.map((one) => one.subscribe('crowd')));
    await publish(server, 'crowd', 'told');
    await Promise.all(clients.map((one) => one.next('told')));
    await Promise.all(clients.map((one) => one.leave()));
});

test('a renewed certificate is taken up on SIGHUP, and connections stay', async (t) => {
    const own = await ownServer(t, secured({ local_cert: main.cert, local_pk: main.key }));
    const socket = await Client.open(own);
    own.options.server.options.tls = { local_cert: renewed.cert, local_pk: renewed.key };
    own.writeConfig();
    own.signal('SIGHUP');
    await shows(own, 'renewed.test');
    await socket.ping();
});

for (const how of ['written over', 'replaced by rename'])
    test(`a renewed certificate is taken up when its files are ${how}, without any signal`, async (t) => {
        const own = temporaryFolder();
        t.after(() => fs.rmSync(own, { recursive: true, force: true }));
        const files = [path.join(own, 'tls.crt'), path.join(own, 'tls.key')];
        const put = ({ cert, key }) => [cert, key].forEach((from, n) => {
            if (how === 'written over')
                return fs.copyFileSync(from, files[n]);
            fs.copyFileSync(from, `${files[n]}.new`);
            return fs.renameSync(`${files[n]}.new`, files[n]);
        });
        put(main);
        const running = await ownServer(t, secured({ local_cert: files[0], local_pk: files[1] }));
        const socket = await Client.open(running);
        await shows(running, 'reverb.test');
        put(renewed);
        await shows(running, 'renewed.test');
        await socket.ping();
    });

test('certificate and key that are symlinks, swapped one after the other, are no error', async (t) => {
    const own = temporaryFolder();
    t.after(() => fs.rmSync(own, { recursive: true, force: true }));
    const files = [path.join(own, 'tls.crt'), path.join(own, 'tls.key')];
    const swap = (file, target) => {
        fs.symlinkSync(target, `${file}.new`);
        fs.renameSync(`${file}.new`, file);
    };
    swap(files[0], main.cert);
    swap(files[1], main.key);
    const running = await ownServer(t, secured({ local_cert: files[0], local_pk: files[1] }));
    swap(files[0], renewed.cert);
    /* It is noticed each second; the server has seen the certificate without its key by then. */
    const seen = Date.now() + 1500;
    await until(() => Date.now() > seen, 'the server has looked');
    assert.deepEqual([(await handshake(running)).name, running.stderr], ['reverb.test', '']);
    swap(files[1], renewed.key);
    await shows(running, 'renewed.test');
    assert.doesNotMatch(running.stderr, /error|former one/);
});

for (const [what, dates, said] of [
    ['that stands alone', {}, /warn.*the certificate \S+alone\.test\.crt stands alone, without the chain of its issuer.*use fullchain\.pem/],
    ['that has expired', { from: '20200101000000Z', to: '20210101000000Z' }, /warn.*the certificate \S+ has expired: clients will refuse it/],
    ['that is not valid yet', { from: '20900101000000Z', to: '20910101000000Z' }, /warn.*the certificate \S+ is not valid yet/],
])
    test(`a certificate ${what} is served, with a warning`, async (t) => {
        const own = temporaryFolder();
        t.after(() => fs.rmSync(own, { recursive: true, force: true }));
        const { cert, key, authority } = makeSigned(own, 'alone.test', dates);
        const running = await ownServer(t, secured({ local_cert: cert, local_pk: key }));
        await running.line(said);
        await shows(running, 'alone.test');
        fs.appendFileSync(cert, authority.pem);
        const whole = await ownServer(t, secured({ local_cert: cert, local_pk: key }));
        assert.doesNotMatch(whole.stderr, /stands alone/);
    });

test('a certificate that has become unreadable leaves the one that is in use', async (t) => {
    const own = temporaryFolder();
    t.after(() => fs.rmSync(own, { recursive: true, force: true }));
    const files = { local_cert: path.join(own, 'tls.crt'), local_pk: path.join(own, 'tls.key') };
    fs.copyFileSync(main.cert, files.local_cert);
    fs.copyFileSync(main.key, files.local_pk);
    const running = await ownServer(t, secured(files));
    fs.writeFileSync(files.local_cert, 'no certificate');
    running.signal('SIGHUP');
    await until(() => running.stderr.length > 0, 'a word about the certificate');
    await shows(running, 'reverb.test');
});

test('a key may be locked by a passphrase', async (t) => {
    const own = await ownServer(t, secured({
        local_cert: withPassphrase.cert, local_pk: withPassphrase.key, passphrase: 'open sesame',
    }));
    await shows(own, 'locked.test');
});

test('certificate and key may be one file', async (t) => {
    const both = path.join(folder, 'both.pem');
    fs.writeFileSync(both, fs.readFileSync(main.cert) + fs.readFileSync(main.key));
    const own = await ownServer(t, secured({ local_cert: both }));
    await shows(own, 'reverb.test');
});

test('verify_peer with a cafile lets in only who shows a certificate of it', async (t) => {
    const own = await ownServer(t, secured({
        local_cert: main.cert, local_pk: main.key, verify_peer: true, cafile: client.cert,
    }));
    const shown = { cert: client.pem, key: fs.readFileSync(client.key) };
    const socket = await Client.open(own, { ws: shown });
    await socket.ping();
    const without = new Client(own);
    await without.waitClosed();
    assert.ok(without.error, 'it was not let in');
});

test('the authorities of clients are taken up when their file changes, without any signal', async (t) => {
    const cafile = path.join(folder, 'authorities.pem');
    fs.copyFileSync(client.cert, cafile);
    const own = await ownServer(t, secured({ local_cert: main.cert, local_pk: main.key, verify_peer: true, cafile }));
    const shown = { cert: renewed.pem, key: fs.readFileSync(renewed.key) };
    await new Client(own, { ws: shown }).waitClosed();
    fs.copyFileSync(renewed.cert, cafile);
    await own.line(/the certificate was taken up anew/);
    const socket = await Client.open(own, { ws: shown });
    await socket.ping();
});

for (const [what, where] of [['Herd', 'Library/Application Support/Herd/config/valet/Certificates'],
    ['Valet', '.config/valet/Certificates']])
    test(`the certificate of --hostname is found where ${what} keeps it`, async (t) => {
        const home = temporaryFolder();
        t.after(() => fs.rmSync(home, { recursive: true, force: true }));
        fs.mkdirSync(path.join(home, where), { recursive: true });
        makeCertificate(path.join(home, where), 'laravel.test');
        const own = await ownServer(t, { args: ['--hostname', 'laravel.test'], env: { HOME: home } });
        assert.equal(own.secure, true);
        await shows(own, 'laravel.test');
    });

test('a hostname without a certificate is served in the clear', async (t) => {
    const own = await ownServer(t, { args: ['--hostname', 'laravel.test'], env: { HOME: folder } });
    assert.equal(own.secure, false);
    await (await Client.open(own)).ping();
});

test('a wrong passphrase, a key of another certificate and no certificate at all end the start with one line', async () => {
    const wrong = {
        'locked.test': { local_cert: withPassphrase.cert, local_pk: withPassphrase.key, passphrase: 'wrong' },
        'renewed.test.key': { local_cert: main.cert, local_pk: renewed.key },
        'missing.pem': { local_cert: path.join(folder, 'missing.pem') },
    };
    for (const [named, options] of Object.entries(wrong)) {
        const it = new Server(secured(options));
        const file = path.join(folder, 'wrong.json');
        fs.writeFileSync(file, JSON.stringify(it.config));
        const { code, stderr } = await run(['start', '--config', file, '--host', '127.0.0.1', '--port', String(await freePort())]);
        assert.notEqual(code, 0);
        assert.equal(stderr.trim().split('\n').length, 1, stderr);
        assert.ok(stderr.includes(named), stderr);
    }
});
