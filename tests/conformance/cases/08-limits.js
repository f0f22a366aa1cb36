'use strict';

const { section } = require('../lib/suite.js');
const { OPCODE, cutEvery, frame } = require('../lib/frame.js');
const { MESSAGE_SIZE_MAX, PING, pingOfLength } = require('../lib/pusher.js');

const TOO_BIG = [MESSAGE_SIZE_MAX + 1, MESSAGE_SIZE_MAX + 1000, 262144, 1000000];
const CLAIMED = [200001n, 1n << 24n, 1n << 31n, (1n << 32n) - 1n, 1n << 32n, (1n << 32n) + 23n,
    1n << 53n, (1n << 63n) - 1n];

const sizes = section('6455 10.4 messages too big', (test) => {
    test('the largest allowed is answered, whole and fragmented', async (t) => {
        const client = await t.open();
        client.sendText(pingOfLength(MESSAGE_SIZE_MAX));
        await client.answer('pong');
        client.sendFragments(cutEvery(pingOfLength(MESSAGE_SIZE_MAX), 3000));
        await client.answer('pong');
    });

    for (const length of TOO_BIG) {
        test(`${length} bytes of text: 1009`, async (t) => {
            const client = await t.open();
            client.sendText(pingOfLength(length));
            await client.closed(1009);
        });

        test(`${length} bytes of binary: 1009`, async (t) => {
            const client = await t.open();
            client.send({ opcode: OPCODE.BINARY, payload: Buffer.alloc(length) });
            await client.closed(1009);
        });

        test(`${length} bytes in fragments of 20000: 1009`, async (t) => {
            const client = await t.open();
            client.sendFragments(cutEvery(pingOfLength(length), 20000));
            await client.closed(1009);
        });
    }

    for (const claimedLength of CLAIMED)
        test(`a frame of ${claimedLength} bytes is refused at its header: 1009`, async (t) => {
            const client = await t.open();
            client.send({ lengthForm: 'long', claimedLength });
            await client.closed(1009);
        });

    test('a fragment that makes it too big is refused at its header: 1009', async (t) => {
        const client = await t.open();
        client.send({ payload: Buffer.alloc(MESSAGE_SIZE_MAX - 10, 'a'), fin: false });
        client.write(frame({ opcode: OPCODE.CONTINUATION, payload: '0123456789a' }).subarray(0, 6));
        await client.closed(1009);
    });

    test('an endless message is ended: 1009', async (t) => {
        const client = await t.open();
        client.send({ payload: Buffer.alloc(50000, 'a'), fin: false });
        for (let i = 0; i < 4; i++)
            client.send({ opcode: OPCODE.CONTINUATION, payload: Buffer.alloc(50000, 'a'), fin: false });
        await client.closed(1009);
    });

    test('pings between do not count to the size of a message', async (t) => {
        const client = await t.open();
        const between = frame({ opcode: OPCODE.PING, payload: Buffer.alloc(125, 'p') });
        const pieces = cutEvery(pingOfLength(MESSAGE_SIZE_MAX), 10000);
        client.sendFragments(pieces, { between });
        for (let i = 1; i < pieces.length; i++)
            await client.pongFrame(Buffer.alloc(125, 'p'));
        await client.answer('pong');
    });

    test('many messages together may be bigger than one', async (t) => {
        const client = await t.open();
        for (let i = 0; i < 20; i++)
            client.sendText(pingOfLength(100000));
        for (let i = 0; i < 20; i++)
            await client.answer('pong');
    });
});

const volume = section('performance', (test) => {
    for (const [count, length] of [[10000, 23], [5000, 125], [5000, 126], [1000, 1000], [100, 65536],
        [20, 200000]])
        test(`${count} texts of ${length} bytes in a row`, async (t) => {
            const client = await t.open();
            const bytes = frame({ payload: pingOfLength(length) });
            for (let i = 0; i < count; i++)
                client.write(bytes);
            for (let i = 0; i < count; i++)
                await client.answer('pong');
        });

    test('10000 pings in a row', async (t) => {
        const client = await t.open();
        const bytes = frame({ opcode: OPCODE.PING, payload: 'ping' });
        client.write(Buffer.concat(Array(10000).fill(bytes)));
        for (let i = 0; i < 10000; i++)
            await client.pongFrame('ping');
    });

    test('100000 bytes of text in fragments of one byte', async (t) => {
        const client = await t.open();
        client.sendFragments(cutEvery(pingOfLength(100000), 1));
        await client.answer('pong');
    });

    test('500 round trips', async (t) => {
        const client = await t.open();
        for (let i = 0; i < 500; i++) {
            client.sendText(PING);
            await client.answer('pong');
        }
    });

    for (const length of [0, 100, 1000, 10000, 65536, 199000])
        test(`20 echoes of ${length} characters arrive in their order`, async (t) => {
            const echo = await t.openEcho();
            const texts = Array.from({ length: 20 }, (_, i) => `${i}:`.padEnd(length, 'abcdefghij'));
            for (const text of texts)
                echo.sender.sendText(echo.messageOf(text));
            for (const text of texts)
                await echo.arrives(text);
        });
});

module.exports = [...sizes, ...volume];
