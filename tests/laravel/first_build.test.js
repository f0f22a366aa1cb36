'use strict';

/* As Composer brings it: a copy of the package in vendor, and no server anywhere yet. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test, before, after } = require('../support/test.js');
const { Client } = require('../support/clients.js');
const { Application, run } = require('./application.js');

const ROOT = path.resolve(__dirname, '../..');
/* What a build needs of it, and Laravel. */
const PARTS = ['composer.json', 'Makefile', 'src', 'laravel', 'tools'];
const COMPOSER_MS = 300_000;
const BUILD_MS = 300_000;
const IN_VENDOR = 'vendor/reverb-native/reverb';
const INSTALL = ['reverb:install', '--no-interaction'];
/* A server that is installed on this machine is none here. */
const PATH = process.env.PATH.split(':').filter((folder) => !fs.existsSync(path.join(folder, 'reverb'))).join(':');

let application;

const bare = (settings) => ({ env: { REVERB_BINARY: '', PATH, CFLAGS: '-O1', ...settings }, timeout: BUILD_MS });

/* A folder of programs: those of the machine by their names, and those of its own by what they do. */
function programs(name, { links = [], scripts = {} }) {
    const folder = application.path(name);
    fs.mkdirSync(folder);
    for (const program of links) {
        const found = PATH.split(':').map((each) => path.join(each, program)).find((each) => fs.existsSync(each));
        assert.ok(found, `${program} is on the PATH`);
        fs.symlinkSync(found, path.join(folder, program));
    }
    for (const [program, text] of Object.entries(scripts))
        fs.writeFileSync(path.join(folder, program), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    return folder;
}

before(async () => {
    application = new Application({ hasVendor: false });
    for (const part of PARTS)
        fs.cpSync(path.join(ROOT, part), application.path(`package/${part}`), { recursive: true });
    const composer = JSON.parse(fs.readFileSync(path.join(process.env.LARAVEL_APP, 'composer.json')));
    composer.repositories[0] = { type: 'path', url: application.path('package'), options: { symlink: false, versions: { 'reverb-native/reverb': 'dev-main' } } };
    application.write('composer.json', JSON.stringify(composer));
    fs.copyFileSync(path.join(process.env.LARAVEL_APP, 'stubs.php'), application.path('stubs.php'));
    const { code, said } = await run('composer', ['update', '--no-interaction', '--no-progress'], { cwd: application.folder, timeout: COMPOSER_MS });
    assert.equal(code, 0, said);
    fs.rmSync(application.path('package'), { recursive: true });
    assert.ok(!fs.lstatSync(application.path(IN_VENDOR)).isSymbolicLink());
    await application.must(['migrate', '--force']);
}, { timeout: COMPOSER_MS });

after(() => application?.remove());

test('what the build lacks is named with what brings it, on each system', async () => {
    const noCompiler = programs('no-compiler', { links: ['php', 'sh', 'make', 'pkg-config'] });
    const compiler = await application.artisan(INSTALL, bare({ PATH: noCompiler }));
    assert.equal(compiler.code, 1);
    assert.match(compiler.said, /Reverb was installed, but its native server is missing/);
    assert.match(compiler.said, /missing cc\b/);
    assert.match(compiler.said, /sudo apt-get install gcc libc6-dev/);
    assert.match(compiler.said, /sudo dnf install gcc/);
    assert.match(compiler.said, /sudo apk add gcc musl-dev linux-headers/);
    assert.match(compiler.said, /brew install gcc/);

    const noLibraries = programs('no-libraries', { scripts: { 'pkg-config': 'case "$*" in *jansson*|*libuv*) exit 1 ;; esac; exit 0' } });
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
    const broken = programs('broken', { scripts: { cc: 'case "$*" in *-E*) exit 0 ;; esac; echo "cc: out of luck" >&2; exit 1' } });
    const { code, said } = await application.artisan(INSTALL, bare({ PATH: `${broken}:${PATH}` }));
    assert.equal(code, 1);
    assert.match(said, /could not be built/);
    assert.match(said, /cc: out of luck/);
});

test('reverb:install builds it once, showing how far it is, and reverb:start finds it', { timeout: BUILD_MS }, async () => {
    const built = await application.must(INSTALL, bare());
    assert.match(built.said, /Building the native server, once/);
    const [last, total] = [...built.said.matchAll(/(\d+)\/(\d+) \[.*\] +\d+%/g)].at(-1).slice(1).map(Number);
    assert.ok(total > 50 && last === total, `${last} of ${total} files`);
    assert.match(built.said, /Native server \.* .*vendor\/reverb-native\/reverb\/build\/reverb/);
    assert.doesNotMatch((await application.must(INSTALL, bare())).said, /Building/);
    await application.useFreePort();
    const server = await application.server([], bare().env);
    assert.equal(fs.readlinkSync(`/proc/${await server.nativePid()}/exe`), fs.realpathSync(application.path(`${IN_VENDOR}/build/reverb`)));
    await (await Client.open(server)).subscribe('news');
    await server.stop();
});
