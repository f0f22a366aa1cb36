'use strict';

/* The load generator, and the client at the command line, against the real server. */

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { test } = require('../support/test.js');
const { environment, run, sharedServer, ownServer, app } = require('../support/server.js');
const { Client } = require('../support/clients.js');
const { publish } = require('../support/api.js');
const { BIN, until, within } = require('../support/wait.js');

const server = sharedServer();

const target = () => {
    const { app_id, key, secret } = server.app;
    return ['--url', `ws://${server.host}:${server.port}`, '--app-id', app_id, '--key', key, '--secret', secret];
};

const scenarios = {
    fanout: [['--connections', '20', '--in-flight', '4', '--threads', '2'], 'server_cpu_us_per_delivery', true],
    'fanout --rate': [['--connections', '5', '--rate', '50'], 'server_cpu_us_per_delivery', true],
    publish: [['--in-flight', '4'], 'server_cpu_us_per_request', true],
    'publish --new-connections': [['--new-connections', '--in-flight', '2'], 'server_cpu_us_per_request', true],
    connect: [['--connections', '10', '--in-flight', '5'], 'server_cpu_us_per_disconnection', true],
    idle: [['--connections', '20'], 'server_memory_bytes_per_connection', false],
    whisper: [['--connections', '10', '--in-flight', '8'], 'server_cpu_us_per_delivery', true],
    'fanout --channels': [['--connections', '1', '--channels', '500', '--channel', 'one-of-many'], 'server_cpu_us_per_delivery', true],
    presence: [['--connections', '20'], 'server_cpu_us_per_join', true],
    'presence --members': [['--connections', '5', '--members', '120'], 'server_cpu_us_per_join', true],
    channels: [['--connections', '500'], 'server_cpu_us_per_unsubscription', false],
    'fanout --slow': [['--connections', '10', '--slow', '3'], 'server_cpu_us_per_delivery', true],
    churn: [['--connections', '2', '--members', '20', '--in-flight', '8'], 'server_cpu_us_per_join', true],
    herd: [['--connections', '120'], 'server_memory_bytes_more_peak', true],
    signin: [['--connections', '20', '--watchlist', '50'], 'server_cpu_us_per_signin', true],
    lists: [['--channels', '300', '--in-flight', '3'], 'server_cpu_us_per_list', true],
    'channels and a disconnection': [['--connections', '10'], 'server_cpu_us_per_disconnection', false],
};

for (const [name, [args, figure, hasLatency]] of Object.entries(scenarios))
    test(`${name} measures, and loses nothing`, async () => {
        const { code, stdout, stderr } = await run(['bench', name.split(' ')[0], ...args, ...target(),
            '--pid', String(server.pid), '--duration', '1', '--json']);
        assert.equal(code, 0, stderr);
        const report = JSON.parse(stdout);
        assert.equal(report.ok, true, stdout);
        assert.ok(report.measured > 0, stdout);
        assert.equal(typeof report[figure], 'number', stdout);
        assert.deepEqual(report.faults, { lost: 0, doubled: 0, out_of_order: 0, closed: 0, refused: 0 });
        assert.ok(report.machine.cores > 0 && report.machine.kernel, stdout);
        if (hasLatency)
            assert.ok(report.latency_us.p50 > 0 && report.latency_us.p50 <= report.latency_us.p99
                && report.latency_us.p99 <= report.latency_us.max, stdout);
    });

test('a probe measures how long somebody else waits beside the load', async () => {
    const { code, stdout, stderr } = await run(['bench', 'fanout', '--connections', '20', ...target(),
        '--probe', server.app.key, '--duration', '1', '--json']);
    assert.equal(code, 0, stderr);
    const { wait_us: wait } = JSON.parse(stdout);
    assert.ok(wait.p50 > 0 && wait.p50 <= wait.max, stdout);
    const unknown = await run(['bench', 'fanout', '--connections', '1', ...target(), '--probe', 'nobody', '--duration', '1']);
    assert.notEqual(unknown.code, 0);
});

test('fanout publishes to another node where that is asked, and measures further processes', async (t) => {
    const alone = await ownServer(t, { apps: server.apps });
    const args = ['bench', 'fanout', '--connections', '5', '--duration', '1', '--json', ...target(), '--pid', String(server.pid)];
    const here = await run([...args, '--publish-to', server.url, '--others', `${alone.pid},${process.pid}`]);
    assert.equal(here.code, 0, here.stderr);
    const { others_cpu_us_per_delivery: others, measured } = JSON.parse(here.stdout);
    assert.ok(measured > 0 && others.length === 2 && others.every((us) => us >= 0), here.stdout);
    const elsewhere = await run([...args, '--publish-to', alone.url]);
    assert.equal(elsewhere.code, 1, 'these two are no cluster: nothing that was published there came here');
    assert.ok(JSON.parse(elsewhere.stdout).faults.lost > 0, elsewhere.stdout);
    const wrong = await run([...args, '--others', '1,x']);
    assert.match(wrong.stderr, /--others "1,x"/);
});

test('a table is shown without --json', async () => {
    const { code, stdout } = await run(['bench', 'channels', '--connections', '5', ...target()]);
    assert.equal(code, 0);
    assert.match(stdout, /^scenario +channels$/m);
    assert.match(stdout, /^faults lost +0$/m);
});

