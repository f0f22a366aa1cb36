'use strict';

const { section } = require('../lib/suite.js');
const { OPCODE, RSV1, cutAt, cutEvery, frame } = require('../lib/frame.js');
const { compress } = require('../lib/deflate.js');
const { pingWith } = require('../lib/pusher.js');

const VALID = [
    '\u007f', '\u0080', '\u00e9', '\u07ff', '\u0800', '\u0fff', '\u1000', '\ucfff', '\ud000', '\ud7ff',
    '\ue000', '\ufdd0', '\ufeff', '\ufffd', '\ufffe', '\uffff', '\u{10000}', '\u{1fffe}', '\u{1ffff}',
    '\u{2fffe}', '\u{2ffff}', '\u{3fffe}', '\u{3ffff}', '\u{40000}', '\u{7fffe}', '\u{8ffff}',
    '\u{bfffe}', '\u{fffff}', '\u{100000}', '\u{10fffe}', '\u{10ffff}', 'κόσμε', 'Größe', '안녕하세요',
    '世界', '🎉', '👩‍👩‍👧‍👦', '\u2028\u2029', 'שלום', 'e\u0301\u0323',
];

const INVALID = [
    ['a lone continuation 80', '80'], ['a lone continuation bf', 'bf'],
    ['two continuations', '80bf'], ['six continuations', '80bf80bf80bf'],
    ['a lead of two alone', 'c2'], ['the last lead of two alone', 'df'],
    ['a lead of three alone', 'e1'], ['a lead of four alone', 'f1'],
    ['three bytes without the last', 'e182'], ['four bytes without the last', 'f1828f'],
    ['four bytes without the last two', 'f182'], ['two leads', 'c2c2'], ['a lead within three', 'e1c280'],
    ['ASCII within three', 'e14180'], ['ASCII within four', 'f1804180'],
    ['one continuation too many', 'c28080'],
    ['/ in two bytes', 'c0af'], ['NUL in two bytes', 'c080'], ['the largest of c0', 'c0bf'],
    ['the least of c1', 'c180'], ['the largest of c1', 'c1bf'], ['/ in three bytes', 'e080af'],
    ['U+07FF in three bytes', 'e09fbf'], ['/ in four bytes', 'f08080af'],
    ['U+FFFF in four bytes', 'f08fbfbf'], ['/ in five bytes', 'f8808080af'],
    ['/ in six bytes', 'fc80808080af'], ['U+D800', 'eda080'], ['U+DB7F', 'edadbf'],
    ['U+DBFF', 'edafbf'], ['U+DC00', 'edb080'], ['U+DFFF', 'edbfbf'],
    ['a surrogate pair', 'eda081edb081'], ['U+110000', 'f4908080'], ['U+13FFFF', 'f4bfbfbf'],
    ['lead f5', 'f5808080'], ['lead f7', 'f7bfbfbf'], ['lead f8', 'f888808080'],
    ['lead fb', 'fbbfbfbfbf'], ['lead fc', 'fc8480808080'], ['lead fd', 'fdbfbfbfbfbf'],
    ['fe', 'fe'], ['ff', 'ff'], ['fe fe ff ff', 'fefeffff'], ['Latin-1', 'e9740a'],
].map(([what, hex]) => [what, Buffer.from(hex, 'hex')]);

const TRUNCATED = ['c3', 'e2', 'e282', 'f0', 'f09f', 'f09f8e', 'f48f', 'f48fbf', 'ed9f', 'ee80'];

function hexOf(text) {
    return Buffer.from(text).toString('hex');
}

