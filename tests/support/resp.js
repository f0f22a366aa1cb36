'use strict';

/* A small Redis client: commands and their replies in order, and what MONITOR says. */

const net = require('node:net');
const tls = require('node:tls');
const { deferred, within } = require('./wait.js');

const CRLF = '\r\n';

/* One reply at `at`: { value, end }, or null if more is needed. An error is an Error. */
function parse(bytes, at) {
    const end = bytes.indexOf(CRLF, at);
    if (end < 0)
        return null;
    const text = bytes.toString('utf8', at + 1, end);
    const next = end + 2;
    switch (String.fromCharCode(bytes[at])) {
    case '+':
        return { value: text, end: next };
    case '-':
        return { value: new Error(text), end: next };
    case ':':
        return { value: Number(text), end: next };
    case '$': {
        const length = Number(text);
        if (length < 0)
            return { value: null, end: next };
        return bytes.length < next + length + 2 ? null
            : { value: bytes.toString('utf8', next, next + length), end: next + length + 2 };
    }
    case '*':
        return parseArray(bytes, next, Number(text));
    default:
        throw new Error(`no RESP: ${bytes.toString('latin1', at, at + 40)}`);
    }
}

function parseArray(bytes, at, count) {
    const value = [];
    for (let n = 0; n < count; n++) {
        const one = parse(bytes, at);
        if (one === null)
            return null;
        value.push(one.value);
        at = one.end;
    }
    return { value, end: at };
}

function encode(args) {
    const parts = args.map((arg) => `$${Buffer.byteLength(String(arg))}${CRLF}${arg}${CRLF}`);
    return `*${args.length}${CRLF}${parts.join('')}`;
}

class RedisClient {
    /* options: host, port, user, password, tls (options of tls.connect) */
    static async open(options) {
        const it = new RedisClient(options);
        await within(it.opened.promise, `Redis takes a connection at ${options.port}`);
        if (options.password)
            await it.command('AUTH', ...(options.user ? [options.user] : []), options.password);
        return it;
    }

    constructor({ host = '127.0.0.1', port, tls: secure }) {
        this.bytes = Buffer.alloc(0);
        this.waiting = [];
        this.opened = deferred();
        const ready = () => this.opened.resolve();
        this.socket = secure ? tls.connect({ host, port, ...secure }, ready) : net.connect({ host, port }, ready);
        this.socket.on('data', (data) => this.read(data));
        this.socket.on('error', (error) => this.end(error));
        this.socket.on('close', () => this.end(new Error('Redis closed the connection')));
    }

    read(data) {
        this.bytes = Buffer.concat([this.bytes, data]);
        for (;;) {
            const reply = this.bytes.length ? parse(this.bytes, 0) : null;
            if (reply === null)
                return;
            this.bytes = this.bytes.subarray(reply.end);
            const { value } = reply;
            const first = this.waiting.shift();
            if (first === undefined)
                this.onMonitored?.(value);
            else if (value instanceof Error)
                first.reject(value);
            else
                first.resolve(value);
        }
    }

    end(error) {
        this.opened.reject(error);
        for (const one of this.waiting.splice(0))
            one.reject(error);
    }

    command(...args) {
        const reply = deferred();
        this.waiting.push(reply);
        this.socket.write(encode(args));
        return within(reply.promise, `Redis answers ${args[0]} ${args[1] ?? ''}`);
    }

    close() {
        this.socket.destroy();
    }
}

module.exports = { RedisClient };
