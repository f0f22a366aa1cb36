#!/usr/bin/env node
'use strict';

// Conformance to RFC 6455 (WebSocket) and RFC 7692 (permessage-deflate), by section:
//
//     tests/conformance/run.js [word]      only sections and names that hold the word
//
// REVERB_BIN names another binary than build/reverb. Needs nothing but node.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { Server } = require('./lib/server.js');
const { runCases } = require('./lib/suite.js');

const AT_A_TIME = 24;
const CASES = path.join(__dirname, 'cases');

function loadCases(word) {
    const cases = fs.readdirSync(CASES).sort().flatMap((file) => require(path.join(CASES, file)));
    return cases.filter(({ section, name }) => `${section}: ${name}`.includes(word));
}

async function startServers(folder) {
    const compressing = await Server.start({ folder, name: 'compressing', compression: true });
    const plain = await Server.start({ folder, name: 'plain', compression: false });
    return { compressing, plain };
}

async function stopServers(servers) {
    const wrongs = [];
    for (const [name, server] of Object.entries(servers))
        for (const wrong of await server.stop())
            wrongs.push({ section: 'the server', name, error: new Error(wrong) });
    return wrongs;
}

// An assertion says in its first lines what was and what should have been.
function explain(error) {
    const lines = error.message.split('\n').filter((line) => line.trim() !== '');
    return (error.code === 'ERR_ASSERTION' ? lines.slice(0, 3) : lines).join('\n       ');
}

function report(failures) {
    for (const failure of failures)
        console.log(`FAILED ${failure.section}: ${failure.name}\n       ${explain(failure.error)}`);
}

async function main() {
    const cases = loadCases(process.argv[2] ?? '');
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'reverb-conformance-'));

    try {
        const servers = await startServers(folder);
        const failures = await runCases(cases, servers, AT_A_TIME);
        const wrongs = await stopServers(servers);

        report([...failures, ...wrongs]);
        console.log(`conformance: ${cases.length - failures.length} passed, `
            + `${failures.length + wrongs.length} failed`);
        process.exitCode = failures.length + wrongs.length === 0 && cases.length > 0 ? 0 : 1;
    } finally {
        fs.rmSync(folder, { recursive: true, force: true });
    }
}

main().catch((error) => {
    console.error(`conformance: ${error.message}`);
    console.log('conformance: 0 passed, 1 failed');
    process.exitCode = 1;
});