const valid = section('6455 8.1 valid UTF-8', (test) => {
    for (const text of VALID)
        test(`${hexOf(text)} arrives as it was sent`, async (t) => {
            const echo = await t.openEcho();
            for (const sent of [text, `${text}x`, `x${text}`, text.repeat(20)]) {
                echo.sender.sendText(echo.messageOf(sent));
                await echo.arrives(sent);
            }
        });

    for (const text of VALID)
        test(`${hexOf(text)} cut at each byte by fragments`, async (t) => {
            const client = await t.open();
            const message = pingWith(text);
            const start = message.indexOf(text);
            for (let cut = start; cut <= start + Buffer.byteLength(text); cut++) {
                client.sendFragments(cutAt(message, [cut]));
                await client.answer('pong');
            }
            client.sendFragments(cutEvery(message, 1));
            await client.answer('pong');
        });

    test('characters of all lengths, cut at each byte by TCP', async (t) => {
        const client = await t.open();
        await client.wire.writePieces(cutEvery(frame({ payload: pingWith(VALID.join('')) }), 1));
        await client.answer('pong');
        await client.isIdle();
    });

    test('control frames between the bytes of a character', async (t) => {
        const client = await t.open();
        client.send({ payload: pingWith('\u{1f389}').subarray(0, -5), fin: false });
        for (const byte of Buffer.from('\u{1f389}').subarray(1)) {
            client.send({ opcode: OPCODE.PING, payload: Buffer.from([byte]) });
            await client.pongFrame(Buffer.from([byte]));
            client.send({ opcode: OPCODE.CONTINUATION, payload: Buffer.from([byte]), fin: false });
        }
        client.send({ opcode: OPCODE.CONTINUATION, payload: '"}' });
        await client.answer('pong');
    });

    test('text that is no JSON, of control characters', async (t) => {
        const client = await t.open();
        client.sendText(Buffer.from(Array.from({ length: 32 }, (_, i) => i)));
        await client.answer('error');
        await client.isIdle();
    });
});

const invalid = section('6455 8.1 invalid UTF-8', (test) => {
    for (const [what, bytes] of INVALID) {
        for (const [where, before, after] of [['in the middle', 'ab', 'yz'], ['first', '', 'yz'],
            ['last', 'ab', '']])
            test(`${what} ${where} of a string: 1007`, async (t) => {
                const client = await t.open();
                client.sendText(pingWith(Buffer.concat(
                    [Buffer.from(before), bytes, Buffer.from(after)])));
                await client.closed(1007);
            });

        test(`${what} as a whole message: 1007`, async (t) => {
            const client = await t.open();
            client.sendText(bytes);
            await client.closed(1007);
        });

        test(`${what} byte by byte in fragments: 1007`, async (t) => {
            const client = await t.open();
            client.sendFragments(cutEvery(pingWith(bytes), 1));
            await client.closed(1007);
        });

        test(`${what} in a compressed message: 1007`, async (t) => {
            const client = await t.open({ offer: 'permessage-deflate' });
            client.send({ payload: compress(pingWith(bytes)), rsv: RSV1 });
            await client.closed(1007);
        });
    }

    for (const hex of TRUNCATED) {
        test(`a message that ends within a character, ${hex}: 1007`, async (t) => {
            const client = await t.open();
            client.sendText(Buffer.concat([Buffer.from('text '), Buffer.from(hex, 'hex')]));
            await client.closed(1007);
        });

        test(`a fragmented message that ends within a character, ${hex}: 1007`, async (t) => {
            const client = await t.open();
            client.sendFragments(['text ', Buffer.from(hex, 'hex'), '']);
            await client.closed(1007);
        });
    }

    for (let offset = 0; offset < 66; offset++)
        test(`ff as byte ${offset} of a text: 1007`, async (t) => {
            const client = await t.open();
            const text = Buffer.alloc(70, 'a');
            text[offset] = 0xff;
            client.sendText(text);
            await client.closed(1007);
        });

    test('ff as the last byte of 100000: 1007', async (t) => {
        const client = await t.open();
        client.sendText(Buffer.concat([Buffer.alloc(99999, 'a'), Buffer.from([0xff])]));
        await client.closed(1007);
    });

    test('is answered 1007 after the messages before it were answered', async (t) => {
        const client = await t.open();
        client.sendText(pingWith('ok'));
        client.sendText(pingWith(Buffer.from([0xff])));
        await client.answer('pong');
        await client.closed(1007);
    });

    test('is none in a binary message', async (t) => {
        const client = await t.open();
        client.send({ opcode: OPCODE.BINARY, payload: Buffer.from([0xff, 0xc0, 0x80]) });
        await client.answer('error');
        await client.isIdle();
    });

    test('is none in a ping or a pong', async (t) => {
        const client = await t.open();
        client.send({ opcode: OPCODE.PONG, payload: Buffer.from([0xff]) });
        client.send({ opcode: OPCODE.PING, payload: Buffer.from([0xff, 0xc0]) });
        await client.pongFrame(Buffer.from([0xff, 0xc0]));
        await client.isIdle();
    });
});

module.exports = [...valid, ...invalid];
