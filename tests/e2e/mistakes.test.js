'use strict';

/* Mistakes that people make, and the one line that names the mistake and the cure: [what, how it is started, what
 * is said]. `file` is the configuration, `php` the config/reverb.php of a Laravel folder. */

const assert = require('node:assert/strict');
const { execFileSync, spawn, spawnSync } = require('node:child_process');
const http = require('node:http');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('../support/test.js');
const { app, environment, freePort, ownServer, run, temporaryFolder } = require('../support/server.js');
const { makeCertificate } = require('../support/certificate.js');
const { BIN, until } = require('../support/wait.js');

const FULL = { servers: { reverb: { host: '127.0.0.1', port: 0 } }, apps: { apps: [app()] } };
const server = (settings) => ({ ...FULL, servers: { reverb: { ...FULL.servers.reverb, ...settings } } });
const withApp = (settings) => ({ ...FULL, apps: { apps: [app(settings)] } });
const php = (servers, apps) => `<?php return ['servers' => ['reverb' => ['host' => '127.0.0.1', 'port' => 0${servers}]], 'apps' => ${apps}];`;
const PHP_APPS = "['apps' => [['app_id' => '1', 'key' => 'k', 'secret' => 's']]]";

const REFUSED = [
    ['a port that is a word', { file: server({ port: 'http' }) }, /servers\.reverb\.port in .*"http" is not a number; give a port from 0 to 65535/],
    ['a port too large', { file: server({ port: 70000 }) }, /70000.*give a port from 0 to 65535/],
    ['a host that does not resolve', { file: server({ host: 'no-such-host.invalid' }) }, /host "no-such-host\.invalid" does not resolve.*0\.0\.0\.0/],
    ['a host of another machine', { file: server({ host: '192.0.2.1' }) }, /"192\.0\.2\.1" is no address of this machine; give one with --host/],
    ['a path with a question mark', { file: server({ path: '/ws?x' }) }, /"\/ws\?x" cannot be a path; give a path such as \/ws/],
    ['a key of the server misspelt', { file: server({ prot: 1 }) }, /prot in .* is not a setting; did you mean port\?/],
    ['a key of an app misspelt', { file: withApp({ allowed_origin: ['*'] }) }, /allowed_origin in .*did you mean allowed_origins\?/],
    ['an origin list that is a text', { file: withApp({ allowed_origins: '*' }) }, /allowed_origins.*a text does not fit; give a list of texts/],
    ['an origin that is null', { file: withApp({ allowed_origins: [null] }) }, /allowed_origins.*null does not fit; give a list of texts/],
    ['a policy that there is not', { file: withApp({ accept_client_events_from: 'friends' }) }, /"friends" is not known; give all, members or none/],
    ['an app without a secret', { file: withApp({ secret: null }) }, /the app 1001 has no secret; give one/],
    ['two apps of one id', { file: { ...FULL, apps: { apps: [app(), app({ key: 'b' })] } } }, /apps\.apps\.1: another app has the id "1001" already/],
    ['two apps of one key', { file: { ...FULL, apps: { apps: [app(), app({ app_id: '2' })] } } }, /have the same key; give each its own/],
    ['a plain list of apps', { file: { ...FULL, apps: [app()] } }, /apps in .* is the list of apps itself; write "apps": \{"apps": \[\{…\}\]\}/],
    ['a plain list of apps in PHP', { php: php('', "[['app_id' => '1']]") }, /apps in config\/reverb\.php is the list of apps itself; write 'apps' => \['provider' => 'config', 'apps' => \[\[…\]\]\]/],
    ['an app provider of one\'s own', { php: php('', "['provider' => 'database', 'apps' => []]") }, /"database" is a provider of its own.*php artisan reverb:start/],
    ['PHP that ends itself', { php: '<?php exit(3);' }, /config\/reverb\.php: PHP cannot evaluate it: the file ended PHP by exit\(\) or die\(\) instead of returning/],
    ['PHP with a mistake', { php: '<?php return [' }, /config\/reverb\.php: PHP cannot evaluate it: (?:.*syntax error|Unclosed '\[')/],
    ['PHP that returns nothing', { php: '<?php $x = [];' }, /config\/reverb\.php.*returns no array/],
    ['--config with PHP', { text: '<?php return [];' }, /is PHP, and --config takes JSON; start in the application's folder/],
    ['a file that is no JSON', { text: '{"apps":' }, /is not JSON: line 1, column/],
    ['a file that is missing', { args: ['--config', 'missing.json'] }, /missing\.json cannot be read: No such file/],
    ['an environment file that is missing', { args: ['--env', 'missing.env'] }, /missing\.env cannot be read: No such file/],
    ['no app at all', { args: [] }, /no app is configured; set REVERB_APP_ID, REVERB_APP_KEY and REVERB_APP_SECRET/],
    ['the variables of Pusher', { args: [], env: { PUSHER_APP_ID: '1', PUSHER_APP_KEY: 'k' } }, /no app is configured.*PUSHER_APP_ID, PUSHER_APP_KEY are of another server: give their values to REVERB_APP_/],
    ['the variables of soketi', { args: [], env: { SOKETI_DEFAULT_APP_ID: '1' } }, /no app is configured.*SOKETI_DEFAULT_APP_ID is of another server/],
    ['half an app', { args: [], env: { REVERB_APP_ID: '1' } }, /the app 1 has no key; set REVERB_APP_KEY/],
    ['a certificate that is missing', { file: server({ options: { tls: { local_cert: '/no/such.crt' } } }) }, /\/no\/such\.crt/],
    ['a key without a certificate', { file: server({ options: { tls: { local_pk: '/no/such.key' } } }) }, /a private key without a certificate; give options\.tls\.local_cert/],
    ['a TLS version that there is not', { file: server({ options: { tls: { local_cert: 'package.json', crypto_method: 'TLSv2' } } }) }, /crypto_method in .*"TLSv2" is not known; give STREAM_CRYPTO_METHOD_TLSv1_2_SERVER/],
    ['a TLS version of long ago', { file: server({ options: { tls: { local_cert: 'package.json', crypto_method: 16 } } }) }, /crypto_method in .*"16" has neither TLS 1\.2 nor 1\.3/],
    ['a Redis of another kind', { file: server({ scaling: { enabled: true, server: { url: 'memcached://x' } } }) }, /memcached|url/],
    ['an administration address that is none', { file: server({ admin: 'everywhere' }) }, /admin.*give HOST:PORT or unix:PATH/],
    ['more workers than there may be', { args: ['--workers', '1024'], file: FULL }, /--workers.*1024.*64/],
    ['workers that are none', { args: ['--workers', 'many'], file: FULL }, /--workers.*"many" is not a number/],
    ['an option misspelt', { args: ['--prot', '1'] }, /--prot is not an option; did you mean --port\?/],
    ['an option without its value', { args: ['--port'] }, /--port needs a value: --port=VALUE/],
    ['a log format that there is not', { args: ['--log-format', 'xml'], file: FULL }, /"xml" is not known; give text or json/],
    ['a command misspelt', { command: ['strat'] }, /"strat" is no command; did you mean start\?/],
    ['help for a command misspelt', { command: ['help', 'reloda'] }, /did you mean reload\?/],
    ['a port that no server has', { command: ['status', '--port', '1'] }, /no server answers for port 1/],
    ['a port that is none', { command: ['stop', '--port', 'x'] }, /--port "x" is no port; give a number from 1 to 65535/],
    ['a scenario that there is not', { command: ['bench'] }, /bench needs a scenario: fanout/],
    ['words that are missing', { command: ['publish', 'news'] }, /usage: reverb publish CHANNEL EVENT JSON/],
];

function prepare(folder, { file, text, php: code }) {
    if (code) {
        fs.mkdirSync(path.join(folder, 'config'));
        fs.writeFileSync(path.join(folder, 'artisan'), '');
        fs.writeFileSync(path.join(folder, 'config/reverb.php'), code);
    }
    if (!file && !text)
        return [];
    fs.writeFileSync(path.join(folder, 'reverb.json'), text ?? JSON.stringify(file));
    return ['--config', 'reverb.json'];
}

function ownFolder(t) {
    const folder = temporaryFolder();
    t.after(() => fs.rmSync(folder, { recursive: true }));
    return folder;
}

for (const [what, how, said] of REFUSED)
    test(`${what}: one line says what is wrong and what would be right`, async (t) => {
        const folder = ownFolder(t);
        const command = how.command ?? ['start', ...prepare(folder, how), ...(how.args ?? [])];
        const { code, stderr } = await run(command, { cwd: folder, env: { APP_ENV: '', ...how.env } });
        assert.equal(code, 1, stderr);
        assert.match(stderr, said);
        assert.equal(stderr.trim().split('\n').length, 1, stderr);
    });

test('a port in use names the port and the ways out', async (t) => {
    const other = await ownServer(t);
    const { code, stderr } = await run(['start', '--config', other.configFile, '--port', String(other.port)], { cwd: ownFolder(t) });
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`port ${other.port} on 127\\.0\\.0\\.1 is in use by another program; stop that, or choose another`));
});

