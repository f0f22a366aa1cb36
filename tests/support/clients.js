'use strict';

/* Clients of every kind, all bound to a server that closes them when it is stopped.
 *
 * Client speaks Pusher frames over `ws` and sees every frame in the order it came:
 *     take()                the very next frame, whatever it is
 *     next(event, channel)  the next such frame; those before it are skipped
 *     quiet()               nothing has come: the answer to a ping of our own is the next frame
 */

const assert = require('node:assert/strict');
const WebSocket = require('ws');
const { api } = require('./api.js');
const { channelAuth, userAuth } = require('./signer.js');
const { DEADLINE_MS, deferred, within, until } = require('./wait.js');

/* The SDKs and pusher-js are loaded when they are used: most tests need neither. */
const Pusher8 = () => require('pusher-js');
const Pusher7 = () => require('pusher-js-7');
const Sdk = () => require('pusher');

const ENCRYPTION_KEY = Buffer.alloc(32, 7).toString('base64');

function websocketUrl(server, { app, path, query } = {}) {
    const scheme = server.secure ? 'wss' : 'ws';
    const key = (app ?? server.app).key;
    const search = query ?? 'protocol=7&client=js&version=8.6.0&flash=false';
    return `${scheme}://${server.host}:${server.port}${path ?? `${server.prefix}/app/${key}`}?${search}`;
}

/* Events whose data is an object; all others of the server's own have a string of JSON. */
const WITH_OBJECTS = ['pusher:error', 'pusher:subscription_error'];

/* The frame as it was parsed; `raw` is its text, `json` what its `data` says. */
function parseMessage(text) {
    const message = JSON.parse(text);
    Object.defineProperty(message, 'raw', { value: text });
    Object.defineProperty(message, 'json', { get: () => (WITH_OBJECTS.includes(message.event) ? message.data : JSON.parse(message.data)) });
    return message;
}

class Client {
    /* options: app, path, query, origin, headers, deflate, ws (further options of `ws`) */
    constructor(server, options = {}) {
        this.server = server;
        this.app = options.app ?? server.app;
        this.inbox = [];
        this.arrived = deferred();
        this.closed = deferred();
        this.isClosed = false;
        this.socket = new WebSocket(websocketUrl(server, options), {
            perMessageDeflate: options.deflate ?? false,
            rejectUnauthorized: false,
            origin: options.origin,
            headers: options.headers,
            ...options.ws,
        });
        this.socket.on('upgrade', (response) => { this.upgrade = response; });
        this.socket.on('message', (bytes, binary) => this.receive(bytes, binary));
        this.socket.on('error', (error) => { this.error = error; });
        this.socket.on('close', (code, reason) => {
            this.isClosed = true;
            this.closeCode = code;
            this.closed.resolve({ code, reason: reason.toString() });
            this.wake();
        });
        server.clients.add(this);
    }

    /* Connected and greeted. */
    static async open(server, options = {}) {
        const client = new Client(server, options);
        const hello = await client.take();
        assert.equal(hello.event, 'pusher:connection_established', hello.raw);
        client.hello = hello;
        client.socketId = hello.json.socket_id;
        return client;
    }

    static openMany(server, count, options) {
        return Promise.all(Array.from({ length: count }, () => Client.open(server, options)));
    }

    receive(bytes, binary) {
        assert.equal(binary, false, 'the server sends text frames');
        this.inbox.push(parseMessage(bytes.toString('utf8')));
        this.wake();
    }

    wake() {
        const { resolve } = this.arrived;
        this.arrived = deferred();
        resolve();
    }

    take(what = 'a frame', ms = DEADLINE_MS) {
        const attempt = async () => {
            while (this.inbox.length === 0) {
                if (this.isClosed) {
                    const { code, reason } = await this.closed.promise;
                    throw new Error(`closed (${code} ${reason}) instead of ${what} ${this.error ?? ''}`);
                }
                await this.arrived.promise;
            }
            return this.inbox.shift();
        };
        return within(attempt(), what, ms);
    }

    async next(event, channel) {
        const passed = [];
        for (;;) {
            const what = () => `${event} ${channel ?? ''}; passed over: ${passed.join(' ')}`;
            const message = await this.take(what());
            if (message.event === event && (channel === undefined || message.channel === channel))
                return message;
            passed.push(message.raw);
        }
    }

    send(event, data, channel) {
        this.sendText(JSON.stringify({ event, channel, data }));
    }

    sendText(text) {
        this.socket.send(text);
    }

    /* What `send` sends is one segment for the server: it is handled in one go. */
    inOneSegment(send) {
        this.socket._socket.cork();
        send();
        this.socket._socket.uncork();
    }

    async ping() {
        this.send('pusher:ping', {});
        return this.next('pusher:pong');
    }

    async quiet(what = 'nothing came') {
        this.send('pusher:ping', {});
        assert.deepEqual(await this.take(), { event: 'pusher:pong' }, what);
    }

