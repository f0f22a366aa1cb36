'use strict';

const { section } = require('../lib/suite.js');
const { OPCODE, cutAt, cutEvery, frame } = require('../lib/frame.js');
const { PING, pingOfLength, textOfLength } = require('../lib/pusher.js');

const LENGTHS = [0, 1, 2, 22, 23, 24, 64, 124, 125, 126, 127, 128, 129, 255, 256, 257, 1000, 4095, 4096,
    4097, 16383, 16384, 32767, 32768, 65534, 65535, 65536, 65537, 100000, 131071, 131072, 199999, 200000];

const MASKS = ['00000000', 'ffffffff', '00000001', '01000000', '80808080', '7f7f7f7f', '12345678',
    '0a0d0a0d', '22222222', '7b227d22'];

const OVERLONG = [
    ['16 bits', 'short', [0, 1, 23, 125]],
    ['64 bits', 'long', [0, 1, 125, 126, 1000, 65535]],
];

function opcodeNames() {
    return Object.entries(OPCODE).map(([name, opcode]) => [name.toLowerCase(), opcode]);
}

const lengths = section('6455 5.2 payload length', (test) => {
    for (const length of LENGTHS) {
        test(`text of ${length} bytes`, async (t) => {
            const client = await t.open();
            const { text, answer } = textOfLength(length);
            client.sendText(text);
            await client.answer(answer);
            await client.isIdle();
        });

        test(`binary of ${length} bytes is not understood and does no harm`, async (t) => {
            const client = await t.open();
            client.send({ opcode: OPCODE.BINARY, payload: Buffer.alloc(length, 0xfe) });
            await client.answer('error');
            await client.isIdle();
        });
    }

    for (const [what, lengthForm, values] of OVERLONG)
        for (const length of values)
            test(`${length} written in ${what}: 1002`, async (t) => {
                const client = await t.open();
                client.send({ payload: Buffer.alloc(length, 0x20), lengthForm });
                await client.closed(1002);
            });

    for (const lengthForm of ['short', 'long'])
        test(`a ping whose length is written ${lengthForm}: 1002`, async (t) => {
            const client = await t.open();
            client.send({ opcode: OPCODE.PING, payload: 'ping', lengthForm });
            await client.closed(1002);
        });

    for (const claimedLength of [1n << 63n, (1n << 64n) - 1n])
        test(`${claimedLength}, whose highest bit is set: refused at its header`, async (t) => {
            const client = await t.open();
            client.send({ lengthForm: 'long', claimedLength });
            await client.closed(1002, 1009);
        });
});

const masking = section('6455 5.3 masking', (test) => {
    for (const mask of MASKS)
        test(`the key ${mask}`, async (t) => {
            const echo = await t.openEcho();
            const key = Buffer.from(mask, 'hex');
            for (const text of ['', 'a', 'κόσμε', 'x'.repeat(300)]) {
                echo.sender.send({ payload: echo.messageOf(text), mask: key });
                await echo.arrives(text);
            }
        });

    for (let start = 0; start < 80; start += 8)
        test(`texts of ${start} to ${start + 7} characters arrive unharmed`, async (t) => {
            const echo = await t.openEcho();
            for (let length = start; length < start + 8; length++) {
                const text = 'abcdefgh'.repeat(11).slice(0, length);
                echo.sender.sendText(echo.messageOf(text));
                await echo.arrives(text);
            }
        });

    for (const length of [1000, 10000, 65500, 65536, 100000])
        test(`a text of ${length} characters arrives unharmed`, async (t) => {
            const echo = await t.openEcho();
            const text = Array.from({ length }, (_, i) => String.fromCharCode(97 + (i % 23))).join('');
            echo.sender.sendText(echo.messageOf(text));
            await echo.arrives(text);
        });

    for (const [name, opcode] of opcodeNames())
        test(`an unmasked ${name} frame: 1002 (5.1)`, async (t) => {
            const client = await t.open();
            client.send({ opcode, mask: null, payload: Buffer.from([0x03, 0xe8]) });
            await client.closed(1002);
        });

    test('an unmasked frame without payload: 1002 (5.1)', async (t) => {
        const client = await t.open();
        client.send({ mask: null });
        await client.closed(1002);
    });

    test('an unmasked frame after masked ones: 1002 (5.1)', async (t) => {
        const client = await t.open();
        client.sendText(PING);
        client.send({ mask: null, payload: PING });
        await client.answer('pong');
        await client.closed(1002);
    });
});

const splitting = section('6455 5.2 frames as TCP cuts them', (test) => {
    for (const length of [23, 125, 126, 300])
        for (let cut = 1; cut <= 16; cut++)
            test(`${length} bytes cut after byte ${cut}`, async (t) => {
                const client = await t.open();
                await client.wire.writePieces(
                    cutAt(frame({ payload: pingOfLength(length) }), [cut]));
                await client.answer('pong');
                await client.isIdle();
            });

    for (const cut of [1, 2, 3, 9, 10, 11, 13, 14, 15, 16])
        test(`65536 bytes cut after byte ${cut}`, async (t) => {
            const client = await t.open();
            await client.wire.writePieces(cutAt(frame({ payload: pingOfLength(65536) }), [cut]));
            await client.answer('pong');
        });

    for (const [length, size] of [[23, 1], [126, 1], [1000, 1], [4096, 7], [65536, 997],
        [199999, 1460], [200000, 8192]])
        test(`${length} bytes in pieces of ${size}`, async (t) => {
            const client = await t.open();
            const bytes = frame({ payload: pingOfLength(length) });
            await client.wire.writePieces(cutEvery(bytes, size));
            await client.answer('pong');
            await client.isIdle();
        });

    for (const count of [2, 10, 100, 1000])
        test(`${count} messages in one piece are answered one by one`, async (t) => {
            const client = await t.open();
            client.write(Buffer.concat(Array.from({ length: count }, () => frame({ payload: PING }))));
            for (let i = 0; i < count; i++)
                await client.answer('pong');
            await client.isIdle();
        });

    test('a message and half of the next, then the other half', async (t) => {
        const client = await t.open();
        const bytes = frame({ payload: PING });
        client.write(Buffer.concat([bytes, bytes.subarray(0, 11)]));
        await client.answer('pong');
        client.write(bytes.subarray(11));
        await client.answer('pong');
    });

    test('all kinds of frames in one piece are answered in their order', async (t) => {
        const client = await t.open();
        client.write(Buffer.concat([
            frame({ payload: PING }), frame({ opcode: OPCODE.PING, payload: 'one' }),
            frame({ opcode: OPCODE.BINARY, payload: 'x' }), frame({ opcode: OPCODE.PONG }),
            frame({ opcode: OPCODE.PING, payload: 'two' }), frame({ payload: PING }),
        ]));
        await client.answer('pong');
        await client.pongFrame('one');
        await client.answer('error');
        await client.pongFrame('two');
        await client.answer('pong');
    });

    test('what follows a frame that is wrong is not answered', async (t) => {
        const client = await t.open();
        client.write(Buffer.concat([frame({ payload: PING }), frame({ rsv: 1, payload: PING }),
            frame({ payload: PING })]));
        await client.answer('pong');
        await client.closed(1002);
    });

    test('the close frame arrives although much follows what was wrong', async (t) => {
        const client = await t.open();
        client.write(Buffer.concat([frame({ rsv: 1, payload: PING }),
            ...Array.from({ length: 20 }, () => frame({ payload: pingOfLength(50000) }))]));
        await client.closed(1002);
    });
});

module.exports = [...lengths, ...masking, ...splitting];