test('all mistakes of a file are named at once', async (t) => {
    const folder = ownFolder(t);
    const file = { servers: { reverb: { prot: 1, port: 'http', compression: 'much' } }, apps: { apps: [app({ ping_interval: 'often' }), app({ keys: 'x' })] } };
    const { code, stderr } = await run(['config', ...prepare(folder, { file })], { cwd: folder });
    assert.equal(code, 1);
    const lines = stderr.trim().split('\n');
    assert.equal(lines.length, 5, stderr);
    [/prot/, /http/, /much/, /often/, /keys/].forEach((said, n) => assert.match(lines[n], said));
    assert.ok(lines.every((line) => line.startsWith('reverb: ')), stderr);
});

/* Odd but acceptable settings: [what, how, the warning]. */
const WARNED = [
    ['keys of Laravel\'s file that stock serves too', { php: php(", 'scheme' => 'http', 'allowed_origins' => ['*']", PHP_APPS) }, /warning: servers\.reverb\.scheme in config\/reverb\.php is not a setting/],
    ['a variable without a part of its name', { file: FULL, env: { REVERB_CLUSTER: 'true' } }, /warning: REVERB_CLUSTER in the environment is no setting; did you mean REVERB_SCALING_CLUSTER\?/],
    ['a variable of Redis with ours before it', { file: FULL, env: { REVERB_REDIS_HOST: 'redis' } }, /warning: REVERB_REDIS_HOST in the environment is no setting; did you mean REDIS_HOST\?/],
    ['a variable misspelt', { file: FULL, env: { REVERB_SERVER_PROT: '1' } }, /warning: REVERB_SERVER_PROT in the environment is no setting; did you mean REVERB_SERVER_PORT\?/],
    ['an origin that can match nothing', { file: withApp({ allowed_origins: ['https://a.com'] }) }, /"https:\/\/a\.com" matches no origin; give a host alone/],
];
for (const [what, how, said] of WARNED)
    test(`${what}: a warning, and it is served`, async (t) => {
        const folder = ownFolder(t);
        const { code, stderr } = await run(['config', ...prepare(folder, how)], { cwd: folder, env: { APP_ENV: '', ...how.env } });
        assert.equal(code, 0, stderr);
        assert.match(stderr, said);
    });

