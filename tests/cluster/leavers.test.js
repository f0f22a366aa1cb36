'use strict';

/* Clients that subscribe and leave again before, while and after they are answered. What the nodes agreed on
 * then reaches channels that are ending, gone, or created again. */

const { test } = require('../support/test.js');
const { sharedCluster } = require('../support/cluster.js');
const { Client } = require('../support/clients.js');
const { publish } = require('../support/api.js');

const ROUNDS = 1000;
const cluster = sharedCluster({ nodes: 1 });

const turn = () => new Promise(setImmediate);

/* Waits about as long as an answer takes, for which no timer is fine enough. */
async function pause() {
    const end = performance.now() + 2 * Math.random();
    do
        await turn();
    while (performance.now() < end);
}

/* Comes and goes without waiting for an answer, and discards what it receives. */
async function comeAndGo(client, channel, options) {
    for (let n = 0; n < ROUNDS; n++) {
        client.sendSubscribe(channel, options);
        await pause();
        client.unsubscribe(channel);
        await pause();
        client.inbox.length = 0;
    }
    await client.ping();
}

/* The thread that speaks to Redis runs, and is in step. */
async function isServed(channel) {
    const client = await Client.open(cluster.nodes[0]);
    await client.subscribe(channel);
    await publish(cluster.nodes[0], channel, 'told', '1');
    await client.next('told', channel);
}

for (const channel of ['news', 'presence-hall', 'cache-news'])
    test(`three clients that quickly come to ${channel} and go do no harm`, async () => {
        const clients = await Client.openMany(cluster.nodes[0], 3);
        await Promise.all(clients.map((client, n) => comeAndGo(client, channel,
            channel.startsWith('presence-') ? { channelData: { user_id: `u${n}` } } : {})));
        await isServed('other-news');
    });
