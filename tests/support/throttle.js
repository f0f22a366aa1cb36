'use strict';

/* A slow link: a port of loopback that leads to another one, and lets so many bytes a second back.
 *
 *     const link = await Throttle.open({ port: redis.port, rate: 2_000_000 });
 *     link.cut(); link.heal();       nothing goes through meanwhile, without an error
 */

const net = require('node:net');

const STEP_MS = 20;

class Throttle {
    static async open({ port, rate }) {
        const it = new Throttle();
        Object.assign(it, { target: port, rate, carried: new Set(), isCut: false });
        it.server = net.createServer((socket) => it.carry(socket));
        await new Promise((resolve) => it.server.listen(0, '127.0.0.1', resolve));
        it.port = it.server.address().port;
        it.timer = setInterval(() => it.step(), STEP_MS);
        return it;
    }

    carry(near) {
        const far = net.connect(this.target, '127.0.0.1');
        const one = { near, far, there: [], back: [], backBytes: 0 };
        this.carried.add(one);
        for (const socket of [near, far]) {
            socket.setNoDelay(true);
            socket.on('error', () => {});
            socket.on('close', () => {
                this.carried.delete(one);
                near.destroy();
                far.destroy();
            });
        }
        near.on('data', (data) => { this.isCut ? one.there.push(data) : far.write(data); });
        far.on('data', (data) => {
            one.back.push(data);
            one.backBytes += data.length;
            if (one.backBytes > 100_000) // Redis must notice, as with a slow wire
                far.pause();
        });
    }

    step() {
        if (this.isCut)
            return;
        let left = this.rate * STEP_MS / 1000;
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
            if (one.backBytes <= 100_000)
                one.far.resume();
        }
    }

    cut() {
        this.isCut = true;
    }

    heal() {
        this.isCut = false;
    }

    close() {
        clearInterval(this.timer);
        this.server.close();
        for (const { near, far } of this.carried) {
            near.destroy();
            far.destroy();
        }
    }
}

module.exports = { Throttle };
