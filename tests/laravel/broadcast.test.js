'use strict';

/* The application as people have it: its pages in Chromium with Echo and pusher-js, events from requests
 * and from a queue worker, channels authorised by routes/channels.php. LARAVEL_IN is the folder of an
 * application that is to be tried as it is. */

const assert = require('node:assert/strict');
const { chromium } = require('playwright-core');
const { test, before, after } = require('../support/test.js');
const { Application } = require('./application.js');

const EXECUTABLE = process.env.CHROMIUM || '/usr/bin/chromium';
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'];

let application;
let site;
let browser;

before(async () => {
    application = process.env.LARAVEL_IN ? Application.at(process.env.LARAVEL_IN) : await new Application().install();
    await application.server();
    site = await application.web();
    browser = await chromium.launch({ executablePath: EXECUTABLE, args: FLAGS });
}, { timeout: 60_000 });

after(async () => {
    await browser?.close();
    await application?.remove();
});

/* A page of the application, logged in, with Echo connected. */
async function open(user = 1) {
    const context = await browser.newContext();
    const page = await context.newPage();
    page.on('pageerror', (error) => assert.fail(`the page failed: ${error}`));
    if (user)
        await page.goto(`${site}/login/${user}`);
    await page.goto(`${site}/`);
    await page.evaluate(() => {
        /* global Echo, heard, echo, config */
        window.heard = [];
        /* As the framework's echo.js has it. */
        window.echo = new (Echo.default ?? Echo)({
            broadcaster: 'reverb', key: config.key, wsHost: config.host, wsPort: config.port ?? 80, wssPort: config.port ?? 443,
            forceTLS: (config.scheme ?? 'https') === 'https', enabledTransports: ['ws', 'wss'],
        });
    });
    await page.waitForFunction(() => echo.socketId(), null, { timeout: 40_000 });
    return page;
}

const listen = (page, kind, name, event = '.Told') => page.evaluate(({ kind, name, event }) => new Promise((resolve, reject) => {
    const channel = echo[kind](name).listen(event, (data) => heard.push([event, data]));
    channel.subscribed(resolve);
    channel.error(reject);
}), { kind, name, event });

const hears = (page, event = '.Told') => page.waitForFunction((wanted) => heard.find(([of]) => of === wanted)?.[1], event, { timeout: 60_000 })
    .then((handle) => handle.jsonValue());

/* A request of the page itself, with the socket id that Echo would send. */
async function request(page, target) {
    const status = await page.evaluate(async (url) => (await fetch(url, { headers: { 'X-Socket-ID': echo.socketId() } })).status, target);
    assert.equal(status, 200, application.exists('storage/logs/laravel.log') ? application.read('storage/logs/laravel.log').slice(0, 2000) : target);
}

/* The queue's worker does what waits, and ends. */
const work = () => application.must(['queue:work', '--stop-when-empty', '--tries=1']);

test('a request broadcasts at once, to a public channel', async () => {
    const page = await open(null);
    await listen(page, 'channel', 'news');
    await request(page, '/tell?now=1&channel=news&text=%C3%A9%F0%9F%98%80');
    assert.equal((await hears(page)).text, 'é😀');
});

test('a queue worker broadcasts', async () => {
    const page = await open(null);
    await listen(page, 'channel', 'queued');
    await request(page, '/tell?channel=queued&text=later');
    await work();
    assert.equal((await hears(page)).text, 'later');
});

for (const [kind, channel] of [['private', 'private-orders'], ['encryptedPrivate', 'private-encrypted-orders']])
    test(`Echo's ${kind} is authorised by routes/channels.php and hears`, async () => {
        const page = await open();
        await listen(page, kind, 'orders');
        await request(page, `/tell?now=1&channel=${channel}&text=secret`);
        assert.equal((await hears(page)).text, 'secret');
    });

test('toOthers leaves out who asked', async () => {
    const [own, other] = [await open(), await open(2)];
    for (const page of [own, other])
        await listen(page, 'private', 'orders');
    await request(own, '/tell?now=1&others=1&channel=private-orders&text=others');
    await request(own, '/tell?now=1&channel=private-orders&text=all');
    assert.equal((await hears(other)).text, 'others');
    assert.equal((await hears(own)).text, 'all');
});

test('a channel that refuses is an error of the page', async () => {
    const page = await open();
    const status = await page.evaluate(() => new Promise((resolve) => {
        echo.private('forbidden').error((error) => resolve(error.status));
    }));
    assert.equal(status, 403);
});

test('members of a presence channel see each other, and whisper', async () => {
    const [anna, bert] = [await open(1), await open(2)];
    for (const page of [anna, bert])
        await page.evaluate(() => new Promise((resolve) => {
            window.room = echo.join('room')
                .here((users) => heard.push(['here', users.map(({ name }) => name).sort()]))
                .joining((user) => heard.push(['joining', user.name]))
                .leaving((user) => heard.push(['leaving', user.name]))
                .listenForWhisper('typing', (data) => heard.push(['typing', data]))
                .subscribed(resolve);
        }));
    assert.deepEqual(await hears(bert, 'here'), ['Anna', 'Bert']);
    assert.equal(await hears(anna, 'joining'), 'Bert');
    await bert.evaluate(() => window.room.whisper('typing', { on: true }));
    assert.deepEqual(await hears(anna, 'typing'), { on: true });
    await bert.close();
    assert.equal(await hears(anna, 'leaving'), 'Bert');
});

test('a notification reaches its user', async () => {
    const page = await open(2);
    await page.evaluate(() => new Promise((resolve, reject) => {
        const channel = echo.private('App.Models.User.2').notification((data) => heard.push(['notification', data]));
        channel.subscribed(resolve);
        channel.error(reject);
    }));
    await request(page, '/notify/2?text=noted');
    await work();
    const { text, type } = await hears(page, 'notification');
    assert.deepEqual([text, type], ['noted', 'App\\Notifications\\Noted']);
});

test('a model broadcasts what becomes of it', async () => {
    const page = await open();
    await listen(page, 'private', 'orders', '.PostCreated');
    await page.evaluate(() => echo.private('orders').listen('.PostUpdated', (data) => heard.push(['.PostUpdated', data])));
    await request(page, '/post?title=Hello');
    await work();
    assert.equal((await hears(page, '.PostCreated')).model.title, 'Hello!');
    assert.equal((await hears(page, '.PostUpdated')).model.title, 'Hello!');
});
