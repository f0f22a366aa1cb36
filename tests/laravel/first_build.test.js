'use strict';

/* A copy of the package in vendor, and no server anywhere yet: it is built. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { test, before, after } = require('../support/test.js');
const { Client } = require('../support/clients.js');
const { Application, COMPOSER_MS, IN_VENDOR, PATH } = require('./application.js');

const BUILD_MS = 300_000;
const INSTALL = ['reverb:install', '--no-interaction'];
let application;

const bare = (settings) => ({ env: { REVERB_BINARY: '', PATH, CFLAGS: '-O1', ...settings }, timeout: BUILD_MS });

before(async () => {
    application = await Application.withCopiedPackage();
}, { timeout: COMPOSER_MS });

after(() => application?.remove());

const cached = (of) => of.path(`storage/framework/reverb/${fs.readdirSync(of.path('storage/framework/reverb')).find((name) => /^\d/.test(name))}/reverb`);

test('what the build lacks is named with what brings it, on each system', async () => {
    const noCompiler = application.programs('no-compiler', { links: ['php', 'sh', 'make', 'pkg-config'] });
    const compiler = await application.artisan(INSTALL, bare({ PATH: noCompiler }));
    assert.equal(compiler.code, 1);
    assert.match(compiler.said, /Reverb was installed, but its native server is missing/);
    assert.match(compiler.said, /missing cc\b/);
    assert.match(compiler.said, /sudo apt-get install gcc libc6-dev/);
    assert.match(compiler.said, /sudo dnf install gcc/);
    assert.match(compiler.said, /sudo apk add gcc musl-dev linux-headers/);
    assert.match(compiler.said, /brew install gcc/);

    const noLibraries = application.programs('no-libraries', { scripts: { 'pkg-config': 'case "$*" in *jansson*|*libuv*) exit 1 ;; esac; exit 0' } });
    const libraries = await application.artisan(['reverb:start'], bare({ PATH: `${noLibraries}:${PATH}` }));
    assert.equal(libraries.code, 1);
    assert.match(libraries.said, /missing libuv jansson$/m);
    assert.match(libraries.said, /sudo apt-get install libuv1-dev libjansson-dev$/m);
    assert.match(libraries.said, /sudo dnf install libuv-devel jansson-devel$/m);
    assert.match(libraries.said, /sudo apk add libuv-dev jansson-dev$/m);
    assert.match(libraries.said, /brew install libuv jansson$/m);
    assert.ok(!application.exists(`${IN_VENDOR}/build/reverb`));
});

test('a build that fails says why', async () => {
    const broken = application.programs('broken', { scripts: { cc: 'case "$*" in *-E*) exit 0 ;; esac; echo "cc: out of luck" >&2; exit 1' } });
    const { code, said } = await application.artisan(INSTALL, bare({ PATH: `${broken}:${PATH}` }));
    assert.equal(code, 1);
    assert.match(said, /could not be built/);
    assert.match(said, /cc: out of luck/);
});

test('reverb:install builds it once, showing how far it is, and reverb:start finds it', { timeout: BUILD_MS }, async () => {
    const built = await application.must(INSTALL, bare());
    assert.match(built.said, /Building the native server from source/);
    const [last, total] = [...built.said.matchAll(/(\d+)\/(\d+) files \[.*\] +\d+%/g)].at(-1).slice(1).map(Number);
    assert.ok(total > 50 && last === total, `${last} of ${total} files`);
    assert.match(built.said, /Native server \.* .*storage\/framework\/reverb\/.*\/reverb/);
    assert.doesNotMatch((await application.must(INSTALL, bare())).said, /Building/);
    /* As a deploy, or composer update, does. */
    fs.rmSync(application.path(`${IN_VENDOR}/build`), { recursive: true });
    assert.doesNotMatch((await application.must(['reverb:build'], bare())).said, /Building/);
    await application.useFreePort();
    const server = await application.server([], bare().env);
    assert.equal(fs.readlinkSync(`/proc/${await server.nativePid()}/exe`), fs.realpathSync(cached(application)));
    await (await Client.open(server)).subscribe('news');
    await server.stop();
});
