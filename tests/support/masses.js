'use strict';

/* A state as large as people have, of clients that cost little: each is a socket whose input is thrown away
 * once it is greeted. They have a thread of their own, so that the test's own clients do not wait behind them.
 *
 *     Masses    many of them; those whose node dies come back on a living one
 *     Mass      one connection: the channels it is to have, and one user in the presence channels among them
 */

const crypto = require('node:crypto');
const net = require('node:net');
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');
const { maskedFrame } = require('./raw.js');
const { randomness } = require('./random.js');
const { channelAuth } = require('./signer.js');
const { until, SLOW } = require('./wait.js');

const AT_ONCE = 500;
const SUBSCRIPTIONS_AT_ONCE = 500;
const PING_MS = 10_000;
const BACK_MS = 100;
const TOLD_EACH_MS = 5;
const READ_BYTES = 65536;
const input = Buffer.alloc(READ_BYTES); // of all: what is read is looked at or thrown away at once

class Masses {
    constructor(cluster, random) {
        Object.assign(this, { cluster, expected: 0, seen: 0, missing: 0 });
        this.thread = new Worker(__filename, { workerData: { seed: random.below(2 ** 31) } });
        this.thread.on('message', (state) => Object.assign(this, state));
        this.timer = setInterval(() => this.tellNodes(), TOLD_EACH_MS);
    }

    /* One that starts has no port yet. */
    tellNodes() {
        const nodes = this.cluster.living.filter(({ port }) => port).map(({ host, port, app: { key, secret } }) => ({ host, port, app: { key, secret } }));
        const text = JSON.stringify(nodes);
        if (text !== this.told)
            this.thread.postMessage({ nodes });
        this.told = text;
    }

    async open(specifications) {
        this.tellNodes();
        for (let from = 0; from < specifications.length; from += AT_ONCE) {
            const opened = specifications.slice(from, from + AT_ONCE);
            this.thread.postMessage({ opened });
            this.expected += opened.length;
            await this.ready();
        }
    }

    ready() {
        return until(() => this.seen === this.expected && this.missing === 0,
            () => `all are connected and subscribed; ${this.missing} of ${this.expected} are not`, 120_000 * SLOW);
    }

    close() {
        clearInterval(this.timer);
        return this.thread.terminate();
    }
}

/* --- the thread -------------------------------------------------------------------------------- */

class Mass {
    constructor(crowd, channels, userId) {
        Object.assign(this, { crowd, channels, userId, isReady: false });
    }

    /* Connects to a living node; ready when it was greeted and all its channels have succeeded. */
    open() {
        const { nodes, random } = this.crowd;
        if (nodes.length === 0) {
            setTimeout(() => this.open(), BACK_MS);
            return;
        }
        const node = random.one(nodes);
        this.node = node;
        this.isReady = false;
        this.isUpgraded = false;
        this.text = '';
        this.left = this.channels.length;
        const onread = {
            buffer: input,
            callback: (len, buffer) => {
                this.isReady || this.read(socket, buffer.latin1Slice(0, len));
                return true;
            },
        };
        const socket = net.connect({ host: node.host, port: node.port, onread });
        this.socket = socket;
        socket.setNoDelay(true);
        socket.on('error', () => {});
        socket.on('close', () => this.onClosed(socket));
        socket.write(`GET /app/${node.app.key}?protocol=7 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n`
            + `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${crypto.randomBytes(16).toString('base64')}\r\n\r\n`);
    }

    /* Frames are text without masks: what is looked for is found in the bytes as they come. */
    read(socket, text) {
        this.text += text;
        if (!this.socketId) {
            const hello = /"socket_id\\?":\\?"([\d.]+)/.exec(this.text);
            if (!hello)
                return;
            [, this.socketId] = hello;
            this.text = '';
            this.subscribe(socket);
            return;
        }
        const parts = this.text.split('subscription_succeeded');
        this.left -= parts.length - 1;
        this.text = parts.at(-1).slice(-30);
        if (this.left <= 0) {
            this.isReady = true;
            this.text = '';
        }
    }

    subscribe(socket) {
        const frames = this.channels.map((channel) => maskedFrame(0x1, JSON.stringify({ event: 'pusher:subscribe', data: this.subscription(channel) })));
        for (let from = 0; from < frames.length; from += SUBSCRIPTIONS_AT_ONCE)
            socket.write(Buffer.concat(frames.slice(from, from + SUBSCRIPTIONS_AT_ONCE)));
    }

    subscription(channel) {
        if (!channel.startsWith('presence-'))
            return { channel };
        const channel_data = JSON.stringify({ user_id: this.userId, user_info: { name: this.userId } });
        return { channel, channel_data, auth: channelAuth(this.node.app, this.socketId, channel, channel_data) };
    }

    onClosed(socket) {
        if (socket !== this.socket)
            return;
        this.socketId = null;
        this.isReady = false;
        setTimeout(() => this.open(), BACK_MS);
    }

    /* While it waits for its channels too: what it is sent then can take longer than the server waits for an answer. */
    ping() {
        if (this.socketId)
            this.socket.write(maskedFrame(0x1, '{"event":"pusher:ping","data":{}}'));
    }
}

function crowdOf(seed) {
    const crowd = { nodes: [], random: randomness(seed), all: [] };
    parentPort.on('message', ({ nodes, opened }) => {
        crowd.nodes = nodes ?? crowd.nodes;
        for (const { channels, userId } of opened ?? []) {
            const mass = new Mass(crowd, channels, userId);
            crowd.all.push(mass);
            mass.open();
        }
    });
    let told;
    setInterval(() => {
        const state = { seen: crowd.all.length, missing: crowd.all.filter(({ isReady }) => !isReady).length };
        const text = JSON.stringify(state);
        if (text !== told)
            parentPort.postMessage(state);
        told = text;
    }, TOLD_EACH_MS);
    setInterval(() => crowd.all.forEach((mass) => mass.ping()), PING_MS);
}

if (!isMainThread && workerData?.seed !== undefined)
    crowdOf(workerData.seed);

module.exports = { Masses };
