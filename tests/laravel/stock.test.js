'use strict';

/* An application made with laravel/reverb itself moves to this package by `composer require` alone, and
 * back: the same browser test (broadcast.test.js), the same listener, nothing else touched. */

const assert = require('node:assert/strict');
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { test, before, after } = require('../support/test.js');
const { Client } = require('../support/clients.js');
const { Application, environment, installBroadcasting, run } = require('./application.js');

const ROOT = path.resolve(__dirname, '../..');
const COMPOSER_MS = 300_000;
const BROWSER_MS = 240_000;
/* Files that no package of Composer's may touch. */
const OWN = ['.env', 'app', 'artisan', 'bootstrap/app.php', 'bootstrap/providers.php', 'config', 'public', 'resources', 'routes'];

let application;

async function composer(...args) {
    const { code, said } = await run('composer', [...args, '--no-interaction'], { cwd: application.folder, timeout: COMPOSER_MS });
    assert.equal(code, 0, `composer ${args.join(' ')}\n${said}`);
}

/* A digest of every file that is the application's own. */
function ownFiles() {
    const digests = {};
    const add = (name) => {
        if (fs.statSync(application.path(name)).isDirectory())
            fs.readdirSync(application.path(name)).forEach((each) => add(`${name}/${each}`));
        else
            digests[name] = createHash('sha256').update(fs.readFileSync(application.path(name))).digest('hex');
    };
    OWN.forEach(add);
    return digests;
}

const has = (name) => application.exists(`vendor/${name}/composer.json`);

async function passesInTheBrowser() {
    const { code, stdout, said } = await run(process.execPath,
        ['--test', `--test-reporter=${path.join(__dirname, '../support/reporter.mjs')}`, path.join(__dirname, 'broadcast.test.js')],
        { timeout: BROWSER_MS, env: environment({ LARAVEL_APP: process.env.LARAVEL_APP, LARAVEL_IN: application.folder }) });
    assert.equal(code, 0, said);
    return /^(\d+) passed, 0 failed$/m.exec(stdout)[1];
}

/* What the application's own listener receives during one client's visit. */
async function hears() {
    fs.rmSync(application.path('storage/heard'), { force: true });
    const server = await application.server([], { LISTEN_TO: 'ChannelCreated,ChannelRemoved,MessageReceived,MessageSent' });
    const client = await Client.open(server, { origin: 'https://app.test' });
    await client.subscribe('private-orders');
    await application.hears(({ event }) => event === 'MessageReceived', 'MessageReceived');
    client.unsubscribe('private-orders');
    await application.hears(({ event }) => event === 'ChannelRemoved', 'ChannelRemoved');
    await server.stop();
    return application.heard().map(({ event, channel, origin, app, message }) => ({ event, channel, origin, app, message: message && JSON.parse(message).event }));
}

before(async () => {
    application = new Application({ hasVendor: false });
    fs.copyFileSync(path.join(process.env.LARAVEL_APP, 'stock.json'), application.path('composer.json'));
    fs.copyFileSync(path.join(process.env.LARAVEL_APP, 'stubs.php'), application.path('stubs.php'));
    await composer('update', '--no-progress');
    await application.useFreePort();
    await application.must(['migrate', '--force']);
    await application.must(installBroadcasting(application));
    await application.must(['reverb:install', '--no-interaction']);
    application.setEnv({ BROADCAST_CONNECTION: 'reverb' });
    application.prepareForBrowser();
}, { timeout: COMPOSER_MS });

after(() => application?.remove());

test('an application moves here by composer require alone, and back by composer remove', { timeout: 3 * BROWSER_MS + 2 * COMPOSER_MS }, async () => {
    assert.ok(has('laravel/reverb') && !has('reverb-native/reverb'));
    const own = ownFiles();
    const heard = await hears();
    const passed = await passesInTheBrowser();
    assert.ok(passed > 0);

    await composer('config', 'repositories.reverb', JSON.stringify({ type: 'path', url: ROOT }));
    await composer('require', 'reverb-native/reverb:@dev', '--no-progress');
    assert.ok(!has('laravel/reverb') && has('reverb-native/reverb'));
    assert.equal(await passesInTheBrowser(), passed);
    assert.deepEqual(await hears(), heard);

    await composer('remove', 'reverb-native/reverb', '--no-progress');
    assert.ok(has('laravel/reverb') && !has('reverb-native/reverb'));
    assert.equal(await passesInTheBrowser(), passed);
    assert.deepEqual(ownFiles(), own);
});
