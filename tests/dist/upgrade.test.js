'use strict';

/* The release's tarball by hand, as docs/operations.md has it: verified, unpacked, linked; and then the next version beside it,
 * to which a running server restarts with its clients and its configuration. */

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('../support/test.js');
const { ownServer, run } = require('../support/server.js');
const { Client } = require('../support/clients.js');
const { indented, section } = require('../support/documents.js');

const FOLDER = process.env.DIST_FOLDER;
const VERSION = /VERSION "(.*)"/.exec(fs.readFileSync(path.join(__dirname, '../../src/base/version.h'), 'utf8'))[1];
const NEXT = VERSION.replace(/\d$/, (digit) => (Number(digit) + 1) % 10); /* of the same length */
const MACHINE = process.arch === 'arm64' ? 'aarch64' : 'x86_64';

/* A folder of what is downloaded, and of what is installed. */
function ownFolder(t) {
    const folder = fs.mkdtempSync(path.join(FOLDER, 'by-hand-'));
    t.after(() => fs.rmSync(folder, { recursive: true }));
    for (const name of ['opt', 'usr/local/bin', 'downloads/laravel/resources'])
        fs.mkdirSync(path.join(folder, name), { recursive: true });
    const name = `reverb-${VERSION}-linux-${MACHINE}.tar.gz`;
    for (const end of ['', '.sha256', '.sig'])
        fs.copyFileSync(path.join(FOLDER, name + end), path.join(folder, 'downloads', name + end));
    execFileSync('openssl', ['pkey', '-in', path.join(FOLDER, 'key.pem'), '-pubout', '-out', path.join(folder, 'downloads/laravel/resources/release.pem')]);
    return folder;
}

/* The lines of the document, with this folder in the place of the root. */
function lines(folder, version) {
    const block = indented(section('docs/operations.md', 'Install')).find((text) => text.includes('tar -xzf'));
    return block.replace(/\s+#.*$/gm, '').replaceAll('VERSION', version).replaceAll('x86_64', MACHINE).replace(/ (\/(?:opt|usr))/g, ` ${folder}$1`).trim().split('\n');
}

const sh = (folder, line) => execFileSync('sh', ['-ec', line], { cwd: path.join(folder, 'downloads'), encoding: 'utf8' });

/* The tarball of this version, whose program says that it is the next. */
function release(folder) {
    sh(folder, `tar -xzf reverb-${VERSION}-linux-${MACHINE}.tar.gz && mv reverb-${VERSION} reverb-${NEXT}`);
    const program = path.join(folder, `downloads/reverb-${NEXT}/bin/reverb`);
    fs.writeFileSync(program, Buffer.from(fs.readFileSync(program, 'latin1').replaceAll(VERSION, NEXT), 'latin1'));
    sh(folder, `tar -czf reverb-${NEXT}-linux-${MACHINE}.tar.gz reverb-${NEXT} && rm -r reverb-${NEXT}`);
}

test('verified, unpacked and linked it runs; one of which a byte is changed is not taken', (t) => {
    const folder = ownFolder(t);
    const all = lines(folder, VERSION);
    assert.equal(all.length, 4);
    for (const line of all)
        sh(folder, line);
    assert.equal(sh(folder, `${folder}/usr/local/bin/reverb --version`), `reverb ${VERSION}\n`);
    fs.appendFileSync(path.join(folder, `downloads/reverb-${VERSION}-linux-${MACHINE}.tar.gz`), 'x');
    for (const line of all.slice(0, 2))
        assert.throws(() => execFileSync('sh', ['-ec', line], { cwd: path.join(folder, 'downloads'), stdio: 'ignore' }), line);
});

test('the next version stands beside it, and `reverb restart` goes over to it with the same configuration', { timeout: 60_000 }, async (t) => {
    const folder = ownFolder(t);
    const unpack = (version) => lines(folder, version).slice(2).forEach((line) => sh(folder, line));
    unpack(VERSION);
    const server = await ownServer(t, { binary: path.join(folder, 'usr/local/bin/reverb'), args: [] });
    const configured = fs.readFileSync(server.configFile, 'utf8');
    assert.equal((await server.status()).version, VERSION);
    release(folder);
    unpack(NEXT);
    const { code, stderr } = await run(['restart', '--port', String(server.port)], { ms: 70_000 });
    assert.equal(code, 0, stderr);
    assert.equal((await server.status()).version, NEXT);
    const client = await Client.open(server);
    await client.subscribe('news');
    assert.equal(fs.readFileSync(server.configFile, 'utf8'), configured);
});
