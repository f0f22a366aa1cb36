'use strict';

/* Random clients over all workers, compared with a model.
 *
 *     MODEL_S=600 MODEL_SEED=7 tests/run-e2e model      longer, and from another seed
 */

const { test } = require('../support/test.js');
const { ownServer } = require('../support/server.js');
const { runModel } = require('../support/model.js');

const SECONDS = Number(process.env.MODEL_S || 10);
const SEED = Number(process.env.MODEL_SEED || 1);

test(`random clients agree with the model for ${SECONDS} s (seed ${SEED})`, { timeout: (SECONDS + 60) * 1000 }, async (t) => {
    const server = await ownServer(t, { workers: 4 });
    t.diagnostic(`${await runModel([server], { seconds: SECONDS, seed: SEED })} acts`);
});
