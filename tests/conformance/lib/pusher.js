'use strict';

// The few messages of the Pusher protocol that stand in for an echo.

const assert = require('node:assert');
const crypto = require('node:crypto');

const KEY = 'key';
const SECRET = 'secret';
const MESSAGE_SIZE_MAX = 200000;

const PING = '{"event":"pusher:ping"}';
const PADDED_START = '{"event":"pusher:ping","pad":"';
const PADDED_END = '"}';

// A ping that carries `pad`, raw bytes or text, inside its JSON.
function pingWith(pad) {
    return Buffer.concat([Buffer.from(PADDED_START), Buffer.from(pad), Buffer.from(PADDED_END)]);
}

// A ping of exactly `length` bytes, 23 at least.
function pingOfLength(length) {
    const room = length - PADDED_START.length - PADDED_END.length;
    return room < 0 ? Buffer.from(PING.padEnd(length)) : pingWith('*'.repeat(room));
}

// A text of exactly `length` bytes and what the server says to it: below the length of a ping only
// texts that are none are possible.
function textOfLength(length) {
    return length < PING.length ? { text: Buffer.from('*'.repeat(length)), answer: 'error' }
        : { text: pingOfLength(length), answer: 'pong' };
}

function subscription(channel, socketId) {
    const signature = crypto.createHmac('sha256', SECRET).update(`${socketId}:${channel}`)
        .digest('hex');
    return JSON.stringify({
        event: 'pusher:subscribe',
        data: { channel, auth: `${KEY}:${signature}` },
    });
}

// A client event whose `data` is the JSON string of `text`, UTF-8 as it is.
function clientEvent(channel, text) {
    return Buffer.from(JSON.stringify({ event: 'client-echo', channel, data: text }));
}

function parseEvent(text) {
    const event = JSON.parse(text);
    assert.strictEqual(typeof event.event, 'string', `no event: ${text}`);
    return event;
}

module.exports = {
    KEY, SECRET, MESSAGE_SIZE_MAX, PING, pingWith, pingOfLength, textOfLength, subscription,
    clientEvent, parseEvent,
};
