'use strict';

/* A machine with PHP, Composer and nothing else: a root made of copies of this machine's own, without a compiler. There the
 * package comes by Composer, the server by the release, and an event is received; then the next version comes the same way.
 * Packages are those that tests/laravel/make-application has installed. Needs root. */

const assert = require('node:assert/strict');
const { execFile, execFileSync, spawn } = require('node:child_process');
const crypto = require('node:crypto');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { test, before, after } = require('../support/test.js');
const { Client } = require('../support/clients.js');
const { freePort } = require('../support/server.js');
const { until, within } = require('../support/wait.js');

const FOLDER = process.env.DIST_FOLDER;
const ROOT = path.join(__dirname, '../..');
const BASE = path.join(ROOT, 'build/laravel/12');
const VERSION = /VERSION "(.*)"/.exec(fs.readFileSync(path.join(ROOT, 'src/base/version.h'), 'utf8'))[1];
const NEXT = VERSION.replace(/\d$/, (digit) => (Number(digit) + 1) % 10); /* of the same length */
const MACHINE = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
const tarball = (version) => `reverb-${version}-linux-${MACHINE}.tar.gz`;

const PROGRAMS = ['php', 'composer', 'sh', 'tar', 'gzip', 'rm', 'cat'];
const FOLDERS = ['/usr/share/zoneinfo', '/usr/share/php', '/usr/share/composer'];
/* What would make a server out of sources. */
const COMPILERS = ['cc', 'gcc', 'c99', 'c17', 'clang', 'tcc', 'ld', 'as', 'make', 'pkg-config', 'reverb'];
/* In the application's folder. */
const CONFIGURATION = ['.env', 'config/reverb.php', 'config/broadcasting.php', 'routes/channels.php'];
const TELL = `require "vendor/autoload.php"; (require "bootstrap/app.php")->make(Illuminate\\Contracts\\Console\\Kernel::class)->bootstrap();
    broadcast(new App\\Events\\ToldNow("news", $argv[1]));`;

const root = path.join(FOLDER, 'bare');
const app = path.join(root, 'app');
const released = new Map(); /* path of the address: bytes */
let releases;
let started;

/* Copies files with the folders that they stand in; links become what they lead to. */
function copy(files) {
    execFileSync('cp', ['-rL', '--parents', ...files, root]);
}

