'use strict';

const assert = require('node:assert');
const crypto = require('node:crypto');
const zlib = require('node:zlib');

const { section } = require('../lib/suite.js');
const { OPCODE, RSV1, RSV2, RSV3, cutAt, cutEvery, frame, messageFrames } = require('../lib/frame.js');
const { TAIL, compress, compressFinal, storedBlock } = require('../lib/deflate.js');
const { MESSAGE_SIZE_MAX, PING, pingOfLength, pingWith } = require('../lib/pusher.js');

const OFFER = 'permessage-deflate';
const AGREEMENTS = [
    OFFER,
    `${OFFER}; server_no_context_takeover; client_no_context_takeover`,
    ...[9, 10, 11, 12, 13, 14, 15].map((bits) => `${OFFER}; server_max_window_bits=${bits}`),
    ...[8, 9, 10, 11, 12, 13, 14, 15].map((bits) => `${OFFER}; client_max_window_bits=${bits}`),
    `${OFFER}; server_max_window_bits=9; client_max_window_bits=9`,
];
const LENGTHS = [0, 16, 64, 256, 1024, 4096, 8192, 16384, 32768, 65536, 131072];

// A text that repeats, one that repeats only far apart (beyond any window below 15 bits), one of
// words, and one that does not compress.
function textsOf(length) {
    const noise = crypto.randomBytes(Math.ceil(length / 2) + 10000).toString('hex');
    const words = 'le chat, der Hund, 猫, the bird, кот; '.repeat(Math.ceil(length / 30));
    return ['abc'.repeat(length), noise.slice(0, 20000).repeat(7), words, noise]
        .map((text) => text.slice(0, length));
}

async function openCompressing(t, offer = OFFER) {
    const client = await t.open({ offer });
    assert.ok(client.agreement, 'the offer was declined');
    return client;
}

function sendRaw(client, payload, options = {}) {
    client.send({ payload, rsv: RSV1, ...options });
}

const echoes = section('7692 7.2 messages compressed both ways', (test) => {
    for (const offer of AGREEMENTS)
        for (const length of LENGTHS)
            test(`${length} characters under ${offer}`, async (t) => {
                const echo = await t.openEcho({ offer });
                for (const text of textsOf(length)) {
                    echo.sender.sendCompressed(echo.messageOf(text));
                    await echo.arrives(text);
                }
            });

    test('a long text that repeats reaches who agreed compressed', async (t) => {
        const echo = await t.openEcho({ offer: OFFER });
        const countBefore = echo.receiver.compressedCount;
        echo.sender.sendCompressed(echo.messageOf('abc'.repeat(10000)));
        await echo.arrives('abc'.repeat(10000));
        assert.strictEqual(echo.receiver.compressedCount, countBefore + 1);
    });

    for (const [from, to] of [[OFFER, undefined], [undefined, OFFER],
        [OFFER, `${OFFER}; server_max_window_bits=9`], [`${OFFER}; server_max_window_bits=9`, OFFER]])
        test(`from one with ${from ?? 'nothing'} to one with ${to ?? 'nothing'}`, async (t) => {
            const echo = await t.openEcho({ offer: from }, { offer: to });
            for (const text of textsOf(30000)) {
                echo.sender.sendText(echo.messageOf(text));
                await echo.arrives(text);
            }
        });

    test('twenty in a row, each decoded by itself', async (t) => {
        const echo = await t.openEcho({ offer: OFFER });
        const texts = Array.from({ length: 20 }, (_, i) => `${i} the same words`.repeat(50));
        for (const text of texts)
            echo.sender.sendCompressed(echo.messageOf(text));
        for (const text of texts)
            await echo.arrives(text);
    });
});

const fragments = section('7692 6.1 compressed messages in fragments', (test) => {
    const payload = compress(PING);

    for (let cut = 0; cut <= payload.length; cut++)
        test(`two fragments, the first of ${cut} bytes`, async (t) => {
            const client = await openCompressing(t);
            client.sendFragments(cutAt(payload, [cut]), { rsv: RSV1 });
            await client.answer('pong');
            await client.isIdle();
        });

    for (const [length, size] of [[1000, 1], [20000, 16], [65536, 100], [200000, 1000]])
        test(`${length} bytes that do not compress, in fragments of ${size}`, async (t) => {
            const client = await openCompressing(t);
            const noise = crypto.randomBytes(length).toString('base64').slice(0, length - 40);
            client.sendFragments(cutEvery(compress(pingWith(noise)), size), { rsv: RSV1 });
            await client.answer('pong');
            await client.isIdle();
        });

    test('control frames between them are not compressed and are answered', async (t) => {
        const client = await openCompressing(t);
        const between = frame({ opcode: OPCODE.PING, payload: 'mid' });
        client.sendFragments(cutEvery(payload, 4), { rsv: RSV1, between });
        for (let i = 4; i < payload.length; i += 4)
            await client.pongFrame('mid');
        await client.answer('pong');
    });

    for (const size of [1, 3])
        test(`as TCP cuts them every ${size} bytes`, async (t) => {
            const client = await openCompressing(t);
            const bytes = Buffer.concat(
                messageFrames({ pieces: cutEvery(payload, 5), rsv: RSV1 }));
            await client.wire.writePieces(cutEvery(bytes, size));
            await client.answer('pong');
        });

    test('empty fragments before, between and behind', async (t) => {
        const client = await openCompressing(t);
        const [first, last] = cutAt(payload, [6]);
        client.sendFragments(['', first, '', '', last, ''], { rsv: RSV1 });
        await client.answer('pong');
    });

    test('a compressed and an uncompressed message in turns, all fragmented', async (t) => {
        const client = await openCompressing(t);
        for (let i = 0; i < 5; i++) {
            client.sendFragments(cutEvery(payload, 7), { rsv: RSV1 });
            client.sendFragments(cutEvery(Buffer.from(PING), 7));
        }
        for (let i = 0; i < 10; i++)
            await client.answer('pong');
    });
});

