'use strict';

/* Random clients over three nodes, compared with a model.
 *
 *     MODEL_S=600 MODEL_SEED=7 tests/run-cluster model      longer, and from another seed
 */

const { test } = require('../support/test.js');
const { ownCluster } = require('../support/cluster.js');
const { runModel } = require('../support/model.js');

const SECONDS = Number(process.env.MODEL_S || 10);
const SEED = Number(process.env.MODEL_SEED || 1);

test(`random clients on three nodes agree with the model for ${SECONDS} s (seed ${SEED})`, { timeout: (SECONDS + 60) * 1000 }, async (t) => {
    const cluster = await ownCluster(t, { nodes: 3 });
    t.diagnostic(`${await runModel(cluster.nodes, { seconds: SECONDS, seed: SEED })} acts`);
});
