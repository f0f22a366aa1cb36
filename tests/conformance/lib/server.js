'use strict';

// The server under test: started on a port of its own, listened to, and asked to end.

const fs = require('node:fs');
const path = require('node:path');
const { spawn } = require('node:child_process');

const { KEY, SECRET, MESSAGE_SIZE_MAX } = require('./pusher.js');

const BINARY = process.env.REVERB_BIN
    ?? path.resolve(__dirname, '..', '..', '..', 'build', 'reverb');
const START_MS = 20000;
const STOP_MS = 20000;
const COMPLAINT = /CHECK failed|runtime error:|(Address|Leak|Memory|Thread|UndefinedBehavior)Sanitizer/;

function configuration(compression) {
    return {
        servers: { reverb: { host: '127.0.0.1', port: 0, compression } },
        apps: {
            apps: [{
                app_id: '1', key: KEY, secret: SECRET, allowed_origins: ['*'],
                max_message_size: MESSAGE_SIZE_MAX,
            }],
        },
    };
}

class Server {
    constructor(child) {
        this.child = child;
        this.port = 0;
        this.output = '';
        this.errors = '';
        this.exited = new Promise((resolve) => {
            child.once('exit', (status, signal) => resolve({ status, signal }));
            child.once('error', (error) => resolve({ status: error.message, signal: null }));
        });
        child.stderr.on('data', (data) => { this.errors += data; });
    }

    static async start({ folder, name, compression }) {
        const file = path.join(folder, `${name}.json`);
        fs.writeFileSync(file, JSON.stringify(configuration(compression)));
        const server = new Server(spawn(BINARY,
            ['start', '--config', file, '--host', '127.0.0.1', '--port', '0'],
            { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] }));

        try {
            server.port = await server.ready();
        } catch (error) {
            server.child.kill('SIGKILL');
            throw error;
        }
        return server;
    }

    async ready() {
        const announced = new Promise((resolve) => {
            this.child.stdout.on('data', (data) => {
                this.output += data;
                const match = /Starting server on \S*:(\d+)/.exec(this.output);
                if (match)
                    resolve(Number(match[1]));
            });
        });
        const port = await this.within(START_MS, announced);
        if (typeof port !== 'number')
            throw new Error(`${BINARY} did not start:\n${this.output}${this.errors}`);
        return port;
    }

    // What `promise` resolves to, or how the server exited, or null after `ms`.
    async within(ms, promise) {
        let timer;
        const late = new Promise((resolve) => { timer = setTimeout(resolve, ms, null); });
        const first = await Promise.race([promise, this.exited, late]);
        clearTimeout(timer);
        return first;
    }

    // Ends it; returns what was wrong with it, one line each.
    async stop() {
        this.child.kill('SIGTERM');
        const end = await this.within(STOP_MS, this.exited);
        const wrongs = [];

        if (end === null) {
            this.child.kill('SIGKILL');
            wrongs.push(`it did not end within ${STOP_MS} ms of SIGTERM`);
        } else if (end.status !== 0) {
            wrongs.push(`it ended with status ${end.status}, signal ${end.signal}`);
        }
        if (COMPLAINT.test(this.errors))
            wrongs.push(`on its standard error:\n${this.errors}`);
        return wrongs;
    }
}

module.exports = { Server };