const bits = section('7692 6.1 RSV1', (test) => {
    for (const [name, opcode] of [['ping', OPCODE.PING], ['pong', OPCODE.PONG],
        ['close', OPCODE.CLOSE]])
        for (const payload of [Buffer.alloc(0), compress(Buffer.from([0x03, 0xe8]))])
            test(`on a ${name} of ${payload.length} bytes: 1002`, async (t) => {
                const client = await openCompressing(t);
                sendRaw(client, payload, { opcode });
                await client.closed(1002);
            });

    for (const [what, rsv] of [['a compressed', RSV1], ['an uncompressed', 0]])
        for (const fin of [true, false])
            test(`on a continuation of ${what} message, FIN ${fin}: 1002`, async (t) => {
                const client = await openCompressing(t);
                const [first, last] = cutAt(rsv ? compress(PING) : Buffer.from(PING), [5]);
                client.send({ payload: first, rsv, fin: false });
                sendRaw(client, last, { opcode: OPCODE.CONTINUATION, fin });
                await client.closed(1002);
            });

    test('on a ping within a compressed message: 1002', async (t) => {
        const client = await openCompressing(t);
        sendRaw(client, compress(PING).subarray(0, 5), { fin: false });
        sendRaw(client, 'x', { opcode: OPCODE.PING });
        await client.closed(1002);
    });

    for (const rsv of [RSV1 | RSV2, RSV1 | RSV3, RSV1 | RSV2 | RSV3])
        test(`together with others, ${rsv}: 1002`, async (t) => {
            const client = await openCompressing(t);
            client.send({ payload: compress(PING), rsv });
            await client.closed(1002);
        });

    for (const opcode of [OPCODE.TEXT, OPCODE.BINARY])
        test(`with opcode ${opcode} where nothing was negotiated: 1002`, async (t) => {
            const client = await t.open();
            sendRaw(client, compress(PING), { opcode });
            await client.closed(1002);
        });

    test('is not needed: an uncompressed message is as good (6.1)', async (t) => {
        const client = await openCompressing(t);
        client.sendText(PING);
        await client.answer('pong');
        client.sendText(pingOfLength(100000));
        await client.answer('pong');
    });

    test('on a binary message: decoded and not understood', async (t) => {
        const client = await openCompressing(t);
        sendRaw(client, compress(Buffer.from([0xff, 0xfe])), { opcode: OPCODE.BINARY });
        await client.answer('error');
        await client.isIdle();
    });
});

const { Z_FILTERED, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE } = zlib.constants;
const TEXT = pingWith('some words, some words, some other words; '.repeat(30));

const WAYS = [
    ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((level) => [`level ${level}`, compress(TEXT, { level })]),
    ...[1, 4, 9].map((memLevel) => [`memory level ${memLevel}`, compress(TEXT, { memLevel })]),
    ...[9, 10, 11, 12, 13, 14, 15].map((windowBits) =>
        [`a window of ${windowBits} bits`, compress(TEXT, { windowBits })]),
    ['fixed codes', compress(TEXT, { strategy: Z_FIXED })],
    ['no distances', compress(TEXT, { strategy: Z_HUFFMAN_ONLY })],
    ['runs only', compress(TEXT, { strategy: Z_RLE })],
    ['filtered', compress(TEXT, { strategy: Z_FILTERED })],
    ['a stored block (7.2.3.3)', Buffer.concat([storedBlock(TEXT), Buffer.from([0])])],
    ['many stored blocks', Buffer.concat([...cutEvery(TEXT, 50).map((one) => storedBlock(one)),
        Buffer.from([0])])],
    ['empty stored blocks between', Buffer.concat([...cutEvery(TEXT, 400).flatMap((one) =>
        [storedBlock(one), storedBlock(Buffer.alloc(0))]), Buffer.from([0])])],
    ['a final block (7.2.3.4)', compressFinal(TEXT)],
    ['two blocks (7.2.3.5)', Buffer.concat([compress(TEXT.subarray(0, 100)), TAIL,
        compress(TEXT.subarray(100))])],
    ['a final block and then another (7.2.1)', Buffer.concat([
        zlib.deflateRawSync(TEXT.subarray(0, 100)), compress(TEXT.subarray(100))])],
    ['a final stored block and then another (7.2.1)', Buffer.concat([
        storedBlock(TEXT.subarray(0, 100), true), compress(TEXT.subarray(100))])],
    ['its tail not taken off', Buffer.concat([compress(TEXT), TAIL, Buffer.from([0])])],
];

