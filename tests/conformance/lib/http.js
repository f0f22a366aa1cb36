'use strict';

// The opening handshake of RFC 6455 section 4, and answers to it that are plain HTTP.

const crypto = require('node:crypto');

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

function newKey() {
    return crypto.randomBytes(16).toString('base64');
}

function acceptOf(key) {
    return crypto.createHash('sha1').update(key + GUID).digest('base64');
}

// A request as it should be, changed by `headers`: null leaves one out, an array repeats it.
function upgradeRequest({ method = 'GET', path = '/app/key', version = 'HTTP/1.1', key = newKey(),
    headers = {} } = {}) {
    const all = {
        Host: '127.0.0.1',
        Upgrade: 'websocket',
        Connection: 'Upgrade',
        'Sec-WebSocket-Key': key,
        'Sec-WebSocket-Version': '13',
        ...headers,
    };
    const lines = Object.entries(all).flatMap(([name, value]) =>
        (value === null ? [] : [value].flat().map((one) => `${name}: ${one}`)));

    return [`${method} ${path} ${version}`, ...lines, '', ''].join('\r\n');
}

function parseHead(text) {
    const [statusLine, ...lines] = text.split('\r\n');
    const match = /^HTTP\/1\.[01] (\d{3})( .*)?$/.exec(statusLine);
    if (!match)
        throw new Error(`not an HTTP status line: ${JSON.stringify(statusLine)}`);
    const headers = {};

    for (const line of lines) {
        const colon = line.indexOf(':');
        if (colon <= 0)
            throw new Error(`not an HTTP header: ${JSON.stringify(line)}`);
        const name = line.slice(0, colon).toLowerCase();
        const value = line.slice(colon + 1).trim();
        headers[name] = name in headers ? `${headers[name]}, ${value}` : value;
    }
    return { status: Number(match[1]), headers };
}

// For Wire.take(): the head of a response. What follows a 101 are frames and stays unread.
function parseResponse(input) {
    const end = input.indexOf('\r\n\r\n');
    if (end < 0)
        return null;
    const head = parseHead(input.subarray(0, end).toString('latin1'));
    const bodyLength = head.status === 101 ? 0 : Number(head.headers['content-length'] ?? 0);
    const used = end + 4 + bodyLength;

    if (input.length < used)
        return null;
    return { used, value: { ...head, body: input.subarray(end + 4, used).toString() } };
}

module.exports = { newKey, acceptOf, upgradeRequest, parseResponse };
