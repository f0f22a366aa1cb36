'use strict';

/* Pulse's own page with both cards, where Pulse and Livewire can be had. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { chromium } = require('playwright-core');
const { test } = require('../support/test.js');
const { Client } = require('../support/clients.js');
const { api } = require('../support/api.js');
const { until } = require('../support/wait.js');
const { ownApplication } = require('./application.js');

const EXECUTABLE = process.env.CHROMIUM || '/usr/bin/chromium';
const RECORDERS = "        \\Laravel\\Reverb\\Pulse\\Recorders\\ReverbConnections::class => ['sample_rate' => 1],\n"
    + "        \\Laravel\\Reverb\\Pulse\\Recorders\\ReverbMessages::class => ['sample_rate' => 1],\n";

async function withPulse(t) {
    const application = await ownApplication(t).install();
    await application.must(['vendor:publish', '--provider=Laravel\\Pulse\\PulseServiceProvider']);
    await application.must(['migrate', '--force']);
    application.write('config/pulse.php', application.read('config/pulse.php').replace(/'recorders' => \[\n/, `$&${RECORDERS}`));
    fs.mkdirSync(application.path('resources/views/vendor/pulse'), { recursive: true });
    application.write('resources/views/vendor/pulse/dashboard.blade.php',
        '<x-pulse><livewire:reverb.connections cols="full" /><livewire:reverb.messages cols="full" /></x-pulse>');
    return application;
}

/* A value of the database, by the application itself. */
async function count(application, type) {
    application.write('count.php', `<?php require 'vendor/autoload.php'; $app = require 'bootstrap/app.php';
        $app->make(Illuminate\\Contracts\\Console\\Kernel::class)->bootstrap();
        echo DB::table('pulse_aggregates')->where('type', $argv[1])->where('period', 60)->sum('value');`);
    const { run, environment } = require('./application.js');
    return Number((await run('php', ['count.php', type], { cwd: application.folder, env: environment() })).stdout);
}

test('both cards show what the server has counted', { timeout: 120_000 }, async (t) => {
    const application = await withPulse(t);
    const server = await application.server([], { REVERB_PULSE_INGEST_INTERVAL: '1' });
    const check = application.spawn('php', ['artisan', 'pulse:check']);
    const clients = await Client.openMany(server, 3);
    await Promise.all(clients.map((client) => client.subscribe('news')));
    await api(server, 'POST', '/events', { body: { name: 'told', channel: 'news', data: '{}' } });
    await Promise.all(clients.map((client) => client.next('told')));
    await until(async () => await count(application, 'reverb_message:sent') === 9, 'nine messages sent');
    assert.equal(await count(application, 'reverb_message:received'), 3);
    await until(() => count(application, 'reverb_connections'), () => `connections are recorded\n${check.said}`, 60_000);

    const site = await application.web();
    const browser = await chromium.launch({ executablePath: EXECUTABLE, args: ['--headless', '--no-sandbox', '--disable-gpu'] });
    t.after(() => browser.close());
    const page = await browser.newPage({ viewport: { width: 1200, height: 800 } });
    const errors = [];
    const said = [];
    page.on('console', (message) => said.push(message.text()));
    page.on('pageerror', (error) => errors.push(String(error)));
    await page.goto(`${site}/pulse`);
    /* global Chart */
    const drawn = () => [...document.querySelectorAll('canvas')].map((canvas) => Chart.getChart(canvas)?.data.datasets
        .map(({ label, data }) => [label, Math.max(...data)]));
    await page.waitForFunction(() => document.querySelectorAll('canvas').length === 2
        && [...document.querySelectorAll('canvas')].every((canvas) => Chart.getChart(canvas)), null, { timeout: 15_000 })
        .catch((error) => assert.fail(`the charts are not drawn: ${error}\n${said.join('\n')}`));
    assert.deepEqual(await page.evaluate(drawn), [
        [['Peak', 3], ['Average', 3]],
        [['Sent', 9], ['Sent per second', 0.15], ['Received', 3], ['Received per second', 0.05]],
    ]);
    /* Also where one bucket alone has a value. */
    const hasInk = () => [...document.querySelectorAll('canvas')].map((canvas) => canvas.getContext('2d')
        .getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean));
    await page.waitForTimeout(1500); // it is animated
    assert.deepEqual(await page.evaluate(hasInk), [true, true]);
    /* The next poll draws the charts anew. */
    await page.waitForResponse((response) => /livewire.*update/.test(response.url()) && response.ok(), { timeout: 30_000 });
    const text = await page.evaluate(() => document.body.innerText);
    for (const words of ['Reverb Connections', 'Reverb Messages', 'Peak', 'Average', 'Sent per second', 'Received per second', '1001'])
        assert.match(text, new RegExp(words));
    if (process.env.SCREENSHOT)
        await page.screenshot({ path: path.resolve(process.env.SCREENSHOT) });
    assert.deepEqual(errors, []);
});

test('data without its recorder is no error', { timeout: 90_000 }, async (t) => {
    const application = await withPulse(t);
    const server = await application.server([], { REVERB_PULSE_INGEST_INTERVAL: '1' });
    await Client.open(server);
    server.signal('SIGTERM');
    await server.ended();
    assert.equal(await count(application, 'reverb_message:sent'), 1, 'the last interval is not lost');
    application.write('config/pulse.php', application.read('config/pulse.php').replace(RECORDERS, ''));
    const site = await application.web();
    assert.equal((await fetch(`${site}/pulse`)).status, 200);
    const browser = await chromium.launch({ executablePath: EXECUTABLE, args: ['--headless', '--no-sandbox', '--disable-gpu'] });
    t.after(() => browser.close());
    const page = await browser.newPage();
    await page.goto(`${site}/pulse`);
    await page.waitForFunction(() => document.querySelectorAll('canvas').length === 1, null, { timeout: 30_000 });
});
