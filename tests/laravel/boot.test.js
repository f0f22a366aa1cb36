'use strict';

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { freePort } = require('../support/server.js');
const { ownApplication } = require('./application.js');

const ROUNDS = 7;
/* What a start may take beyond artisan's own boot. A machine that does other things besides may take as
 * long as another boot. */
const BEYOND_MS = 500;

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

async function ms(work) {
    const start = performance.now();
    await work();
    return performance.now() - start;
}

/* By turns, so that whatever else the machine does meets both. */
test('reverb:start is ready half a second after artisan itself', { timeout: 120_000 }, async (t) => {
    const application = await ownApplication(t).install();
    const [boots, starts] = [[], []];
    for (let round = 0; round < ROUNDS; round++) {
        boots.push(await ms(() => application.must(['env'])));
        let server;
        const port = await freePort();
        starts.push(await ms(async () => { server = await application.server([`--port=${port}`]); }));
        await server.stop();
    }
    const [boot, start] = [median(boots), median(starts)];
    t.diagnostic(`artisan alone ${boot.toFixed(0)} ms, reverb:start ready after ${start.toFixed(0)} ms`);
    assert.ok(start - boot < BEYOND_MS + boot, `reverb:start is ready after ${start} ms, artisan alone after ${boot} ms`);
});
