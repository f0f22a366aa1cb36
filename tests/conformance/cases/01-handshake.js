'use strict';

const assert = require('node:assert');

const { section } = require('../lib/suite.js');
const { cutEvery, frame } = require('../lib/frame.js');
const { acceptOf, parseResponse, upgradeRequest } = require('../lib/http.js');
const { PING } = require('../lib/pusher.js');

const ACCEPTED_HEADERS = [
    ['an Upgrade in capitals', { Upgrade: 'WEBSOCKET' }],
    ['an Upgrade in mixed case', { Upgrade: 'WebSocket' }],
    ['an Upgrade list that holds websocket', { Upgrade: 'example/1, websocket' }],
    ['a Connection in lower case', { Connection: 'upgrade' }],
    ['a Connection in capitals', { Connection: 'UPGRADE' }],
    ['a Connection list', { Connection: 'keep-alive, Upgrade' }],
    ['a Connection list the other way round', { Connection: 'Upgrade, keep-alive' }],
    ['a Connection list in lower case', { Connection: 'keep-alive, upgrade' }],
    ['a Connection list without spaces', { Connection: 'keep-alive,Upgrade' }],
    ['a Connection list with tabs', { Connection: 'keep-alive,\tUpgrade\t' }],
    ['a Connection list of three', { Connection: 'a, Upgrade, b' }],
    ['a Connection list with empty elements', { Connection: ', ,Upgrade,' }],
    ['two Connection headers', { Connection: ['keep-alive', 'Upgrade'] }],
    ['a subprotocol the server does not speak', { 'Sec-WebSocket-Protocol': 'chat, superchat' }],
    ['an extension the server does not know', { 'Sec-WebSocket-Extensions': 'x-made-up; a=1' }],
    ['an Origin', { Origin: 'https://example.org' }],
    ['an Origin of null', { Origin: 'null' }],
    ['no Origin', {}],
    ['a Host with a port', { Host: 'localhost:8080' }],
    ['a Host that is an IPv6 address', { Host: '[::1]:8080' }],
    ['cookies', { Cookie: 'a=b; c=d' }],
    ['a Content-Length of 0', { 'Content-Length': '0' }],
    ['a long header', { 'User-Agent': 'x'.repeat(2000) }],
    ['thirty headers more', Object.fromEntries(
        Array.from({ length: 30 }, (_, i) => [`X-Header-${i}`, `${i}`]))],
];

const PATHS = ['/app/key', '/app/key?', '/app/key?protocol=7',
    '/app/key?protocol=7&client=js&version=8.4.0&flash=false', '/app/key?a=%20%2F&b=&c'];

const KEYS = ['dGhlIHNhbXBsZSBub25jZQ==', 'AAAAAAAAAAAAAAAAAAAAAA==', '/////////////////////w==',
    '+++++++++++++++++++++g==', 'AQIDBAUGBwgJCgsMDQ4PEA=='];

const BAD_KEYS = [
    ['missing', null], ['empty', ''], ['of 15 bytes', 'AAAAAAAAAAAAAAAAAAAA'],
    ['of 17 bytes', 'AAAAAAAAAAAAAAAAAAAAAAA='], ['of one byte', 'AA=='],
    ['not base64', 'not base64 at all, no!!!'], ['of the URL alphabet', '____________________-A=='],
    ['without its padding', 'AAAAAAAAAAAAAAAAAAAAAA'],
    ['given twice', ['AAAAAAAAAAAAAAAAAAAAAA==', 'AAAAAAAAAAAAAAAAAAAAAA==']],
    ['very long', 'A'.repeat(1000)],
];

const BAD_VERSIONS = ['0', '1', '7', '8', '12', '14', '99', '255', '256', '-13', '013', '1 3', '13, 8',
    '13.0', '', 'abc', '99999999999999999999'];

