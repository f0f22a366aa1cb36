'use strict';

const { section } = require('../lib/suite.js');
const { OPCODE, cutAt, cutEvery, frame, messageFrames } = require('../lib/frame.js');
const { PING, pingOfLength } = require('../lib/pusher.js');

const BYTES = Buffer.from(PING);
const CONTROL_BETWEEN = [
    ['a ping', frame({ opcode: OPCODE.PING, payload: 'mid' }), 'mid'],
    ['an empty ping', frame({ opcode: OPCODE.PING }), ''],
    ['a pong', frame({ opcode: OPCODE.PONG, payload: 'mid' }), null],
];

function whole(fragments) {
    return Buffer.concat(fragments);
}

const shapes = section('6455 5.4 fragmentation', (test) => {
    for (let cut = 0; cut <= BYTES.length; cut++)
        test(`text in two fragments, the first of ${cut} bytes`, async (t) => {
            const client = await t.open();
            client.sendFragments(cutAt(BYTES, [cut]));
            await client.answer('pong');
            await client.isIdle();
        });

    for (const size of [1, 2, 3, 5, 8])
        test(`text in fragments of ${size} bytes`, async (t) => {
            const client = await t.open();
            client.sendFragments(cutEvery(BYTES, size));
            await client.answer('pong');
            await client.isIdle();
        });

    for (const size of [1, 2, 5])
        test(`text in fragments of ${size} bytes, each in a segment of its own`, async (t) => {
            const client = await t.open();
            await client.wire.writePieces(messageFrames({ pieces: cutEvery(BYTES, size) }));
            await client.answer('pong');
        });

    for (const size of [1, 7])
        test(`fragmented text that TCP cuts every ${size} bytes`, async (t) => {
            const client = await t.open();
            const bytes = whole(messageFrames({ pieces: cutEvery(BYTES, 4) }));
            await client.wire.writePieces(cutEvery(bytes, size));
            await client.answer('pong');
        });

    for (const [length, size] of [[1000, 1], [4096, 64], [65536, 1000], [65536, 4096], [131072, 65536],
        [200000, 199999], [200000, 50000]])
        test(`${length} bytes in fragments of ${size}`, async (t) => {
            const client = await t.open();
            client.sendFragments(cutEvery(pingOfLength(length), size));
            await client.answer('pong');
            await client.isIdle();
        });

    for (const pieces of [['', ''], ['', '', '', ''], [PING, ''], ['', PING], ['', PING, ''],
        ['', PING.slice(0, 5), '', '', PING.slice(5), '']])
        test(`fragments of ${pieces.map(({ length }) => length).join(', ')} bytes`, async (t) => {
            const client = await t.open();
            client.sendFragments(pieces);
            await client.answer(pieces.join('') === PING ? 'pong' : 'error');
            await client.isIdle();
        });

    test('5000 empty fragments and then the text', async (t) => {
        const client = await t.open();
        client.sendFragments([...Array(5000).fill(''), PING]);
        await client.answer('pong');
        await client.isIdle();
    });

    for (const pieces of [['\xfe', '\xff'], ['', ''], ['a', 'b', 'c']])
        test(`binary in ${pieces.length} fragments: ${JSON.stringify(pieces)}`, async (t) => {
            const client = await t.open();
            client.sendFragments(pieces.map((one) => Buffer.from(one, 'latin1')),
                { opcode: OPCODE.BINARY });
            await client.answer('error');
            await client.isIdle();
        });

    test('a fragmented text arrives whole', async (t) => {
        const echo = await t.openEcho();
        const text = 'Grüße, κόσμε, 世界, 🎉'.repeat(20);
        for (const size of [1, 3, 10, 100]) {
            echo.sender.sendFragments(cutEvery(echo.messageOf(text), size));
            await echo.arrives(text);
        }
    });

    test('fragmented and whole texts in turns', async (t) => {
        const client = await t.open();
        for (let i = 0; i < 5; i++) {
            client.sendFragments(cutEvery(BYTES, 6));
            client.sendText('nonsense');
        }
        for (let i = 0; i < 5; i++) {
            await client.answer('pong');
            await client.answer('error');
        }
    });
});

