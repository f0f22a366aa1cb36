'use strict';

/* The API's HTTP: keep-alive, pipelining, chunks, 100-continue, sizes. docs/wire.md, RFC 9112. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { sharedServer, ownServer } = require('../support/server.js');
const { Client } = require('../support/clients.js');
const { RawConnection } = require('../support/raw.js');
const { api, get, post, publish, request } = require('../support/api.js');
const { signedTarget } = require('../support/signer.js');

const server = sharedServer();

function eventRequest(data, { headers = [], version = '1.1', body: given, where = server } = {}) {
    const body = given ?? JSON.stringify({ name: 'told', channel: 'news', data });
    const target = signedTarget(where.app, 'POST', `/apps/${where.app.app_id}/events`, { body });
    const lines = [`POST ${target} HTTP/${version}`, 'Host: 127.0.0.1', 'Content-Type: application/json', ...headers];
    return { head: `${lines.join('\r\n')}\r\n`, body };
}

function wholeRequest(data, options) {
    const { head, body } = eventRequest(data, options);
    return `${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

function chunkedRequest(data, sizes, { trailer = '', extension = '' } = {}) {
    const { head, body } = eventRequest(data, { headers: ['Transfer-Encoding: chunked'] });
    let chunks = '';
    let at = 0;
    for (let n = 0; at < body.length; n++) {
        const part = body.slice(at, at + sizes[n % sizes.length]);
        chunks += `${part.length.toString(16)}${extension}\r\n${part}\r\n`;
        at += part.length;
    }
    return `${head}\r\n${chunks}0\r\n${trailer}\r\n`;
}

async function assertTaken(raw, count = 1) {
    for (let n = 0; n < count; n++) {
        const response = await raw.response();
        assert.equal(response.status, 200, response.text);
        assert.equal(response.text, '{}');
    }
}

const open = () => RawConnection.open(server);
const UP = 'GET /up HTTP/1.1\r\nHost: x\r\n\r\n';

test('a connection is kept alive and answers one request after the other', async () => {
    const raw = await open();
    for (let n = 0; n < 20; n++) {
        await raw.write(n % 2 ? UP : wholeRequest(`${n}`));
        const response = await raw.response();
        assert.equal(response.status, 200);
        assert.notEqual((response.headers.connection ?? '').toLowerCase(), 'close');
    }
});

test('every response says when it was made', async () => {
    const requests = [UP, wholeRequest('x'), 'GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n',
        'PUT /up HTTP/1.1\r\nHost: x\r\n\r\n', 'GET /apps/x/channels HTTP/1.1\r\nHost: x\r\n\r\n', 'GET /up HTTP/1.1\r\n\r\n',
        'nonsense\r\n\r\n', 'GET /up HTTP/3.0\r\nHost: x\r\n\r\n', 'GET /up HTTP/1.0\r\n\r\n',
        'GET /app/x HTTP/1.1\r\nHost: x\r\n\r\n', `POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: 99999\r\n\r\n`];
    const isNow = ({ headers: { date } }) => {
        assert.match(date ?? 'no date', /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/);
        assert.equal(new Date(date).toUTCString(), date);
        assert.ok(Math.abs(Date.parse(date) - Date.now()) < 20000, date);
    };
    for (const text of requests) {
        const raw = await open();
        await raw.write(text);
        isNow(await raw.response());
    }
    const raw = await open();
    const response = await raw.upgrade(`/app/${server.app.key}`);
    assert.equal(response.status, 101);
    isNow(response);
});

test('a connection stays open after a refusal', async () => {
    const raw = await open();
    for (const [text, status] of [['GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n', 404],
        ['DELETE /up HTTP/1.1\r\nHost: x\r\n\r\n', 405],
        ['GET /apps/1001/channels HTTP/1.1\r\nHost: x\r\n\r\n', 401],
        [wholeRequest('', { body: '{}' }), 422], [wholeRequest('', { body: '{' }), 400], [UP, 200]]) {
        await raw.write(text);
        assert.equal((await raw.response()).status, status);
    }
});

test('Connection: close is honoured, in whatever case it is written', async () => {
    for (const value of ['close', 'Close']) {
        const raw = await open();
        await raw.write(`GET /up HTTP/1.1\r\nHost: x\r\nConnection: ${value}\r\n\r\n`);
        const response = await raw.response();
        assert.equal(response.status, 200);
        assert.equal(response.headers.connection.toLowerCase(), 'close');
        await raw.waitClosed();
    }
});

test('HTTP/1.0 is answered and closed, or kept alive where it asks for it', async () => {
    const closing = await open();
    await closing.write('GET /up HTTP/1.0\r\n\r\n');
    assert.equal((await closing.response()).text, '{"health":"OK"}');
    await closing.waitClosed();
    const kept = await open();
    for (let n = 0; n < 2; n++) {
        await kept.write('GET /up HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
        const response = await kept.response();
        assert.equal(response.status, 200);
        assert.equal(response.headers.connection?.toLowerCase(), 'keep-alive');
    }
});

test('pipelined requests are answered in their order', async () => {
    const raw = await open();
    await raw.write([wholeRequest('1'), UP, 'GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n', chunkedRequest('2', [7]),
        wholeRequest('', { body: '{}' }), UP].join(''));
    const statuses = [];
    for (let n = 0; n < 6; n++)
        statuses.push((await raw.response()).status);
    assert.deepEqual(statuses, [200, 200, 404, 200, 422, 200]);
});

test('pipelined requests before a close are answered, those after it are not', async () => {
    const raw = await open();
    await raw.write(`${UP}${UP}GET /up HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n${UP}`);
    for (let n = 0; n < 3; n++)
        assert.equal((await raw.response()).status, 200);
    await raw.waitClosed();
    assert.equal(raw.bytes.length, 0);
});

for (const sizes of [[1], [7], [1, 100], [100_000]])
    test(`a body in chunks of ${sizes} is put together`, async () => {
        const client = await Client.open(server);
        await client.subscribe('news');
        const raw = await open();
        const data = `chunked ${'é'.repeat(50)}`.replace(/é/g, 'e');
        await raw.write(chunkedRequest(data, sizes));
        await assertTaken(raw);
        assert.equal((await client.take()).data, data);
        await raw.write(chunkedRequest('again', sizes, { trailer: 'X-Trailer: 1\r\n', extension: ';a=b' }));
        await assertTaken(raw);
        assert.equal((await client.take()).data, 'again');
    });

test('Expect: 100-continue is answered before the body comes, and the body is awaited', async () => {
    const raw = await open();
    for (let n = 0; n < 2; n++) {
        const { head, body } = eventRequest('expected', { headers: ['Expect: 100-continue'] });
        await raw.write(`${head}Content-Length: ${body.length}\r\n\r\n`);
        assert.equal((await raw.response()).status, 100);
        await raw.write(body);
        await assertTaken(raw);
    }
});

test('a body sent without waiting for 100 is taken as well', async () => {
    const raw = await open();
    await raw.write(wholeRequest('impatient', { headers: ['Expect: 100-continue'] }));
    let response = await raw.response();
    if (response.status === 100)
        response = await raw.response();
    assert.equal(response.status, 200);
});

test('a request that expects 100 for a body that is too big is refused before it is sent', async () => {
    const raw = await open();
    const { head } = eventRequest('', { headers: ['Expect: 100-continue'] });
    await raw.write(`${head}Content-Length: 1000000\r\n\r\n`);
    assert.equal((await raw.response()).status, 413);
});

for (const [what, text] of [['whole', wholeRequest], ['chunked', (data) => chunkedRequest(data, [9])]])
    test(`a ${what} request that arrives byte by byte is understood`, async () => {
        const raw = await open();
        for (const byte of text('slowly'))
            await raw.write(byte);
        await assertTaken(raw);
    });

test('a request split at any place is understood', async () => {
    const raw = await open();
    const text = wholeRequest('split');
    for (let at = 1; at < text.length; at += 3) {
        await raw.write(text.slice(0, at));
        await raw.write(text.slice(at));
        await assertTaken(raw);
    }
});

test('a request that asks for "Upgrade" without saying to what, as nginx passes it on, is an ordinary one', async () => {
    const raw = await open();
    await raw.write(wholeRequest('via nginx', { headers: ['Connection: Upgrade'] }));
    await assertTaken(raw);
    await raw.write('GET /up HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n\r\n');
    assert.equal((await raw.response()).text, '{"health":"OK"}');
});

for (const text of ['GARBAGE\r\n\r\n', 'GET\r\n\r\n', 'GET /up\r\nHost: x\r\n\r\n\r\n', 'GET /up HTTP/9.9\r\nHost: x\r\n\r\n', '\u0000\u0001\u0002\r\n\r\n',
    'GET /up HTTP/1.1\r\nHost: x\r\nBad Header: 1\r\n\r\n', 'GET /up HTTP/1.1\r\nno colon\r\n\r\n',
    'POST /apps/1001/events HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n',
    'POST /apps/1001/events HTTP/1.1\r\nHost: x\r\nContent-Length: 5x\r\n\r\nhello',
    'POST /apps/1001/events HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!',
    'POST /apps/1001/events HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'POST /apps/1001/events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n',
    `POST /apps/1001/events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${'f'.repeat(17)}\r\nhello`])
    test(`the request ${JSON.stringify(text.slice(0, 90))} is refused and the connection closed`, async () => {
        const raw = await open();
        await raw.write(text);
        const response = await raw.response();
        assert.ok(response.status === 400 || response.status === 505, response.statusLine);
        await raw.waitClosed();
    });

test('a request as big as allowed is taken, one that is bigger is too large', async () => {
    const sized = (size) => {
        const filler = wholeRequest('').length;
        const text = wholeRequest('x'.repeat(size - filler - 2));
        return text.length > size ? wholeRequest('x'.repeat(size - filler - 2 - (text.length - size))) : text;
    };
    const raw = await open();
    const fits = sized(9_900);
    assert.ok(fits.length > 9_850 && fits.length <= 9_900, String(fits.length));
    await raw.write(fits);
    await assertTaken(raw);
    await raw.write(sized(10_100));
    const response = await raw.response();
    assert.deepEqual([response.status, response.text], [413, 'Payload too large.']);
});

test('the size counts the whole request: a long target or long headers are too large as well', async () => {
    for (const text of [`GET /up?${'x'.repeat(11_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
        `GET /up HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(11_000)}\r\n\r\n`,
        `GET /up HTTP/1.1\r\nHost: x\r\n${'X-Many: 1\r\n'.repeat(1200)}\r\n`]) {
        const raw = await open();
        await raw.write(text);
        assert.equal((await raw.response()).status, 413);
    }
});

test('a body in chunks is too large as soon as it is, not at its end', async () => {
    const raw = await open();
    const { head } = eventRequest('', { headers: ['Transfer-Encoding: chunked'] });
    await raw.write(`${head}\r\n`);
    for (let n = 0; n < 11 && !raw.ended; n++)
        await raw.write(`3e8\r\n${'x'.repeat(1000)}\r\n`);
    const response = await raw.response();
    assert.deepEqual([response.status, response.text], [413, 'Payload too large.']);
});

test('a body announced as too large is refused at once', async () => {
    const raw = await open();
    const { head } = eventRequest('');
    await raw.write(`${head}Content-Length: 99999999999\r\n\r\n`);
    assert.equal((await raw.response()).status, 413);
});

test('a client that leaves in the middle of a request, or of its answer, harms nobody', async () => {
    for (const text of [wholeRequest('gone'), chunkedRequest('gone', [5]), UP])
        for (const part of [1, 0.9, 0.5, 0.1]) {
            const raw = await open();
            await raw.write(text.slice(0, Math.ceil(text.length * part)));
            raw.close();
        }
    assert.equal((await request(server, 'GET', '/up')).status, 200);
});

test('a client that has said all it has to say still gets its answer', async () => {
    const raw = await open();
    raw.socket.end(wholeRequest('half closed'));
    await assertTaken(raw);
    await raw.waitClosed();
});

test('HEAD is no route of its own', async () => {
    const raw = await open();
    await raw.write('HEAD /up HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await raw.waitClosed();
    assert.match(raw.bytes.toString('latin1'), /^HTTP\/1\.1 (200|405) /);
});

test('with a path prefix the API answers with it and without it, and sockets with it', async (t) => {
    const prefixed = await ownServer(t, { server: { path: '/ws' } });
    const client = await Client.open(prefixed);
    await client.subscribe('news');
    for (const prefix of ['/ws', '']) {
        await publish(prefixed, 'news', `with-${prefix}`, '{}', { prefix });
        assert.equal((await client.take()).event, `with-${prefix}`);
        assert.equal((await get(prefixed, '/connections', { prefix })).json.connections, 1);
        assert.equal((await request(prefixed, 'GET', `${prefix}/up`)).text, '{"health":"OK"}');
        assert.equal((await request(prefixed, 'GET', `${prefix}/nothing`)).status, 404);
        assert.equal((await request(prefixed, 'DELETE', `${prefix}/up`)).status, 405);
    }
    assert.equal((await get(prefixed, '/connections', { prefix: '/other' })).status, 404);
    assert.equal((await get(prefixed, '/connections', { prefix: '/wsx' })).status, 404);
});

test('max_request_size is the one that was configured', async (t) => {
    const roomy = await ownServer(t, { server: { max_request_size: 200_000 } });
    const body = { name: 'told', channel: 'news', data: 'x'.repeat(150_000) };
    assert.equal((await post(roomy, '/events', body)).status, 200);
    body.data = 'x'.repeat(200_000);
    assert.equal((await api(roomy, 'POST', '/events', { body })).status, 413);
});

test('a large event reaches a client whole, also one that reads late', async (t) => {
    const roomy = await ownServer(t, { server: { max_request_size: 2_000_000 } });
    const client = await Client.open(roomy);
    await client.subscribe('news');
    const data = 'é'.repeat(500_000);
    client.socket._socket.pause();
    await publish(roomy, 'news', 'large', data);
    client.socket._socket.resume();
    assert.equal((await client.take()).data, data);
});