const NO_UPGRADES = [
    ['no Upgrade', { Upgrade: null }],
    ['an empty Upgrade', { Upgrade: '' }],
    ['an Upgrade to something else', { Upgrade: 'h2c' }],
    ['an Upgrade that only starts right', { Upgrade: 'websockets' }],
    ['no Connection', { Connection: null }],
    ['an empty Connection', { Connection: '' }],
    ['a Connection that keeps alive', { Connection: 'keep-alive' }],
    ['a Connection that only starts right', { Connection: 'Upgrade-Insecure' }],
    ['a Connection that only ends right', { Connection: 'no-upgrade' }],
    ['neither Upgrade nor Connection', { Upgrade: null, Connection: null }],
];

const BROKEN_REQUESTS = [
    ['no HTTP at all', 'hello\r\n\r\n'],
    ['binary', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'],
    ['a header without colon', upgradeRequest({ headers: { Host: '127.0.0.1\r\nbroken' } })],
    ['a header name with a space', upgradeRequest({ headers: { 'X Y': '1' } })],
    ['no path', upgradeRequest({ path: '' })],
    ['a control character in a header', upgradeRequest({ headers: { X: 'a\x00b' } })],
];

// Refused with one of `statuses` in a whole response; where the connection stays open it is told.
async function refused(t, request, ...statuses) {
    const response = await t.ask(request);
    assert.ok(response, 'the connection ended without an answer');
    assert.ok(statuses.includes(response.status),
        `expected ${statuses.join(' or ')}, got ${response.status} ${response.body}`);
    return response;
}

const opening = section('6455 4.2.1 a client\'s handshake', (test) => {
    for (const [what, headers] of ACCEPTED_HEADERS)
        test(`with ${what} is accepted`, async (t) => {
            const client = await t.open({ headers });
            await client.isIdle();
        });

    for (const path of PATHS)
        test(`to ${path} is accepted`, async (t) => (await t.open({ path })).isIdle());

    test('with header names in lower case is accepted', async (t) => {
        const key = KEYS[0];
        const response = await t.ask(upgradeRequest({ key })
            .replace(/^[A-Za-z-]+(?=: )/gm, (name) => name.toLowerCase()));
        assert.strictEqual(response.status, 101);
        assert.strictEqual(response.headers['sec-websocket-accept'], acceptOf(key));
    });

    test('with header names in capitals is accepted', async (t) => {
        const response = await t.ask(upgradeRequest()
            .replace(/^[A-Za-z-]+(?=: )/gm, (name) => name.toUpperCase()));
        assert.strictEqual(response.status, 101);
    });

    test('with spaces around its values is accepted', async (t) => {
        const response = await t.ask(upgradeRequest().replace(/: (.*)/g, ':  \t$1 \t'));
        assert.strictEqual(response.status, 101);
    });

    test('without spaces before its values is accepted', async (t) => {
        const response = await t.ask(upgradeRequest().replace(/: /g, ':'));
        assert.strictEqual(response.status, 101);
    });

    for (const size of [1, 2, 7, 64])
        test(`in pieces of ${size} bytes is accepted`, async (t) => {
            const client = await t.open({ pieces: (bytes) => cutEvery(bytes, size) });
            await client.isIdle();
        });

    test('does not lose a frame right behind it', async (t) => {
        const client = await t.open({ behind: frame({ payload: PING }) });
        await client.answer('pong');
        await client.isIdle();
    });

    test('does not lose half a frame right behind it', async (t) => {
        const bytes = frame({ payload: PING });
        const client = await t.open({ behind: bytes.subarray(0, 9) });
        client.write(bytes.subarray(9));
        await client.answer('pong');
    });
});

const answering = section('6455 4.2.2 the server\'s handshake', (test) => {
    for (const key of KEYS)
        test(`answers the key ${key}`, async (t) => {
            const response = await t.ask(upgradeRequest({ key }));
            assert.strictEqual(response.headers['sec-websocket-accept'], acceptOf(key));
        });

    test('says 101, Upgrade and Connection', async (t) => {
        const { status, headers } = await t.ask(upgradeRequest());
        assert.strictEqual(status, 101);
        assert.strictEqual(headers.upgrade.toLowerCase(), 'websocket');
        assert.strictEqual(headers.connection.toLowerCase(), 'upgrade');
        assert.strictEqual(headers['x-powered-by'], 'Laravel Reverb');
    });

    test('has neither length nor encoding (9110 8.6)', async (t) => {
        const { headers } = await t.ask(upgradeRequest());
        assert.strictEqual(headers['content-length'], undefined);
        assert.strictEqual(headers['transfer-encoding'], undefined);
    });

    test('names no extension where none was offered', async (t) => {
        const { headers } = await t.ask(upgradeRequest());
        assert.strictEqual(headers['sec-websocket-extensions'], undefined);
    });
});

const refusing = section('6455 4.2.1 a handshake that is none', (test) => {
    for (const [what, value] of BAD_KEYS)
        test(`the key is ${what}: 400`, async (t) =>
            refused(t, upgradeRequest({ headers: { 'Sec-WebSocket-Key': value } }), 400));

    for (const [what, headers] of NO_UPGRADES)
        test(`${what}: 400 or 426`, async (t) =>
            refused(t, upgradeRequest({ headers }), 400, 426));

    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])
        test(`${method}: 405 with Allow`, async (t) => {
            const headers = { 'Content-Length': method === 'OPTIONS' ? null : '0' };
            const response = await refused(t, upgradeRequest({ method, headers }), 405);
            assert.match(response.headers.allow, /\bGET\b/);
        });

    test('HTTP/1.0: refused', async (t) =>
        refused(t, upgradeRequest({ version: 'HTTP/1.0' }), 400, 426, 505));

    test('no Host: 400 (9112 3.2)', async (t) =>
        refused(t, upgradeRequest({ headers: { Host: null } }), 400));

    test('two Hosts: 400 (9112 3.2)', async (t) =>
        refused(t, upgradeRequest({ headers: { Host: ['127.0.0.1', 'localhost'] } }), 400));

    test('a space before the colon of a header: 400 (9112 5.1)', async (t) =>
        refused(t, upgradeRequest({ headers: { 'X ': '1' } }), 400));

    test('an unknown path: 404', async (t) =>
        refused(t, upgradeRequest({ path: '/nowhere' }), 404));

    for (const [what, request] of BROKEN_REQUESTS)
        test(`${what}: 400 or closed, and the server goes on`, async (t) => {
            const response = await t.ask(Buffer.from(request, 'latin1'));
            if (response)
                assert.ok([400, 404, 505].includes(response.status), `got ${response.status}`);
            await (await t.open()).isIdle();
        });

    test('a header section of 100 kB: refused or closed, not taken', async (t) => {
        const response = await t.ask(upgradeRequest({ headers: { X: 'x'.repeat(100000) } }));
        if (response)
            assert.ok([400, 413, 431].includes(response.status), `got ${response.status}`);
    });

    test('a connection that ends within its request costs nothing', async (t) => {
        const wire = await t.wire(upgradeRequest().slice(0, 60));
        wire.halfClose();
        const response = await wire.take(parseResponse, 'the end');
        if (response)
            assert.strictEqual(response.status, 400);
    });
});

const versions = section('6455 4.4 versions', (test) => {
    for (const version of BAD_VERSIONS)
        test(`version "${version}" is answered 426 and the one spoken`, async (t) => {
            const request = upgradeRequest({ headers: { 'Sec-WebSocket-Version': version } });
            const response = await refused(t, request, 426);
            assert.strictEqual(response.headers['sec-websocket-version'], '13');
        });

    test('a missing version is refused, naming the one spoken', async (t) => {
        const request = upgradeRequest({ headers: { 'Sec-WebSocket-Version': null } });
        const response = await refused(t, request, 400, 426);
        assert.strictEqual(response.headers['sec-websocket-version'], '13');
    });
});

module.exports = [...opening, ...answering, ...refusing, ...versions];
