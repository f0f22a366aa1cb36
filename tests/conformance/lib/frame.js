'use strict';

// Frames of RFC 6455 section 5.2: written as wrongly as a case wants, read as strictly as the
// RFC demands of a server.

const crypto = require('node:crypto');

const OPCODE = { CONTINUATION: 0, TEXT: 1, BINARY: 2, CLOSE: 8, PING: 9, PONG: 10 };
const RSV1 = 4;
const RSV2 = 2;
const RSV3 = 1;

function lengthFormOf(length) {
    if (length <= 125)
        return 'byte';
    return length <= 0xffff ? 'short' : 'long';
}

function encodeLength(length, form, maskBit) {
    if (form === 'byte')
        return Buffer.from([maskBit | Number(length)]);
    if (form === 'short') {
        const short = Buffer.alloc(3, maskBit | 126);
        short.writeUInt16BE(Number(length), 1);
        return short;
    }
    const long = Buffer.alloc(9, maskBit | 127);
    long.writeBigUInt64BE(BigInt(length), 1);
    return long;
}

function masked(payload, key) {
    const out = Buffer.from(payload);
    for (let i = 0; i < out.length; i++)
        out[i] ^= key[i % 4];
    return out;
}

// One client frame. `mask` is a key of four bytes, or null for none; `lengthForm` writes the length
// longer than needed; `claimedLength` may differ from what the payload has.
function frame({ opcode = OPCODE.TEXT, payload = '', fin = true, rsv = 0,
    mask = crypto.randomBytes(4), lengthForm, claimedLength } = {}) {
    const body = Buffer.from(payload);
    const length = claimedLength ?? body.length;
    const start = Buffer.from([(fin ? 0x80 : 0) | (rsv << 4) | opcode]);
    const size = encodeLength(length, lengthForm ?? lengthFormOf(length), mask ? 0x80 : 0);

    return mask ? Buffer.concat([start, size, mask, masked(body, mask)])
        : Buffer.concat([start, size, body]);
}

// The frames of one message: the first carries opcode and reserved bits, the last FIN.
function messageFrames({ opcode = OPCODE.TEXT, pieces, rsv = 0 }) {
    return pieces.map((payload, i) => frame({
        payload,
        opcode: i === 0 ? opcode : OPCODE.CONTINUATION,
        rsv: i === 0 ? rsv : 0,
        fin: i === pieces.length - 1,
    }));
}

// `bytes` cut before each offset of `cuts`.
function cutAt(bytes, cuts) {
    const ends = [...cuts, bytes.length];
    return ends.map((end, i) => bytes.subarray(i === 0 ? 0 : ends[i - 1], end));
}

function cutEvery(bytes, size) {
    const cuts = [];
    for (let at = size; at < bytes.length; at += size)
        cuts.push(at);
    return cutAt(bytes, cuts);
}

function demand(condition, complaint) {
    if (!condition)
        throw new Error(`the server broke RFC 6455: ${complaint}`);
}

function readLength(input) {
    const short = input[1] & 0x7f;
    if (short < 126)
        return { length: short, headerLength: 2 };
    if (short === 126) {
        if (input.length < 4)
            return null;
        const length = input.readUInt16BE(2);
        demand(length > 125, `length ${length} written in 16 bits`);
        return { length, headerLength: 4 };
    }
    if (input.length < 10)
        return null;
    const length = input.readBigUInt64BE(2);
    demand(length > 0xffffn, `length ${length} written in 64 bits`);
    return { length: Number(length), headerLength: 10 };
}

// The first whole server frame of `input` as { used, value }; null if more bytes are needed.
function parseServerFrame(input) {
    if (input.length < 2)
        return null;
    const size = readLength(input);
    if (size === null || input.length < size.headerLength + size.length)
        return null;
    const value = {
        fin: (input[0] & 0x80) !== 0,
        rsv: (input[0] >> 4) & 7,
        opcode: input[0] & 15,
        payload: Buffer.from(input.subarray(size.headerLength, size.headerLength + size.length)),
    };
    demand((input[1] & 0x80) === 0, 'a masked frame (5.1)');
    demand(Object.values(OPCODE).includes(value.opcode), `opcode ${value.opcode} (5.2)`);
    if (value.opcode >= 8) {
        demand(value.fin, 'a fragmented control frame (5.5)');
        demand(value.payload.length <= 125, 'a control frame over 125 bytes (5.5)');
        demand(value.rsv === 0, 'reserved bits on a control frame (5.2)');
    }
    return { used: size.headerLength + size.length, value };
}

module.exports = {
    OPCODE, RSV1, RSV2, RSV3, frame, messageFrames, cutAt, cutEvery, parseServerFrame,
};
