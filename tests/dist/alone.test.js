'use strict';

/* The static program where there is nothing else: an empty root, and another processor. */

const assert = require('node:assert/strict');
const { execFileSync, spawn, spawnSync } = require('node:child_process');
const dgram = require('node:dgram');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('../support/test.js');
const { Server } = require('../support/server.js');
const { Client } = require('../support/clients.js');
const { publish } = require('../support/api.js');
const { BIN, within } = require('../support/wait.js');

const FOLDER = process.env.DIST_FOLDER;
const NAME_SERVER = '127.9.9.9';

/* Only root may change the root; anybody may be root in a namespace. */
const AS_ROOT = process.getuid() === 0 ? [] : ['unshare', '--user', '--map-root-user'];
const CHROOT = `root=$0; program=$1; mkdir -p "$root$PWD" "$root/$(dirname "$program")"
    cp -f "$program" "$root/$program"; [ ! -f reverb.json ] || cp reverb.json "$root$PWD/"; exec chroot "$root" "$@"`;

function emptyRoot(t) {
    const root = fs.mkdtempSync(path.join(FOLDER, 'root-'));
    t.after(() => fs.rmSync(root, { recursive: true, force: true }));
    return root;
}

async function started(t, options) {
    const server = new Server(options);
    t.after(() => server.stop());
    return server.start();
}

async function serves(server) {
    const client = await Client.open(server);
    client.send('pusher:subscribe', { channel: 'news' });
    await client.next('pusher_internal:subscription_succeeded', 'news');
    await publish(server, 'news', 'greeting', '{"text":"hello"}');
    assert.equal((await client.next('greeting', 'news')).data, '{"text":"hello"}');
}

/* Answers every question for an IPv4 address with 127.0.0.1, and has none of IPv6. */
async function nameServer(t) {
    const socket = dgram.createSocket('udp4');
    socket.on('message', (question, from) => {
        const end = question.indexOf(0, 12) + 5;
        const isV4 = question.readUInt16BE(end - 4) === 1;
        const head = Buffer.from([question[0], question[1], 0x81, 0x80, 0, 1, 0, isV4 ? 1 : 0, 0, 0, 0, 0]);
        const answer = isV4 ? [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 127, 0, 0, 1] : [];
        socket.send(Buffer.concat([head, question.subarray(12, end), Buffer.from(answer)]), from.port, from.address);
    });
    await new Promise((resolve, reject) => socket.once('error', reject).bind(53, NAME_SERVER, resolve));
    t.after(() => socket.close());
}

test('it serves in a root that holds nothing but itself', async (t) => {
    const server = await started(t, { prefix: [...AS_ROOT, 'sh', '-c', CHROOT, emptyRoot(t)] });
    await serves(server);
});

test('names resolve there, by /etc/hosts and by DNS', { skip: process.getuid() !== 0 && 'needs root' }, async (t) => {
    const root = emptyRoot(t);
    const server = await started(t, { prefix: ['sh', '-c', CHROOT, root] });
    const client = await Client.open(server);
    client.send('pusher:subscribe', { channel: 'news' });
    await client.next('pusher_internal:subscription_succeeded', 'news');
    await nameServer(t);
    fs.mkdirSync(path.join(root, 'etc'));
    fs.writeFileSync(path.join(root, 'etc/hosts'), '127.0.0.1 by-file.test\n');
    fs.writeFileSync(path.join(root, 'etc/resolv.conf'), `nameserver ${NAME_SERVER}\n`);
    for (const host of ['by-file.test', 'by-dns.test']) {
        const { app_id: id, key, secret } = server.app;
        const child = spawn('chroot', [root, BIN, 'publish', 'news', 'greeting', JSON.stringify({ host }),
            '--url', `ws://${host}:${server.port}`, '--app-id', id, '--key', key, '--secret', secret], { stdio: 'inherit' });
        const [code] = await within(once(child, 'close'), 'the event is published');
        assert.equal(code, 0);
        assert.deepEqual((await client.next('greeting', 'news')).json, { host });
    }
});

test('the one for aarch64 serves as well', { timeout: 60_000 }, async (t) => {
    const program = path.join(FOLDER, 'reverb-aarch64');
    const tarball = fs.readdirSync(FOLDER).find((name) => name.endsWith('aarch64.tar.gz'));
    fs.writeFileSync(program, execFileSync('tar', ['-xzf', path.join(FOLDER, tarball), '-O', '--wildcards', '*/bin/reverb'],
        { maxBuffer: 1 << 26 }), { mode: 0o755 });
    assert.match(spawnSync('qemu-aarch64-static', [program, '--version'], { encoding: 'utf8' }).stdout, /^reverb \d/);
    const server = await started(t, { prefix: ['sh', '-c', 'shift; exec qemu-aarch64-static "$0" "$@"', program], workers: 1 });
    await serves(server);
});
