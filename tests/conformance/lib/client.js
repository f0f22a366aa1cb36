'use strict';

// A WebSocket client that may send anything and forgives a server nothing.

const assert = require('node:assert');
const crypto = require('node:crypto');
const { isUtf8 } = require('node:buffer');

const deflate = require('./deflate.js');
const http = require('./http.js');
const pusher = require('./pusher.js');
const { OPCODE, RSV1, frame, messageFrames, parseServerFrame } = require('./frame.js');
const { Wire } = require('./wire.js');

function describe(item) {
    const payload = item.payload?.subarray(0, 100).toString() ?? '';
    return `${item.kind}${item.code === undefined ? '' : ` ${item.code}`} ${payload}`.trim();
}

function readClose(payload) {
    assert.notStrictEqual(payload.length, 1, 'the server sent a close frame of one byte (5.5.1)');
    assert.ok(isUtf8(payload.subarray(2)), 'the server sent a close reason that is not UTF-8');
    return {
        kind: 'close',
        code: payload.length === 0 ? null : payload.readUInt16BE(0),
        payload,
    };
}

class Client {
    constructor(wire, agreement) {
        this.wire = wire;
        this.agreement = agreement;
        this.closeSent = false;
        this.compressedCount = 0;
        this.socketId = null;
    }

    // Connects, shakes hands and takes the greeting; `behind` are bytes sent right behind the
    // request.
    static async open(port, { offer, headers = {}, behind = '', pieces, ...request } = {}) {
        const key = http.newKey();
        const wire = await Wire.connect(port);
        const text = http.upgradeRequest({
            key,
            headers: { ...headers, ...(offer && { 'Sec-WebSocket-Extensions': offer }) },
            ...request,
        });
        const bytes = Buffer.concat([Buffer.from(text), Buffer.from(behind)]);

        if (pieces)
            await wire.writePieces(pieces(bytes));
        else
            wire.write(bytes);
        const response = await wire.take(http.parseResponse, 'the answer to the handshake');
        const client = new Client(wire, Client.requireAccepted(response, request.key ?? key));
        await client.greeted();
        return client;
    }

    // The checks of RFC 6455 4.1 on a server's answer; returns what was agreed on for deflate.
    static requireAccepted(response, key) {
        assert.ok(response, 'the connection ended instead of an answer to the handshake');
        const { status, headers } = response;

        assert.strictEqual(status, 101, `the handshake was answered ${status} ${response.body}`);
        assert.strictEqual(headers.upgrade?.toLowerCase(), 'websocket', 'Upgrade of the answer');
        assert.strictEqual(headers.connection?.toLowerCase(), 'upgrade', 'Connection of the answer');
        assert.strictEqual(headers['sec-websocket-accept'], http.acceptOf(key));
        assert.strictEqual(headers['sec-websocket-protocol'], undefined, 'nobody asked for it');
        return deflate.agreementOf(headers['sec-websocket-extensions']);
    }

    async greeted() {
        const event = pusher.parseEvent((await this.text()).toString());
        assert.strictEqual(event.event, 'pusher:connection_established');
        this.socketId = JSON.parse(event.data).socket_id;
    }

    // Sending.

    write(bytes) {
        this.wire.write(bytes);
    }

    send(options) {
        this.write(frame(options));
    }

    sendText(payload) {
        this.send({ payload });
    }

    sendCompressed(text, options) {
        const windowBits = this.agreement.clientWindowBits;
        this.send({ payload: deflate.compress(text, { windowBits, ...options }), rsv: RSV1 });
    }

    // One message in as many frames as `pieces`; `between` is sent after each but the last.
    sendFragments(pieces, { between, ...options } = {}) {
        const frames = messageFrames({ pieces, ...options });
        const parts = between ? frames.flatMap((one, i) => (i === 0 ? [one] : [between, one]))
            : frames;
        this.write(Buffer.concat(parts));
    }

