'use strict';

/* How long pusher-js is away: from the moment its connection is lost to the moment it is connected
 * again, by its own timers. */

const { pusherJs } = require('./clients.js');
const { SLOW, deferred, within } = require('./wait.js');

/* What a user may be kept away by a restart. */
const AWAY_MS = 2000 * SLOW;

class Traveller {
    static async connect(server, options) {
        const it = new Traveller();
        it.pusher = pusherJs(server, options);
        it.lostAt = null;
        it.code = null;
        it.back = deferred();
        const connected = deferred();
        it.pusher.connection.bind('connected', () => {
            connected.resolve();
            if (it.lostAt !== null)
                it.back.resolve(Date.now() - it.lostAt);
        });
        it.pusher.connection.bind('state_change', ({ previous }) => {
            if (previous === 'connected')
                it.lostAt = Date.now();
        });
        it.pusher.connection.bind('error', ({ error }) => {
            it.code = error?.data?.code ?? it.code;
        });
        await within(connected.promise, 'pusher-js connects');
        return it;
    }

    static all(server, count) {
        return Promise.all(Array.from({ length: count }, (_, n) => Traveller.connect(server, { version: n % 2 ? 7 : 8 })));
    }

    /* For how many milliseconds it was away. */
    away() {
        return within(this.back.promise, `pusher-js is back; it was closed with ${this.code}`, 25_000 * SLOW);
    }
}

/* The longest of them all. */
async function longestAway(travellers) {
    return Math.max(...await Promise.all(travellers.map((traveller) => traveller.away())));
}

module.exports = { AWAY_MS, Traveller, longestAway };
