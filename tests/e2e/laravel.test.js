'use strict';

/* Started in the folder of a Laravel application: `.env` and config/reverb.php count. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('../support/test.js');
const { Server, run, temporaryFolder } = require('../support/server.js');
const { Client } = require('../support/clients.js');
const { publish } = require('../support/api.js');
const { within } = require('../support/wait.js');

/* What `php artisan reverb:install` publishes, with `apps` in place of its one app. */
const configFile = (apps) => `<?php

return [
    'default' => env('REVERB_SERVER', 'reverb'),
    'servers' => [
        'reverb' => [
            'host' => env('REVERB_SERVER_HOST', '0.0.0.0'),
            'port' => env('REVERB_SERVER_PORT', 8080),
            'path' => env('REVERB_SERVER_PATH', ''),
            'hostname' => env('REVERB_HOST'),
            'options' => [
                'tls' => [],
            ],
            'max_request_size' => env('REVERB_MAX_REQUEST_SIZE', 10_000),
            'scaling' => [
                'enabled' => env('REVERB_SCALING_ENABLED', false),
                'channel' => env('REVERB_SCALING_CHANNEL', 'reverb'),
                'server' => [
                    'url' => env('REDIS_URL'),
                    'host' => env('REDIS_HOST', '127.0.0.1'),
                    'port' => env('REDIS_PORT', '6379'),
                    'username' => env('REDIS_USERNAME'),
                    'password' => env('REDIS_PASSWORD'),
                    'database' => env('REDIS_DB', '0'),
                    'timeout' => env('REDIS_TIMEOUT', 60),
                ],
            ],
            'pulse_ingest_interval' => env('REVERB_PULSE_INGEST_INTERVAL', 15),
            'telescope_ingest_interval' => env('REVERB_TELESCOPE_INGEST_INTERVAL', 15),
        ],
    ],
    'apps' => [
        'provider' => 'config',
        'apps' => [${apps}],
    ],
];
`;

const ONE_APP = `
            [
                'key' => env('REVERB_APP_KEY'),
                'secret' => env('REVERB_APP_SECRET'),
                'app_id' => env('REVERB_APP_ID'),
                'options' => [
                    'host' => env('REVERB_HOST'),
                    'port' => env('REVERB_PORT', 443),
                    'scheme' => env('REVERB_SCHEME', 'https'),
                    'useTLS' => env('REVERB_SCHEME', 'https') === 'https',
                ],
                'allowed_origins' => ['*'],
                'ping_interval' => env('REVERB_APP_PING_INTERVAL', 60),
                'activity_timeout' => env('REVERB_APP_ACTIVITY_TIMEOUT', 30),
                'max_connections' => env('REVERB_APP_MAX_CONNECTIONS'),
                'max_message_size' => env('REVERB_APP_MAX_MESSAGE_SIZE', 10_000),
                'accept_client_events_from' => env('REVERB_APP_ACCEPT_CLIENT_EVENTS_FROM', 'members'),
                'rate_limiting' => [
                    'enabled' => env('REVERB_APP_RATE_LIMITING_ENABLED', false),
                    'max_attempts' => env('REVERB_APP_RATE_LIMIT_MAX_ATTEMPTS', 60),
                    'decay_seconds' => env('REVERB_APP_RATE_LIMIT_DECAY_SECONDS', 60),
                    'terminate_on_limit' => env('REVERB_APP_RATE_LIMIT_TERMINATE', false),
                ],
            ],`;
const ANOTHER_APP = `
            [
                'key' => 'other-'.strtolower('KEY'),
                'secret' => 'other-secret',
                'app_id' => 'other',
                'allowed_origins' => ['laravel.com'],
                'ping_interval' => 60,
                'max_message_size' => 10000,
            ],`;

const ENV = `APP_NAME="An application"
REVERB_APP_ID=env-id
REVERB_APP_KEY='env-key'
export REVERB_APP_SECRET="\${REVERB_APP_KEY}-secret" # and a comment
REVERB_SERVER_HOST=127.0.0.1
# REVERB_SERVER_PATH=/not-this
REVERB_HOST="localhost"
REVERB_PORT=8080
REVERB_SCHEME=http
REVERB_APP_ACTIVITY_TIMEOUT=21
`;
const fromEnv = { app_id: 'env-id', key: 'env-key', secret: 'env-key-secret' };
const other = { app_id: 'other', key: 'other-key', secret: 'other-secret' };

function application(t, { env = ENV, config } = {}) {
    const folder = temporaryFolder('reverb-laravel-');
    t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
    fs.writeFileSync(path.join(folder, 'artisan'), '#!/usr/bin/env php\n');
    fs.writeFileSync(path.join(folder, '.env'), env);
    fs.mkdirSync(path.join(folder, 'config'));
    if (config)
        fs.writeFileSync(path.join(folder, 'config/reverb.php'), config);
    return folder;
}

async function startIn(t, folder) {
    const server = new Server({ apps: [fromEnv, other] });
    t.after(() => server.stop());
    server.folder = folder;
    server.spawn(['start', '--port', '0']);
    const banner = await within(server.ready.promise, () => `ready ${server.stderr}`);
    server.port = Number(banner[2]);
    return server;
}

test('the apps of config/reverb.php are served, those with values of .env and the others', async (t) => {
    const server = await startIn(t, application(t, { config: configFile(ONE_APP + ANOTHER_APP) }));
    const client = await Client.open(server);
    assert.equal(client.hello.json.activity_timeout, 21);
    await client.subscribe('private-news');
    await publish(server, 'private-news', 'told');
    assert.equal((await client.take()).event, 'told');
    const theirs = await Client.open(server, { app: other, origin: 'https://laravel.com' });
    await theirs.subscribe('private-news');
    const refused = new Client(server, { app: other, origin: 'https://evil.com' });
    assert.equal((await refused.takeError()).code, 4009);
});

test('an app of a file published before Reverb 1.8 takes client events from all, as that version did', async (t) => {
    const server = await startIn(t, application(t, { config: configFile(ONE_APP + ANOTHER_APP) }));
    const open = (which) => Client.openMany(server, 2, { app: which, origin: 'https://laravel.com' });
    const [outsider, member] = await open(other);
    await member.subscribe('private-room');
    outsider.send('client-said', {}, 'private-room');
    assert.equal((await member.take()).event, 'client-said');
    const [stranger] = await open(fromEnv);
    stranger.send('client-said', {}, 'private-room');
    assert.equal((await stranger.takeError()).code, 4009, 'the file says members for this one');
});

test('without a published configuration .env alone is enough', async (t) => {
    const server = await startIn(t, application(t));
    const client = await Client.open(server);
    assert.equal(client.hello.json.activity_timeout, 21);
    await client.subscribe('private-news');
});

test('reverb config in the folder names .env and config/reverb.php as sources', async (t) => {
    const folder = application(t, { config: configFile(ONE_APP) });
    const { code, stdout, stderr } = await run(['config'], { cwd: folder });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /\.env|reverb\.php/);
    assert.ok(!stdout.includes('env-key-secret'), 'the secret is masked');
});

test('a config/reverb.php that PHP cannot read is named in one line', async (t) => {
    const folder = application(t, { config: '<?php return [ oops' });
    const { code, stderr } = await run(['start', '--port', '0'], { cwd: folder });
    assert.notEqual(code, 0);
    assert.match(stderr, /reverb\.php/);
});