    /* The subscription as a client of an application would send it, signed if the kind requires it. */
    subscription(channel, { channelData, auth } = {}) {
        const text = channelData === undefined || typeof channelData === 'string'
            ? channelData : JSON.stringify(channelData);
        const signed = /^(private|presence)-/.test(channel);
        return {
            channel,
            auth: auth ?? (signed ? channelAuth(this.app, this.socketId, channel, text) : undefined),
            channel_data: text,
        };
    }

    sendSubscribe(channel, options) {
        this.send('pusher:subscribe', this.subscription(channel, options));
    }

    async subscribe(channel, options) {
        this.sendSubscribe(channel, options);
        return this.next('pusher_internal:subscription_succeeded', channel);
    }

    async join(channel, userId, userInfo) {
        const channelData = { user_id: userId, ...(userInfo === undefined ? {} : { user_info: userInfo }) };
        return (await this.subscribe(channel, { channelData })).json.presence;
    }

    unsubscribe(channel) {
        this.send('pusher:unsubscribe', { channel });
    }

    sendSignin(user, { auth } = {}) {
        const text = typeof user === 'string' ? user : JSON.stringify(user);
        this.send('pusher:signin', { auth: auth ?? userAuth(this.app, this.socketId, text), user_data: text });
    }

    async signin(user) {
        this.sendSignin(user);
        return this.next('pusher:signin_success');
    }

    /* Takes the next frame as a pusher:error; returns its { code, message }. */
    async takeError() {
        const message = await this.take('a pusher:error');
        assert.equal(message.event, 'pusher:error', message.raw);
        assert.equal(typeof message.data, 'object', message.raw);
        return message.data;
    }

    waitClosed(what = 'the server closes the connection') {
        return within(this.closed.promise, what);
    }

    /* Leaves as a browser does and waits until the TCP connection is gone. */
    async leave() {
        this.socket.close();
        await this.waitClosed('closed at our own wish');
    }

    close() {
        this.socket.terminate();
    }
}

/* The frames on `channel` up to and with `marker`, which somebody published last. */
async function eventsUntil(client, channel, marker) {
    const events = [];
    for (;;) {
        const message = await client.take(`${marker} on ${channel}`);
        if (message.channel !== channel)
            continue;
        if (message.event === marker)
            return events;
        events.push(message);
    }
}

/* Waits until the API counts so many connections, established or gone. */
function connectionsAre(server, count, app = server.app) {
    return until(async () => {
        const answer = await api(server, 'GET', '/connections', { app });
        return answer.json.connections === count;
    }, `${count} connections`);
}

function sdk(server, options = {}) {
    const { app_id: appId, key, secret } = options.app ?? server.app;
    const SdkClass = Sdk();
    return new SdkClass({
        appId, key, secret,
        host: server.host,
        port: String(server.port),
        useTLS: Boolean(server.secure),
        encryptionMasterKeyBase64: ENCRYPTION_KEY,
        timeout: DEADLINE_MS,
        ...options.sdk,
    });
}

/* What pusher-js is told of a server; it wants the cluster, which means nothing here. */
const addressOf = (server) => ({
    cluster: '',
    wsHost: server.host,
    wsPort: server.port,
    wssPort: server.port,
    forceTLS: Boolean(server.secure),
    enabledTransports: ['ws', 'wss'],
});

/* pusher-js as an application configures it for Reverb; `version` 7 or 8. */
function pusherJs(server, { version = 8, app, ...options } = {}) {
    const PusherClass = version === 7 ? Pusher7() : Pusher8();
    const pusher = new PusherClass((app ?? server.app).key, {
        ...addressOf(server),
        disableStats: true,
        ...options,
    });
    server.clients.add({ close: () => pusher.disconnect() });
    return pusher;
}

/* laravel-echo 2 as echo.js of an application makes it. */
async function echo(server, { broadcaster = 'reverb', version = 8, app, ...options } = {}) {
    const { default: Echo } = await import('laravel-echo');
    const it = new Echo({
        broadcaster,
        Pusher: version === 7 ? Pusher7() : Pusher8(),
        key: (app ?? server.app).key,
        ...addressOf(server),
        withoutInterceptors: true,
        ...options,
    });
    server.clients.add({ close: () => it.disconnect() });
    return it;
}

/* The arguments of the first call of the callback that `bind` is given; called() is the first of them. */
function calledWith(bind, what, ms) {
    const call = deferred();
    bind((...args) => call.resolve(args));
    return within(call.promise, what, ms);
}

async function called(bind, what, ms) {
    return (await calledWith(bind, what, ms))[0];
}

module.exports = { Client, WebSocket, websocketUrl, eventsUntil, connectionsAre, sdk, pusherJs, echo, called, calledWith,
    ENCRYPTION_KEY };
