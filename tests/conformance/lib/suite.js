'use strict';

// Cases as a table: { section, name, run }, and what a case is given to work with.

const { Client } = require('./client.js');
const { Echo } = require('./echo.js');
const { parseResponse } = require('./http.js');
const { Wire } = require('./wire.js');

class Context {
    constructor(servers) {
        this.servers = servers;
        this.wires = [];
    }

    // A greeted client; `compression: false` asks the server that has it turned off.
    async open({ compression = true, ...options } = {}) {
        const client = await Client.open(this.portOf(compression), options);
        this.wires.push(client.wire);
        return client;
    }

    async openEcho(senderOptions, receiverOptions) {
        return Echo.open(this, senderOptions, receiverOptions);
    }

    // A bare connection on which `request` was sent.
    async wire(request) {
        const wire = await Wire.connect(this.portOf(true));
        this.wires.push(wire);
        wire.write(request);
        return wire;
    }

    // The answer to a request that need not be a handshake; null if the connection ended.
    async ask(request) {
        const wire = await this.wire(request);
        return wire.take(parseResponse, 'a response');
    }

    portOf(compression) {
        return compression ? this.servers.compressing.port : this.servers.plain.port;
    }

    close() {
        for (const wire of this.wires)
            wire.destroy();
    }
}

// The cases `define` adds under the heading of one section.
function section(title, define) {
    const cases = [];
    define((name, run) => cases.push({ section: title, name, run }));
    return cases;
}

async function runCase(one, servers) {
    const context = new Context(servers);

    try {
        await one.run(context);
        return null;
    } catch (error) {
        return { ...one, error };
    } finally {
        context.close();
    }
}

// Runs all, `count` at a time; returns those that failed.
async function runCases(cases, servers, count) {
    const failures = [];
    let next = 0;

    async function work() {
        while (next < cases.length) {
            const failure = await runCase(cases[next++], servers);
            if (failure)
                failures.push(failure);
        }
    }
    await Promise.all(Array.from({ length: count }, work));
    return failures;
}

module.exports = { section, runCases };
