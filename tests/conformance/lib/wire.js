'use strict';

// A TCP connection that is read by parsers and waited on with a limit.

const net = require('node:net');

const WAIT_MS = 20000;

class Wire {
    constructor(socket) {
        this.socket = socket;
        this.input = Buffer.alloc(0);
        this.ended = false;
        this.wake = () => {};
        socket.setNoDelay(true);
        socket.on('data', (data) => this.arrived(data));
        socket.on('end', () => this.finished());
        socket.on('error', () => this.finished());
        socket.on('close', () => this.finished());
    }

    static async connect(port) {
        const socket = net.connect({ host: '127.0.0.1', port, allowHalfOpen: true });
        await new Promise((resolve, reject) => {
            socket.once('connect', resolve);
            socket.once('error', reject);
        });
        return new Wire(socket);
    }

    arrived(data) {
        this.input = this.input.length === 0 ? data : Buffer.concat([this.input, data]);
        this.wake();
    }

    finished() {
        this.ended = true;
        this.wake();
    }

    write(bytes) {
        this.socket.write(bytes);
    }

    // Each piece in a segment of its own, as far as the kernel has it so.
    async writePieces(pieces) {
        for (const piece of pieces) {
            await new Promise((resolve) => this.socket.write(piece, resolve));
            await new Promise(setImmediate);
        }
    }

    // What `parse` makes of the bytes at hand, as soon as it returns { used, value }; null if
    // the connection ends before.
    async take(parse, what, waitMs = WAIT_MS) {
        const deadline = Date.now() + waitMs;

        for (;;) {
            const found = parse(this.input);
            if (found) {
                this.input = this.input.subarray(found.used);
                return found.value;
            }
            if (this.ended)
                return null;
            await this.change(deadline, what);
        }
    }

    async change(deadline, what) {
        let timer;

        try {
            await new Promise((resolve, reject) => {
                this.wake = resolve;
                timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)),
                    Math.max(0, deadline - Date.now()));
            });
        } finally {
            clearTimeout(timer);
            this.wake = () => {};
        }
    }

    halfClose() {
        this.socket.end();
    }

    destroy() {
        this.socket.destroy();
    }
}

module.exports = { Wire };
