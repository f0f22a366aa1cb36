'use strict';

/* A machine without a compiler: the server comes from a release, over HTTP, and any other program
 * is refused by name, with the cure. */

const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { test, before, beforeEach, after } = require('../support/test.js');
const { Client } = require('../support/clients.js');
const { freePort } = require('../support/server.js');
const { BIN } = require('../support/wait.js');
const { Application, COMPOSER_MS, IN_VENDOR } = require('./application.js');

const MACHINE = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
const VERSION = /VERSION "(.*)"/.exec(fs.readFileSync(path.join(__dirname, '../../src/base/version.h')))[1];
const NAME = `reverb-${VERSION}-linux-${MACHINE}`;
const TARBALL = `/v${VERSION}/${NAME}.tar.gz`;
const BUILD = ['reverb:build', '--no-interaction'];
const WHERE = new RegExp(`Native server \\.* .*storage/framework/reverb/${VERSION.replaceAll('.', '\\.')}-linux-${MACHINE}-\\w+/reverb`);

const { privateKey, publicKey } = crypto.generateKeyPairSync('ed25519');
let application;
let tools;
let release; /* path: bytes */
let server;
let requests;
let breaksAt; /* a transfer stops there, once */

/* As the server answers: whole, or from where the client has it. */
function answer(request, response) {
    requests.push(request);
    const body = release[new URL(request.url, 'http://x').pathname];
    if (body === undefined) {
        response.writeHead(404).end('nothing here');
        return;
    }
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.writeHead(from ? 206 : 200, { 'content-length': body.length - from });
    if (breaksAt && body.length > breaksAt) {
        response.write(body.subarray(from, breaksAt), () => response.destroy());
        breaksAt = null;
    } else {
        response.end(body.subarray(from));
    }
}

function tarball(program) {
    const folder = fs.mkdtempSync(application.path('release-'));
    fs.mkdirSync(path.join(folder, NAME, 'bin'), { recursive: true });
    fs.writeFileSync(path.join(folder, NAME, 'bin/reverb'), program, { mode: 0o755 });
    return execFileSync('tar', ['-czf', '-', '-C', folder, NAME], { maxBuffer: 64 * 1024 * 1024 });
}

function publish(bytes, { signed = bytes, summed = bytes } = {}) {
    release = {
        [TARBALL]: bytes,
        [`${TARBALL}.sha256`]: Buffer.from(`${crypto.createHash('sha256').update(summed).digest('hex')}  ${NAME}.tar.gz\n`),
        [`${TARBALL}.sig`]: crypto.sign(null, signed, privateKey),
    };
}

const url = () => `http://127.0.0.1:${server.address().port}`;
const bare = (settings) => ({ env: { REVERB_BINARY: '', PATH: tools, REVERB_RELEASES_URL: url(), REVERB_RELEASES_KEY: application.path('key.pem'), COLUMNS: '300', ...settings } });

/* It is refused, nothing of it is kept, and what is left is to build, for which there is no compiler. */
async function isRefused(pattern, settings) {
    const { code, said } = await application.artisan(BUILD, bare(settings));
    assert.equal(code, 1, said);
    assert.match(said, pattern);
    assert.match(said, /Building the native server from source/);
    assert.match(said, /missing cc\b[^]*sudo apt-get install gcc/);
    assert.ok(!application.exists(`storage/framework/reverb/${VERSION}-linux-${MACHINE}-glibc/reverb`));
}

/* Runs `body` with another text in a file of the package. */
async function withFile(name, change, body) {
    const file = application.path(`${IN_VENDOR}/${name}`);
    const text = fs.readFileSync(file, 'utf8');
    fs.writeFileSync(file, change(text));
    try {
        await body();
    } finally {
        fs.writeFileSync(file, text);
    }
}

before(async () => {
    application = await Application.withCopiedPackage();
    await application.must(['reverb:install', '--no-interaction']);
    tools = application.programs('tools', { links: ['php', 'sh', 'make', 'pkg-config', 'tar', 'gzip', 'rm', 'openssl'] });
    fs.writeFileSync(application.path('key.pem'), publicKey.export({ type: 'spki', format: 'pem' }));
    server = http.createServer(answer).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
}, { timeout: COMPOSER_MS });

beforeEach(() => {
    requests = [];
    breaksAt = null;
    fs.rmSync(application.path('storage/framework/reverb'), { recursive: true, force: true });
    publish(tarball(fs.readFileSync(BIN)));
});

after(async () => {
    server?.close();
    await application?.remove();
});

