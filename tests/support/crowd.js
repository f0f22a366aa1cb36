'use strict';

/* Ten thousand WebSocket clients in one process: each is a TCP socket and a few bytes of state, for
 * objects of a full client would cost more than what is measured. Only text frames are counted. */

const net = require('node:net');
const { maskedFrame } = require('./raw.js');
const { deferred, within, SLOW } = require('./wait.js');

const AT_ONCE = 200;

class Member {
    constructor(server, local) {
        this.frames = 0;
        this.rest = null;
        this.want = null;
        this.socket = net.connect({ host: server.host, port: server.port, localAddress: local });
        this.socket.setNoDelay(true);
        this.socket.on('error', () => {});
        this.upgraded = false;
        this.socket.on('data', (data) => this.read(data));
        this.socket.write(`GET /app/${server.app.key} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n`
            + 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n');
    }

    read(data) {
        let bytes = this.rest ? Buffer.concat([this.rest, data]) : data;
        if (!this.upgraded) {
            const end = bytes.indexOf('\r\n\r\n');
            if (end >= 0) {
                this.upgraded = true;
                bytes = bytes.subarray(end + 4);
            }
        }
        while (this.upgraded && bytes.length >= 2) {
            const short = bytes[1];
            const head = short < 126 ? 2 : 4;
            if (bytes.length < head)
                break;
            const length = short < 126 ? short : bytes.readUInt16BE(2);
            if (bytes.length < head + length)
                break;
            if ((bytes[0] & 0x0f) === 1)
                this.frames++;
            bytes = bytes.subarray(head + length);
        }
        this.rest = bytes.length ? Buffer.from(bytes) : null;
        if (this.want && this.frames >= this.want.count)
            this.want.resolve();
    }

    /* `count` text frames have come in all. */
    has(count) {
        if (this.frames >= count)
            return Promise.resolve();
        this.want = { ...deferred(), count };
        return this.want.promise;
    }
}

class Crowd {
    constructor(server) {
        this.server = server;
        this.members = [];
    }

    /* `count` members, all greeted. Several local addresses, for the ports of one would not do for all. */
    async open(count) {
        for (let from = 0; from < count; from += AT_ONCE) {
            const wave = Array.from({ length: Math.min(AT_ONCE, count - from) },
                (_, n) => new Member(this.server, `127.0.0.${1 + ((from + n) % 8)}`));
            this.members.push(...wave);
            await this.have(1, wave);
        }
    }

    send(text) {
        const frame = maskedFrame(0x1, text);
        for (const member of this.members)
            member.socket.write(frame);
    }

    /* Every member has had `count` text frames in all. */
    have(count, members = this.members) {
        return within(Promise.all(members.map((member) => member.has(count))),
            () => `${count} frames; ${members.filter((one) => one.frames < count).length} of ${members.length} lack them`,
            60_000 * SLOW);
    }

    leave() {
        const closing = maskedFrame(0x8, Buffer.from([3, 232]));
        this.members.forEach((member, n) => (n % 2 ? member.socket.destroy() : member.socket.end(closing)));
        this.members = [];
    }

    close() {
        this.members.forEach((member) => member.socket.destroy());
    }
}

module.exports = { Crowd };
