'use strict';

const assert = require('node:assert');

const { section } = require('../lib/suite.js');
const { RSV1 } = require('../lib/frame.js');
const { compress } = require('../lib/deflate.js');
const { PING, pingOfLength } = require('../lib/pusher.js');

const TAKEOVERS = ['', '; server_no_context_takeover', '; client_no_context_takeover',
    '; server_no_context_takeover; client_no_context_takeover'];

const VALID = [
    'permessage-deflate',
    'permessage-deflate; client_max_window_bits',
    'permessage-deflate;client_max_window_bits',
    'permessage-deflate ; client_max_window_bits',
    'permessage-deflate;\tclient_max_window_bits',
    'permessage-deflate; client_max_window_bits; server_max_window_bits=10',
    'permessage-deflate; server_max_window_bits=10; client_max_window_bits',
    'permessage-deflate; server_max_window_bits = 10',
    'permessage-deflate; server_max_window_bits="10"',
    'permessage-deflate; client_max_window_bits="12"',
    'x-made-up, permessage-deflate',
    'x-made-up; a=1; b="2, 3; 4", permessage-deflate',
    'permessage-deflate, x-made-up',
    'x-webkit-deflate-frame, permessage-deflate; client_max_window_bits',
    'permessage-deflate; server_max_window_bits=8, permessage-deflate',
    'permessage-deflate; unknown, permessage-deflate; client_max_window_bits',
    'permessage-deflate; server_max_window_bits=99, permessage-deflate; server_max_window_bits=11',
    'permessage-deflate; client_no_context_takeover=1, permessage-deflate',
    'permessage-deflate, permessage-deflate',
    'permessage-deflate; client_max_window_bits, permessage-deflate',
];

const INVALID = [
    'permessage-deflate; unknown',
    'permessage-deflate; unknown=1',
    'permessage-deflate; Server_Max_Window_Bits_=10',
    'permessage-deflate; server_max_window_bits',
    'permessage-deflate; server_max_window_bits=7',
    'permessage-deflate; server_max_window_bits=8',
    'permessage-deflate; server_max_window_bits=16',
    'permessage-deflate; server_max_window_bits=0',
    'permessage-deflate; server_max_window_bits=-9',
    'permessage-deflate; server_max_window_bits=09',
    'permessage-deflate; server_max_window_bits=010',
    'permessage-deflate; server_max_window_bits=1e1',
    'permessage-deflate; server_max_window_bits=0x9',
    'permessage-deflate; server_max_window_bits=10.0',
    'permessage-deflate; server_max_window_bits=4294967306',
    'permessage-deflate; server_max_window_bits=ten',
    'permessage-deflate; client_max_window_bits=7',
    'permessage-deflate; client_max_window_bits=16',
    'permessage-deflate; client_max_window_bits=08',
    'permessage-deflate; client_max_window_bits=0',
    'permessage-deflate; client_max_window_bits=x',
    'permessage-deflate; client_max_window_bits=115',
    'permessage-deflate; server_no_context_takeover=1',
    'permessage-deflate; server_no_context_takeover=true',
    'permessage-deflate; client_no_context_takeover=0',
    'permessage-deflate; client_no_context_takeover; client_no_context_takeover',
    'permessage-deflate; server_no_context_takeover; server_no_context_takeover',
    'permessage-deflate; server_max_window_bits=10; server_max_window_bits=10',
    'permessage-deflate; client_max_window_bits; client_max_window_bits',
    'permessage-deflate; client_max_window_bits; client_max_window_bits=10',
    'permessage-deflate; server_max_window_bits=10; unknown',
    'permessage-deflate2',
    'permessage',
    'x-webkit-deflate-frame',
    'permessage-bzip2',
    'deflate',
    'x-made-up; a="1, permessage-deflate"',
    'x-made-up; a="1, permessage-deflate; client_max_window_bits, 2"',
    'x-made-up; a="\\", permessage-deflate"',
];

// Against the grammar of 6455 9.1: the server may refuse the handshake or go on without.
const MALFORMED = ['permessage-deflate;', 'permessage-deflate; ;', 'permessage-deflate; =10', ';', '=',
    'permessage-deflate; server_max_window_bits=', 'permessage-deflate; server_max_window_bits="10',
    'permessage-deflate client_max_window_bits', '"permessage-deflate"', 'permessage-deflate; a b',
    'permessage-deflate; server_max_window_bits=""', 'permessage-deflate; client_max_window_bits=""',
    'permessage-deflate; server_no_context_takeover=""'];

