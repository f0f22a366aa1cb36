'use strict';

/* Webhooks in an application: a route by `reverb:install --webhooks`, a queued listener, a page in Chromium. */

const assert = require('node:assert/strict');
const { chromium } = require('playwright-core');
const { test } = require('../support/test.js');
const { Client } = require('../support/clients.js');
const { until } = require('../support/wait.js');
const { ownApplication } = require('./application.js');

const EXECUTABLE = process.env.CHROMIUM || '/usr/bin/chromium';
const LISTENER = `<?php

namespace App\\Listeners;

use Illuminate\\Contracts\\Queue\\ShouldQueue;
use Laravel\\Reverb\\Events\\Webhooks\\MemberRemoved;

class NoteWhoLeft implements ShouldQueue
{
    public function handle(MemberRemoved $event): void
    {
        file_put_contents(storage_path('left'), "{$event->app} {$event->channel} {$event->userId}\\n", FILE_APPEND);
    }
}
`;

test('reverb:install --webhooks adds the route and the URL once', async (t) => {
    const application = ownApplication(t);
    await application.must(['reverb:install', '--no-interaction', '--webhooks']);
    await application.must(['reverb:install', '--no-interaction', '--webhooks']);
    assert.equal(application.read('routes/web.php').match(/Route::reverbWebhooks\(\);/g).length, 1);
    assert.equal(application.read('.env').match(/^REVERB_WEBHOOK_URL="\$\{APP_URL\}\/reverb\/webhooks"$/gm).length, 1);
    assert.match((await application.must(['route:list', '--path=reverb/webhooks'])).said, /POST\s+reverb\/webhooks/);
});

test('that a user left reaches a queued listener once, and a forger nobody', { timeout: 120_000 }, async (t) => {
    const application = await ownApplication(t).install();
    await application.must(['reverb:install', '--no-interaction', '--webhooks']);
    /* The vendor folder is another application's, and so are the classes that it finds by itself. */
    application.write('app/Listeners/NoteWhoLeft.php', LISTENER);
    application.write('routes/web.php', `${application.read('routes/web.php')}
require_once app_path('Listeners/NoteWhoLeft.php');
Illuminate\\Support\\Facades\\Event::listen(Laravel\\Reverb\\Events\\Webhooks\\MemberRemoved::class, App\\Listeners\\NoteWhoLeft::class);
`);
    const site = await application.web();
    const server = await application.server([], { REVERB_WEBHOOK_URL: `${site}/reverb/webhooks` });
    const browser = await chromium.launch({ executablePath: EXECUTABLE, args: ['--headless', '--no-sandbox', '--disable-gpu'] });
    t.after(() => browser.close());
    const stays = await Client.open(server, { origin: site });
    const page = await browser.newPage();
    await page.goto(`${site}/login/1`);
    await page.goto(`${site}/`);
    await page.evaluate(() => new Promise((resolve, reject) => {
        /* global Echo, config */
        const echo = new (Echo.default ?? Echo)({ broadcaster: 'reverb', key: config.key, wsHost: config.host, wsPort: config.port ?? 80,
            forceTLS: false, enabledTransports: ['ws'] });
        echo.join('room').here(resolve).error(reject);
    }));
    await stays.subscribe('news');
    await page.close();
    const forged = await fetch(`${site}/reverb/webhooks`, { method: 'POST', headers: { 'X-Pusher-Key': server.app.key, 'X-Pusher-Signature': '00' }, body: '{}' });
    assert.equal(forged.status, 401);
    await until(async () => {
        await application.must(['queue:work', '--stop-when-empty', '--tries=1']);
        return application.exists('storage/left');
    }, () => `the listener has been called\n${server.said}\n${application.exists('storage/logs/laravel.log') ? application.read('storage/logs/laravel.log').slice(0, 2000) : ''}`, 30_000);
    await application.must(['queue:work', '--stop-when-empty', '--tries=1']);
    assert.equal(application.read('storage/left'), '1001 presence-room 1\n');
});

const BY_PIPE = `
foreach (['MemberAdded', 'MemberRemoved'] as $kind) {
    Illuminate\\Support\\Facades\\Event::listen("Laravel\\\\Reverb\\\\Events\\\\Webhooks\\\\{$kind}", function ($event) use ($kind) {
        file_put_contents(storage_path('told'), "{$event->payload['sequence']} {$kind} {$event->app} {$event->channel} {$event->userId}\\n", FILE_APPEND);
        if ($event->userId === 'throws') {
            throw new RuntimeException('the listener of webhooks failed');
        }
    });
}
`;

test('with REVERB_WEBHOOK_URL=artisan listeners are called by the pipe: once, in order, smoothed, and at the end', { timeout: 120_000 }, async (t) => {
    const application = await ownApplication(t).install();
    application.write('routes/console.php', `${application.read('routes/console.php')}${BY_PIPE}`);
    const server = await application.server([], { REVERB_WEBHOOK_URL: 'artisan', REVERB_WEBHOOK_EVENTS: 'member_added,member_removed' });
    const told = () => (application.exists('storage/told') ? application.read('storage/told').split('\n').filter(Boolean) : []);
    const toldCount = (count) => until(() => told().length >= count, () => `${count} are told: ${told().join('; ')}\n${server.said}`, 60_000);
    const stays = await Client.open(server);
    await stays.join('presence-room', 'stays');
    const throws = await Client.open(server);
    await throws.join('presence-room', 'throws');
    const leaves = await Client.open(server);
    await leaves.join('presence-room', 'leaves');
    await leaves.leave();
    await toldCount(4);
    assert.deepEqual(told(), ['1 MemberAdded 1001 presence-room stays', '2 MemberAdded 1001 presence-room throws',
        '3 MemberAdded 1001 presence-room leaves', '4 MemberRemoved 1001 presence-room leaves']);
    await server.line(/the listener of webhooks failed/);
    server.signal('SIGTERM');
    await server.ended();
    assert.equal(told().length, 6, told().join('; '));
    assert.deepEqual(told().slice(4).map((line) => line.slice(2)).sort(),
        ['MemberRemoved 1001 presence-room stays', 'MemberRemoved 1001 presence-room throws']);
});
