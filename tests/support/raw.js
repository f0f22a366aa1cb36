'use strict';

/* Bytes over TCP or TLS: pipelined, chunked, split and broken HTTP, and WebSocket frames by hand. */

const crypto = require('node:crypto');
const net = require('node:net');
const tls = require('node:tls');
const { deferred, within } = require('./wait.js');

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/* One response at the start of `bytes`: { used, status, headers, text }; null if more is needed. */
function parseResponse(bytes, atEnd) {
    const end = bytes.indexOf('\r\n\r\n');
    if (end < 0)
        return null;
    const [statusLine, ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
    const headers = {};
    for (const line of lines) {
        const colon = line.indexOf(':');
        headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    const status = Number(statusLine.split(' ')[1]);
    const start = end + 4;
    let length = Number(headers['content-length'] ?? 0);
    if (headers['content-length'] === undefined && status >= 200 && status !== 204) {
        if (!atEnd)
            return null;
        length = bytes.length - start;
    }
    if (bytes.length < start + length)
        return null;
    return { used: start + length, status, headers, statusLine,
        text: bytes.subarray(start, start + length).toString('utf8') };
}

class RawConnection {
    static open(server, options = {}) {
        const raw = new RawConnection(server, options);
        return within(raw.opened.promise, 'a TCP connection').then(() => raw);
    }

    constructor(server, { tls: tlsOptions } = {}) {
        this.bytes = Buffer.alloc(0);
        this.opened = deferred();
        this.closed = deferred();
        this.changed = deferred();
        this.ended = false;
        const address = { host: server.host, port: server.port };
        const ready = () => this.opened.resolve();
        this.socket = tlsOptions
            ? tls.connect({ ...address, rejectUnauthorized: false, ...tlsOptions }, ready)
            : net.connect(address, ready);
        this.socket.setNoDelay(true);
        this.socket.on('data', (data) => {
            this.bytes = Buffer.concat([this.bytes, data]);
            this.tellChange();
        });
        this.socket.on('error', (error) => {
            this.error = error;
            this.opened.reject(error);
        });
        this.socket.on('end', () => {
            this.ended = true;
            this.tellChange();
        });
        this.socket.on('close', () => {
            this.ended = true;
            this.closed.resolve();
            this.tellChange();
        });
        server.clients?.add(this);
    }

    tellChange() {
        const { resolve } = this.changed;
        this.changed = deferred();
        resolve();
    }

    write(data) {
        return new Promise((resolve) => {
            this.socket.write(data, () => resolve());
        });
    }

    /* Calls `parse` after each arrival until it returns something. */
    async awaitBytes(parse, what) {
        const attempt = async () => {
            for (;;) {
                const got = parse();
                if (got !== null)
                    return got;
                if (this.ended)
                    throw new Error(`closed before ${what}; received ${JSON.stringify(this.bytes.toString('latin1'))}`);
                await this.changed.promise;
            }
        };
        return within(attempt(), () => `${what}; received ${JSON.stringify(this.bytes.toString('latin1'))}`);
    }

    response() {
        return this.awaitBytes(() => {
            const got = parseResponse(this.bytes, this.ended);
            if (got)
                this.bytes = this.bytes.subarray(got.used);
            return got;
        }, 'an HTTP response');
    }

    /* Performs the WebSocket handshake; returns the response. */
    async upgrade(target, headers = {}) {
        const key = crypto.randomBytes(16).toString('base64');
        const all = { Host: '127.0.0.1', Upgrade: 'websocket', Connection: 'Upgrade',
            'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': key, ...headers };
        const lines = Object.entries(all).filter(([, value]) => value !== null)
            .map(([name, value]) => `${name}: ${value}\r\n`);
        await this.write(`GET ${target} HTTP/1.1\r\n${lines.join('')}\r\n`);
        const response = await this.response();
        response.accepts = response.headers['sec-websocket-accept']
            === crypto.createHash('sha1').update(key + GUID).digest('base64');
        return response;
    }

    /* The next frame from the server: { fin, opcode, payload }. */
    frame() {
        return this.awaitBytes(() => {
            const { bytes } = this;
            if (bytes.length < 2)
                return null;
            let length = bytes[1] & 0x7f;
            let at = 2;
            if (length === 126) {
                if (bytes.length < 4)
                    return null;
                length = bytes.readUInt16BE(2);
                at = 4;
            } else if (length === 127) {
                if (bytes.length < 10)
                    return null;
                length = Number(bytes.readBigUInt64BE(2));
                at = 10;
            }
            if (bytes.length < at + length)
                return null;
            this.bytes = bytes.subarray(at + length);
            return { fin: Boolean(bytes[0] & 0x80), opcode: bytes[0] & 0x0f,
                payload: bytes.subarray(at, at + length) };
        }, 'a frame');
    }

    sendFrame(opcode, payload, options) {
        return this.write(maskedFrame(opcode, payload, options));
    }

    waitClosed(what = 'the server closes the connection') {
        return within(this.closed.promise, what);
    }

    close() {
        this.socket.destroy();
    }
}

function maskedFrame(opcode, payload = '', { fin = true } = {}) {
    const body = Buffer.from(payload);
    const mask = crypto.randomBytes(4);
    let head;
    if (body.length < 126) {
        head = Buffer.from([(fin ? 0x80 : 0) | opcode, 0x80 | body.length]);
    } else if (body.length < 65536) {
        head = Buffer.alloc(4);
        head[0] = (fin ? 0x80 : 0) | opcode;
        head[1] = 0x80 | 126;
        head.writeUInt16BE(body.length, 2);
    } else {
        head = Buffer.alloc(10);
        head[0] = (fin ? 0x80 : 0) | opcode;
        head[1] = 0x80 | 127;
        head.writeBigUInt64BE(BigInt(body.length), 2);
    }
    const masked = body.map((byte, i) => byte ^ mask[i & 3]);
    return Buffer.concat([head, mask, masked]);
}

/* A client that keeps a process that ends waiting for the answer to its close frame. */
async function connectDeaf(server) {
    const deaf = await RawConnection.open(server);
    await deaf.upgrade(`/app/${server.app.key}`);
    deaf.socket.pause();
}

module.exports = { RawConnection, connectDeaf, maskedFrame };