test('PHP_INT_MAX is no limit, not a mistake', async (t) => {
    const folder = ownFolder(t);
    const code = php('', "['apps' => [['app_id' => '1', 'key' => 'k', 'secret' => 's', 'max_connections' => PHP_INT_MAX, 'max_message_size' => PHP_INT_MAX]]]");
    const result = await run(['config', ...prepare(folder, { php: code })], { cwd: folder, env: { APP_ENV: '' } });
    assert.equal(result.code, 0, result.stderr);
    assert.match(result.stdout, /max_connections +4294967295/);
});

test('the spelling of IPv6 that URLs and PHP have is taken', async (t) => {
    for (const host of ['[::1]', '::1']) {
        const own = await ownServer(t, { host });
        assert.match(own.stdout, /Starting server on \[::1\]:\d+/);
        assert.match(own.stdout, /browsers connect to {2}ws:\/\/\[::1\]:\d+\/app\//);
    }
});

/* The documentation's own example, and what people write. */
const PUBLIC = [
    [{ REVERB_HOST: 'ws.example.com', REVERB_PORT: '443', REVERB_SCHEME: 'https' }, 'wss://ws.example.com/app/a%2Fb'],
    [{ REVERB_HOST: 'ws.example.com', REVERB_PORT: '8443', REVERB_SCHEME: 'https' }, 'wss://ws.example.com:8443/app/a%2Fb'],
    [{ REVERB_HOST: 'https://ws.example.com' }, 'wss://ws.example.com/app/a%2Fb'],
    [{ REVERB_HOST: 'ws.example.com:9000' }, 'ws://ws.example.com:9000/app/a%2Fb'],
    [{ REVERB_HOST: 'ws.example.com' }, 'wss://ws.example.com/app/a%2Fb', { useTLS: true }],
    [{ REVERB_HOST: 'ws.example.com', REVERB_SCHEME: 'http', REVERB_PORT: '8080' }, 'ws://ws.example.com:8080/app/a%2Fb', { useTLS: true }],
    [{ REVERB_HOST: '::1', REVERB_PORT: '80', REVERB_SCHEME: 'http' }, 'ws://[::1]/app/a%2Fb'],
];
for (const [env, url, options] of PUBLIC)
    test(`behind a proxy the banner shows ${url}${options ? `, with ${JSON.stringify(options)}` : ''}`, async (t) => {
        const own = await ownServer(t, { apps: [app({ key: 'a/b', ...(options && { options }) })], env });
        assert.ok(own.stdout.includes(`browsers connect to  ${url}\n`), own.stdout);
    });

test('the reason that a certificate cannot be used is said in words', async (t) => {
    const folder = ownFolder(t);
    const { cert, key } = makeCertificate(folder, 'one');
    const other = makeCertificate(folder, 'two');
    const locked = makeCertificate(folder, 'locked', { passphrase: 'right' });
    const der = path.join(folder, 'one.der');
    execFileSync('openssl', ['x509', '-in', cert, '-outform', 'der', '-out', der]);
    for (const [tls, said] of [
        [{ local_cert: der, local_pk: key }, /this is DER, and PEM is needed/],
        [{ local_cert: cert, local_pk: other.key }, /key and certificate do not belong together/],
        [{ local_cert: locked.cert, local_pk: locked.key, passphrase: 'wrong' }, /wrong passphrase/],
    ]) {
        const { code, stderr } = await run(['start', ...prepare(folder, { file: server({ options: { tls } }) })], { cwd: folder });
        assert.equal(code, 1);
        assert.match(stderr, said);
        assert.equal(stderr.trim().split('\n').length, 1, stderr);
    }
});

test('HTTP to the port that speaks TLS is answered, and says so', async (t) => {
    const folder = ownFolder(t);
    const { cert, key } = makeCertificate(folder, 'one');
    const own = await ownServer(t, { server: { options: { tls: { local_cert: cert, local_pk: key } } } });
    const answer = await new Promise((resolve, reject) => {
        http.get({ host: '127.0.0.1', port: own.port, path: '/up', agent: false }, (response) => {
            let text = '';
            response.on('data', (piece) => { text += piece; }).on('end', () => resolve([response.statusCode, text]));
        }).on('error', reject);
    });
    assert.deepEqual(answer, [400, 'This port speaks TLS: use https:// or wss://\n']);
});

test('with JSON as its log form the server says nothing in another one', async (t) => {
    const own = await ownServer(t, { args: ['--log-format=json'] });
    own.signal('SIGTERM');
    await own.ended();
    assert.equal(own.stdout, '');
    const said = own.stderr.trim().split('\n').map((line) => JSON.parse(line));
    assert.ok(said.every(({ time, level, message }) => time && level && message));
    for (const pattern of [/^Starting server on/, /^browsers connect to/, /^Gracefully terminating/, /^The server has ended/])
        assert.ok(said.some(({ message }) => pattern.test(message)), String(pattern));
    const { stderr } = await run(['start', '--log-format=json', '--config', 'missing.json'], { cwd: ownFolder(t) });
    assert.match(JSON.parse(stderr).message, /missing\.json cannot be read/);
});

test('far more workers than cores are warned of', async (t) => {
    const folder = ownFolder(t);
    const { code, stderr } = await run(['config', ...prepare(folder, { file: FULL }), '--workers', '1'], { cwd: folder, prefix: ['taskset', '1'] });
    assert.equal(code, 0);
    assert.doesNotMatch(stderr, /workers/);
    const many = spawnSync('taskset', ['1', BIN, 'config', '--config', 'reverb.json', '--workers', '64'], { cwd: folder, encoding: 'utf8' });
    assert.match(many.stderr, /64 workers share 1 core: each event costs several times as much/);
    const alone = spawnSync('taskset', ['1', BIN, 'config', '--config', 'reverb.json'], { cwd: folder, encoding: 'utf8' });
    assert.match(alone.stdout, /servers\.reverb\.workers +1 /);
});

test('publish finds the server where it is configured, or by its port', async (t) => {
    const folder = ownFolder(t);
    const port = await freePort();
    const own = await ownServer(t, { host: '127.0.0.2', port });
    fs.writeFileSync(path.join(folder, 'reverb.json'), JSON.stringify(server({ host: '127.0.0.2', port })));
    for (const args of [[], ['--port', String(port)]]) {
        const { code, stderr } = await run(['publish', 'news', 'told', '{}', '--config', 'reverb.json', ...args], { cwd: folder });
        assert.equal(code, 0, stderr);
    }
    const wrong = await run(['publish', 'news', 'told', '{}', '--config', 'reverb.json', '--port', 'x'], { cwd: folder });
    assert.match(wrong.stderr, /--port "x" is no port/);
    assert.ok(own.port);
});

test('listen comes from an origin', async (t) => {
    const own = await ownServer(t, { apps: [app({ allowed_origins: ['laravel.com'] })] });
    const args = ['listen', 'news', '--config', own.configFile, '--url', `ws://127.0.0.1:${own.port}`];
    assert.match((await run(args)).stderr, /Origin not allowed/);
    const child = spawn(BIN, [...args, '--origin', 'https://laravel.com'], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (text) => { said += text; });
    await until(() => said.includes('listening to news'), () => said);
    child.kill();
});

test('publish needs no configuration where the command line says all', async (t) => {
    const own = await ownServer(t);
    const args = ['publish', 'news', 'told', '{}', '--port', String(own.port), '--app-id', own.app.app_id, '--key', own.app.key, '--secret', own.app.secret];
    const { code, stderr } = await run(args, { cwd: ownFolder(t) });
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
});

test('root who asks for another user\'s server is told whose it is', async (t) => {
    if (process.getuid() !== 0)
        return t.diagnostic('not root: not tried');
    const own = await ownServer(t, { prefix: ['sh', '-c', 'chmod -R a+rX . && exec setpriv --reuid=65534 --regid=65534 --clear-groups env -u XDG_RUNTIME_DIR "$0" "$@"'] });
    const { code, stderr } = await run(['status', '--port', String(own.port)], { cwd: ownFolder(t), env: { XDG_RUNTIME_DIR: '' } });
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`no server answers for port ${own.port} .*; there is one of user nobody: ask as that user \\(/tmp/reverb-65534/${own.port}\\.sock\\)`));
});

