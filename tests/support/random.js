'use strict';

/* Reproducible random numbers: the seed decides. */

/* mulberry32: the same numbers for the same seed. */
function randomness(seed) {
    let state = seed;
    const next = () => {
        state = (state + 0x6d2b79f5) | 0;
        let t = Math.imul(state ^ (state >>> 15), 1 | state);
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
        return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
    const below = (limit) => Math.floor(next() * limit);
    return { below, one: (list) => list[below(list.length)] };
}

module.exports = { randomness };
