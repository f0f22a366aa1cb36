'use strict';

const assert = require('node:assert');

const { section } = require('../lib/suite.js');
const { OPCODE, cutEvery, frame } = require('../lib/frame.js');
const { PING, pingOfLength } = require('../lib/pusher.js');

const VALID_CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3001,
    3999, 4000, 4001, 4200, 4998, 4999];
const INVALID_CODES = [0, 1, 100, 125, 999, 1004, 1005, 1006, 1015, 1016, 1099, 1100, 1999, 2000, 2500,
    2999, 5000, 5001, 9999, 32768, 65535];
const REASONS = [['one byte', 'x'], ['a sentence', 'going away, thank you'], ['120 bytes', 'r'.repeat(120)],
    ['123 bytes, the most there is room for', 'r'.repeat(123)], ['κόσμε', 'κόσμε'],
    ['123 bytes of Greek', 'κ'.repeat(61) + 'x'], ['an emoji', '🎉'], ['NUL', '\0']];
const INVALID_REASONS = ['ff', '80', 'c0af', 'eda080', 'f4908080', 'e282', 'cebae1bdb9cf83cebcceb5eda080'];

const handshake = section('6455 5.5.1 close', (test) => {
    for (const code of VALID_CODES)
        test(`${code} is answered with the same code`, async (t) => {
            const client = await t.open();
            client.sendClose(code);
            await client.closed(code);
        });

    for (const [what, reason] of REASONS)
        test(`a reason of ${what}`, async (t) => {
            const client = await t.open();
            client.sendClose(1000, reason);
            await client.closed(1000);
        });

    test('without a code is answered without one, or with 1000', async (t) => {
        const client = await t.open();
        client.sendClose();
        await client.closed(null, 1000);
    });

    test('byte by byte', async (t) => {
        const client = await t.open();
        client.closeSent = true;
        await client.wire.writePieces(cutEvery(
            frame({ opcode: OPCODE.CLOSE, payload: Buffer.from([0x03, 0xe8]) }), 1));
        await client.closed(1000);
    });

    test('behind a message: it is answered first', async (t) => {
        const client = await t.open();
        client.sendText(PING);
        client.sendClose(1000);
        await client.answer('pong');
        await client.closed(1000);
    });

    test('behind a hundred messages: all are answered first', async (t) => {
        const client = await t.open();
        client.write(Buffer.concat(Array.from({ length: 100 }, () => frame({ payload: PING }))));
        client.sendClose(1000);
        for (let i = 0; i < 100; i++)
            await client.answer('pong');
        await client.closed(1000);
    });

    test('at once after the handshake', async (t) => {
        const client = await t.open({
            behind: frame({ opcode: OPCODE.CLOSE, payload: Buffer.from([0x03, 0xe9]) }),
        });
        client.closeSent = true;
        await client.closed(1001);
    });
});

const after = section('6455 5.5.1 what follows a close', (test) => {
    const FOLLOWING = [
        ['a text', frame({ payload: PING })], ['a ping', frame({ opcode: OPCODE.PING })],
        ['a second close', frame({ opcode: OPCODE.CLOSE, payload: Buffer.from([0x03, 0xe9]) })],
        ['a wrong frame', frame({ opcode: 3, rsv: 7 })], ['no frame at all', Buffer.alloc(100, 0xff)],
        ['half a frame', frame({ payload: PING }).subarray(0, 5)],
        ['a text of 64 kB', frame({ payload: pingOfLength(65536) })],
        ['an unmasked frame', frame({ mask: null, payload: PING })],
    ];

    for (const [what, bytes] of FOLLOWING)
        test(`${what} is not answered`, async (t) => {
            const client = await t.open();
            client.closeSent = true;
            client.write(Buffer.concat([
                frame({ opcode: OPCODE.CLOSE, payload: Buffer.from([0x03, 0xe8]) }), bytes]));
            await client.closed(1000);
        });
});

const invalid = section('6455 7.4 close codes and reasons', (test) => {
    for (const code of INVALID_CODES)
        for (const reason of ['', 'a reason'])
            test(`${code} ${reason ? 'with' : 'without'} a reason: 1002`, async (t) => {
                const client = await t.open();
                client.sendClose(code, reason);
                await client.closed(1002);
            });

    for (const byte of [0x00, 0x03, 0xe8, 0xff])
        test(`a payload of the one byte ${byte}: 1002`, async (t) => {
            const client = await t.open();
            client.send({ opcode: OPCODE.CLOSE, payload: Buffer.from([byte]) });
            await client.closed(1002);
        });

    for (const hex of INVALID_REASONS)
        test(`a reason that is not UTF-8, ${hex}: 1007 or 1002`, async (t) => {
            const client = await t.open();
            client.sendClose(1000, Buffer.from(hex, 'hex'));
            await client.closed(1007, 1002);
        });

    for (const length of [124, 125, 200])
        test(`a reason of ${length} bytes, too long for a control frame: 1002`, async (t) => {
            const client = await t.open();
            client.sendClose(1000, 'r'.repeat(length));
            await client.closed(1002);
        });
});

const tcp = section('6455 7.1 closing the connection', (test) => {
    test('the server ends TCP first', async (t) => {
        const client = await t.open();
        client.sendClose(1000);
        await client.expect('close');
        await client.end();
    });

    test('the server ends TCP although its close is not answered (7.1.7)', async (t) => {
        const client = await t.open();
        client.send({ rsv: 1 });
        await client.expect('close');
        await client.end();
    });

    test('a close and the end of TCP in one: the close is answered (5.5.1)', async (t) => {
        const client = await t.open();
        client.sendClose(1000);
        client.wire.halfClose();
        await client.closed(1000);
    });

    test('a wrong frame and the end of TCP in one: it is told what was wrong', async (t) => {
        const client = await t.open();
        client.send({ rsv: 1 });
        client.wire.halfClose();
        client.closeSent = true;
        await client.closed(1002);
    });

    test('a client that ends TCP without a close is let go', async (t) => {
        const client = await t.open();
        client.wire.halfClose();
        const item = await client.next();
        if (item.kind === 'close')
            await client.end();
        else
            assert.strictEqual(item.kind, 'end');
    });

    test('a client that ends TCP within a frame is let go', async (t) => {
        const client = await t.open();
        client.write(frame({ payload: PING }).subarray(0, 7));
        client.wire.halfClose();
        const item = await client.next();
        if (item.kind === 'close')
            await client.end();
        else
            assert.strictEqual(item.kind, 'end');
    });

    test('what was sent before TCP ended is still answered', async (t) => {
        const client = await t.open();
        client.sendText(PING);
        client.wire.halfClose();
        await client.answer('pong');
    });

    test('a client that resets TCP disturbs no other', async (t) => {
        const [leaving, staying] = [await t.open(), await t.open()];
        leaving.write(frame({ payload: pingOfLength(65536) }).subarray(0, 30000));
        leaving.wire.socket.resetAndDestroy();
        await staying.isIdle();
    });
});

module.exports = [...handshake, ...after, ...invalid, ...tcp];
