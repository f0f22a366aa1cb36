'use strict';

/* However much one app makes the server do, a client of another app waits for its answer no longer than for
 * a turn or two. Sizes are those of CI; with FULL=1 they are those of a large installation. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { app, ownServer, run } = require('../support/server.js');
const { SANITIZED, SLOW } = require('../support/wait.js');

const FULL = Boolean(process.env.FULL);
const two = () => [app({ max_message_size: 100_000 }), app({ app_id: '1002', key: 'key-of-1002', secret: 'secret-of-1002' })];

/* A load by the first app beside a probe of the second: the report. */
async function beside(server, scenario, ...args) {
    const [{ app_id, key, secret }, other] = server.apps;
    const { code, stdout, stderr } = await run(['bench', scenario, ...args, '--probe', other.key, '--pid', String(server.pid), '--json',
        '--url', `ws://${server.host}:${server.port}`, '--app-id', app_id, '--key', key, '--secret', secret], { ms: 60_000 * SLOW });
    assert.equal(code, 0, stdout + stderr);
    return JSON.parse(stdout);
}

const RECEIVERS = FULL ? 18_000 : SANITIZED ? 1_000 : 4_000;
test(`fan-out of 9 KB to ${RECEIVERS}, 16 in flight`, { timeout: 60_000 }, async (t) => {
    const server = await ownServer(t, { apps: two(), workers: 1 });
    const { wait_us: wait } = await beside(server, 'fanout', '--connections', String(RECEIVERS), '--size', '9000', '--in-flight', '16', '--duration', '2');
    t.diagnostic(`waits of µs: ${JSON.stringify(wait)}`);
    assert.ok(wait.max < 400_000 * SLOW, `somebody waited ${wait.max} µs`);
});

const HERD = FULL ? 3_000 : SANITIZED ? 300 : 1_000;
test(`${HERD} who join a presence channel, 250 at one time`, { timeout: 60_000 }, async (t) => {
    const server = await ownServer(t, { apps: two(), workers: 1 });
    const before = server.rss();
    const { wait_us: wait } = await beside(server, 'presence', '--members', String(HERD), '--connections', '1', '--duration', '1');
    t.diagnostic(`waits of µs: ${JSON.stringify(wait)}`);
    assert.ok(wait.max < 400_000 * SLOW, `somebody waited ${wait.max} µs`);
    if (!SANITIZED)
        assert.ok(server.rss() - before < 40 * 1024 * 1024, `${server.rss() - before} bytes more`);
});
