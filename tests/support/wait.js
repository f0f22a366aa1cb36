'use strict';

/* Waiting on conditions, each with a deadline. Sanitizer builds are several times slower, so their
 * deadlines are longer, as are those of a suite that says PATIENCE; nothing else differs. */

const { readFileSync } = require('node:fs');
const path = require('node:path');

const BIN = path.resolve(process.env.REVERB_BIN || path.join(__dirname, '../../build/reverb'));
const VALGRIND = /valgrind/.test(BIN);
const SANITIZED = VALGRIND || /san-/.test(BIN);
const SLOW = (VALGRIND ? 10 : SANITIZED ? 4 : 1) * Number(process.env.PATIENCE || 1);

const DEADLINE_MS = 10_000 * SLOW;

/* The promise, or an error that says what was waited for. */
function within(promise, what, ms = DEADLINE_MS) {
    let timer;
    const deadline = new Promise((_, reject) => {
        timer = setTimeout(() => {
            const said = typeof what === 'function' ? what() : what;
            reject(new Error(`not within ${ms} ms: ${said}`));
        }, ms);
    });
    return Promise.race([promise, deadline]).finally(() => clearTimeout(timer));
}

/* Asks `condition` again and again until it is truthy, and returns what it gave. */
async function until(condition, what, ms = DEADLINE_MS) {
    const end = Date.now() + ms;
    for (;;) {
        const got = await condition();
        if (got)
            return got;
        if (Date.now() > end)
            throw new Error(`not within ${ms} ms: ${typeof what === 'function' ? what() : what}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
}

/* A promise with its two ends in hand. */
function deferred() {
    const it = {};
    it.promise = new Promise((resolve, reject) => Object.assign(it, { resolve, reject }));
    it.promise.catch(() => {});
    return it;
}

function openFilesLimit() {
    const line = /Max open files\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8'));
    return Number(line[1]);
}

module.exports = { BIN, SANITIZED, SLOW, DEADLINE_MS, within, until, deferred, openFilesLimit };
