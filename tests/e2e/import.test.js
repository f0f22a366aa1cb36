'use strict';

/* `reverb import`: the configuration of other servers of this protocol in our form, with a line for each
 * setting without counterpart. docs/migrating.md. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('../support/test.js');
const { run, Server, temporaryFolder } = require('../support/server.js');
const { Client } = require('../support/clients.js');
const { publish } = require('../support/api.js');
const { within } = require('../support/wait.js');

function folderOf(t, files) {
    const folder = temporaryFolder();
    t.after(() => fs.rmSync(folder, { recursive: true }));
    for (const [name, content] of Object.entries(files)) {
        fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
        fs.writeFileSync(path.join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
    }
    return folder;
}

/* Its output, which the server reads without a warning, and the notes. */
async function imported(t, files, name = Object.keys(files)[0]) {
    const cwd = folderOf(t, files);
    const { code, stdout, stderr } = await run(['import', name], { cwd });
    assert.equal(code, 0, stderr);
    fs.writeFileSync(path.join(cwd, 'ours.json'), stdout);
    const read = await run(['config', '--config=ours.json'], { cwd });
    assert.deepEqual({ code: read.code, stderr: read.stderr }, { code: 0, stderr: '' });
    const { servers: { reverb }, apps: { apps } } = JSON.parse(stdout);
    return { cwd, reverb, apps, notes: stderr.trimEnd().split('\n').filter(Boolean).map((line) => line.replace(/^reverb: /, '')) };
}

const SOKETI = {
    port: 6001,
    'appManager.driver': 'array',
    'appManager.array.apps': [
        { id: 'app-id', key: 'app-key', secret: 'app-secret', maxConnections: 200, enableClientMessages: true, enabled: true, maxClientEventsPerSecond: 50, maxBackendEventsPerSecond: -1, webhooks: [] },
        { id: 7, key: 'seven', secret: 'secret', maxConnections: -1 },
        { id: 'off', key: 'k', secret: 's', enabled: false },
    ],
    ssl: { passphrase: '' },
    queue: { driver: 'sync' },
};

test("soketi's JSON, with names that have dots in them", async (t) => {
    const { reverb, apps, notes } = await imported(t, { 'config.json': SOKETI });
    assert.deepEqual(reverb, { port: 6001 });
    assert.deepEqual(apps, [
        { app_id: 'app-id', key: 'app-key', secret: 'app-secret', max_connections: 200, accept_client_events_from: 'members', rate_limiting: { enabled: true, max_attempts: 50, decay_seconds: 1 } },
        { app_id: '7', key: 'seven', secret: 'secret', accept_client_events_from: 'none' },
    ]);
    assert.deepEqual(notes.sort(), [
        '"queue" has no counterpart',
        'app app-id: "max_backend_events_per_second" has no counterpart',
        'app app-id: rate_limiting counts every message of a connection, not only client events',
        'app off is not enabled, and is left out',
    ]);
});

test("soketi's environment", async (t) => {
    const { reverb, apps, notes } = await imported(t, {
        '.env': 'APP_NAME=Laravel\nSOKETI_DEFAULT_APP_ID=1\nSOKETI_DEFAULT_APP_KEY=k\nSOKETI_DEFAULT_APP_SECRET="s"\nSOKETI_DEFAULT_APP_ENABLE_CLIENT_MESSAGES=true\n'
            + 'SOKETI_HOST=127.0.0.1\nSOKETI_PORT=6002\nSOKETI_ADAPTER_DRIVER=redis\nSOKETI_DB_REDIS_HOST=10.0.0.1\nSOKETI_METRICS_ENABLED=true\nSOKETI_SHUTDOWN_GRACE_PERIOD=3000\nSOKETI_QUEUE_DRIVER=sqs\n',
    });
    assert.deepEqual(reverb, { host: '127.0.0.1', port: '6002', shutdown_timeout: 3, scaling: { enabled: true, server: { host: '10.0.0.1' } }, admin: '127.0.0.1:9601' });
    assert.deepEqual(apps, [{ app_id: '1', key: 'k', secret: 's', accept_client_events_from: 'members' }]);
    assert.deepEqual(notes, ['SOKETI_QUEUE_DRIVER has no counterpart', 'metrics are at http://127.0.0.1:9601/metrics, under names of our own']);
});

