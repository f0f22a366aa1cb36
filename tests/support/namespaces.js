'use strict';

/* Two machines made of network namespaces, with a wire between them that can be cut: "hub", where Redis is
 * and most nodes, and "far". Their addresses exist only in there. Needs root.
 *
 *     const wire = Namespaces.open();      isThere, or the reason why not
 *     wire.cut(); wire.heal(); wire.close();
 */

const { execFileSync, spawn } = require('node:child_process');
const path = require('node:path');
const { temporaryFolder } = require('./server.js');
const { relayTo } = require('./relay.js');
const { within } = require('./wait.js');

const RELAY = path.join(__dirname, 'relay.js');
const ip = (...args) => execFileSync('ip', args, { stdio: 'pipe' });

class Namespaces {
    static open() {
        const it = new Namespaces();
        it.hub = `reverb-hub-${process.pid}`;
        it.far = `reverb-far-${process.pid}`;
        it.hubAddress = '10.213.7.1';
        it.farAddress = '10.213.7.2';
        it.relays = [];
        it.children = [];
        process.on('exit', () => it.close());
        try {
            it.make();
        } catch (error) {
            it.close();
            it.reason = String(error.stderr ?? error.message).trim().split('\n')[0];
        }
        return it;
    }

    get isThere() {
        return this.reason === undefined;
    }

    make() {
        for (const name of [this.hub, this.far]) {
            ip('netns', 'add', name);
            ip('-n', name, 'link', 'set', 'lo', 'up');
        }
        ip('-n', this.hub, 'link', 'add', 'wire', 'type', 'veth', 'peer', 'name', 'wire', 'netns', this.far);
        for (const [name, address] of [[this.hub, this.hubAddress], [this.far, this.farAddress]]) {
            ip('-n', name, 'address', 'add', `${address}/24`, 'dev', 'wire');
            ip('-n', name, 'link', 'set', 'wire', 'up');
        }
    }

    /* The command that runs another one in there. */
    prefix(name) {
        return ['ip', 'netns', 'exec', name];
    }

    /* From now on everything sent is lost without an error. */
    cut() {
        ip('-n', this.far, 'link', 'set', 'wire', 'down');
    }

    heal() {
        ip('-n', this.far, 'link', 'set', 'wire', 'up');
    }

    /* A port outside that leads to `port` of the namespace. */
    async reach(name, port) {
        const socket = path.join(temporaryFolder('reverb-relay-'), 'socket');
        const [command, ...rest] = [...this.prefix(name), process.execPath, RELAY, socket, String(port)];
        const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
        this.children.push(child);
        await within(new Promise((resolve) => child.stdout.once('data', resolve)), 'the relay is ready');
        const server = await relayTo(socket);
        this.relays.push(server);
        return server.address().port;
    }

    close() {
        this.children.splice(0).forEach((child) => child.kill('SIGKILL'));
        this.relays.splice(0).forEach((server) => server.close());
        for (const name of [this.hub, this.far])
            try {
                ip('netns', 'delete', name);
            } catch {
                // it is not there
            }
    }
}

module.exports = { Namespaces };
