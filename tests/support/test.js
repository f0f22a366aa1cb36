'use strict';

/* node:test with a bound on every test, and the topic (the file's name) before the test's name: a
 * test that hangs fails and says which it was. So does what hangs between tests, in a hook, or after the last, by what
 * was left open: node:test knows no bound for these, and the whole run would wait. */

const nodeTest = require('node:test');
const path = require('node:path');
const { SLOW } = require('./wait.js');

const TEST_MS = 30_000;
const BETWEEN_MS = 120_000 * SLOW;
const TOPIC = path.basename(process.argv[1] ?? '', '.test.js');

let latest = 'its beginning';
let watchdog;

/* Nothing is to take longer than this: the test has its own bound, and what goes before and after it has BETWEEN_MS. */
function watch(testMs) {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => {
        process.stderr.write(`${TOPIC}: it did not end after ${latest}; open: ${process.getActiveResourcesInfo().join(', ')}\n`);
        process.exit(1);
    }, testMs + BETWEEN_MS);
    watchdog.unref();
}

watch(0);

function test(name, options, fn) {
    if (typeof options === 'function')
        [fn, options] = [options, {}];
    const timeout = (options.timeout ?? TEST_MS) * SLOW;
    const watched = (...args) => {
        latest = `“${name}”`;
        watch(timeout);
        return fn(...args);
    };
    return nodeTest.test(`${TOPIC}: ${name}`, { ...options, timeout }, watched);
}

module.exports = { ...nodeTest, test };
