'use strict';

/* However much one app makes the server do, a client of another app waits for its answer no longer than for
 * a turn or two. Sizes are those of CI; with FULL=1 they are those of a large installation, and the limits the
 * ones that docs/security.md names. The load is that of `reverb bench`, and so is the probe beside it. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { app, ownServer, run } = require('../support/server.js');
const { SANITIZED, SLOW } = require('../support/wait.js');

const FULL = Boolean(process.env.FULL);
const MIB = 1024 * 1024;
const large = { max_message_size: 100_000, max_subscriptions: 0 };
const two = () => [app(large), app({ app_id: '1002', key: 'key-of-1002', secret: 'secret-of-1002' })];
/* The full size, that of CI, and that of a sanitized server. */
const size = (full, cut, sanitized) => (FULL ? full : SANITIZED ? sanitized : cut);
/* In CI the cores are not the server's alone: what is held there is that nobody waits for as long as before. */
const withinUs = (ms) => (FULL ? ms : Math.max(2 * ms, 500)) * 1000 * SLOW;

/* A load by the first app beside a probe of the second: the report. */
async function beside(t, scenario, ...args) {
    const server = await ownServer(t, { apps: two(), workers: 1 });
    const [{ app_id, key, secret }, other] = server.apps;
    const { code, stdout, stderr } = await run(['bench', scenario, ...args.map(String), '--probe', other.key, '--pid', String(server.pid), '--json',
        '--url', `ws://${server.host}:${server.port}`, '--app-id', app_id, '--key', key, '--secret', secret], { ms: 60_000 * SLOW });
    const report = code === 0 ? JSON.parse(stdout) : {};
    assert.equal(code, 0, stdout + stderr);
    t.diagnostic(`waits of µs: ${JSON.stringify(report.wait_us)}`);
    return report;
}

function assertWaits({ wait_us: wait }, worst, median = worst) {
    assert.ok(wait.max < withinUs(worst), `somebody waited ${wait.max} µs`);
    assert.ok(wait.p50 < (FULL ? median : 4 * median) * 1000 * SLOW, `half of them waited ${wait.p50} µs`);
}

for (const [churners, members] of [[1, size(300, 300, 60)], [4, size(1_000, 400, 60)]])
    test(`${churners} who come and go in a presence channel of ${members} as fast as they can`, { timeout: 60_000 }, async (t) => {
        const report = await beside(t, 'churn', '--members', members, '--connections', churners, '--in-flight', 256, '--duration', 2);
        assertWaits(report, 300, 50);
    });

const HERD = size(3_000, 1_000, 300);
test(`${HERD} who join a presence channel at one moment`, { timeout: 60_000 }, async (t) => {
    const report = await beside(t, 'herd', '--connections', HERD);
    assertWaits(report, 300);
    if (SANITIZED)
        return;
    assert.ok(report.server_memory_bytes_more_peak < 40 * MIB, `${report.server_memory_bytes_more_peak} bytes more`);
    assert.ok(report.server_cpu_us_per_join < 500, `${report.server_cpu_us_per_join} µs of CPU a join`);
});

if (FULL)
    test('10 000 who join a presence channel at one moment, of whom none is closed', { timeout: 120_000 }, async (t) => {
        assertWaits(await beside(t, 'herd', '--connections', 10_000), 500);
    });

const RECEIVERS = size(18_000, 4_000, 1_000);
for (const slow of [0, size(500, 100, 50)])
    test(`fan-out of 9 KB to ${RECEIVERS}, 16 in flight${slow ? `, beside ${slow} who read nothing` : ''}`, { timeout: 60_000 }, async (t) => {
        const report = await beside(t, 'fanout', '--connections', RECEIVERS, '--size', 9_000, '--in-flight', 16, ...(slow ? ['--slow', slow] : []), '--duration', 2);
        assertWaits(report, 250);
    });

for (const [channels, atOnce] of [[size(500_000, 60_000, 5_000), 1], [size(100_000, 20_000, 2_000), 20]])
    test(`lists of ${channels} channels, ${atOnce} at one time`, { timeout: 60_000 }, async (t) => {
        assertWaits(await beside(t, 'lists', '--channels', channels, '--in-flight', atOnce, '--duration', 2), 100);
    });

const USERS = size(1_000, 200, 50);
test(`${USERS} who sign in at one moment, each with a watchlist of ${USERS}`, { timeout: 60_000 }, async (t) => {
    assertWaits(await beside(t, 'signin', '--connections', USERS, '--watchlist', USERS), 100);
});
