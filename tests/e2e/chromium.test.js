'use strict';

/* A page with Echo and pusher-js on it, in Debian's Chromium. */

const assert = require('node:assert/strict');
const { readFileSync } = require('node:fs');
const path = require('node:path');
const { chromium } = require('playwright-core');
const { test, before, after } = require('../support/test.js');
const { sharedServer } = require('../support/server.js');
const { sdk } = require('../support/clients.js');
const { startAuth } = require('../support/auth.js');

const EXECUTABLE = process.env.CHROMIUM || '/usr/bin/chromium';
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'];

const script = (...file) => ['text/javascript', readFileSync(path.join(__dirname, '../node_modules', ...file))];
const FILES = {
    '/': ['text/html', '<!doctype html><title>Echo</title><script src="/pusher.js"></script><script src="/echo.js"></script>'],
    '/pusher.js': script('pusher-js/dist/web/pusher-with-encryption.js'),
    '/pusher7.js': script('pusher-js-7/dist/web/pusher-with-encryption.js'),
    '/echo.js': script('laravel-echo/dist/echo.iife.js'),
};

const server = sharedServer();
let browser;
before(async () => {
    browser = await chromium.launch({ executablePath: EXECUTABLE, args: FLAGS });
});
after(() => browser?.close());

/* A page whose `echo` is connected as `user`; the events of its channels are kept in `heard`. */
async function openPage(user = 'anna') {
    const site = await startAuth(server, { files: FILES });
    const context = await browser.newContext();
    const page = await context.newPage();
    page.on('pageerror', (error) => assert.fail(`the page failed: ${error}`));
    await page.goto(`${site}/`);
    await page.evaluate(({ key, host, port, user }) => {
        /* global Echo, heard, echo */
        window.heard = [];
        window.echo = new (Echo.default ?? Echo)({
            broadcaster: 'reverb', key, wsHost: host, wsPort: port, wssPort: port, forceTLS: false,
            enabledTransports: ['ws', 'wss'],
            auth: { headers: { 'X-User': user } },
        });
    }, { key: server.app.key, host: server.host, port: server.port, user });
    server.clients.add({ close: () => context.close().catch(() => {}) });
    return page;
}

/* Subscribes on the page: `kind` is Echo's method. Resolves when the server has granted it. */
const subscribe = (page, kind, name, event) => page.evaluate(({ kind, name, event }) => new Promise((resolve, reject) => {
    const channel = echo[kind](name).listen(event, (data) => heard.push([kind, data]));
    channel.subscribed(resolve);
    channel.error(reject);
}), { kind, name, event });

const hears = (page, kind) => page.waitForFunction((wanted) => heard.find(([of]) => of === wanted)?.[1], kind, { timeout: 10_000 })
    .then((handle) => handle.jsonValue());

const kinds = {
    channel: ['public', 'orders'],
    private: ['private', 'private-orders'],
    join: ['presence', 'presence-orders'],
    encryptedPrivate: ['encrypted', 'private-encrypted-orders'],
};
for (const [kind, [name, channel]] of Object.entries(kinds))
    test(`a page receives an event triggered by the SDK on a ${name} channel`, async () => {
        const page = await openPage();
        await subscribe(page, kind, 'orders', 'OrderShipped');
        await sdk(server).trigger(channel, 'App\\Events\\OrderShipped', { order: 1, text: 'é😀' });
        assert.deepEqual(await hears(page, kind), { order: 1, text: 'é😀' });
    });

test('two pages see each other and whisper', async () => {
    const anna = await openPage('anna');
    const bert = await openPage('bert');
    for (const page of [anna, bert])
        await page.evaluate(() => new Promise((resolve) => {
            window.room = echo.join('room')
                .here((users) => heard.push(['here', users.map(({ name }) => name).sort()]))
                .joining((user) => heard.push(['joining', user.name]))
                .leaving((user) => heard.push(['leaving', user.name]))
                .listenForWhisper('typing', (data) => heard.push(['typing', data]))
                .subscribed(resolve);
        }));
    assert.deepEqual(await hears(bert, 'here'), ['Name of anna', 'Name of bert']);
    assert.equal(await hears(anna, 'joining'), 'Name of bert');
    await bert.evaluate(() => window.room.whisper('typing', { on: true }));
    assert.deepEqual(await hears(anna, 'typing'), { on: true });
    await bert.close();
    assert.equal(await hears(anna, 'leaving'), 'Name of bert');
});

test('a page that is refused a channel can tell', async () => {
    const page = await openPage();
    const error = await page.evaluate(() => new Promise((resolve) => {
        echo.private('forbidden').error(({ type, status }) => resolve({ type, status }));
    }));
    assert.deepEqual(error, { type: 'AuthError', status: 403 });
});
