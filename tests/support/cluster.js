'use strict';

/* Several servers that act as one over Redis.
 *
 *     const cluster = sharedCluster({ nodes: 3 });          one for a file
 *     const cluster = await ownCluster(t, { nodes: 2 });    one for a test
 *
 * Options: nodes (3), apps, env, server and workers (the last node has one) as of a Server, redis (one that is there already; else
 * one is started, and stopped with the cluster).
 */

const path = require('node:path');
const { before, after, afterEach } = require('node:test');
const { app, Server } = require('./server.js');
const { Client } = require('./clients.js');
const { request } = require('./api.js');
const { Redis } = require('./redis.js');
const { SLOW, until } = require('./wait.js');

/* Nodes that are started at one time. */
const AT_ONCE = 10;

/* What GET /up says of a node's Redis. */
async function redisOf(node) {
    return (await request(node, 'GET', '/up')).json?.redis;
}

const isConnected = (node) => until(async () => await redisOf(node) === 'connected',
    () => `the node is connected to Redis\n${node.stdout}${node.stderr}`, 30_000 * SLOW);

class Cluster {
    constructor(options = {}) {
        this.options = options;
        this.apps = options.apps ?? [app()];
        this.nodes = [];
        this.former = [];
    }

    get app() {
        return this.apps[0];
    }

    nodeOptions(more = {}) {
        const { env, server, workers } = this.options;
        return { apps: this.apps, server, workers, ...more,
            env: { REVERB_SCALING_ENABLED: 'true', ...this.redis.env, ...env, ...more.env } };
    }

    /* A node with one worker speaks to Redis on that worker's thread, others do so on a thread of its own: a cluster
     * of several nodes has both. */
    mixed(n, count) {
        return n > 0 && n === count - 1 ? { workers: this.options.workers ?? 1 } : {};
    }

    async start() {
        this.redis = this.options.redis ?? await Redis.start();
        const count = this.options.nodes ?? 3;
        for (let n = 0; n < count; n += AT_ONCE)
            await Promise.all(Array.from({ length: Math.min(count - n, AT_ONCE) }, (_, i) => this.add(this.mixed(n + i, count))));
        return this;
    }

    /* One node more; ready when it has found its Redis. */
    async add(more) {
        const node = new Server(this.nodeOptions(more));
        this.nodes.push(node);
        await node.start();
        await isConnected(node);
        return node;
    }

    /* Another process takes the place, and the port, of a node that has ended. */
    async replace(node) {
        const next = new Server({ ...node.options, port: node.port });
        this.former.push(node);
        this.nodes[this.nodes.indexOf(node)] = next;
        await next.start();
        await isConnected(next);
        return next;
    }

    get living() {
        return this.nodes.filter((node) => !node.isKilled && !node.isEnding);
    }

    /* Clients on each node in turn. */
    openMany(count, options) {
        return Promise.all(Array.from({ length: count }, (_, n) => Client.open(this.nodes[n % this.nodes.length], options)));
    }

    connected() {
        return Promise.all(this.living.map(isConnected));
    }

    /* Every living node says that Redis is away. */
    away() {
        return Promise.all(this.living.map((node) => until(async () => await redisOf(node) === 'away',
            () => `the node notices that Redis is away\n${node.stdout}${node.stderr}`, 30_000)));
    }

    closeClients() {
        for (const node of [...this.nodes, ...this.former])
            node.closeClients();
    }

    async stop() {
        const ends = await Promise.allSettled([...this.nodes, ...this.former].map((node) => node.stop()));
        if (this.redis && !this.options.redis)
            await this.redis.stop();
        const failed = ends.find(({ status }) => status === 'rejected');
        if (failed)
            throw failed.reason;
    }
}

function sharedCluster(options) {
    const cluster = new Cluster(options);
    before(() => cluster.start());
    afterEach(() => cluster.closeClients());
    after(() => cluster.stop().catch((error) => {
        error.message = `${path.basename(process.argv[1])}: ${error.message}`;
        throw error;
    }));
    return cluster;
}

async function ownCluster(t, options) {
    const cluster = new Cluster(options);
    t.after(() => cluster.stop());
    return cluster.start();
}

module.exports = { Cluster, sharedCluster, ownCluster, redisOf, isConnected };
