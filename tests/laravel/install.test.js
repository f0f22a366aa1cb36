'use strict';

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { installBroadcasting, is11, ownApplication } = require('./application.js');

const FILES = ['.env', 'config/reverb.php', 'config/broadcasting.php', 'routes/channels.php', 'bootstrap/app.php',
    'resources/js/echo.js', 'resources/js/bootstrap.js'];

const filesOf = (application) => Object.fromEntries(FILES.map((name) => [name, application.read(name)]));

/* Credentials are generated anew each time. The position of a line in .env does not matter. */
function comparable(application) {
    const files = filesOf(application);
    files['.env'] = files['.env'].replace(/^(REVERB_APP_(?:ID|KEY|SECRET))=.*$/gm, '$1=…').replace(/"/g, '')
        .split('\n').filter(Boolean).sort();
    return files;
}

test('reverb:install writes credentials, configuration, channels and the driver', async (t) => {
    const application = ownApplication(t);
    await application.must(['reverb:install', '--no-interaction']);
    const env = application.read('.env');
    assert.match(env, /^REVERB_APP_ID=\d{6}$/m);
    assert.match(env, /^REVERB_APP_KEY=[a-z0-9]{20}$/m);
    assert.match(env, /^REVERB_APP_SECRET=[a-z0-9]{20}$/m);
    assert.match(env, /^REVERB_HOST="localhost"\nREVERB_PORT=8080\nREVERB_SCHEME=http$/m);
    assert.match(env, /^VITE_REVERB_APP_KEY="\$\{REVERB_APP_KEY\}"$/m);
    assert.match(env, /^VITE_REVERB_SCHEME="\$\{REVERB_SCHEME\}"$/m);
    assert.match(env, /^BROADCAST_CONNECTION=reverb$/m);
    assert.match(application.read('bootstrap/app.php'), /channels: /);
    for (const name of FILES)
        assert.ok(application.exists(name), name);
});

test('running it twice changes nothing', async (t) => {
    const application = ownApplication(t);
    await application.must(['reverb:install', '--no-interaction']);
    const once = filesOf(application);
    await application.must(['reverb:install', '--no-interaction']);
    assert.deepEqual(filesOf(application), once);
});

test('install:broadcasting before, after, or alone comes to the same', async (t) => {
    const [alone, before, after, without] = [1, 2, 3, 4].map(() => ownApplication(t));
    await Promise.all([
        alone.must(installBroadcasting(alone)),
        before.must(installBroadcasting(before)).then(() => before.must(['reverb:install', '--no-interaction'])),
        after.must(['reverb:install', '--no-interaction']).then(() => after.must(installBroadcasting(after))),
        without.must(['reverb:install', '--no-interaction']),
    ]);
    const expected = comparable(without);
    for (const application of [alone, before, after])
        assert.deepEqual(comparable(application), expected);
});

const ENTER = '\r';
const DOWN = '\x1b[B';
const CTRL_C = '\x03';
/* A key each: what comes at once is one. */
const NO = [[/●\S* Yes/, 'n'], [/●\S* No/, ENTER]];
const DRIVER = /Would you like to broadcast events with Reverb/;
const ENABLE = /Would you like to enable event broadcasting/;
const NODE = /install and build the Node dependencies/;

test('answered by hand on a terminal it comes to the same', async (t) => {
    const [silent, asked, broadcasting] = [1, 2, 3].map(() => ownApplication(t));
    await silent.must(['reverb:install', '--no-interaction']);
    const said = await asked.atTerminal(['reverb:install'], [[DRIVER, ENTER], [ENABLE, ENTER]]);
    assert.match(said, /Reverb installed successfully/);
    await broadcasting.atTerminal(['install:broadcasting'], [...(is11(broadcasting) ? [] : [[/Which broadcasting driver/, ENTER]]), [NODE, ''], ...NO]);
    for (const application of [asked, broadcasting])
        assert.deepEqual(comparable(application), comparable(silent));
    assert.doesNotMatch(await asked.atTerminal(['reverb:install'], []), DRIVER, 'nothing is left to ask');
});

/* What is left of it is an application that boots, and that reverb:install completes. */
async function isMended(application) {
    assert.match(application.read('.env'), /^BROADCAST_CONNECTION=reverb$/m);
    await application.must(['list']);
    await application.must(['reverb:install', '--no-interaction']);
    assert.match(application.read('.env'), /^REVERB_APP_SECRET=[a-z0-9]{20}$/m);
    assert.ok(application.exists('config/reverb.php'));
}

test('install:broadcasting that is interrupted at its npm question has written the credentials', async (t) => {
    const application = ownApplication(t);
    application.setEnv({ BROADCAST_CONNECTION: 'reverb' });
    await application.atTerminal(['install:broadcasting'], [...(is11(application) ? [] : [[/Which broadcasting driver/, ENTER]]), [NODE, CTRL_C]],
        { status: 1 });
    assert.match(application.read('.env'), /^REVERB_APP_KEY=[a-z0-9]{20}$/m);
    await isMended(application);
});

/* npm wants a terminal, and has a minute: what it fails with is an exception. */
test('install:broadcasting that npm fails has written the credentials', async (t) => {
    const application = ownApplication(t);
    application.setEnv({ BROADCAST_CONNECTION: 'reverb' });
    const { code } = await application.artisan(installBroadcasting(application).filter((option) => option !== '--without-node'));
    assert.equal(code, 1);
    assert.match(application.read('.env'), /^REVERB_APP_KEY=[a-z0-9]{20}$/m);
    await isMended(application);
});

test('an application without credentials boots, and says what it lacks when it broadcasts', async (t) => {
    const application = await ownApplication(t).install();
    application.write('.env', application.read('.env').replace(/^REVERB_APP_.*\n/gm, ''));
    await application.must(['list']);
    application.write('routes/console.php', "<?php\nArtisan::command('tell', function () { App\\Events\\ToldNow::dispatch('orders', 'hello'); });\n");
    const told = await application.artisan(['tell'], { env: { COLUMNS: '200' } });
    assert.match(told.said, /needs REVERB_APP_ID, REVERB_APP_KEY and REVERB_APP_SECRET.*reverb:install/s);
    await isMended(application);
    assert.doesNotMatch((await application.artisan(['tell'])).said, /needs REVERB_APP_ID/);
});

test('install:broadcasting for another driver leaves nothing of Reverb', async (t) => {
    const application = ownApplication(t);
    if (is11(application))
        return;
    await application.atTerminal(['install:broadcasting', '--without-node'], [[/Which broadcasting driver/, DOWN], [/●\S* Pusher/, ENTER],
        [/Pusher App ID/, `1${ENTER}`], [/Pusher App Key/, `k${ENTER}`], [/Pusher App Secret/, `s${ENTER}`], [/Pusher App Cluster/, ENTER]]);
    assert.match(application.read('.env'), /^BROADCAST_CONNECTION=pusher$/m);
    assert.doesNotMatch(application.read('.env'), /REVERB_/);
    assert.ok(!application.exists('config/reverb.php'));
});

test('who does not want the driver keeps the one there is', async (t) => {
    const application = ownApplication(t);
    await application.atTerminal(['reverb:install'], [[DRIVER, ''], ...NO, [ENABLE, ENTER]]);
    assert.match(application.read('.env'), /^BROADCAST_CONNECTION=log$/m);
    assert.match(application.read('.env'), /^REVERB_APP_ID=/m);
    assert.ok(application.exists('routes/channels.php'));
});

test('what is set already stays', async (t) => {
    const application = ownApplication(t);
    application.write('.env', `REVERB_APP_KEY=mine\n${application.read('.env')}# REVERB_PORT=1\nVITE_REVERB_HOST=there\n`);
    await application.must(['reverb:install', '--no-interaction']);
    const env = application.read('.env');
    assert.deepEqual(env.match(/^REVERB_APP_KEY=.*$/gm), ['REVERB_APP_KEY=mine']);
    assert.deepEqual(env.match(/^VITE_REVERB_HOST=.*$/gm), ['VITE_REVERB_HOST=there']);
    assert.match(env, /^REVERB_PORT=8080$/m, 'a line that is a comment does not count');
});

test('a configuration of broadcasting from before Reverb gets the connection', async (t) => {
    const application = ownApplication(t);
    application.write('config/broadcasting.php', "<?php\n\nreturn [\n    'default' => env('BROADCAST_CONNECTION', 'null'),\n\n    'connections' => [\n"
        + "        'log' => ['driver' => 'log'],\n    ],\n];\n");
    /* Laravel 11 and later merge their own connections in: the older framework did not. */
    application.write('config/app.php', "<?php\n\nreturn ['name' => 'Old', 'key' => env('APP_KEY'), 'cipher' => 'AES-256-CBC'];\n");
    await application.must(['reverb:install', '--no-interaction']);
    const { stdout } = await application.must(['config:show', 'broadcasting.connections.reverb']);
    assert.match(stdout, /driver .* reverb/);
});

test('a REVERB_BINARY that is no program is named, and the application is installed all the same', async (t) => {
    const application = ownApplication(t);
    const { code, said } = await application.artisan(['reverb:install', '--no-interaction'], { env: { REVERB_BINARY: '/nowhere/reverb' } });
    assert.equal(code, 1);
    assert.match(said, /REVERB_BINARY \[\/nowhere\/reverb\] does not exist/);
    assert.match(application.read('.env'), /^REVERB_APP_ID=/m);
    assert.ok(application.exists('config/reverb.php'));
});
