'use strict';

/* Faults that are injected into a server under test: tests/support/faults.c is built once a process and
 * preloaded. */

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { temporaryFolder } = require('./server.js');

let library;

function build() {
    if (!library) {
        const folder = temporaryFolder('reverb-faults-');
        library = path.join(folder, 'faults.so');
        execFileSync('cc', ['-D_GNU_SOURCE', '-shared', '-fPIC', '-o', library, path.join(__dirname, 'faults.c'), '-ldl']);
        process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
    }
    return library;
}

/* The environment that injects them into a server; a sanitizer would rather be the first to be loaded. What
 * the C library's calls receive is not seen where io_uring receives. */
function faults(settings) {
    return {
        ...('FAULTS_BUSY_MS' in settings && { REVERB_IO: 'epoll' }),
        LD_PRELOAD: build(),
        ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ''}:verify_asan_link_order=0`,
        ...settings,
    };
}

/* A wall clock that can be set: { env, prefix (the same for a command), step(seconds) }, off from the true one
 * by so much. */
function clock() {
    const file = path.join(path.dirname(build()), `clock-${process.hrtime.bigint()}`);
    const bytes = Buffer.alloc(8);
    fs.writeFileSync(file, bytes);
    const env = faults({ FAULTS_CLOCK: file });
    return {
        env,
        prefix: ['env', ...Object.entries(env).map(([name, value]) => `${name}=${value}`)],
        step(seconds) {
            bytes.writeBigInt64LE(BigInt(seconds));
            const descriptor = fs.openSync(file, 'r+');
            fs.writeSync(descriptor, bytes, 0, 8, 0);
            fs.closeSync(descriptor);
        },
    };
}

module.exports = { faults, clock };