// What the client asked for must be in what the server agreed to (7.1).
function agrees(agreement, offer) {
    const asked = (name) => new RegExp(`${name}\\s*=\\s*"?(\\d+)`).exec(offer)?.[1];
    const { parameters } = agreement;

    if (asked('server_max_window_bits'))
        assert.ok(Number(parameters.server_max_window_bits) <= Number(asked('server_max_window_bits')),
            `7.1.2.1: ${agreement.header}`);
    if (!offer.includes('client_max_window_bits'))
        assert.ok(!('client_max_window_bits' in parameters), `7.1.2.2: ${agreement.header}`);
    else if ('client_max_window_bits' in parameters && asked('client_max_window_bits'))
        assert.ok(Number(parameters.client_max_window_bits) <= Number(asked('client_max_window_bits')),
            `7.1.2.2: ${agreement.header}`);
}

async function compresses(client) {
    client.sendCompressed(PING);
    await client.answer('pong');
    client.sendCompressed(pingOfLength(20000));
    await client.answer('pong');
    client.sendText(PING);
    await client.answer('pong');
}

async function accepted(t, options, offer = options.offer) {
    const client = await t.open(options);
    assert.ok(client.agreement, 'the offer was declined');
    agrees(client.agreement, offer);
    await compresses(client);
    return client;
}

async function declined(t, options) {
    const client = await t.open(options);
    assert.strictEqual(client.agreement, null, `accepted with ${client.agreement?.header}`);
    await client.isIdle();
    client.send({ payload: compress(PING), rsv: RSV1 });
    await client.closed(1002);
}

const windows = section('7692 7.1.2 window sizes', (test) => {
    for (const takeover of TAKEOVERS) {
        for (let bits = 9; bits <= 15; bits++)
            test(`server_max_window_bits=${bits}${takeover}: accepted`, async (t) =>
                accepted(t, { offer: `permessage-deflate; server_max_window_bits=${bits}${takeover}` }));

        for (let bits = 8; bits <= 15; bits++)
            test(`client_max_window_bits=${bits}${takeover}: accepted`, async (t) =>
                accepted(t, { offer: `permessage-deflate; client_max_window_bits=${bits}${takeover}` }));

        test(`client_max_window_bits${takeover}: accepted`, async (t) =>
            accepted(t, { offer: `permessage-deflate; client_max_window_bits${takeover}` }));

        test(`no window sizes${takeover}: accepted`, async (t) =>
            accepted(t, { offer: `permessage-deflate${takeover}` }));
    }

    for (const [server, client] of [[9, 9], [15, 15], [9, 15], [15, 9], [10, 8], [12, 12]])
        test(`the server's ${server} and the client's ${client}: accepted`, async (t) => accepted(t, {
            offer: `permessage-deflate; server_max_window_bits=${server}; `
                + `client_max_window_bits=${client}`,
        }));
});

const offers = section('7692 5 and 7.1 offers', (test) => {
    for (const offer of VALID)
        test(`${offer}: accepted`, async (t) => {
            const client = await t.open({ offer });
            assert.ok(client.agreement, 'the offer was declined');
            await compresses(client);
        });

    for (const offer of INVALID)
        test(`${offer}: declined`, async (t) => declined(t, { offer }));

    for (const offer of MALFORMED)
        test(`${offer}: refused or declined`, async (t) => {
            const client = await t.open({ offer }).catch((error) => {
                assert.match(error.message, /was answered 400/);
                return null;
            });
            assert.ok(!client?.agreement, `accepted with ${client?.agreement?.header}`);
        });

    test('in two headers: the first that can be accepted is', async (t) => accepted(t, {
        headers: { 'Sec-WebSocket-Extensions':
            ['permessage-deflate; unknown', 'permessage-deflate; server_max_window_bits=11'] },
    }, 'permessage-deflate; server_max_window_bits=11'));

    test('the first of two that can both be accepted is', async (t) => {
        const client = await accepted(t, {
            offer: 'permessage-deflate; server_max_window_bits=9, permessage-deflate',
        }, 'server_max_window_bits=9');
        assert.ok(client.agreement.serverWindowBits <= 9);
    });

    test('the second, where the first cannot be accepted', async (t) => {
        const client = await t.open({
            offer: 'permessage-deflate; server_max_window_bits=8, '
                + 'permessage-deflate; server_max_window_bits=12',
        });
        assert.strictEqual(client.agreement.serverWindowBits, 12);
    });

    test('a hundred that cannot be accepted and one that can', async (t) => {
        const hundred = Array.from({ length: 100 }, (_, i) => `x-${i}`).join(', ');
        const client = await t.open({ offer: `${hundred}, permessage-deflate` });
        assert.ok(client.agreement);
    });
});

const off = section('7692 where compression is off', (test) => {
    for (const offer of VALID.slice(0, 4))
        test(`${offer}: declined`, async (t) => declined(t, { compression: false, offer }));
});

module.exports = [...windows, ...offers, ...off];
