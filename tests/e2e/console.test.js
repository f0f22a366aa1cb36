'use strict';

/* The console in a browser: a loaded server is seen, watched and steered. CONSOLE_SHOTS names a folder for screenshots. */

const assert = require('node:assert/strict');
const http = require('node:http');
const path = require('node:path');
const { chromium } = require('playwright-core');
const { test, before, after } = require('../support/test.js');
const { app, freePort, ownServer } = require('../support/server.js');
const { Client } = require('../support/clients.js');
const { publish } = require('../support/api.js');
const { until } = require('../support/wait.js');

const EXECUTABLE = process.env.CHROMIUM || '/usr/bin/chromium';
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];
const APPS = [app(), app({ app_id: 'shop', key: 'key-of-shop', secret: 'secret-of-shop' })];

let browser;
before(async () => { browser = await chromium.launch({ executablePath: EXECUTABLE, args: FLAGS }); }, { timeout: 60_000 });
after(() => browser?.close());

async function administrated(t, options = {}) {
    const port = await freePort();
    const server = await ownServer(t, { apps: APPS, ...options, server: { admin: `127.0.0.1:${port}`, ...options.server } });
    server.adminPort = port;
    return server;
}

async function open(t, server, options = {}) {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const failures = [];
    page.on('pageerror', (error) => failures.push(String(error)));
    page.on('console', (message) => (message.type() === 'error' && !/401|Failed to load/.test(message.text())) && failures.push(message.text()));
    t.after(async () => {
        await context.close();
        assert.deepEqual(failures, []);
    });
    await page.goto(`http://127.0.0.1:${server.adminPort}/`);
    return page;
}

async function shoot(page, name) {
    if (process.env.CONSOLE_SHOTS)
        await page.screenshot({ path: path.join(process.env.CONSOLE_SHOTS, `${name}.png`), fullPage: true });
}

function request(server, method, target, headers = {}) {
    return new Promise((resolve, reject) => {
        http.request({ host: '127.0.0.1', port: server.adminPort, method, path: target, headers, agent: false }, (response) => {
            let text = '';
            response.on('data', (part) => { text += part; });
            response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text }));
        }).on('error', reject).end();
    });
}

/* Publishes a little all the time. */
function load(t, server) {
    let goesOn = true;
    const done = (async () => {
        for (let i = 0; goesOn; i++)
            await publish(server, `orders.${i % 5}`, 'shipped', JSON.stringify({ number: i }));
    })().catch(() => {}); /* the server may have ended first */
    t.after(() => { goesOn = false; return done; });
}

test('plots, apps, busiest channels and the tail of a loaded server are seen', { timeout: 60_000 }, async (t) => {
    const server = await administrated(t);
    const clients = await Client.openMany(server, 5);
    await Promise.all(clients.map((client, i) => client.subscribe(`orders.${i}`)));
    load(t, server);
    const page = await open(t, server, { colorScheme: 'light', viewport: { width: 1280, height: 900 } });
    await page.locator('#state.good').waitFor();
    await page.locator('#plot-messages canvas').first().waitFor();
    await page.locator('#apps td', { hasText: 'shop' }).waitFor();
    const row = page.locator('#apps tr', { hasText: '1001' });
    assert.equal(await row.locator('td').nth(1).textContent(), '5');
    await page.locator('#channels td', { hasText: 'orders.3' }).waitFor();
    await page.fill('#tail-channel', 'orders.2');
    await page.click('#tail-button');
    await page.locator('#lines td', { hasText: 'orders.2' }).first().waitFor();
    await page.click('#tail-button');
    const channels = await page.locator('#lines tr td:nth-child(4)').allTextContents();
    assert.deepEqual([...new Set(channels)], ['orders.2']);
    await until(async () => /[1-9]/.test(await row.locator('td').nth(4).textContent()), 'messages a second are counted');
    await shoot(page, 'console-light');
});