function librariesOf(file) {
    return [...execFileSync('ldd', [file], { encoding: 'utf8' }).matchAll(/(\/\S+) \(0x/g)].map(([, library]) => library);
}

/* Programs and the libraries that they load; PHP with its extensions and settings. */
function makeRoot() {
    fs.mkdirSync(path.join(root, 'usr'), { recursive: true });
    for (const name of ['bin', 'sbin', 'lib', 'lib64'].filter((each) => fs.existsSync(`/${each}`))) {
        const isLink = fs.lstatSync(`/${name}`).isSymbolicLink();
        fs.mkdirSync(path.join(root, isLink ? `usr/${name}` : name), { recursive: true });
        if (isLink)
            fs.symlinkSync(`usr/${name}`, path.join(root, name));
    }
    for (const name of ['dev', 'proc', 'etc', 'tmp', 'root', 'app', 'packages', 'index'])
        fs.mkdirSync(path.join(root, name), { mode: name === 'tmp' ? 0o777 : 0o755 });
    fs.writeFileSync(path.join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
    fs.writeFileSync(path.join(root, 'etc/hosts'), '127.0.0.1 localhost\n');
    const php = JSON.parse(execFileSync('php', ['-r', 'echo json_encode(["extensions" => PHP_EXTENSION_DIR, "ini" => php_ini_loaded_file(), "more" => PHP_CONFIG_FILE_SCAN_DIR]);'], { encoding: 'utf8' }));
    const extensions = fs.existsSync(php.extensions) ? fs.readdirSync(php.extensions).map((name) => path.join(php.extensions, name)) : [];
    const programs = PROGRAMS.map((name) => execFileSync('which', [name], { encoding: 'utf8' }).trim());
    const binaries = [...programs.filter((file) => !file.endsWith('composer')), ...extensions];
    const settings = [php.ini, php.more].filter((each) => each && fs.existsSync(each));
    copy([...programs, ...extensions, ...new Set(binaries.flatMap(librariesOf)), ...settings, ...FOLDERS.filter(fs.existsSync)]);
}

/* Runs a command in the root, in the application's folder. */
const prefix = (command) => ['--mount', 'sh', '-ec', `mount --bind /dev "$0/dev"; mount -t proc proc "$0/proc"; mount --bind "$1" "$0/packages"
    shift; exec chroot "$0" sh -c 'cd /app; exec "$@"' sh "$@"`, root, path.join(BASE, 'vendor'), ...command];

const environment = () => ({
    PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', HOME: '/root', COMPOSER_ALLOW_SUPERUSER: '1', COLUMNS: '300',
    REVERB_RELEASES_URL: `http://127.0.0.1:${releases.address().port}`,
});

function inRoot(...command) {
    return new Promise((resolve, reject) => {
        execFile('unshare', prefix(command), { env: environment(), maxBuffer: 1 << 26 }, (error, stdout, stderr) => (error ? reject(new Error(`${command.join(' ')}\n${stdout}${stderr}`)) : resolve(stdout + stderr)));
    });
}

/* The release of a version, signed by a key whose public half is the package's. */
function release(version, bytes) {
    const { privateKey, publicKey } = crypto.generateKeyPairSync('ed25519');
    const address = `/v${version}/${tarball(version)}`;
    released.set(address, bytes);
    released.set(`${address}.sha256`, `${crypto.createHash('sha256').update(bytes).digest('hex')}  ${tarball(version)}\n`);
    released.set(`${address}.sig`, crypto.sign(null, bytes, privateKey));
    fs.writeFileSync(path.join(root, 'package/laravel/resources/release.pem'), publicKey.export({ type: 'spki', format: 'pem' }));
}

/* An application without this package, and without the packages that it will need: Composer brings them from /packages. */
function makeApplication() {
    for (const part of ['app', 'artisan', 'bootstrap', 'config', 'database', 'public', 'resources', 'routes', 'storage', 'stubs.php'])
        fs.cpSync(path.join(BASE, part), path.join(app, part), { recursive: true });
    for (const part of ['composer.json', 'Makefile', 'src', 'laravel', 'tools'])
        fs.cpSync(path.join(ROOT, part), path.join(root, 'package', part), { recursive: true });
    const installed = JSON.parse(fs.readFileSync(path.join(BASE, 'vendor/composer/installed.json'))).packages;
    const packages = {};
    for (const each of installed.filter(({ name }) => name !== 'reverb-native/reverb'))
        packages[each.name] = { [each.version]: { ...each, source: undefined, 'install-path': undefined, dist: { type: 'path', url: `/packages/${each.name}` }, 'transport-options': { symlink: true } } };
    fs.writeFileSync(path.join(root, 'index/packages.json'), JSON.stringify({ packages }));
    const { require: wanted, autoload, replace, name } = JSON.parse(fs.readFileSync(path.join(BASE, 'composer.json')));
    fs.writeFileSync(path.join(app, 'composer.json'), JSON.stringify({
        name, autoload, replace, require: { php: wanted.php, 'laravel/framework': wanted['laravel/framework'] },
        repositories: { here: { type: 'composer', url: 'file:///index' }, 'packagist.org': false },
    }));
}

before(async () => {
    makeRoot();
    makeApplication();
    releases = http.createServer((request, response) => {
        const body = released.get(request.url);
        response.writeHead(body ? 200 : 404).end(body);
    }).listen(0, '127.0.0.1');
    await once(releases, 'listening');
    release(VERSION, fs.readFileSync(path.join(FOLDER, tarball(VERSION))));
    const port = await freePort();
    fs.writeFileSync(path.join(app, '.env'), `${fs.readFileSync(path.join(BASE, '.env.example'), 'utf8').replace(/^CACHE_STORE=.*/m, 'CACHE_STORE=file')}
REVERB_HOST=127.0.0.1\nREVERB_PORT=${port}\nREVERB_SCHEME=http\nREVERB_SERVER_HOST=127.0.0.1\nREVERB_SERVER_PORT=${port}\n`);
}, { timeout: 300_000 });

after(async () => {
    started?.kill('SIGKILL');
    releases?.close();
    fs.rmSync(root, { recursive: true, force: true });
});

/* As docs/laravel.md has it, under "Installing": the package from a folder, and its two commands. */
const documented = () => fs.readFileSync(path.join(ROOT, 'docs/laravel.md'), 'utf8').split('### The server itself')[0].match(/^ {4}(composer|php) .*/gm)
    .map((line) => line.trim().replace('/path/to/this/repository', '/package').split(' '));

const setting = (name) => new RegExp(`^${name}=(.*)$`, 'm').exec(fs.readFileSync(path.join(app, '.env'), 'utf8'))[1];

async function start() {
    started = spawn('unshare', prefix(['php', 'artisan', 'reverb:start']), { env: environment() });
    let said = '';
    for (const stream of [started.stdout, started.stderr])
        stream.on('data', (text) => { said += text; });
    await until(() => /Starting server on/.test(said), () => `it starts\n${said}`);
}

async function stop() {
    started.kill('SIGTERM');
    const [code] = await within(once(started, 'exit'), 'the server ends');
    assert.equal(code, 0);
}

async function hears(text) {
    const client = await Client.open({ prefix: '', host: '127.0.0.1', port: Number(setting('REVERB_PORT')), clients: new Set(), app: { key: setting('REVERB_APP_KEY') } });
    await client.subscribe('news');
    await inRoot('php', '-r', TELL, '--', text);
    assert.equal(JSON.parse((await client.next('Told', 'news')).data).text, text);
    client.close();
}

test('without a compiler, an application gets from `composer require` to a received event', { timeout: 300_000 }, async (t) => {
    for (const compiler of COMPILERS)
        assert.equal(await inRoot('sh', '-c', `command -v ${compiler} || echo none`), 'none\n');
    const begin = Date.now();
    const commands = documented();
    const [[install], composer] = [commands.filter(([name]) => name === 'php'), commands.filter(([name]) => name === 'composer')];
    for (const command of composer.filter((each) => each[1] === 'config' || /@dev$/.test(each.at(-1))))
        await inRoot(...command, '--no-interaction');
    const said = await inRoot(...install, '--no-interaction');
    assert.match(said, /Downloading the native server from \[http:/);
    await start();
    await hears('hello');
    t.diagnostic(`composer require to a received event, without a compiler: ${((Date.now() - begin) / 1000).toFixed(1)} s`);
});

/* The program of this version, which says that it is the next. */
function nextProgram() {
    const folder = fs.mkdtempSync(path.join(FOLDER, 'next-'));
    execFileSync('tar', ['-xzf', path.join(FOLDER, tarball(VERSION)), '-C', folder]);
    const program = path.join(folder, `reverb-${VERSION}/bin/reverb`);
    fs.writeFileSync(program, Buffer.from(fs.readFileSync(program, 'latin1').replaceAll(VERSION, NEXT), 'latin1'));
    return execFileSync('tar', ['-czf', '-', '-C', folder, '.'], { maxBuffer: 1 << 26 });
}

test('the next version comes by `composer update` and reverb:build, and every line of configuration stays', { timeout: 300_000 }, async () => {
    fs.appendFileSync(path.join(app, '.env'), 'MINE=1\n');
    fs.appendFileSync(path.join(app, 'config/reverb.php'), '// mine\n');
    const configured = () => CONFIGURATION.map((name) => fs.readFileSync(path.join(app, name), 'utf8'));
    const once = configured();
    fs.writeFileSync(path.join(root, 'package/src/base/version.h'), fs.readFileSync(path.join(ROOT, 'src/base/version.h'), 'utf8').replace(VERSION, NEXT));
    release(NEXT, nextProgram());
    await inRoot('composer', 'update', 'reverb-native/reverb', '--no-interaction');
    assert.match(await inRoot('php', 'artisan', 'reverb:build', '--no-interaction'), new RegExp(`Native server .*${NEXT}`));
    await hears('the previous one serves meanwhile');
    await stop();
    await start();
    await hears('hello again');
    await stop();
    assert.deepEqual(configured(), once);
});