test('the release is downloaded once, checked, kept outside vendor, and serves', async () => {
    const { said } = await application.must(['reverb:install', '--no-interaction'], bare());
    assert.match(said, /Downloading the native server from \[http:/);
    assert.match(said, /(\d+)\/\1 KB \[.*\] 100%/);
    assert.match(said, WHERE);
    assert.equal(requests.length, 3);
    await application.must(BUILD, bare());
    assert.equal(requests.length, 3, 'it is there');
    await application.must([...BUILD, '--force'], bare());
    assert.equal(requests.length, 6, 'unless it is to be brought anew');
    await application.useFreePort();
    const started = await application.server([], bare().env);
    assert.match(fs.readlinkSync(`/proc/${await started.nativePid()}/exe`), /storage\/framework\/reverb/);
    await (await Client.open(started)).subscribe('news');
    await started.stop();
});

test('reverb:start says that the port is closed until the server is here', async () => {
    const started = await application.server([`--port=${await freePort()}`], bare().env);
    assert.match(started.said, /the port is closed until it is here\. Run \[php artisan reverb:build\] when you deploy/);
    await started.stop();
});

test('a transfer that broke off goes on where it stopped', async () => {
    breaksAt = 100_000;
    await application.must(BUILD, bare());
    const ranges = requests.filter(({ url }) => url === TARBALL).map(({ headers }) => headers.range);
    assert.deepEqual(ranges, [undefined, 'bytes=100000-']);
});

test('what an earlier attempt left of another file is no obstacle', async () => {
    fs.mkdirSync(application.path('storage/framework/reverb'), { recursive: true });
    fs.writeFileSync(application.path(`storage/framework/reverb/${NAME}.tar.gz.part`), 'something else');
    await application.must(BUILD, bare());
});

test('signatures are checked by openssl where PHP has no sodium', async () => {
    const noSodium = application.programs('no-sodium', { scripts: { php: `exec ${execFileSync('which', ['php']).toString().trim()} -d disable_functions=sodium_crypto_sign_verify_detached "$@"` } });
    const { said } = await application.must(BUILD, bare({ PATH: `${noSodium}:${tools}` }));
    assert.match(said, WHERE);
    fs.rmSync(application.path('storage/framework/reverb'), { recursive: true });
    publish(release[TARBALL], { signed: Buffer.from('another') });
    await isRefused(/was not signed with the key of this package/, { PATH: `${noSodium}:${tools}` });
});

test('a tampered one is refused: by its sum, and by its signature where the sum was made to fit', async () => {
    const [good, bad] = [release[TARBALL], tarball('#!/bin/sh\necho reverb of an enemy\n')];
    publish(bad, { signed: good, summed: good });
    await isRefused(/is damaged: its sha256 is [0-9a-f]{64}, and must be [0-9a-f]{64}\. It was deleted\./);
    publish(bad, { signed: good });
    await isRefused(/was not signed with the key of this package: do not use it\. It was deleted\./);
    publish(good);
    await withFile('laravel/resources/release.pem', () => crypto.generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }),
        () => isRefused(/was not signed with the key of this package/, { REVERB_RELEASES_KEY: '' }));
});

