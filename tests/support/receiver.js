'use strict';

/* A receiver of webhooks that can be hostile: it knows what it was sent, in which order, and what came twice.
 *
 *     const receiver = await Receiver.start(t);
 *     const server = await ownServer(t, { apps: [app({ webhooks: receiver.webhook() })] });
 *     receiver.behave = () => 'fails';
 */

const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const http = require('node:http');
const http2 = require('node:http2');
const https = require('node:https');
const { once } = require('node:events');
const { until } = require('./wait.js');

/* What it does with a request. Those that record it have taken it, whatever the server sees of the answer. */
const BEHAVIOURS = {
    takes: (receiver, request, response) => { receiver.record(request); response.end('ok'); },
    fails: (receiver, request, response) => { response.statusCode = 500; response.end(); },
    asks_for_time: (receiver, request, response) => { response.writeHead(503, { 'Retry-After': receiver.retryAfter ?? '1' }).end(); },
    redirects: (receiver, request, response) => { response.writeHead(302, { Location: receiver.redirectsTo ?? `${receiver.url}elsewhere` }).end(); },
    hangs: () => {},
    takes_and_closes_in_the_middle: (receiver, request, response) => {
        receiver.record(request);
        response.writeHead(200, { 'Content-Length': '1000' });
        response.write('half', () => response.socket.destroy());
    },
    resets: (receiver, request, response) => { response.socket.resetAndDestroy(); },
    talks_without_end: (receiver, request, response) => {
        receiver.record(request);
        const talk = () => { while (response.write(Buffer.alloc(65_536))); };
        response.on('drain', talk);
        talk();
    },
};

class Receiver {
    /* options: tls (of Node's servers), isHttp2 (with tls: HTTP/2 alone), secrets (by key) */
    constructor({ tls, isHttp2, secrets = { 'key-of-1001': 'secret-of-1001' } } = {}) {
        this.connections = 0;
        this.tls = tls;
        this.isHttp2 = isHttp2;
        this.secrets = secrets;
        this.behave = () => 'takes';
        this.requests = 0; // whatever became of them
        this.bodies = [];  // taken: { id, body, headers }
        this.events = [];  // of them, each once, in the order in which they came first
        this.doubles = 0;
        this.seen = new Set();
        this.sockets = new Set();
    }

    static async start(t, options) {
        const receiver = new Receiver(options);
        await receiver.listen(0);
        t.after(() => receiver.stop());
        return receiver;
    }

    async listen(port, host = '127.0.0.1') {
        const handle = (request, response) => this.receive(request, response);
        this.server = this.isHttp2 ? http2.createSecureServer(this.tls, handle)
            : this.tls ? https.createServer(this.tls, handle) : http.createServer(handle);
        this.server.on(this.tls ? 'secureConnection' : 'connection', (socket) => {
            this.connections++;
            this.sockets.add(socket);
            socket.on('close', () => this.sockets.delete(socket)).on('error', () => {});
        });
        this.server.listen(port, host);
        await once(this.server, 'listening');
        this.port = this.server.address().port;
    }

    /* Nothing listens any more, until listen(this.port). */
    async stop() {
        const closed = new Promise((resolve) => this.server.close(resolve));
        for (const socket of this.sockets)
            socket.destroy();
        await closed;
    }

    get url() {
        return `${this.tls ? 'https' : 'http'}://127.0.0.1:${this.port}/`;
    }

    webhook(options = {}) {
        return { url: `${this.url}hooks`, disconnect_smoothing_ms: 0, timeout: 1, batching: { max_delay_ms: 5 }, ...options };
    }

    async receive(request, response) {
        const chunks = [];
        request.on('error', () => {});
        response.on('error', () => {});
        for await (const chunk of request)
            chunks.push(chunk);
        request.text = Buffer.concat(chunks).toString();
        this.requests++;
        BEHAVIOURS[this.behave(request)](this, request, response);
    }

    record({ text, headers, url }) {
        assert.equal(url, '/hooks');
        const secret = this.secrets[headers['x-pusher-key']];
        assert.equal(headers['x-pusher-signature'], crypto.createHmac('sha256', secret).update(text).digest('hex'));
        assert.equal(headers['content-type'], 'application/json');
        assert.ok(headers['webhook-id']);
        assert.ok(Math.abs(headers['webhook-timestamp'] - Date.now() / 1000) < 120);
        const body = JSON.parse(text);
        this.bodies.push({ id: headers['webhook-id'], body, headers });
        for (const event of body.events) {
            if (this.seen.has(event.id)) {
                this.doubles++;
                continue;
            }
            this.seen.add(event.id);
            this.events.push({ ...event, source: body.source });
        }
    }

    async until(count, what = `${count} events are received`, ms) {
        await until(() => this.events.length >= count,
            () => `${what}; there are ${this.events.length}: ${JSON.stringify(this.events.slice(-5))}`, ms);
        return this.events;
    }

    /* Names and channels alone, with the user's id. */
    get told() {
        return this.events.map(({ name, channel, user_id }) => [name, channel, ...(user_id !== undefined ? [user_id] : [])].join(' '));
    }

    /* No number is missing, and none came after a later one. */
    assertInOrder() {
        const last = new Map();
        for (const { source, sequence } of this.events) {
            assert.equal(sequence, (last.get(source) ?? 0) + 1, `the sequence of ${source}`);
            last.set(source, sequence);
        }
    }
}

module.exports = { Receiver };