test('what the server refuses is a fault and no success', async () => {
    const wrong = target().map((it) => (it === server.app.secret ? 'wrong' : it));
    const { code, stdout } = await run(['bench', 'publish', ...wrong, '--duration', '1', '--json']);
    assert.equal(code, 1);
    const report = JSON.parse(stdout);
    assert.equal(report.ok, false);
    assert.ok(report.faults.refused > 0, stdout);
});

test('what it cannot do is said in one line', async () => {
    const cases = [
        [['bench'], /scenario/],
        [['bench', 'fanin', ...target()], /"fanin" is no scenario/],
        [['bench', 'fanout', '--connections', 'many', ...target()], /--connections "many"/],
        [['bench', 'fanout', ...target(), '--url', 'ws://127.0.0.1:1'], /127\.0\.0\.1:1/],
        [['bench', 'whisper', ...target().map((it) => (it === server.app.key ? 'unknown' : it))], /4001/],
        [['publish', 'news'], /usage: reverb publish CHANNEL EVENT JSON/],
        [['listen'], /usage: reverb listen CHANNEL/],
    ];
    for (const [args, pattern] of cases) {
        const { code, stderr } = await run(args);
        assert.equal(code, 1, args.join(' '));
        assert.match(stderr, pattern);
        assert.equal(stderr.trim().split('\n').length, 1, stderr);
    }
});

/* Starts `reverb listen` and waits until it is subscribed; `lines` are what it has printed. */
async function listen(t, channel, args = target(), env = {}) {
    const child = spawn(BIN, ['listen', channel, ...args], { env: environment(env), stdio: ['ignore', 'pipe', 'pipe'] });
    const it = { child, stdout: '', stderr: '', get lines() { return this.stdout.split('\n').slice(0, -1); } };
    t.after(() => child.kill('SIGKILL'));
    child.stdout.setEncoding('utf8').on('data', (text) => { it.stdout += text; });
    child.stderr.setEncoding('utf8').on('data', (text) => { it.stderr += text; });
    await until(() => it.stderr.includes('listening'), () => `listening: ${it.stderr}`);
    return it;
}

test('listen prints events as they come, on channels of each kind', async (t) => {
    for (const channel of ['news', 'private-news', 'presence-news']) {
        const listener = await listen(t, channel);
        await publish(server, channel, 'first', '{"n":1}');
        await publish(server, channel, 'second', 'Grüße');
        await until(() => listener.lines.length >= 2, 'two lines');
        assert.deepEqual(listener.lines.map((line) => JSON.parse(line)), [
            { event: 'first', channel, data: '{"n":1}' },
            { event: 'second', channel, data: 'Grüße' },
        ]);
    }
});

test('listen prints one harmless line of JSON an event, whatever a client sends', async (t) => {
    const listener = await listen(t, 'private-news');
    const client = await Client.open(server);
    await client.subscribe('private-news');
    client.sendText('{"event":"client-x","channel":"private-news","data":{\n\t"a":"\u009b2J\u007f\u202e"}}');
    await until(() => listener.lines.length >= 1, 'a line');
    await client.ping();
    assert.equal(listener.stdout.split('\n').length, 2, listener.stdout);
    assert.ok(!/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/.test(listener.stdout), JSON.stringify(listener.stdout));
    assert.deepEqual(JSON.parse(listener.lines[0]).data, { a: '\u009b2J\u007f\u202e' });
});

test('listen ends with the server, and says so', async (t) => {
    const own = await ownServer(t);
    const { app_id, key, secret } = own.app;
    const listener = await listen(t, 'news', ['--url', `http://${own.host}:${own.port}`, '--app-id', app_id, '--key', key, '--secret', secret]);
    const exited = new Promise((resolve) => listener.child.on('close', resolve));
    await own.stop();
    assert.equal(await within(exited, 'listen ends'), 1);
    assert.match(listener.stderr, /the server closed the connection/);
});

test('publish publishes, and tells what the server says against it', async () => {
    const client = await Client.open(server);
    await client.join('news');
    const { code, stdout } = await run(['publish', 'news', 'greeting', '{"text":"hello \\"you\\""}', ...target()]);
    assert.equal(code, 0);
    assert.equal(stdout, '{}\n');
    const message = await client.next('greeting', 'news');
    assert.equal(message.data, '{"text":"hello \\"you\\""}');
    const wrong = target().map((it) => (it === server.app.secret ? 'wrong' : it));
    const refused = await run(['publish', 'news', 'greeting', '{}', ...wrong]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /401 Authentication signature invalid/);
});

test('without options the environment says where and who', async (t) => {
    const { app_id, key, secret } = app();
    const env = { REVERB_APP_ID: app_id, REVERB_APP_KEY: key, REVERB_APP_SECRET: secret, REVERB_HOST: server.host,
        REVERB_PORT: String(server.port), REVERB_SCHEME: 'http' };
    const listener = await listen(t, 'env-news', [], env);
    const { code, stderr } = await run(['publish', 'env-news', 'greeting', '{}'], { env });
    assert.equal(code, 0, stderr);
    await until(() => listener.lines.length > 0, 'a line');
    assert.equal(JSON.parse(listener.lines[0]).event, 'greeting');
});
