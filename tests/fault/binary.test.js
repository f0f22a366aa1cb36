'use strict';

/* The protections of compiler and linker against the exploitation of a mistake of ours. */

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const { test } = require('../support/test.js');
const { ownServer } = require('../support/server.js');
const { BIN, SANITIZED } = require('../support/wait.js');

const readelf = (...args) => execFileSync('readelf', ['--wide', ...args, BIN], { encoding: 'utf8', maxBuffer: 1 << 28 });

test('it is loaded anywhere, and nothing of it is both written and run', () => {
    assert.match(readelf('--file-header'), /Type:\s+DYN .*Position-Independent Executable/);
    const segments = readelf('--segments');
    assert.match(segments, /GNU_STACK\s.*\sRW\s/, 'the stack is not run');
    for (const line of segments.split('\n').filter((it) => /^\s+LOAD/.test(it)))
        assert.ok(!/RWE|RW E/.test(line), line);
});

test('its table of functions is bound at the start and cannot be written afterwards', () => {
    assert.match(readelf('--segments'), /GNU_RELRO/);
    assert.match(readelf('--dynamic'), /BIND_NOW|FLAGS_1.*NOW/);
});

test('its stack is guarded and its copies are measured', () => {
    const symbols = readelf('--symbols');
    assert.match(symbols, /__stack_chk_fail/);
    if (!SANITIZED)
        assert.match(symbols, /__(?:memcpy|memmove|snprintf|vsnprintf|printf|fprintf|memset)_chk/, 'fortified calls');
});

test('the flags are those of every file of ours', () => {
    const producers = new Set(readelf('--debug-dump=info').match(/DW_AT_producer.*$/gm));
    assert.ok(producers.size > 0);
    const flags = ['-fstack-protector-strong', '-fstack-clash-protection', '-fPIE', ...(process.arch === 'x64' ? ['-fcf-protection=full'] : [])];
    for (const producer of producers)
        if (/-std=gnu17/.test(producer)) // ours, by gcc: clang does not write its flags down
            for (const flag of flags)
                assert.ok(producer.includes(flag), `${flag} is not in ${producer}`);
});

test('it needs no right of root: it gives up none, and asks for none', async (t) => {
    const server = await ownServer(t);
    const status = fs.readFileSync(`/proc/${server.pid}/status`, 'utf8');
    assert.match(status, /CapAmb:\s+0+$/m);
    assert.ok(!(fs.statSync(BIN).mode & 0o6000), 'no set-uid');
});