test("sockudo's configuration", async (t) => {
    const { reverb, apps, notes } = await imported(t, {
        'config.json': {
            debug: true, host: '127.0.0.1', port: 6001, path_prefix: '/', shutdown_grace_period: 10, websocket_max_payload_kb: 64,
            adapter: { driver: 'redis', redis: { prefix: 'a:' }, nats: { servers: ['nats://nats:4222'] } },
            app_manager: { driver: 'memory', array: { apps: [{ id: 'a', key: 'k', secret: 's', max_connections: '1000', enable_client_messages: true, allowed_origins: ['https://a.example.com', 'b.example.com:8443'], webhooks: [{ url: 'https://x.example.com/', event_types: ['client_event'], headers: { headers: { 'X-Own': 'c' } }, filter: { channel_name_ends_with: '-a', channel_pattern: '.' } }] }] } },
            webhooks: { batching: { enabled: true, duration: 50 } },
            database: { redis: { host: 'redis', port: 6379, db: 1, key_prefix: 'p:', sentinels: [{ host: 's1', port: 26379 }, { host: 's2', port: 26379 }] }, mysql: { host: 'mysql' } },
            rate_limiter: { enabled: false }, ssl: { enabled: false, cert_path: '/app/ssl/cert.pem' }, cors: { credentials: true },
            channel_limits: { max_name_length: 200, cache_ttl: 3600 }, http_api: { request_limit_in_mb: 10 },
        },
    });
    assert.deepEqual(reverb, {
        host: '127.0.0.1', port: 6001, path: '/', shutdown_timeout: 10, max_request_size: 10 * 1024 * 1024,
        scaling: { enabled: true, prefix: 'p:', server: { host: 'redis', port: 6379, database: 1, hosts: ['s1:26379', 's2:26379'], sentinel: 'mymaster' } },
    });
    assert.deepEqual(apps, [{
        app_id: 'a', key: 'k', secret: 's', max_connections: '1000', allowed_origins: ['a.example.com', 'b.example.com'], max_message_size: 65536, cache_ttl: 3600,
        accept_client_events_from: 'members',
        webhooks: [{ url: 'https://x.example.com/', events: ['client_event'], headers: { 'X-Own': 'c' }, filter: { channel_name_ends_with: '-a' }, batching: { max_delay_ms: 50 } }],
    }]);
    assert.deepEqual(notes.sort(), [
        '"channel_limits.max_name_length" has no counterpart', '"cors" has no counterpart', 'app a: the webhooks\' filter "channel_pattern" has no counterpart', 'debug: start the server with --debug',
    ]);
});

test("soketi's webhooks, from JSON and from the environment", async (t) => {
    const webhook = {
        url: 'https://app.example.com/hooks', event_types: ['channel_occupied', 'cache_miss', 'client_event', 'unheard_of'],
        headers: { 'X-Token': 'a', Accept: 'b' }, filter: { channel_name_starts_with: 'private-' },
    };
    const ours = {
        url: webhook.url, events: ['channel_occupied', 'cache_miss', 'client_event'], headers: webhook.headers, filter: webhook.filter,
        batching: { enabled: false },
    };
    const lambda = { lambda_function: 'f', event_types: ['member_added'] };
    const { apps, notes } = await imported(t, { 'config.json': {
        'appManager.array.apps': [{ id: 'a', key: 'k', secret: 's', webhooks: [webhook, lambda, { url: 'https://b.example.com', event_types: [] }] }],
        webhooks: { batching: { enabled: false, duration: 50 } },
    } });
    assert.deepEqual(apps[0].webhooks, [ours]);
    assert.deepEqual(notes.sort(), ['app a: a webhook without a URL is left out', 'app a: a webhook without events is left out',
        'app a: the webhooks\' event "unheard_of" has no counterpart']);
    const byEnvironment = await imported(t, { '.env': 'SOKETI_DEFAULT_APP_ID=1\nSOKETI_DEFAULT_APP_KEY=k\nSOKETI_DEFAULT_APP_SECRET=s\nSOKETI_WEBHOOKS_BATCHING=true\n'
        + `SOKETI_WEBHOOKS_BATCHING_DURATION=20\nSOKETI_DEFAULT_APP_WEBHOOKS='${JSON.stringify([{ url: webhook.url, event_types: ['member_added'] }])}'\n` });
    assert.deepEqual(byEnvironment.apps[0].webhooks, [{ url: webhook.url, events: ['member_added'], batching: { max_delay_ms: 20 } }]);
    assert.deepEqual(byEnvironment.notes, []);
});

