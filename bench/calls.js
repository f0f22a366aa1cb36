'use strict';

// How many system calls a server makes for a delivery, by strace: two runs, of which the second is longer, so that what
// starting and connecting takes is in both and cancels out.

const fs = require('node:fs');
const { spawn, spawnSync } = require('node:child_process');

const SECONDS = [1, 2];

const isThere = () => spawnSync('strace', ['-V'], { stdio: 'ignore' }).status === 0;

// Attaches to the process; returns a function that lets go and resolves with the number of calls, null if that failed.
async function attach(pid, file) {
    const child = spawn('strace', ['-f', '-c', '-o', file, '-p', String(pid)], { stdio: ['ignore', 'ignore', 'pipe'] });
    const gone = new Promise((resolve) => child.on('close', resolve));

    await Promise.race([new Promise((resolve) => child.stderr.once('data', resolve)), gone]);
    return async () => {
        child.kill('SIGINT');
        await gone;
        const total = /([0-9]+)(?:\s+[0-9]+)?\s+total$/m.exec(fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '');
        return total ? Number(total[1]) : null;
    };
}

// `measure(seconds, around)` runs the load once; `around(pid)` is called when the server is up, and what it returns, at the end.
async function callsADelivery(measure, file) {
    const runs = [];

    for (const seconds of SECONDS) {
        let calls = null;
        const report = await measure(seconds, async (pid) => {
            const letGo = await attach(pid, file);
            return async () => { calls = await letGo(); };
        });
        runs.push({ calls, count: report?.ok ? report.measured : undefined });
    }
    const [short, long] = runs;
    const result = (long.calls - short.calls) / (long.count - short.count);
    return short.calls !== null && long.calls !== null && result > 0 ? result : undefined;
}

module.exports = { callsADelivery, isThere };
