'use strict';

/* A node's thread that speaks to Redis, and whether it has lent its loop to a worker (net/lending.h). */

const fs = require('node:fs');
const http = require('node:http');
const { publish } = require('./api.js');
const { Publisher } = require('./observer.js');
const { SLOW, until } = require('./wait.js');

/* How often that thread, and who has its name from it, have gone to sleep. */
function sleeps({ pid }) {
    const tasks = `/proc/${pid}/task`;
    const read = (task, file) => fs.readFileSync(`${tasks}/${task}/${file}`, 'utf8');
    return fs.readdirSync(tasks).filter((task) => read(task, 'comm').trim() === 'reverb-redis')
        .reduce((sum, task) => sum + Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(read(task, 'status'))[1]), 0);
}

/* The events come over one connection, and so to one worker. */
class OnePublisher extends Publisher {
    constructor(t, node, channel, name) {
        super(node, channel, name);
        this.agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
        t.after(() => this.agent.destroy());
    }

    async send(count = 1) {
        for (let n = 0; n < count; n++)
            await publish(this.node, this.channel, 'numbered', JSON.stringify([this.name, this.next++]), { agent: this.agent });
    }
}

/* The thread has slept while some events went to Redis, each after the one before was there. */
const isLent = (publisher) => until(async () => {
    const before = sleeps(publisher.node);
    await publisher.send(10);
    return before > 0 && sleeps(publisher.node) === before;
}, 'the thread does not take part', 30_000 * SLOW);

module.exports = { OnePublisher, isLent, sleeps };
