'use strict';

/* `make start` after the build: tools/start-demo prints what to open, and the page does all of it, also from
 * an address that another machine would use. */

const assert = require('node:assert/strict');
const { execFile, spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { chromium } = require('playwright-core');
const { test, before, after } = require('../support/test.js');
const { environment, freePort, temporaryFolder } = require('../support/server.js');
const { deferred, until, within, BIN } = require('../support/wait.js');

const ROOT = path.resolve(__dirname, '../..');
const EXECUTABLE = process.env.CHROMIUM || '/usr/bin/chromium';
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];

let folder;
let demo;
let said = '';
let browser;
const ended = deferred();

before(async () => {
    folder = temporaryFolder();
    demo = spawn(path.join(ROOT, 'tools/start-demo'), { env: environment({ REVERB_BIN: BIN, REVERB_DEMO_FOLDER: folder, REVERB_SERVER_PORT: await freePort() }) });
    for (const stream of [demo.stdout, demo.stderr])
        stream.setEncoding('utf8').on('data', (text) => { said += text; });
    demo.on('exit', (code) => ended.resolve(code));
    await until(() => /connections at most/.test(said), () => `the demo runs\n${said}`);
    browser = await chromium.launch({ executablePath: EXECUTABLE, args: FLAGS });
}, { timeout: 60_000 });

after(async () => {
    await browser?.close();
    demo.kill('SIGTERM');
    assert.equal(await within(ended.promise, 'the demo ends'), 0);
    fs.rmSync(folder, { recursive: true });
});

async function open(name) {
    const page = await (await browser.newContext()).newPage();
    page.on('pageerror', (error) => assert.fail(`the page failed: ${error}`));
    await page.goto(/file:\/\/\S+/.exec(said)[0]);
    await page.fill('#name', name);
    await page.locator('#name').blur();
    await page.locator('#state.good').waitFor();
    await page.locator('.member.me', { hasText: name }).waitFor();
    return page;
}

test('two windows see each other come, publish, whisper and go', { timeout: 60_000 }, async () => {
    const [anna, bert] = [await open('Anna'), await open('Bert')];
    await anna.locator('.member:not(.me)', { hasText: 'Bert' }).waitFor();
    await anna.fill('#data', '{"text":"hello, Ä"}');
    await anna.click('#publish button');
    await bert.locator('#log li', { hasText: 'greeting on news' }).filter({ hasText: 'hello, Ä' }).waitFor();
    await bert.fill('[aria-label=Whisper]', 'psst');
    await bert.locator('button', { hasText: 'Whisper' }).click();
    await anna.locator('#log li', { hasText: 'Bert whispered on presence-lounge' }).filter({ hasText: 'psst' }).waitFor();
    await anna.fill('#channel', 'private-orders');
    await anna.click('#subscribe button');
    await anna.locator('.channel', { hasText: 'private-orders' }).getByText('subscribed', { exact: true }).waitFor();
    await bert.close();
    await anna.locator('#log li', { hasText: 'Bert left' }).waitFor();
    await anna.close();
});

test('the commands that it prints work', async () => {
    const command = /^ +(\S+ publish .*)$/m.exec(said)[1];
    const code = await new Promise((resolve) => execFile('sh', ['-c', command], { cwd: ROOT, env: environment() }, (error) => resolve(error?.code ?? 0)));
    assert.equal(code, 0, command);
});
