'use strict';

/* A slow link: a port of loopback that leads to another one, and lets so many bytes a second back. It has a
 * thread of its own, so that a test with thousands of clients does not make it slower than that.
 *
 *     const link = await Throttle.open({ port: redis.port, rate: 2_000_000 });
 *     link.cut(); link.heal();       nothing goes through meanwhile, without an error
 */

const net = require('node:net');
const { once } = require('node:events');
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');
const { tie } = require('./relay.js');

const STEP_MS = 20;
const STEPS_AT_ONCE_MAX = 10; // what a step that comes late makes up for
const WAITING_BYTES_MAX = 100_000;

class Throttle {
    static async open({ port, rate }) {
        const it = new Throttle();
        it.worker = new Worker(__filename, { workerData: { port, rate } });
        [it.port] = await once(it.worker, 'message');
        return it;
    }

    cut() {
        this.worker.postMessage({ isCut: true });
    }

    heal() {
        this.worker.postMessage({ isCut: false });
    }

    close() {
        return this.worker.terminate();
    }
}

/* --- the thread -------------------------------------------------------------------------------- */

class Link {
    constructor(port, rate) {
        Object.assign(this, { target: port, rate, carried: new Set(), isCut: false, steppedAt: performance.now() });
    }

    carry(near) {
        const far = net.connect(this.target, '127.0.0.1');
        const one = { near, far, there: [], back: [], backBytes: 0 };
        this.carried.add(one);
        tie(near, far, () => this.carried.delete(one));
        near.on('data', (data) => { this.isCut ? one.there.push(data) : far.write(data); });
        far.on('data', (data) => {
            one.back.push(data);
            one.backBytes += data.length;
            if (one.backBytes > WAITING_BYTES_MAX) // Redis must notice, as with a slow wire
                far.pause();
        });
    }

    /* So many bytes may pass as the time since the last step is worth. */
    step() {
        const now = performance.now();
        let left = Math.round(this.rate * Math.min(now - this.steppedAt, STEPS_AT_ONCE_MAX * STEP_MS) / 1000);
        this.steppedAt = now;
        if (this.isCut)
            return;
        for (const one of this.carried) {
            for (const data of one.there.splice(0))
                one.far.write(data);
            while (left > 0 && one.back.length > 0) {
                const data = one.back.shift();
                const part = data.subarray(0, left);
                if (part.length < data.length)
                    one.back.unshift(data.subarray(part.length));
                left -= part.length;
                one.backBytes -= part.length;
                one.near.write(part);
            }
            if (one.backBytes <= WAITING_BYTES_MAX)
                one.far.resume();
        }
    }
}

if (!isMainThread && workerData?.rate) {
    const link = new Link(workerData.port, workerData.rate);
    const server = net.createServer((socket) => link.carry(socket));
    server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
    setInterval(() => link.step(), STEP_MS);
    parentPort.on('message', ({ isCut }) => { link.isCut = isCut; });
}

module.exports = { Throttle };
