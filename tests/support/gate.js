'use strict';

/* A link whose replies wait at a gate: a port of loopback that leads to another one.
 *
 *     const gate = await Gate.open({ port: redis.port });
 *     gate.holdAfter('$1\r\nW\r\n');    replies to a connection that has requested that are held …
 *     await gate.holding();             … one is
 *     gate.release();                   they go on, and nothing is held any more
 *     gate.cut();                       ends all connections; new ones are accepted
 *     gate.leadTo(another);             ends all connections; new ones lead there, or, with null, nowhere
 */

const net = require('node:net');
const { tie } = require('./relay.js');
const { deferred, within } = require('./wait.js');

class Gate {
    static async open({ port }) {
        const it = new Gate();
        Object.assign(it, { target: port, carried: new Set(), text: null, held: deferred() });
        it.server = net.createServer((socket) => it.carry(socket));
        await new Promise((resolve) => it.server.listen(0, '127.0.0.1', resolve));
        it.port = it.server.address().port;
        return it;
    }

    carry(near) {
        if (this.target === null) {
            near.destroy();
            return;
        }
        const far = net.connect(this.target, '127.0.0.1');
        const one = { near, far, tail: '', isHeld: false, back: [] };
        this.carried.add(one);
        tie(near, far, () => this.carried.delete(one));
        near.on('data', (data) => this.request(one, data));
        far.on('data', (data) => this.reply(one, data));
    }

    request(one, data) {
        if (this.text !== null) {
            const text = one.tail + data.toString('latin1');
            one.isHeld ||= text.includes(this.text);
            one.tail = text.slice(-this.text.length);
        }
        one.far.write(data);
    }

    reply(one, data) {
        if (!one.isHeld) {
            one.near.write(data);
            return;
        }
        one.back.push(data);
        this.held.resolve();
    }

    holdAfter(text) {
        this.text = text;
        this.held = deferred();
    }

    holding() {
        return within(this.held.promise, 'a reply waits at the gate');
    }

    release() {
        this.text = null;
        for (const one of this.carried) {
            one.isHeld = false;
            for (const data of one.back.splice(0))
                one.near.write(data);
        }
    }

    cut() {
        for (const { near } of this.carried)
            near.destroy();
    }

    leadTo(server) {
        this.target = server && server.port;
        this.cut();
    }

    close() {
        this.server.close();
        this.cut();
    }
}

module.exports = { Gate };
