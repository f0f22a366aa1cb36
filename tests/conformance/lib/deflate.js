'use strict';

// RFC 7692 as a client has it: offers, what an acceptance may say, and messages made and read
// without context takeover.

const zlib = require('node:zlib');

const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);
const PARAMETERS = ['server_no_context_takeover', 'client_no_context_takeover',
    'server_max_window_bits', 'client_max_window_bits'];

// zlib writes no window of 8 bits; stored blocks refer to no window at all.
function levelFor(windowBits) {
    return windowBits === 8 ? 0 : zlib.constants.Z_DEFAULT_COMPRESSION;
}

// 7.2.1: a sync flush without its last four bytes.
function compress(data, { windowBits = 15, ...options } = {}) {
    const out = zlib.deflateRawSync(data, {
        windowBits: Math.max(windowBits, 9),
        level: levelFor(windowBits),
        finishFlush: zlib.constants.Z_SYNC_FLUSH,
        ...options,
    });
    return out.subarray(0, out.length - TAIL.length);
}

// 7.2.3.4: a block that says it is the last one, and a byte the tail makes an empty block of.
function compressFinal(data) {
    return Buffer.concat([zlib.deflateRawSync(data), Buffer.from([0x00])]);
}

// 7.2.3.3: blocks without compression.
function storedBlock(data, isFinal = false) {
    const head = Buffer.alloc(5);
    head[0] = isFinal ? 1 : 0;
    head.writeUInt16LE(data.length, 1);
    head.writeUInt16LE(data.length ^ 0xffff, 3);
    return Buffer.concat([head, data]);
}

// Output in small chunks, so that zlib must go to its window and notices a distance beyond it.
function decompress(payload, windowBits) {
    return zlib.inflateRawSync(Buffer.concat([payload, TAIL]), {
        windowBits,
        chunkSize: 64,
        finishFlush: zlib.constants.Z_SYNC_FLUSH,
    });
}

function parseParameters(extension) {
    const [name, ...parameters] = extension.split(';').map((part) => part.trim());
    if (name !== 'permessage-deflate')
        throw new Error(`an extension nobody offered: ${extension}`);
    const parsed = {};

    for (const parameter of parameters) {
        const [key, value] = parameter.split('=');
        if (!PARAMETERS.includes(key) || key in parsed)
            throw new Error(`a parameter that is unknown or given twice: ${extension}`);
        parsed[key] = value ?? true;
    }
    return parsed;
}

function requireWindowBits(value) {
    if (!/^([89]|1[0-5])$/.test(value))
        throw new Error(`window bits ${value}`);
}

// What the two agreed on by the header the server sent; null if it declined.
function agreementOf(header) {
    if (header === undefined)
        return null;
    const agreed = parseParameters(header);

    for (const flag of ['server_no_context_takeover', 'client_no_context_takeover'])
        if (agreed[flag] !== true)
            throw new Error(`the server keeps no context and must say ${flag}: ${header}`);
    for (const bits of ['server_max_window_bits', 'client_max_window_bits'])
        if (bits in agreed)
            requireWindowBits(agreed[bits]);
    return {
        header,
        parameters: agreed,
        serverWindowBits: Number(agreed.server_max_window_bits ?? 15),
        clientWindowBits: Number(agreed.client_max_window_bits ?? 15),
    };
}

module.exports = { TAIL, compress, compressFinal, storedBlock, decompress, agreementOf };