const control = section('6455 5.4 control frames between fragments', (test) => {
    for (const [what, between, answered] of CONTROL_BETWEEN)
        for (const size of [1, 5, 12, 22])
            test(`${what} between fragments of ${size} bytes`, async (t) => {
                const client = await t.open();
                const pieces = cutEvery(BYTES, size);
                client.sendFragments(pieces, { between });
                for (let i = 1; i < pieces.length && answered !== null; i++)
                    await client.pongFrame(answered);
                await client.answer('pong');
                await client.isIdle();
            });

    test('a ping is answered before the message it stands in has ended', async (t) => {
        const client = await t.open();
        client.send({ payload: PING.slice(0, 9), fin: false });
        client.send({ opcode: OPCODE.PING, payload: 'now' });
        await client.pongFrame('now');
        client.send({ opcode: OPCODE.CONTINUATION, payload: PING.slice(9) });
        await client.answer('pong');
    });

    test('a close within a fragmented message is answered, the message is not', async (t) => {
        const client = await t.open();
        client.send({ payload: PING, fin: false });
        client.sendClose(1000);
        await client.closed(1000);
    });

    test('three control frames between two fragments', async (t) => {
        const client = await t.open();
        client.sendFragments(cutAt(BYTES, [11]), {
            between: whole([frame({ opcode: OPCODE.PING, payload: '1' }),
                frame({ opcode: OPCODE.PONG }), frame({ opcode: OPCODE.PING, payload: '2' })]),
        });
        await client.pongFrame('1');
        await client.pongFrame('2');
        await client.answer('pong');
    });

    test('pings between fragments that TCP cuts at each byte', async (t) => {
        const client = await t.open();
        const [first, last] = messageFrames({ pieces: cutAt(BYTES, [11]) });
        const ping = frame({ opcode: OPCODE.PING, payload: 'mid' });
        await client.wire.writePieces(cutEvery(whole([first, ping, last]), 1));
        await client.pongFrame('mid');
        await client.answer('pong');
    });
});

const broken = section('6455 5.4 fragments out of order', (test) => {
    for (const [what, fin] of [['last', true], ['further', false]])
        for (const payload of ['', PING])
            test(`a ${what} fragment of ${payload.length} bytes of no message: 1002`, async (t) => {
                const client = await t.open();
                client.send({ opcode: OPCODE.CONTINUATION, payload, fin });
                await client.closed(1002);
            });

    for (const fin of [true, false])
        test(`a continuation behind a whole message, FIN ${fin}: 1002`, async (t) => {
            const client = await t.open();
            client.sendText(PING);
            client.send({ opcode: OPCODE.CONTINUATION, payload: PING, fin });
            await client.answer('pong');
            await client.closed(1002);
        });

    test('a continuation behind a fragmented message: 1002', async (t) => {
        const client = await t.open();
        client.sendFragments(cutAt(BYTES, [4]));
        client.send({ opcode: OPCODE.CONTINUATION, payload: 'x' });
        await client.answer('pong');
        await client.closed(1002);
    });

    for (const [first, opening] of [['text', OPCODE.TEXT], ['binary', OPCODE.BINARY]])
        for (const [second, opcode] of [['text', OPCODE.TEXT], ['binary', OPCODE.BINARY]])
            for (const fin of [true, false])
                test(`${second} within fragmented ${first}, FIN ${fin}: 1002`, async (t) => {
                    const client = await t.open();
                    client.send({ opcode: opening, payload: 'a', fin: false });
                    client.send({ opcode, payload: 'b', fin });
                    await client.closed(1002);
                });

    test('a new text after a control frame within a fragmented one: 1002', async (t) => {
        const client = await t.open();
        client.send({ payload: 'a', fin: false });
        client.send({ opcode: OPCODE.PING, payload: 'p' });
        client.sendText(PING);
        await client.pongFrame('p');
        await client.closed(1002);
    });
});

module.exports = [...shapes, ...control, ...broken];
