'use strict';

/* What README.md and docs/ say is so: links lead somewhere, tables of settings are those of the program,
 * and code blocks do what the text says. */

const assert = require('node:assert/strict');
const { execFile, execFileSync, spawn } = require('node:child_process');
const { createHash, createHmac } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('../support/test.js');
const { app, freePort, ownServer, run, temporaryFolder, Server } = require('../support/server.js');
const { Client } = require('../support/clients.js');
const { post } = require('../support/api.js');
const { until, within, BIN } = require('../support/wait.js');
const { ROOT, anchors, fenced, indented, links, read, section, tables } = require('../support/documents.js');

const DOCUMENTS = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...fs.readdirSync(path.join(ROOT, 'docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)];
const ONE_APP = { REVERB_APP_ID: 'my-app-id', REVERB_APP_KEY: 'my-app-key', REVERB_APP_SECRET: 'my-app-secret' };
const theApp = app({ app_id: 'my-app-id', key: 'my-app-key', secret: 'my-app-secret' });

function ownFolder(t) {
    const folder = temporaryFolder();
    t.after(() => fs.rmSync(folder, { recursive: true }));
    return folder;
}

test('every link leads to a file and a heading that are there', () => {
    for (const name of DOCUMENTS)
        for (const link of links(read(name))) {
            const target = link.target ? path.join(path.dirname(name), link.target) : name;
            assert.ok(fs.existsSync(path.join(ROOT, target)), `${name}: ${target}`);
            if (link.anchor)
                assert.ok(anchors(read(target)).includes(link.anchor), `${name}: ${target}#${link.anchor}`);
        }
});

/* --- settings ------------------------------------------------------------------------------ */

const SETTINGS = 'docs/configuration.md';
/* Where a table's keys begin; one of apps has no option. */
const PLACES = { 'The server': 'servers.reverb.', TLS: 'servers.reverb.options.tls.', Apps: 'apps.apps.0.', Scaling: 'servers.reverb.' };

function documented() {
    const settings = [];
    for (const [heading, prefix] of Object.entries(PLACES)) {
        const [head, ...rows] = tables(section(SETTINGS, heading))[0];
        for (const row of rows) {
            const cell = (title) => (head.includes(title) ? row[head.indexOf(title)] : '');
            settings.push({ name: cell('key') ? prefix + cell('key') : cell('variable'), variable: cell('variable'), option: cell('option'), value: cell('default') });
        }
    }
    return settings;
}

async function shown(t, args = [], env = ONE_APP) {
    const { code, stdout, stderr } = await run(['config', ...args], { cwd: ownFolder(t), env });
    assert.equal(code, 0, stderr);
    return new Map(stdout.trimEnd().split('\n').slice(1).map((line) => /^(\S+)\s+(.*?)\s{2,}(.*)$/.exec(line)).map(([, name, value, source]) => [name, { value, source }]));
}

test('the tables of settings are those of the program, with its defaults', async (t) => {
    const settings = documented();
    const program = await shown(t);
    assert.deepEqual(settings.map(({ name }) => name).sort(), [...program.keys()].sort());
    for (const { name, value } of settings.filter((each) => !['required', ''].includes(each.value))) {
        const { value: actual, source } = program.get(name);
        if (source !== 'default')
            continue; /* "one per core" */
        assert.equal(actual, { 'the file of `local_cert`': 'none', '`host` and `port`': 'host and port' }[value] ?? value, name);
    }
});

/* A value for each kind that needs no file; it only has to differ from the default. */
const sample = ({ value, name }) => ({ true: 'false', false: 'true' })[value] ?? (/^\d+$/.test(value) ? String(Number(value) + 1) : { members: 'all', text: 'json', tcp: 'redis' }[value] ?? { 'apps.apps.0.app_id': '7' }[name]);

test('each variable and each option is the one of its setting', async (t) => {
    /* A Redis Cluster has database 0 alone: the two exclude each other. */
    const known = documented().filter((setting) => sample(setting) && !setting.name.endsWith('scaling.server.database'));
    const variables = known.filter(({ variable }) => variable);
    /* proxy_protocol needs trusted_proxies. */
    const byVariable = await shown(t, [], { ...ONE_APP, REVERB_TRUSTED_PROXIES: '10.0.0.5', ...Object.fromEntries(variables.map((setting) => [setting.variable, sample(setting)])) });
    for (const setting of variables)
        assert.match(byVariable.get(setting.name).source, setting.name.startsWith('REVERB_') ? /^the environment$|in the environment/ : new RegExp(`^${setting.variable} in the environment$`), setting.name);
    const options = known.filter(({ option, value }) => option && value !== 'false');
    const byOption = await shown(t, options.map((setting) => `${setting.option}=${sample(setting)}`));
    for (const setting of options)
        assert.equal(byOption.get(setting.name).source, setting.option, setting.name);
    assert.ok(variables.length > 25 && options.length > 1);
});

/* A part of a configuration belongs where the text says; dots are left to the reader. */
function whole(json) {
    const parsed = JSON.parse(json.trimStart().startsWith('{') ? json : `{${json}}`);
    const tls = parsed.options?.tls;
    return tls ? { servers: { reverb: { options: { tls } } }, apps: { apps: [theApp] } } : parsed;
}

for (const name of ['README.md', SETTINGS])
    test(`the configurations of ${name} are read without a warning`, async (t) => {
        const folder = ownFolder(t);
        const blocks = fenced(read(name).replaceAll('/etc/ssl/app', path.join(folder, 'app')), 'json').map(whole);
        execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-keyout', `${folder}/app.key`, '-out', `${folder}/app.crt`], { stdio: 'ignore' });
        assert.ok(blocks.length > 0);
        for (const [index, block] of blocks.entries()) {
            fs.writeFileSync(path.join(folder, `${index}.json`), JSON.stringify(block));
            const { code, stderr } = await run(['config', `--config=${index}.json`], { cwd: folder, env: block.apps ? {} : ONE_APP });
            assert.deepEqual({ code, stderr }, { code: 0, stderr: '' }, JSON.stringify(block));
        }
    });

test('the .env of the documentation is read', async (t) => {
    const folder = ownFolder(t);
    const [block] = indented(section(SETTINGS, '`.env`'));
    assert.match(block, /^export D=also$/m);
    fs.writeFileSync(path.join(folder, 'example.env'), `${block}\nREVERB_APP_ID="\${B}"\nREVERB_APP_KEY="\${C}"\nREVERB_APP_SECRET=\${E}\n`);
    const { code, stdout, stderr } = await run(['config', '--env=example.env'], { cwd: folder });
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
    assert.match(stdout, /app_id +with spaces, "escapes" and value /);
    assert.match(stdout, /key +nothing is special here, \$\{A\} neither /);
});

/* --- browsers and SDKs ----------------------------------------------------------------------- */

/* A program of the README, which says port 8080; `before` and `behind` make it one that ends. */
function runExample(t, { server, text, before: head = '', behind = '', file, command }) {
    const folder = fs.mkdtempSync(path.join(ROOT, 'tests', '.docs-'));
    t.after(() => fs.rmSync(folder, { recursive: true }));
    fs.writeFileSync(path.join(folder, file), head + text.replaceAll('8080', String(server.port)) + behind);
    const child = spawn(command, [file], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    t.after(() => child.kill('SIGKILL'));
    let said = '';
    for (const stream of [child.stdout, child.stderr])
        stream.on('data', (data) => { said += data; });
    return { child, line: (pattern) => until(() => pattern.test(said), () => `${pattern} is said: ${said}`) };
}

const HEARS = { Echo: /new Echo\(/, 'pusher-js': /new Pusher\('my-app-key'/ };

for (const [name, pattern] of Object.entries(HEARS))
    test(`the README's ${name} hears what its SDK for Node publishes`, async (t) => {
        const server = await ownServer(t, { apps: [theApp] });
        const text = fenced(read('README.md'), 'js').find((block) => pattern.test(block));
        const page = runExample(t, {
            server, text, file: 'page.mjs', command: process.execPath,
            before: "globalThis.window = globalThis; globalThis.document ??= undefined;\n",
        });
        await until(async () => (await Client.open(server)) && JSON.parse((await run(['status', '--json', `--port=${server.port}`], { env: server.options.env })).stdout || '{}').channels > 0,
            'the page has subscribed');
        runExample(t, { server, text: fenced(read('README.md'), 'js').find((block) => /reverb\.trigger/.test(block)), file: 'publish.mjs', command: process.execPath });
        await page.line(/^hello$/m);
    });

test("the README's PHP publishes", async (t) => {
    const server = await ownServer(t, { apps: [theApp] });
    const client = await Client.open(server);
    await client.subscribe('news');
    runExample(t, { server, text: fenced(read('README.md'), 'php')[0], file: 'publish.php', command: 'php', before: `<?php require '${ROOT}/tests/php/vendor/autoload.php';\n` });
    assert.deepEqual(JSON.parse((await client.take()).data), { text: 'hello' });
});

/* --- commands -------------------------------------------------------------------------------- */

test("the README's commands for a running server do what they say", async (t) => {
    const folder = ownFolder(t);
    const port = await freePort();
    fs.writeFileSync(path.join(folder, '.env'), `${Object.entries({ ...ONE_APP, REVERB_SERVER_PORT: port }).map(([key, value]) => `${key}=${value}`).join('\n')}\n`);
    const commands = indented(section('README.md', 'Status, stop, restart, reload')).join('\n').split('\n')
        .map((line) => /^reverb (.*?)\s*(?:#.*)?$/.exec(line)?.[1]).filter(Boolean);
    assert.ok(commands.length >= 7, commands.join('\n'));
    const server = new Server({ apps: [theApp], env: {} });
    t.after(() => server.stop());
    server.folder = folder;
    server.spawn(['start']);
    server.port = Number((await within(server.ready.promise, () => `ready ${server.stderr}`))[2]);
    const listening = spawn(BIN, ['listen', 'news'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => listening.kill());
    let heard = '';
    listening.stdout.on('data', (data) => { heard += data; });
    await until(async () => /"channels":\s*1/.test((await run(['status', '--json'], { cwd: folder })).stdout), 'somebody listens');
    for (const command of commands.filter((each) => !/^(stop|restart|tail|why|listen|bench)/.test(each))) {
        const { code, stderr } = await new Promise((resolve) => {
            execFile('sh', ['-c', `"$0" ${command}`, BIN], { cwd: folder }, (error, stdout, stderr) => resolve({ code: error?.code ?? 0, stderr }));
        });
        assert.equal(code, 0, `reverb ${command}: ${stderr}`);
    }
    await until(() => heard.includes('hello'), () => `what was published is heard: ${heard}`);
    server.isEnding = true;
    assert.equal((await run([commands.find((each) => each.startsWith('stop'))], { cwd: folder })).code, 0);
});

/* --- the wire -------------------------------------------------------------------------------- */

test("the publish request of docs/wire.md is answered as it says, and its messages have its shape", async (t) => {
    const server = await ownServer(t);
    const blocks = fenced(read('docs/wire.md'), 'json').map((block) => JSON.parse(block));
    const like = (event, channel) => blocks.find((each) => each.event === event && (!channel || each.channel === channel));
    const shape = (value) => (typeof value === 'string' && /^[[{]/.test(value) ? `text of ${JSON.stringify(shape(JSON.parse(value)))}`
        : Array.isArray(value) ? value.slice(0, 1).map(shape)
            : value && typeof value === 'object' ? Object.fromEntries(Object.entries(value).map(([key, each]) => [key, shape(each)])) : typeof value);
    const client = new Client(server);
    assert.deepEqual(shape(await client.take()), shape(like('pusher:connection_established')));
    const other = await Client.open(server);
    await other.subscribe('news');
    const publish = blocks.find((each) => each.name);
    const { status, json } = await post(server, '/events', publish);
    assert.equal(status, 200);
    assert.deepEqual(Object.keys(json), ['channels']);
    assert.deepEqual(json.channels.news, { subscription_count: 1 });
    assert.equal((await other.take()).data, publish.data);
    const refused = like('pusher:subscription_error');
    other.send('pusher:subscribe', { channel: refused.channel, auth: 'my-key:wrong' });
    assert.deepEqual(await other.next('pusher:subscription_error'), refused);
});

/* --- files of other programs ------------------------------------------------------------------ */

const NGINX = ['/usr/sbin/nginx', 'nginx'].find((name) => name === 'nginx' || fs.existsSync(name));

test('nginx takes the blocks of README.md and docs/laravel.md', (t) => {
    const folder = ownFolder(t);
    const inServer = fenced(read('README.md'), 'nginx').map((text) => `server {\nlisten 127.0.0.1:1;\n${text}}\n`);
    const servers = indented(read('docs/laravel.md')).filter((text) => /^server \{/.test(text)).map((text) => text.replace(' ssl;', ';'));
    assert.ok(inServer.length === 1 && servers.length === 1);
    for (const [index, text] of [...inServer, ...servers].entries()) {
        const file = path.join(folder, `${index}.conf`);
        fs.writeFileSync(file, `pid ${folder}/pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n${text}}\n`);
        execFileSync(NGINX, ['-t', '-q', '-p', folder, '-c', file], { stdio: 'pipe' });
    }
});

test('the PHP of docs/laravel.md is PHP', (t) => {
    const folder = ownFolder(t);
    const blocks = fenced(read('docs/laravel.md'), 'php');
    assert.ok(blocks.length >= 3);
    for (const [index, text] of blocks.entries()) {
        const file = path.join(folder, `${index}.php`);
        fs.writeFileSync(file, `<?php\n${/=>[^;]*,\s*$/.test(text) && !/;\s*$/.test(text) ? `return [${text}];` : text}`);
        execFileSync('php', ['-l', file], { stdio: 'pipe' });
    }
});

test('the table of open files is what the banner says', async (t) => {
    const rows = tables(section('docs/operations.md', 'Capacity'))[0].slice(1);
    const hard = Number(execFileSync('sh', ['-c', 'ulimit -Hn']).toString()) || Infinity;
    const possible = rows.filter(([files]) => Number(files) <= hard);
    assert.ok(possible.length > 0);
    for (const [files, clients] of possible) {
        const server = await ownServer(t, { ulimit: Number(files), workers: 2 });
        assert.match(server.stdout, new RegExp(`${clients} connections at most \\(${files} open files\\)`));
    }
});


test('nginx takes the balancer of docs/scaling.md', (t) => {
    const folder = ownFolder(t);
    const [text] = fenced(read('docs/scaling.md'), 'nginx');
    fs.writeFileSync(path.join(folder, 'balancer.conf'), `pid ${folder}/pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n${text}}\n`);
    execFileSync(NGINX, ['-t', '-q', '-p', folder, '-c', path.join(folder, 'balancer.conf')], { stdio: 'pipe' });
});

test('promtool takes the scrape of docs/operations.md', (t) => {
    const folder = ownFolder(t);
    const [text] = fenced(read('docs/operations.md'), 'yaml');
    fs.writeFileSync(path.join(folder, 'prometheus.yml'), text);
    execFileSync('promtool', ['check', 'config', path.join(folder, 'prometheus.yml')], { stdio: 'pipe' });
});

/* --- single lines ----------------------------------------------------------------------------- */

for (const [name, find] of [['README.md', () => indented(section('README.md', 'Without Laravel'))[0]], [SETTINGS, () => indented(section(SETTINGS, 'Anywhere else'))[0]]])
    test(`the one line of ${name} that starts a server starts one`, async (t) => {
        const line = find().trim();
        assert.match(line, /^(REVERB_APP_\w+=\S+ ){3}reverb start$/);
        const server = new Server({ env: { REVERB_SERVER_PORT: '0', REVERB_SERVER_HOST: '127.0.0.1' }, prefix: ['sh', '-c', `${line.replace('reverb start', 'exec "$0" start')}`] });
        t.after(() => server.stop());
        server.folder = temporaryFolder(); /* stop() removes it */
        server.spawn([]);
        server.port = Number((await within(server.ready.promise, () => `ready ${server.stderr}`))[2]);
        server.apps = [app({ app_id: /APP_ID=(\S+)/.exec(line)[1], key: /APP_KEY=(\S+)/.exec(line)[1], secret: /APP_SECRET=(\S+)/.exec(line)[1] })];
        await (await Client.open(server)).ping();
    });

test('the settings of docs/scaling.md and README for Redis are read without a warning', async (t) => {
    const blocks = [...indented(read('docs/scaling.md')).filter((text) => /^REVERB_SCALING/.test(text)), indented(section('README.md', 'On several machines'))[0]];
    assert.ok(blocks.length >= 4);
    for (const block of blocks) {
        const folder = ownFolder(t);
        fs.writeFileSync(path.join(folder, '.env'), `REVERB_SCALING_ENABLED=true\n${block.replace('…', 'secret')}`);
        const { code, stderr } = await run(['config'], { cwd: folder, env: ONE_APP });
        assert.deepEqual({ code, stderr }, { code: 0, stderr: '' }, block);
    }
});

test('each URL of docs/configuration.md names a Redis', async () => {
    const urls = indented(section(SETTINGS, 'Scaling')).join('\n').match(/\b(?:redis|rediss|tls|unix):\/\/\S+/g);
    assert.ok(urls.length >= 4, String(urls));
    for (const url of urls) {
        const { code, stdout, stderr } = await run(['config'], { env: { ...ONE_APP, REVERB_SCALING_ENABLED: 'true', REDIS_URL: url } });
        assert.equal(code, 0, `${url}: ${stderr}`);
        assert.match(stdout, url.startsWith('unix') ? /scaling\.server\.host +\/run\/redis\/redis-server\.sock/ : /scaling\.server\.host +host /);
    }
});

test('a line of the log in JSON is as docs/operations.md shows it', async (t) => {
    const shown = JSON.parse(indented(section('docs/operations.md', 'Logs')).find((text) => text.startsWith('{')));
    const server = await ownServer(t, { args: ['--log-format=json'] });
    for (const line of server.stderr.trim().split('\n').map((each) => JSON.parse(each))) {
        assert.deepEqual(Object.keys(line), Object.keys(shown));
        assert.match(line.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    }
});

test('a request that is signed as docs/wire.md shows it is accepted', async (t) => {
    const server = await ownServer(t);
    const shown = indented(read('docs/wire.md')).find((text) => /^POST\n/.test(text)).trimEnd();
    const body = JSON.stringify({ name: 'a', channel: 'news', data: '{}' });
    const hash = (text) => createHash('md5').update(text).digest('hex');
    const text = shown.replace('/apps/1/', `/apps/${server.app.app_id}/`).replace('auth_key=my-key', `auth_key=${server.app.key}`)
        .replace('1700000000', String(Math.floor(Date.now() / 1000))).replace('…', hash(body));
    const [method, target, query] = text.split('\n');
    const signature = createHmac('sha256', server.app.secret).update(text).digest('hex');
    const { status } = await fetch(`http://127.0.0.1:${server.port}${target}?${query}&auth_signature=${signature}`, { method, body });
    assert.equal(status, 200);
});
