'use strict';

/* Events that are due. A Line is the numbered events of one channel, published one after the other; a
 * Track is what one client receives of them, and checks their numbers as they come. */

const assert = require('node:assert/strict');

class Line {
    constructor(channel) {
        this.channel = channel;
        this.begun = 0; // the latest number that was sent to the server
        this.acked = 0; // the latest that the server has acknowledged
    }
}

class Track {
    constructor(line, who) {
        this.line = line;
        this.who = who;
        this.leave();
    }

    /* The request to subscribe is sent: nothing older than what is acknowledged now may come, but for
     * the last event, which a cache channel keeps. */
    ask() {
        this.leave();
        this.oldest = this.line.acked;
    }

    /* The subscription is confirmed: what is published from now on must come. */
    enter(members) {
        this.isIn = true;
        this.dueFrom = this.line.begun;
        this.members = members;
    }

    leave() {
        this.isIn = false;
        this.last = null;
        this.members = undefined;
    }

    number(n) {
        const { last, line } = this;
        const what = `${this.who} on ${line.channel} got ${n} after ${last}`;
        if (!this.isIn)
            return; // on its way when the client left
        if (last === null)
            assert.ok(n >= this.oldest && n <= this.dueFrom + 1, `${what}; due were ${this.oldest} to ${this.dueFrom + 1}`);
        else
            assert.equal(n, last + 1, what);
        this.last = n;
    }

    added(id) {
        if (!this.members)
            return;
        assert.ok(!this.members.has(id), `${this.who}: ${id} was added twice to ${this.line.channel}`);
        this.members.add(id);
    }

    removed(id) {
        if (!this.members)
            return;
        assert.ok(this.members.delete(id), `${this.who}: ${id} was removed twice from ${this.line.channel}`);
    }

    /* All that was acknowledged has come. Only while nothing is being published. */
    get isComplete() {
        return !this.isIn || this.last === this.line.begun || (this.last === null && this.dueFrom === this.line.begun);
    }
}

module.exports = { Line, Track };
