'use strict';

/* Debian's HAProxy in front of servers: it asks each for GET /up every 100 ms, and never tries a request a second time. */

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { find, listens, standInFor } = require('./stand_in.js');

/* `more` is added to each line of a server: "send-proxy-v2". */
function configuration(port, servers, mode, more) {
    const lines = servers.map(({ host, port: at }, n) => `    server s${n} ${host}:${at} check inter 100ms fall 1 rise 1 ${more}`);
    return `global
    maxconn 2000
defaults
    mode ${mode}
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    timeout tunnel 60s
    retries 0
frontend public
    bind 127.0.0.1:${port}
    default_backend reverb
backend reverb
    balance roundrobin
${mode === 'http' ? '    option forwardfor\n' : ''}    option httpchk GET /up
${lines.join('\n')}
`;
}

class Haproxy {
    /* Something that clients can be bound to as if it were the server itself. Options: mode (http), more. */
    static async start(servers, { mode = 'http', more = '' } = {}) {
        const [server] = [servers].flat();
        const it = new Haproxy();
        await standInFor(it, server, 'haproxy');
        const file = path.join(it.folder, 'haproxy.cfg');
        fs.writeFileSync(file, configuration(it.port, [servers].flat(), mode, more));
        it.log = '';
        it.child = spawn(find('haproxy'), ['-db', '-f', file], { stdio: ['ignore', 'pipe', 'pipe'] });
        for (const stream of [it.child.stdout, it.child.stderr])
            stream.on('data', (part) => { it.log += part; });
        it.exited = new Promise((resolve) => it.child.on('close', resolve));
        process.on('exit', () => it.child.kill('SIGKILL'));
        await listens(it, () => `HAProxy listens\n${it.log}`);
        return it;
    }

    async stop() {
        this.child.kill('SIGKILL');
        await this.exited;
        fs.rmSync(this.folder, { recursive: true, force: true });
    }
}

module.exports = { Haproxy };
