'use strict';

const { section } = require('../lib/suite.js');
const { OPCODE, RSV1, frame } = require('../lib/frame.js');
const { PING, pingOfLength } = require('../lib/pusher.js');

const RESERVED_OPCODES = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15];
const ALL_BITS = [1, 2, 3, 4, 5, 6, 7];

const FRAMES = [
    ['text', { payload: PING }],
    ['an empty text', {}],
    ['binary', { opcode: OPCODE.BINARY, payload: 'x' }],
    ['a ping', { opcode: OPCODE.PING, payload: 'x' }],
    ['a pong', { opcode: OPCODE.PONG, payload: 'x' }],
    ['a close', { opcode: OPCODE.CLOSE, payload: Buffer.from([0x03, 0xe8]) }],
    ['the first fragment', { payload: PING, fin: false }],
];

const bits = section('6455 5.2 reserved bits', (test) => {
    for (const rsv of ALL_BITS) {
        for (const [what, options] of FRAMES)
            test(`${what} with bits ${rsv}: 1002`, async (t) => {
                const client = await t.open();
                client.send({ ...options, rsv });
                await client.closed(1002);
            });

        test(`a continuation with bits ${rsv}: 1002`, async (t) => {
            const client = await t.open();
            client.send({ payload: PING.slice(0, 9), fin: false });
            client.send({ opcode: OPCODE.CONTINUATION, payload: PING.slice(9), rsv });
            await client.closed(1002);
        });

        test(`bits ${rsv} behind good messages: these are answered, then 1002`, async (t) => {
            const client = await t.open();
            client.write(Buffer.concat([frame({ payload: PING }),
                frame({ opcode: OPCODE.PING, payload: 'p' }),
                frame({ payload: PING, rsv }), frame({ payload: PING })]));
            await client.answer('pong');
            await client.pongFrame('p');
            await client.closed(1002);
        });
    }

    for (const rsv of ALL_BITS.filter((value) => value !== RSV1))
        test(`text with bits ${rsv} where deflate is agreed on: 1002`, async (t) => {
            const client = await t.open({ offer: 'permessage-deflate' });
            client.send({ payload: PING, rsv });
            await client.closed(1002);
        });
});

const opcodes = section('6455 5.2 reserved opcodes', (test) => {
    for (const opcode of RESERVED_OPCODES) {
        test(`${opcode} without payload: 1002`, async (t) => {
            const client = await t.open();
            client.send({ opcode });
            await client.closed(1002);
        });

        test(`${opcode} with payload: 1002`, async (t) => {
            const client = await t.open();
            client.send({ opcode, payload: PING });
            await client.closed(1002);
        });

        test(`${opcode} with 64 kB of payload: 1002`, async (t) => {
            const client = await t.open();
            client.send({ opcode, payload: pingOfLength(65536) });
            await client.closed(1002);
        });

        test(`${opcode} without FIN: 1002`, async (t) => {
            const client = await t.open();
            client.send({ opcode, payload: PING, fin: false });
            await client.closed(1002);
        });

        test(`${opcode} within a fragmented message: 1002`, async (t) => {
            const client = await t.open();
            client.send({ payload: PING.slice(0, 9), fin: false });
            client.send({ opcode, payload: 'x' });
            await client.closed(1002);
        });

        test(`${opcode} behind a good message: it is answered, then 1002`, async (t) => {
            const client = await t.open();
            client.sendText(PING);
            client.send({ opcode });
            client.sendText(PING);
            await client.answer('pong');
            await client.closed(1002);
        });
    }
});

module.exports = [...bits, ...opcodes];
