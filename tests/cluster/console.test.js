'use strict';

/* The console of one node lists all nodes of the cluster. */

const assert = require('node:assert/strict');
const { chromium } = require('playwright-core');
const { test } = require('../support/test.js');
const { freePort } = require('../support/server.js');
const { ownCluster } = require('../support/cluster.js');
const { until } = require('../support/wait.js');

const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];

test('the nodes of the cluster are listed, with who is silent', { timeout: 120_000 }, async (t) => {
    const cluster = await ownCluster(t, { nodes: 1 });
    const port = await freePort();
    await cluster.add({ server: { admin: `127.0.0.1:${port}` } });
    const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: FLAGS });
    t.after(() => browser.close());
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${port}/`);
    let seen = [];
    const rows = async () => { seen = (await page.locator('#nodes tr').allTextContents()).slice(1); return seen; };
    await until(async () => (await rows()).length === 2 && (await rows()).every((row) => /[0-9a-f]+\.\d+( \(this one\))?in step\d+$/.test(row)),
        () => `two nodes in step are listed: ${seen.join(' | ')}`, 30_000);
    assert.equal((await rows()).filter((row) => row.includes('(this one)')).length, 1);
    cluster.nodes[0].signal('SIGSTOP');
    t.after(() => cluster.nodes[0].signal('SIGCONT'));
    await until(async () => (await rows()).some((row) => /[^)]in step[1-9]\d*$/.test(row)), 'the other one is silent', 30_000);
    cluster.nodes[0].signal('SIGCONT');
});
