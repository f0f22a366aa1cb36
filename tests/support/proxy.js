'use strict';

/* Real proxies, Debian's nginx and HAProxy, with a configuration of the caller's. They run as whoever runs the tests,
 * with their files in a folder of their own.
 *
 *     const proxy = await nginx(t, (port) => `server { listen 127.0.0.1:${port}; … }`);
 *     const proxy = await haproxy(t, (port) => `frontend f\n bind 127.0.0.1:${port} …`);
 *     proxy.port
 */

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { freePort, temporaryFolder } = require('./server.js');
const { find, listens } = require('./stand_in.js');

async function start(t, folder, port, program, args) {
    let said = '';
    const child = spawn(find(program), args, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr])
        stream.on('data', (text) => { said += text; });
    const exited = new Promise((resolve) => child.on('close', resolve));
    t.after(async () => {
        child.kill('SIGKILL');
        await exited;
        fs.rmSync(folder, { recursive: true, force: true });
    });
    process.on('exit', () => child.kill('SIGKILL'));
    const proxy = { host: '127.0.0.1', port, folder };
    await listens(proxy, () => `${program} listens: ${said}`);
    return proxy;
}

/* `servers(port, folder)` are the blocks within http. */
async function nginx(t, servers) {
    const folder = temporaryFolder('reverb-nginx-');
    const port = await freePort();
    const file = path.join(folder, 'nginx.conf');
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${folder}/${kind};`).join('\n');
    fs.writeFileSync(file, `${process.getuid() === 0 ? 'user root;' : ''}
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log stderr;
events { worker_connections 256; }
http {
access_log off;
${temporary}
${servers(port, folder)}
}
`);
    return start(t, folder, port, 'nginx', ['-p', folder, '-e', 'stderr', '-c', file]);
}

/* `sections(port)` are the frontend and the backend. */
async function haproxy(t, sections) {
    const folder = temporaryFolder('reverb-haproxy-');
    const port = await freePort();
    const file = path.join(folder, 'haproxy.cfg');
    fs.writeFileSync(file, `global
    maxconn 256
defaults
    mode http
    timeout connect 2s
    timeout client 10s
    timeout server 10s
${sections(port)}
`);
    return start(t, folder, port, 'haproxy', ['-db', '-f', file]);
}

module.exports = { haproxy, nginx };