test('the key of the package is trusted; a placeholder, or what is no key, is not, and nothing is downloaded then', async () => {
    await withFile('laravel/resources/release.pem', () => publicKey.export({ type: 'spki', format: 'pem' }),
        async () => assert.match((await application.must(BUILD, bare({ REVERB_RELEASES_KEY: '' }))).said, WHERE));
    fs.rmSync(application.path('storage/framework/reverb'), { recursive: true });
    requests = [];
    await withFile('laravel/resources/release.pem', () => 'A placeholder.\n',
        () => isRefused(/WARN {2}This package has only a placeholder \[.*release\.pem\] for the key of releases/, { REVERB_RELEASES_KEY: '' }));
    fs.writeFileSync(application.path('rsa.pem'), crypto.generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' }));
    await isRefused(/WARN {2}REVERB_RELEASES_KEY \[.*rsa\.pem\] is not an Ed25519 public key/, { REVERB_RELEASES_KEY: application.path('rsa.pem') });
    assert.equal(requests.length, 0);
});

test('without REVERB_RELEASES_URL they are those of the homepage, if it is at GitHub; else one line says what to set', async () => {
    const homepage = (url) => (text) => JSON.stringify({ ...JSON.parse(text), homepage: url });
    const dead = 'http://127.0.0.1:1';
    for (const url of [undefined, 'https://example.com/reverb'])
        await withFile('composer.json', homepage(url), () => isRefused(/WARN {2}Where releases are is not known: set REVERB_RELEASES_URL/, { REVERB_RELEASES_URL: '' }));
    await withFile('composer.json', homepage('https://github.com/somebody/reverb'), () => isRefused(
        new RegExp(`\\[https://github\\.com/somebody/reverb/releases/download${TARBALL.replaceAll('.', '\\.')}\\] cannot be downloaded`),
        { REVERB_RELEASES_URL: '', HTTPS_PROXY: dead, https_proxy: dead },
    ));
});

test('a truncated one is refused', async () => {
    const whole = release[TARBALL];
    publish(whole.subarray(0, 1000), { signed: whole, summed: whole });
    await isRefused(/is damaged/);
});

test('one for another machine is refused, by name', async () => {
    const program = Buffer.from(fs.readFileSync(BIN));
    program.writeUInt16LE(MACHINE === 'x86_64' ? 183 : 62, 18);
    publish(tarball(program));
    await isRefused(new RegExp(`was built for linux-${MACHINE === 'x86_64' ? 'aarch64' : 'x86_64'}, and this machine is linux-${MACHINE}\\.`));
});

test('an old one is refused, by its version', async () => {
    publish(tarball('#!/bin/sh\necho reverb 0.0.1\n'));
    await isRefused(new RegExp(`is version 0\\.0\\.1, and this package needs version ${VERSION.replaceAll('.', '\\.')}\\.`));
});

test('a release that is not there, and a network that is away, are one line each', async () => {
    release = {};
    await isRefused(/\.tar\.gz\] cannot be downloaded: HTTP status 404\./);
    await isRefused(/\[http:\/\/127\.0\.0\.1:1\/.*\] cannot be downloaded: .*(refused|connect)/i, { REVERB_RELEASES_URL: 'http://127.0.0.1:1' });
});

test('a proxy of the environment is used', async () => {
    await application.must(BUILD, bare({ REVERB_RELEASES_URL: 'http://releases.invalid', http_proxy: url(), HTTP_PROXY: url() }));
    assert.ok(requests.every(({ url }) => url.startsWith('http://releases.invalid/')), 'each by its whole address');
});

test('whatever else is there is asked for its version: in the cache, on the PATH, and by REVERB_BINARY', async () => {
    const old = application.programs('old', { scripts: { reverb: 'echo reverb 0.0.2' } });
    const other = application.programs('other', { scripts: { reverb: 'echo I am somebody else' } });
    const mac = application.path('mac');
    fs.writeFileSync(mac, Buffer.from('cffaedfe0c00000100000000020000001100000000000000', 'hex'), { mode: 0o755 });

    const onPath = await application.must(BUILD, bare({ PATH: `${old}:${tools}` }));
    assert.match(onPath.said, /WARN {2}\[\S*old\/reverb\] is version 0\.0\.2/);
    assert.match(onPath.said, WHERE, 'and the release is taken');

    const cached = WHERE.exec(onPath.said)[0].split(' ').at(-1);
    fs.copyFileSync(mac, path.isAbsolute(cached) ? cached : application.path(cached));
    const inCache = await application.must(BUILD, bare({ PATH: `${other}:${tools}` }));
    assert.match(inCache.said, /WARN {2}\[\S*storage\/framework\/reverb\/\S*\] was built for darwin, and this machine is linux/);
    assert.match(inCache.said, /WARN {2}\[\S*other\/reverb\] is not a Reverb server that runs here/);

    for (const [program, pattern] of [[path.join(old, 'reverb'), /is version 0\.0\.2/], [mac, /was built for darwin/], ['/nowhere/reverb', /does not exist/]]) {
        const { code, said } = await application.artisan(['reverb:start'], bare({ REVERB_BINARY: program }));
        assert.equal(code, 1);
        assert.match(said, new RegExp(`REVERB_BINARY \\[.*\\] ${pattern.source}.*Remove REVERB_BINARY from the environment, and run: php artisan reverb:build`));
    }
});

test('a server in the package itself, as make builds it, comes first', async () => {
    fs.mkdirSync(application.path(`${IN_VENDOR}/build`), { recursive: true });
    fs.copyFileSync(BIN, application.path(`${IN_VENDOR}/build/reverb`));
    try {
        assert.match((await application.must(BUILD, bare())).said, /vendor\/reverb-native\/reverb\/build\/reverb/);
        assert.equal(requests.length, 0);
    } finally {
        fs.rmSync(application.path(`${IN_VENDOR}/build`), { recursive: true });
    }
});
