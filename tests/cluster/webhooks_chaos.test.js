'use strict';

/* Faults of nodes and of Redis while clients come and go: at rest a receiver of webhooks believes what the API says.
 *
 *     WEBHOOKS_S=600 WEBHOOKS_SEED=7 WEBHOOKS_REDIS=sentinel tests/run-cluster webhooks_chaos
 */

const { test } = require('../support/test.js');
const { app } = require('../support/server.js');
const { ownCluster } = require('../support/cluster.js');
const { Receiver } = require('../support/receiver.js');
const { KINDS, cut, hang, pause } = require('../support/redis_faults.js');
const { randomness } = require('../support/random.js');
const { SLOW } = require('../support/wait.js');
const { bustle, nobodyIsLeft, pictureIsTrue } = require('../support/webhook_picture.js');

const SEED = Number(process.env.WEBHOOKS_SEED || Date.now() % 1_000_000);
const SECONDS = Number(process.env.WEBHOOKS_S || 6);
const WHERE = (process.env.WEBHOOKS_REDIS || 'sentinel cluster').split(' ');

function faultsOf(nodes, world, random) {
    const some = async () => random.one(await world.masters());
    return {
        ...Object.fromEntries(Object.entries(world.faults).map(([name, fault]) => [name, () => fault(random)])),
        cut: async () => cut(await some()),
        hang: async () => hang(await some(), random),
        die: async () => {
            const node = random.one(nodes.living);
            await node.kill();
            await pause(random.below(3000));
            await nodes.replace(node);
        },
        restart: async () => {
            const node = random.one(nodes.living);
            node.signal('SIGTERM');
            await node.ended();
            await nodes.replace(node);
        },
        freeze: async () => { // also for so long that another node sends
            const node = random.one(nodes.living);
            node.signal('SIGSTOP');
            await pause(random.below(8000));
            node.signal('SIGCONT');
        },
    };
}

const BEHAVIOURS = ['fails', 'takes_and_closes_in_the_middle', 'resets'];

for (const kind of WHERE)
    test(`${kind}: faults of all kinds for ${SECONDS} s (seed ${SEED}): at rest the picture is that of the API`,
        { timeout: SECONDS * 1000 + 240_000 * SLOW }, async (t) => {
            const random = randomness(SEED);
            const world = await KINDS[kind](t);
            const receiver = await Receiver.start(t);
            const nodes = await ownCluster(t, { nodes: 3, redis: world.redis,
                apps: [app({ webhooks: receiver.webhook({ disconnect_smoothing_ms: 300 }) })] });
            const faults = faultsOf(nodes, world, random);
            if (!process.env.WEBHOOKS_S) {
                delete faults.failOver; // Sentinel may refuse one, which takes a minute to notice
                // Longer, and Sentinel makes the replica a second master; the death of the node that sends is then a
                // second failure at once, which docs/webhooks.md does not promise to survive ("Several servers").
                faults.hang = async () => hang(random.one(await world.masters()), random, 300);
            }
            const done = [];
            let isOver = false;
            t.after(() => { isOver = true; });
            receiver.behave = () => (random.below(4) === 0 ? random.one(BEHAVIOURS) : 'takes');
            const bustling = bustle(nodes, random, () => isOver);
            for (const end = Date.now() + SECONDS * 1000; Date.now() < end;) {
                const name = random.one(Object.keys(faults));
                done.push(`${Date.now()} ${name}`);
                await faults[name]();
                await pause(random.below(2000));
            }
            isOver = true;
            await bustling;
            receiver.behave = () => 'takes';
            t.diagnostic(done.join(', '));
            await pictureIsTrue(receiver, nodes, `WEBHOOKS_SEED=${SEED}; ${done.join(', ')}`);
            nodes.closeClients();
            await nobodyIsLeft(receiver, nodes, `WEBHOOKS_SEED=${SEED}; ${done.join(', ')}`);
            t.diagnostic(`${receiver.events.length} events, ${receiver.doubles} of them twice`);
        });
