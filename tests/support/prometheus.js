'use strict';

/* Debian's Prometheus: scrapes servers' administration listeners often, and evaluates what it is asked. */

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { freePort, temporaryFolder } = require('./server.js');
const { until } = require('./wait.js');

class Prometheus {
    /* targets ("host:port"), rules (a file of alerts, or none) */
    static async start(targets, { rules } = {}) {
        const it = new Prometheus();
        it.port = await freePort();
        it.folder = temporaryFolder('reverb-prometheus-');
        const file = path.join(it.folder, 'prometheus.yml');
        fs.writeFileSync(file, JSON.stringify({
            global: { scrape_interval: '200ms', evaluation_interval: '500ms' },
            rule_files: rules ? [rules] : [],
            scrape_configs: [{ job_name: 'reverb', static_configs: [{ targets }] }],
        }));
        it.log = '';
        it.child = spawn('prometheus', [`--config.file=${file}`, `--storage.tsdb.path=${it.folder}/data`, `--web.listen-address=127.0.0.1:${it.port}`,
            '--query.lookback-delta=10s'], { stdio: ['ignore', 'ignore', 'pipe'] });
        it.child.stderr.on('data', (part) => { it.log += part; });
        it.exited = new Promise((resolve) => it.child.on('close', resolve));
        process.on('exit', () => it.child.kill('SIGKILL'));
        await until(async () => (await it.get('/-/ready').catch(() => ({ status: 0 }))).status === 200, () => `Prometheus is ready\n${it.log}`, 30_000);
        return it;
    }

    get(target) {
        return new Promise((resolve, reject) => {
            http.get({ host: '127.0.0.1', port: this.port, path: target, agent: false }, (response) => {
                let text = '';
                response.on('data', (part) => { text += part; });
                response.on('end', () => resolve({ status: response.statusCode, text }));
            }).on('error', reject);
        });
    }

    /* The samples of an expression, as numbers; it throws if the expression is none. */
    async query(expression) {
        const { data, error } = JSON.parse((await this.get(`/api/v1/query?query=${encodeURIComponent(expression)}`)).text);
        if (error)
            throw new Error(`${expression}: ${error}`);
        return data.resultType === 'vector' ? data.result.map(({ value }) => Number(value[1])) : [Number(data.result[1])];
    }

    async stop() {
        this.child.kill('SIGTERM');
        await this.exited;
        fs.rmSync(this.folder, { recursive: true, force: true });
    }
}

module.exports = { Prometheus };
