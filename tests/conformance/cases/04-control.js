'use strict';

const { section } = require('../lib/suite.js');
const { OPCODE, cutEvery, frame } = require('../lib/frame.js');
const { PING } = require('../lib/pusher.js');

const LENGTHS = [0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 31, 32, 63, 64, 100, 124, 125];
const TOO_LONG = [126, 127, 128, 1000, 65535, 65536];
const CONTROL = [['ping', OPCODE.PING], ['pong', OPCODE.PONG], ['close', OPCODE.CLOSE]];

function payloadOf(length) {
    return Buffer.from(Array.from({ length }, (_, i) => (i * 37 + 200) & 0xff));
}

const pings = section('6455 5.5.2 ping', (test) => {
    for (const length of LENGTHS)
        test(`of ${length} bytes, whatever they are, is answered with the same`, async (t) => {
            const client = await t.open();
            client.send({ opcode: OPCODE.PING, payload: payloadOf(length) });
            await client.pongFrame(payloadOf(length));
            await client.isIdle();
        });

    for (const count of [2, 10, 100])
        test(`${count} in one piece are answered in their order`, async (t) => {
            const client = await t.open();
            const names = Array.from({ length: count }, (_, i) => `payload-${i}`);
            client.write(Buffer.concat(names.map((payload) =>
                frame({ opcode: OPCODE.PING, payload }))));
            for (const name of names)
                await client.pongFrame(name);
        });

    for (const length of [0, 5, 125])
        test(`of ${length} bytes, byte by byte`, async (t) => {
            const client = await t.open();
            const bytes = frame({ opcode: OPCODE.PING, payload: payloadOf(length) });
            await client.wire.writePieces(cutEvery(bytes, 1));
            await client.pongFrame(payloadOf(length));
        });

    test('ten one after the other, each awaited', async (t) => {
        const client = await t.open();
        for (let i = 0; i < 10; i++) {
            client.send({ opcode: OPCODE.PING, payload: `${i}` });
            await client.pongFrame(`${i}`);
        }
    });

    test('between messages is answered in its place', async (t) => {
        const client = await t.open();
        client.sendText(PING);
        client.send({ opcode: OPCODE.PING, payload: 'between' });
        client.sendText('nonsense');
        await client.answer('pong');
        await client.pongFrame('between');
        await client.answer('error');
    });
});

const pongs = section('6455 5.5.3 pong', (test) => {
    for (const length of LENGTHS)
        test(`unasked, of ${length} bytes, is ignored`, async (t) => {
            const client = await t.open();
            client.send({ opcode: OPCODE.PONG, payload: payloadOf(length) });
            await client.isIdle();
        });

    test('a hundred unasked are ignored', async (t) => {
        const client = await t.open();
        client.write(Buffer.concat(Array.from({ length: 100 }, () =>
            frame({ opcode: OPCODE.PONG, payload: 'x' }))));
        await client.isIdle();
    });

    test('unasked between pings does not disturb their answers', async (t) => {
        const client = await t.open();
        client.send({ opcode: OPCODE.PING, payload: 'a' });
        client.send({ opcode: OPCODE.PONG, payload: 'x' });
        client.send({ opcode: OPCODE.PING, payload: 'b' });
        await client.pongFrame('a');
        await client.pongFrame('b');
    });
});

const limits = section('6455 5.5 control frames', (test) => {
    for (const [name, opcode] of CONTROL) {
        for (const length of TOO_LONG)
            test(`${name} of ${length} bytes: 1002`, async (t) => {
                const client = await t.open();
                client.send({ opcode, payload: Buffer.alloc(length, 0x03) });
                await client.closed(1002);
            });

        test(`${name} over 125 bytes is refused at its header`, async (t) => {
            const client = await t.open();
            client.write(frame({ opcode, payload: Buffer.alloc(126, 3) }).subarray(0, 4));
            await client.closed(1002);
        });

        for (const payload of [Buffer.alloc(0), Buffer.from([0x03, 0xe8])])
            test(`${name} of ${payload.length} bytes without FIN: 1002`, async (t) => {
                const client = await t.open();
                client.send({ opcode, fin: false, payload });
                await client.closed(1002);
            });

        test(`${name} in two fragments: 1002`, async (t) => {
            const client = await t.open();
            client.sendFragments([Buffer.from([3]), Buffer.from([0xe8])], { opcode });
            await client.closed(1002);
        });
    }
});

module.exports = [...pings, ...pongs, ...limits];