    sendClose(code, reason = '') {
        this.closeSent = true;
        const payload = code === undefined ? '' : Buffer.alloc(2);
        if (code !== undefined)
            payload.writeUInt16BE(code);
        this.send({
            opcode: OPCODE.CLOSE,
            payload: Buffer.concat([Buffer.from(payload), Buffer.from(reason)]),
        });
    }

    // Receiving.

    async frame() {
        return this.wire.take(parseServerFrame, 'a frame');
    }

    // The next whole message, control frame, or the end, as { kind, payload, code }.
    async next() {
        const first = await this.frame();

        if (first === null)
            return { kind: 'end' };
        if (first.opcode === OPCODE.CLOSE)
            return readClose(first.payload);
        if (first.opcode === OPCODE.PING)
            return { kind: 'ping', payload: first.payload };
        if (first.opcode === OPCODE.PONG)
            return { kind: 'pong', payload: first.payload };
        return this.message(first);
    }

    async message(first) {
        assert.notStrictEqual(first.opcode, OPCODE.CONTINUATION, 'a continuation of nothing (5.4)');
        assert.ok(first.rsv === 0 || (first.rsv === RSV1 && this.agreement),
            `reserved bits ${first.rsv} that nobody negotiated (5.2)`);
        const pieces = [first.payload];

        for (let last = first; !last.fin;) {
            last = await this.frame();
            assert.strictEqual(last?.opcode, OPCODE.CONTINUATION, 'a message without its end');
            assert.strictEqual(last.rsv, 0, 'reserved bits on a continuation');
            pieces.push(last.payload);
        }
        const payload = this.inflated(Buffer.concat(pieces), first.rsv === RSV1);
        if (first.opcode === OPCODE.TEXT)
            assert.ok(isUtf8(payload), 'the server sent text that is not UTF-8 (8.1)');
        return { kind: first.opcode === OPCODE.TEXT ? 'text' : 'binary', payload };
    }

    inflated(payload, isCompressed) {
        if (!isCompressed)
            return payload;
        this.compressedCount++;
        return deflate.decompress(payload, this.agreement.serverWindowBits);
    }

    async expect(kind) {
        const item = await this.next();
        assert.strictEqual(item.kind, kind, `expected ${kind}, got ${describe(item)}`);
        return item;
    }

    async text() {
        return (await this.expect('text')).payload;
    }

    async event(name) {
        const event = pusher.parseEvent((await this.text()).toString());
        assert.strictEqual(event.event, name, JSON.stringify(event));
        return event;
    }

    // The answer to a message: 'pong' to a ping, 'error' to what is not understood.
    async answer(kind) {
        if (kind === 'pong')
            return this.event('pusher:pong');
        const error = await this.event('pusher:error');
        assert.strictEqual(error.data.code, 4200);
        return error;
    }

    async pongFrame(payload) {
        const pong = await this.expect('pong');
        assert.deepStrictEqual(pong.payload, Buffer.from(payload), 'the payload of the pong');
    }

    // Nothing was said to what came before, and the connection is as good as new.
    async isIdle() {
        const probe = crypto.randomBytes(8);
        this.send({ opcode: OPCODE.PING, payload: probe });
        await this.pongFrame(probe);
        this.sendText(pusher.PING);
        await this.answer('pong');
    }

    // A close frame with one of `codes`, and after ours, if it is still to come, the end of TCP.
    async closed(...codes) {
        const close = await this.expect('close');
        assert.ok(codes.includes(close.code),
            `expected close ${codes.join(' or ')}, got ${close.code}`);
        if (!this.closeSent && !this.wire.ended)
            this.sendClose(close.code ?? undefined);
        await this.end();
        return close;
    }

    async end() {
        const item = await this.next();
        assert.strictEqual(item.kind, 'end', `expected the end of TCP, got ${describe(item)}`);
    }
}

module.exports = { Client };
