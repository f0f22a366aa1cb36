'use strict';

/* Debian's nginx in front of a server, or of several in turn, with the location block of Reverb's documentation. It runs
 * as whoever runs the tests, with its pid and its temporary files in a folder of its own. */

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { find, listens, standInFor } = require('./stand_in.js');
const { until } = require('./wait.js');

/* With max_fails=0 a server that is started again at once gets connections at once. */
function configuration(folder, port, servers) {
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
        .map((kind) => `    ${kind}_temp_path ${folder}/${kind};`).join('\n');
    const upstream = servers.map(({ host, port: at }) => `        server ${host.startsWith('unix:') ? host : `${host}:${at}`} max_fails=0;`).join('\n');
    const user = process.getuid() === 0 ? 'user root;' : '';
    return `${user}
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log notice;
events { worker_connections 1024; }
http {
    access_log off;
${temporary}
    upstream reverb {
${upstream}
    }
    server {
        listen 127.0.0.1:${port};
        location / {
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header Scheme $scheme;
            proxy_set_header SERVER_PORT $server_port;
            proxy_set_header REMOTE_ADDR $remote_addr;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection "Upgrade";

            proxy_next_upstream off;
            proxy_pass http://reverb;
        }
    }
}
`;
}

class Nginx {
    /* Something that clients can be bound to as if it were the server itself. */
    static async start(servers) {
        const [server] = [servers].flat();
        const it = new Nginx();
        await standInFor(it, server, 'nginx');
        const file = path.join(it.folder, 'nginx.conf');
        it.file = file;
        fs.writeFileSync(file, configuration(it.folder, it.port, [servers].flat()));
        it.child = spawn(find('nginx'), ['-p', it.folder, '-e', path.join(it.folder, 'error.log'), '-c', file], { stdio: 'ignore' });
        it.exited = new Promise((resolve) => it.child.on('close', resolve));
        process.on('exit', () => it.child.kill('SIGTERM'));
        await listens(it, () => `nginx listens\n${it.log()}`);
        return it;
    }

    /* Other servers from now on; what is under way with the present ones ends there. */
    async reload(servers) {
        const reloaded = () => this.log().split('reconfiguring').length;
        const before = reloaded();
        fs.writeFileSync(this.file, configuration(this.folder, this.port, servers));
        this.child.kill('SIGHUP');
        await until(() => reloaded() > before && /start worker process/.test(this.log().split('reconfiguring').at(-1)), () => `nginx is configured anew\n${this.log()}`);
    }

    log() {
        try {
            return fs.readFileSync(path.join(this.folder, 'error.log'), 'utf8');
        } catch {
            return '';
        }
    }

    async stop() {
        this.child.kill('SIGTERM');
        await this.exited;
        fs.rmSync(this.folder, { recursive: true, force: true });
    }
}

module.exports = { Nginx };
