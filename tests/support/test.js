'use strict';

/* node:test with a bound on every test, and the topic (the file's name) before the test's name: a
 * test that hangs fails and says which it was. */

const nodeTest = require('node:test');
const path = require('node:path');
const { SLOW } = require('./wait.js');

const TEST_MS = 30_000;
const TOPIC = path.basename(process.argv[1] ?? '', '.test.js');

function test(name, options, fn) {
    if (typeof options === 'function')
        [fn, options] = [options, {}];
    return nodeTest.test(`${TOPIC}: ${name}`, { ...options, timeout: (options.timeout ?? TEST_MS) * SLOW }, fn);
}

module.exports = { ...nodeTest, test };