const ways = section('7692 7.2.1 ways to compress', (test) => {
    for (const [what, payload] of WAYS) {
        test(`${what}`, async (t) => {
            const client = await openCompressing(t);
            sendRaw(client, payload);
            await client.answer('pong');
            await client.isIdle();
        });

        test(`${what}, in fragments of 10 bytes`, async (t) => {
            const client = await openCompressing(t);
            client.sendFragments(cutEvery(payload, 10), { rsv: RSV1 });
            await client.answer('pong');
        });
    }

    test('an empty message, a byte of 0 (7.2.3.6)', async (t) => {
        const client = await openCompressing(t);
        sendRaw(client, Buffer.from([0]));
        await client.answer('error');
        await client.isIdle();
    });

    test('an empty message, an empty block of fixed codes (7.2.3.6)', async (t) => {
        const client = await openCompressing(t);
        sendRaw(client, Buffer.from([0x02, 0x00]));
        await client.answer('error');
        await client.isIdle();
    });
});

const far = zlib.deflateRawSync(pingWith('x'.repeat(300)), { dictionary: pingWith('x'.repeat(300)) });
const BROKEN = [
    ['a block of the reserved type', Buffer.from([0x07])],
    ['a stored block whose lengths differ', Buffer.from([0x00, 0x05, 0x00, 0x00, 0x00, 1, 2, 3, 4, 5])],
    ['a distance beyond the start', far],
    ['a distance code that does not exist', Buffer.from([0x4b, 0x04, 0x3f, 0xff, 0xff])],
    ['too many length codes', Buffer.from([0xfd, 0xff, 0xff, 0xff, 0xff])],
    ['bytes of ff', Buffer.alloc(50, 0xff)],
    ['good data and then a block of the reserved type',
        Buffer.concat([compress(PING), TAIL, Buffer.from([0x07])])],
];

const broken = section('7692 7.2.2 what cannot be decompressed', (test) => {
    for (const [what, payload] of BROKEN) {
        test(`${what}: 1007 or 1002`, async (t) => {
            const client = await openCompressing(t);
            sendRaw(client, payload);
            await client.closed(1007, 1002);
        });

        test(`${what}, byte by byte: 1007 or 1002`, async (t) => {
            const client = await openCompressing(t);
            client.sendFragments(cutEvery(payload, 1), { rsv: RSV1 });
            await client.closed(1007, 1002);
        });
    }

    test('a client that keeps its context though it agreed not to: 1007 or 1002 (7.1.1.2)',
        async (t) => {
            const client = await openCompressing(t);
            const text = pingWith(crypto.randomBytes(200).toString('hex'));
            sendRaw(client, compress(text));
            await client.answer('pong');
            sendRaw(client, compress(text, { dictionary: text }));
            await client.closed(1007, 1002);
        });

    test('the messages before it are answered', async (t) => {
        const client = await openCompressing(t);
        client.sendCompressed(PING);
        sendRaw(client, Buffer.from([0x07]));
        await client.answer('pong');
        await client.closed(1007, 1002);
    });
});

const limits = section('7692 8 sizes after decompression', (test) => {
    test(`${MESSAGE_SIZE_MAX} bytes are the most that is answered`, async (t) => {
        const client = await openCompressing(t);
        client.sendCompressed(pingOfLength(MESSAGE_SIZE_MAX));
        await client.answer('pong');
        await client.isIdle();
    });

    for (const length of [MESSAGE_SIZE_MAX + 1, MESSAGE_SIZE_MAX * 2, 10000000, 100000000])
        test(`${length} bytes: 1009`, async (t) => {
            const client = await openCompressing(t);
            client.sendCompressed(Buffer.alloc(length, ' '));
            await client.closed(1009);
        });

    for (const length of [MESSAGE_SIZE_MAX + 1, 10000000])
        test(`${length} bytes in fragments of 1000: 1009`, async (t) => {
            const client = await openCompressing(t);
            client.sendFragments(cutEvery(compress(Buffer.alloc(length, ' ')), 1000), { rsv: RSV1 });
            await client.closed(1009);
        });

    test('many that are nearly too big are all answered', async (t) => {
        const client = await openCompressing(t);
        for (let i = 0; i < 20; i++)
            client.sendCompressed(pingOfLength(MESSAGE_SIZE_MAX - i));
        for (let i = 0; i < 20; i++)
            await client.answer('pong');
    });

    test('1000 small ones in a row are answered in their order', async (t) => {
        const client = await openCompressing(t);
        for (let i = 0; i < 1000; i++)
            client.sendCompressed(i % 2 ? PING : 'nonsense');
        for (let i = 0; i < 1000; i++)
            await client.answer(i % 2 ? 'pong' : 'error');
    });
});

module.exports = [...echoes, ...fragments, ...bits, ...ways, ...broken, ...limits];
