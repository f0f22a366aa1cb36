'use strict';

/* The files of packaging/ and docs/ for process managers, as those read them: a real supervisord, and systemd's own check. */

const assert = require('node:assert/strict');
const { execFile, spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('../support/test.js');
const { app, environment, freePort, run, temporaryFolder } = require('../support/server.js');
const { Client } = require('../support/clients.js');
const { BIN, SLOW, until } = require('../support/wait.js');
const { ROOT, indented, read, section } = require('../support/documents.js');

/* Its settings, with this server, in this folder, as this user. */
function adapt(text, folder) {
    return text.replace(/^command=.*$/m, `command=${BIN} start --config ${folder}/reverb.json`).replace(/^user=.*\n/m, '')
        .replace(/^minfds=.*\n/m, '').replaceAll('/var/log/supervisor/', `${folder}/`);
}

const BLOCKS = [
    ['packaging/supervisor.conf', () => read('packaging/supervisor.conf')],
    ['docs/laravel.md', () => indented(section('docs/laravel.md', 'Supervisor'))[0]],
];
for (const [name, text] of BLOCKS)
    test(`supervisord keeps the server running by the block of ${name}, also over a restart`, { timeout: 120_000 }, async (t) => {
        const folder = temporaryFolder();
        const port = await freePort();
        const own = app();
        fs.writeFileSync(path.join(folder, 'reverb.json'), JSON.stringify({ servers: { reverb: { host: '127.0.0.1', port } }, apps: { apps: [own] } }));
        fs.writeFileSync(path.join(folder, 'supervisord.conf'), `[unix_http_server]
file=${folder}/s.sock
[supervisord]
nodaemon=true
${process.getuid() === 0 ? 'user=root' : ''}
logfile=/dev/null
logfile_maxbytes=0
pidfile=${folder}/pid
childlogdir=${folder}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://${folder}/s.sock
${adapt(text(), folder)}
`);
        const env = environment({ REVERB_CONTROL: '', XDG_RUNTIME_DIR: folder });
        const daemon = spawn('supervisord', ['-c', path.join(folder, 'supervisord.conf')], { env, stdio: 'ignore' });
        const exited = new Promise((resolve) => daemon.on('close', resolve));
        t.after(async () => {
            daemon.kill('SIGTERM');
            await exited;
            fs.rmSync(folder, { recursive: true, force: true });
        });
        const control = (...words) => new Promise((resolve) => {
            execFile('supervisorctl', ['-c', path.join(folder, 'supervisord.conf'), ...words], (error, stdout) => resolve(stdout));
        });
        const pid = async () => JSON.parse((await run(['status', '--json', '--port', String(port)], { env: { XDG_RUNTIME_DIR: folder } })).stdout || '{}').pid;
        const before = await until(pid, 'supervisord runs it', 40_000 * SLOW);
        const server = { host: '127.0.0.1', port, app: own, apps: [own], prefix: '', clients: new Set() };
        const client = await Client.open(server);
        assert.equal((await run(['restart', '--port', String(port)], { env: { XDG_RUNTIME_DIR: folder } })).code, 0);
        assert.equal((await client.waitClosed()).code, 4200);
        assert.notEqual(await until(pid, 'another serves'), before);
        const last = await Client.open(server);
        await control('stop', 'reverb');
        assert.equal((await last.waitClosed()).code, 4100);
        assert.match(await control('status'), /STOPPED/);
    });

test('systemd finds nothing to say of the units', (t) => {
    const folder = temporaryFolder();
    t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
    for (const name of ['reverb.service', 'reverb.socket'])
        fs.writeFileSync(path.join(folder, name), fs.readFileSync(path.join(ROOT, 'packaging', name), 'utf8').replaceAll('/usr/local/bin/reverb', BIN));
    const { error, status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', path.join(folder, 'reverb.service'), path.join(folder, 'reverb.socket')], { encoding: 'utf8' });
    if (error?.code === 'ENOENT')
        return t.diagnostic('there is no systemd-analyze: not tried');
    assert.deepEqual({ status, said: stderr.split('\n').filter((line) => line.includes(folder)) }, { status: 0, said: [] }, stderr);
});