test('a server without apps says so, at its start and after a reload', async (t) => {
    const folder = ownFolder(t);
    const child = spawn(BIN, ['start', '--config', '-', '--port', '0'], { cwd: folder, env: environment({ APP_ENV: '' }), stdio: ['pipe', 'pipe', 'pipe'] });
    t.after(() => child.kill('SIGKILL'));
    let said = '';
    for (const stream of [child.stdout, child.stderr])
        stream.on('data', (text) => { said += text; });
    child.stdin.end(JSON.stringify({ servers: { reverb: { host: '127.0.0.1' } }, apps: { apps: [] } }));
    await until(() => /no app is configured: nobody can connect/.test(said), () => said);
    child.kill('SIGTERM');
    await until(() => child.exitCode === 0, 'it has ended');
});

test('a list of apps that PHP makes an object of is read as fast as a list', async (t) => {
    const folder = ownFolder(t);
    const apps = Object.fromEntries(Array.from({ length: 40_000 }, (_, n) => [`app-${n}`, { app_id: `${n}`, key: `k${n}`, secret: 's' }]));
    const seconds = async (each) => {
        fs.writeFileSync(path.join(folder, 'many.json'), JSON.stringify({ apps: { apps: each } }));
        const before = performance.now();
        const { status, stderr } = spawnSync(BIN, ['config', '--config', 'many.json'], { cwd: folder, env: environment(), stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
        assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
        return performance.now() - before;
    };
    const asList = await seconds(Object.values(apps));
    const asObject = await seconds(apps);
    assert.ok(asObject < 4 * asList, `${asObject} ms as an object, ${asList} ms as a list`);
});