test('it is readable on a telephone, in the dark, and by keyboard', { timeout: 60_000 }, async (t) => {
    const server = await administrated(t);
    load(t, server);
    const page = await open(t, server, { colorScheme: 'dark', viewport: { width: 375, height: 740 }, hasTouch: true, isMobile: true });
    await page.locator('#plot-messages canvas').first().waitFor();
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing is wider than the screen');
    const reached = new Set();
    for (let i = 0; i < 50; i++) {
        await page.keyboard.press('Tab');
        reached.add(await page.evaluate(() => document.activeElement.id || document.activeElement.getAttribute('aria-label') || document.activeElement.tagName));
    }
    for (const wanted of ['Apps', 'members-channel', 'Members', 'tail-channel', 'tail-button', 'publish-data', 'disconnect-socket', 'terminate-user'])
        assert.ok(reached.has(wanted), `${wanted} is reached by Tab: ${[...reached]}`);
    await shoot(page, 'console-dark-telephone');
});

test('the members of a channel are listed with what is known of them, and of many the first', { timeout: 60_000 }, async (t) => {
    const server = await administrated(t);
    const join = (client, id, info) => client.join('presence-room', id, info);
    const clients = await Client.openMany(server, 3);
    await join(clients[0], '1', { name: 'Ä <b>"' });
    await join(clients[1], '2');
    const page = await open(t, server, { colorScheme: 'light', viewport: { width: 1280, height: 900 } });
    await page.locator('#state.good').waitFor();
    assert.ok(await page.locator('#cluster').isHidden(), 'it is the only node');
    const note = page.locator('#members .note');
    const show = async (id, channel) => {
        await page.fill('#members-app', id);
        await page.fill('#members-channel', channel);
        await page.locator('#members button').click();
    };
    const says = (pattern) => until(async () => pattern.test(await note.textContent()), `the note says ${pattern}`);
    await show('1001', 'presence-room');
    await says(/^all 2$/);
    const rows = await page.locator('#members-list tr').allTextContents();
    assert.deepEqual(rows.slice(1).sort(), ['1{"name":"Ä <b>\\""}', '2{}']);
    await shoot(page, 'console-members');
    await show('1001', 'presence-nobody');
    await says(/^nobody is subscribed on this node$/);
    await show('none', 'presence-room');
    await says(/^there is no app with that id/);
    await show('1001', 'news');
    await says(/^only presence channels have members/);
    const more = await Client.openMany(server, 227);
    await Promise.all(more.map((client, i) => join(client, String(i + 3), { text: 'ä'.repeat(400) })));
    await show('1001', 'presence-room');
    await says(/^the first 200 of 229$/);
    assert.equal(await page.locator('#members-list tr').count(), 201);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
});

test('an event is sent, a connection and a user are ended', { timeout: 60_000 }, async (t) => {
    const server = await administrated(t);
    const [listener, user] = [await Client.open(server), await Client.open(server)];
    await listener.subscribe('news');
    await user.signin({ id: '42' });
    const page = await open(t, server);
    await page.locator('#state.good').waitFor();
    const fill = async (form, values) => {
        for (const [name, value] of Object.entries(values))
            await page.fill(`#${form}-${name}`, value);
        await page.locator(`#${form} button`).click();
        return page.locator(`#${form} .note`);
    };
    const note = await fill('publish', { app: '1001', channel: 'news', event: 'told', data: '{"text":"ä \\" <b>"}' });
    assert.equal((await listener.next('told', 'news')).data, '{"text":"ä \\" <b>"}');
    await until(async () => await note.textContent() === 'The event is on its way.\n', 'it says so');
    await fill('terminate', { app: '1001', user: '42' });
    assert.equal((await user.waitClosed()).code, 4009);
    await fill('disconnect', { socket: listener.socketId });
    assert.equal((await listener.waitClosed()).code, 1000);
    const refused = await fill('publish', { app: 'none', channel: 'news', event: 'told', data: '{}' });
    await until(async () => /there is no app with that id/.test(await refused.textContent()), 'a mistake is named');
});

