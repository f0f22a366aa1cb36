'use strict';

// An echo on a server that has none: two members of a private channel, and what the one sends as a
// client event the other receives.

const assert = require('node:assert');
const crypto = require('node:crypto');

const pusher = require('./pusher.js');

class Echo {
    constructor(sender, receiver, channel) {
        this.sender = sender;
        this.receiver = receiver;
        this.channel = channel;
    }

    static async open(t, senderOptions, receiverOptions = senderOptions) {
        const channel = `private-${crypto.randomBytes(8).toString('hex')}`;
        const [sender, receiver] = await Promise.all(
            [t.open(senderOptions), t.open(receiverOptions)]);

        for (const member of [sender, receiver]) {
            member.sendText(pusher.subscription(channel, member.socketId));
            await member.event('pusher_internal:subscription_succeeded');
        }
        return new Echo(sender, receiver, channel);
    }

    // The message to send so that the receiver gets `text`.
    messageOf(text) {
        return pusher.clientEvent(this.channel, text);
    }

    async arrives(text) {
        const event = await this.receiver.event('client-echo');
        assert.strictEqual(event.channel, this.channel);
        assert.ok(event.data === text,
            `${text.length} characters arrived changed: ${JSON.stringify(event.data).slice(0, 200)}`);
    }
}

module.exports = { Echo };
