'use strict';

/* Between the nodes and Redis is something that takes the replies apart. */

const net = require('node:net');
const { test } = require('../support/test.js');
const { ownCluster } = require('../support/cluster.js');
const { Listener, Publisher, MembersObserver, allSee, catchUp } = require('../support/observer.js');
const { tie } = require('../support/relay.js');
const { Redis } = require('../support/redis.js');

const HALL = 'presence-hall';
const WHOLE_BYTES_MIN = 20_000;
const WHOLE_BYTES_MAX = 80_000;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/* `carry(near, data)` brings replies to a node. Returns the port for the nodes. */
async function carried(t, redis, carrier) {
    const open = new Set();
    const server = net.createServer({ noDelay: true }, (near) => {
        const far = net.connect({ port: redis.port, host: '127.0.0.1', noDelay: true });
        const carry = carrier(near);
        open.add(near);
        tie(near, far, () => open.delete(near));
        near.on('data', (data) => far.write(data));
        far.on('data', carry);
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => {
        server.close();
        open.forEach((near) => near.destroy());
    });
    return server.address().port;
}

async function allArrives(t, carrier) {
    const redis = await Redis.start();
    t.after(() => redis.stop());
    const port = await carried(t, redis, carrier);
    const cluster = await ownCluster(t, { nodes: 3, redis, env: { REDIS_PORT: String(port) } });
    const { nodes } = cluster;
    const observers = await Promise.all(nodes.map((node, n) => MembersObserver.join(node, HALL, `u${n}`)));
    const listeners = await Promise.all(nodes.map((node) => Listener.open(node, 'news')));
    const publishers = nodes.map((node, n) => new Publisher(node, 'news', `p${n}`));
    publishers.forEach((publisher) => publisher.start(2));
    await pause(4000);
    await Promise.all(publishers.map((publisher) => publisher.stop()));
    await catchUp(listeners, publishers);
    await allSee(observers, nodes, HALL, ['u0', 'u1', 'u2'], 30_000);
}

test('replies come byte by byte: nothing is lost, and the order stays', { timeout: 90_000 }, (t) => allArrives(t, (near) => {
    let waiting = Buffer.alloc(0);
    const next = () => {
        near.write(waiting.subarray(0, 1));
        waiting = waiting.subarray(1);
        if (waiting.length > 0)
            setImmediate(next);
    };
    return (data) => {
        const isIdle = waiting.length === 0;
        waiting = Buffer.concat([waiting, data]);
        if (isIdle)
            next();
    };
}));

test('connections are reset in the middle of a reply, again and again: nothing is lost or doubled', { timeout: 90_000 }, (t) => allArrives(t, (near) => {
    let left = WHOLE_BYTES_MIN + Math.random() * (WHOLE_BYTES_MAX - WHOLE_BYTES_MIN);
    return (data) => {
        left -= data.length;
        if (left > 0)
            near.write(data);
        else
            near.write(data.subarray(0, data.length / 2), () => near.resetAndDestroy());
    };
}));