test('with a token nothing but its files is shown without it, and it is in no address', { timeout: 60_000 }, async (t) => {
    const server = await administrated(t, { server: { admin_token: 'open-sesame' } });
    for (const target of ['/metrics', '/tail', '/busy', '/members', '/nodes'])
        assert.equal((await request(server, 'GET', target, { 'X-Reverb-Console': '1' })).status, 401, target);
    const page = await open(t, server);
    const addresses = [];
    page.on('request', (it) => addresses.push(it.url()));
    await page.locator('#login').waitFor();
    await page.fill('#token', 'open-sesame');
    await page.locator('#login button').click();
    await page.locator('#state.good').waitFor();
    assert.ok(addresses.length > 0 && addresses.every((address) => !address.includes('sesame')));
});

test('a page of another site gets nothing from it and steers nothing', async (t) => {
    const server = await administrated(t);
    const console_ = { 'X-Reverb-Console': '1' };
    for (const target of ['/tail', '/busy', '/members?app=1001&channel=presence-a', '/nodes']) {
        assert.equal((await request(server, 'GET', target)).status, 403, 'without the header, as a form or an image sends it');
        assert.equal((await request(server, 'GET', target, { ...console_, Host: '127.0.0.1.evil.example' })).status, 403);
        for (const Host of ['localhost:9100', '127.0.0.1', '[::1]:9100'])
            assert.equal((await request(server, 'GET', target, { ...console_, Host })).status, 200, Host);
    }
    for (const target of ['/publish', '/disconnect', '/terminate']) {
        assert.equal((await request(server, 'POST', target)).status, 403);
        assert.equal((await request(server, 'GET', target, console_)).status, 405);
        assert.equal((await request(server, 'OPTIONS', target, { Origin: 'https://evil.example' })).headers['access-control-allow-origin'], undefined);
    }
    assert.equal((await request(server, 'POST', '/disconnect?socket=abc', console_)).status, 422);
    const { headers } = await request(server, 'GET', '/');
    assert.match(headers['content-security-policy'], /default-src 'none'; script-src 'self';.*frame-ancestors 'none'/);
});

test('an event that is no text reaches nobody, whose clients it would end', async (t) => {
    const server = await administrated(t);
    const client = await Client.open(server);
    const publishing = (query) => request(server, 'POST', `/publish?app=1001&${query}`, { 'X-Reverb-Console': '1' });
    await client.subscribe('news');
    for (const query of ['channel=news&event=told&data=%ff', 'channel=news&event=%c3%28&data=x', 'channel=news%ed%a0%80&event=told&data=x'])
        assert.equal((await publishing(query)).status, 422, query);
    assert.equal((await publishing('channel=news&event=told&data=%c3%a4')).status, 200);
    assert.equal((await client.take()).data, 'ä');
});

test('watchers are few, and go when nobody asks for them', { timeout: 60_000 }, async (t) => {
    const server = await administrated(t);
    const ask = (query = '') => request(server, 'GET', `/tail${query}`, { 'X-Reverb-Console': '1' });
    const first = await ask('?channel=news');
    const watcher = first.headers['x-reverb-watcher'];
    await publish(server, 'news', 'told');
    await publish(server, 'other', 'told');
    const { text, headers } = await ask(`?channel=news&watcher=${watcher}`);
    assert.equal(headers['x-reverb-watcher'], watcher);
    assert.deepEqual(text.trim().split('\n').map((line) => JSON.parse(line).channel), ['news']);
    for (let i = 1; i < 16; i++)
        assert.equal((await ask()).status, 200);
    assert.equal((await ask()).status, 503);
    await until(async () => (await ask()).status === 200, 'forgotten watchers have gone');
});