test("laravel-websockets' config/websockets.php, with its .env", async (t) => {
    const { reverb, apps, notes } = await imported(t, {
        'config/websockets.php': `<?php
return [
    'apps' => [['id' => env('PUSHER_APP_ID'), 'name' => env('APP_NAME'), 'key' => env('PUSHER_APP_KEY'), 'secret' => env('PUSHER_APP_SECRET'),
        'capacity' => 50, 'enable_client_messages' => false, 'enable_statistics' => true]],
    'app_provider' => BeyondCode\\LaravelWebSockets\\Apps\\ConfigAppProvider::class,
    'allowed_origins' => ['app.test'],
    'max_request_size_in_kb' => 250,
    'statistics' => ['interval_in_seconds' => 60],
    'ssl' => ['local_cert' => null, 'local_pk' => null, 'passphrase' => null],
];`,
        '.env': 'PUSHER_APP_ID=1234\nPUSHER_APP_KEY=pk\nPUSHER_APP_SECRET=ps\n',
    });
    assert.deepEqual(reverb, {});
    assert.deepEqual(apps, [{ app_id: '1234', key: 'pk', secret: 'ps', max_connections: 50, allowed_origins: ['app.test'], max_message_size: 256_000, accept_client_events_from: 'none' }]);
    assert.deepEqual(notes, ['"statistics" has no counterpart']);
});

test('a client of before connects to what came of it', async (t) => {
    const { cwd } = await imported(t, { 'config.json': SOKETI });
    const server = new Server({ apps: [{ app_id: 'app-id', key: 'app-key', secret: 'app-secret' }] });
    t.after(() => server.stop());
    server.folder = cwd;
    server.spawn(['start', '--config=ours.json', '--host=127.0.0.1', '--port=0']);
    server.port = Number((await within(server.ready.promise, () => `ready ${server.stderr}`))[2]);
    const client = await Client.open(server);
    await client.subscribe('private-news');
    await publish(server, 'private-news', 'told');
    assert.equal((await client.take()).event, 'told');
});

for (const [name, content, pattern] of [
    ['missing.json', null, /missing\.json cannot be read: No such file/],
    ['broken.json', '{"port": ', /broken\.json is not JSON: line 1/],
    ['list.json', '[1]', /list\.json holds no object/],
    ['.env', 'APP_NAME=Laravel\n', /\.env is neither JSON nor PHP, and sets no SOKETI_… variable/],
    ['broken.php', '<?php return 1;', /broken\.php: PHP cannot evaluate it: it returns no array/],
])
    test(`a file that is none is said to be: ${name}`, async (t) => {
        const cwd = folderOf(t, content === null ? {} : { [name]: content });
        const { code, stdout, stderr } = await run(['import', name], { cwd });
        assert.deepEqual({ code, stdout }, { code: 1, stdout: '' });
        assert.match(stderr, pattern);
    });

test('without a file it says how it is used', async () => {
    const { code, stderr } = await run(['import']);
    assert.equal(code, 1);
    assert.match(stderr, /usage: reverb import FILE/);
});

test('names with dots anywhere, and very many, are read as what they are', async (t) => {
    const cwd = folderOf(t, {
        'dots.json': { '.': 1, 'a.': { b: 1 }, 'c..d': 1, '': 1 },
        'deep.json': `{"${'a.'.repeat(1_000_000)}b":1}`,
    });
    for (const name of ['dots.json', 'deep.json']) {
        const { code, stdout, stderr } = await run(['import', name], { cwd });
        assert.equal(code, 0, stderr);
        assert.deepEqual(JSON.parse(stdout).apps.apps, []);
    }
});
