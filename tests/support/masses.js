'use strict';

/* A state as large as people have, of clients that cost little: each is a socket whose input is thrown away
 * once it is greeted.
 *
 *     Mass      one connection: the channels it is to have, and one user in the presence channels among them
 *     Masses    many of them; those whose node dies come back on a living one
 */

const crypto = require('node:crypto');
const net = require('node:net');
const { maskedFrame } = require('./raw.js');
const { channelAuth } = require('./signer.js');
const { until, SLOW } = require('./wait.js');

const AT_ONCE = 50;
const SUBSCRIPTIONS_AT_ONCE = 500;
const PING_MS = 10_000;
const BACK_MS = 100;

class Mass {
    constructor(masses, channels, userId) {
        Object.assign(this, { masses, channels, userId, isReady: false });
    }

    /* Connects to a living node; ready when it was greeted and all its channels have succeeded. */
    open() {
        const living = this.masses.cluster.living.filter(({ port }) => port); // one that starts has none yet
        if (living.length === 0) // the test ends
            return;
        const node = this.masses.random.one(living);
        this.node = node;
        this.isReady = false;
        this.isUpgraded = false;
        this.text = '';
        this.left = this.channels.length;
        const socket = net.connect({ host: node.host, port: node.port });
        this.socket = socket;
        socket.setNoDelay(true);
        socket.on('error', () => {});
        socket.on('data', (data) => { this.isReady || this.read(socket, data); });
        socket.on('close', () => this.onClosed(socket));
        socket.write(`GET /app/${node.app.key}?protocol=7 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n`
            + `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${crypto.randomBytes(16).toString('base64')}\r\n\r\n`);
    }

    /* Frames are text without masks: what is looked for is found in the bytes as they come. */
    read(socket, data) {
        this.text += data.toString('latin1');
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
        if (socket !== this.socket || this.masses.isOver)
            return;
        this.socketId = null;
        this.isReady = false;
        setTimeout(() => { this.masses.isOver || this.open(); }, BACK_MS);
    }

    ping() {
        if (this.isReady)
            this.socket.write(maskedFrame(0x1, '{"event":"pusher:ping","data":{}}'));
    }
}

class Masses {
    constructor(cluster, random) {
        Object.assign(this, { cluster, random, all: [], isOver: false });
        this.timer = setInterval(() => this.all.forEach((mass) => mass.ping()), PING_MS);
    }

    async open(specifications) {
        for (let from = 0; from < specifications.length; from += AT_ONCE) {
            for (const { channels, userId } of specifications.slice(from, from + AT_ONCE)) {
                const mass = new Mass(this, channels, userId);
                this.all.push(mass);
                mass.open();
            }
            await this.ready();
        }
    }

    ready() {
        const missing = () => this.all.filter(({ isReady }) => !isReady);
        return until(() => missing().length === 0,
            () => `all are connected and subscribed; ${missing().length} of ${this.all.length} are not`, 120_000 * SLOW);
    }

    close() {
        this.isOver = true;
        clearInterval(this.timer);
        this.all.forEach(({ socket }) => socket?.destroy());
    }
}

module.exports = { Masses };
