'use strict';

/* The dashboard and the alerts of docs/ find their data: a real Prometheus scrapes two loaded servers. */

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test, before, after } = require('../support/test.js');
const { app, freePort, temporaryFolder } = require('../support/server.js');
const { Cluster } = require('../support/cluster.js');
const { makeCertificate } = require('../support/certificate.js');
const { Client } = require('../support/clients.js');
const { publish } = require('../support/api.js');
const { ROOT, read } = require('../support/documents.js');
const { Prometheus } = require('../support/prometheus.js');
const { until } = require('../support/wait.js');

const cluster = new Cluster({ nodes: 0, apps: [app({ ping_interval: 1 })] });
let prometheus;
let load;

/* Clients that answer pings, and a publisher, until the tests end. */
async function keepLoading() {
    const clients = await cluster.openMany(4);
    for (const client of clients) {
        client.socket.on('message', (bytes) => {
            if (String(bytes).includes('pusher:ping'))
                client.send('pusher:pong', {});
        });
        client.send('pusher:subscribe', { channel: 'news' });
        client.send('pusher:subscribe', { channel: 'private-x', auth: 'wrong' });
    }
    load = { ends: false };
    load.done = (async () => {
        while (!load.ends) {
            for (const node of cluster.nodes)
                await publish(node, 'news', 'greeting', '{}');
            const passing = await Client.open(cluster.nodes[0]);
            passing.send('pusher:subscribe', { channel: 'news' });
            await passing.next('pusher_internal:subscription_succeeded', 'news');
            passing.socket.close(1000);
            await passing.closed.promise;
        }
    })();
}

before(async () => {
    const { cert, key } = makeCertificate(temporaryFolder());
    const targets = [];
    await cluster.start();
    for (let i = 0; i < 2; i++) {
        targets.push(`127.0.0.1:${await freePort()}`);
        await cluster.add({ server: { admin: targets[i], options: { tls: { local_cert: cert, local_pk: key } } } });
    }
    await keepLoading();
    prometheus = await Prometheus.start(targets, { rules: path.join(ROOT, 'docs/alerts.yml') });
});
after(async () => {
    if (load) {
        load.ends = true;
        await load.done;
    }
    await prometheus?.stop();
    await cluster.stop();
});

/* Until the expression returns data, all of it numbers. */
function hasData(expression) {
    let samples = [];
    return until(async () => {
        samples = await prometheus.query(expression);
        return samples.length > 0 && samples.some((sample) => !Number.isNaN(sample));
    }, () => `${expression} returns data, and not ${JSON.stringify(samples)}`, 30_000);
}

test('each expression of docs/grafana.json returns data', async () => {
    const panels = JSON.parse(read('docs/grafana.json')).panels.filter(({ type }) => type !== 'row');
    assert.ok(panels.length > 20);
    for (const { targets } of panels) {
        for (const { expr } of targets)
            await hasData(expr.replaceAll('$__rate_interval', '30s').replaceAll('$instance', '.*').replaceAll('$app', '.*'));
    }
});

test('each alert of docs/alerts.yml is evaluated, and what it compares returns data', async () => {
    const expressions = [...read('docs/alerts.yml').matchAll(/^ +expr: (.*)$/gm)].map(([, expression]) => expression);
    assert.ok(expressions.length > 10);
    for (const expression of expressions) {
        const compared = expression.replace(/ (==|>|<) [\d.]+$/, '');
        assert.notEqual(compared, expression);
        await hasData(compared);
    }
    const rules = async () => JSON.parse((await prometheus.get('/api/v1/rules')).text).data.groups.flatMap((group) => group.rules);
    await until(async () => (await rules()).every(({ health }) => health === 'ok'), () => 'every rule is evaluated', 30_000);
    assert.equal((await rules()).length, expressions.length);
});

/* Whether an alert fires, by promtool, if each server has so many nodes. */
function alertsOfNodes(...counts) {
    const file = path.join(temporaryFolder(), 'test.yml');
    fs.writeFileSync(file, JSON.stringify({
        rule_files: [path.join(ROOT, 'docs/alerts.yml')],
        tests: [{
            interval: '1m',
            input_series: counts.map((count, n) => ({ series: `reverb_cluster_nodes{job="reverb",instance="${n}"}`, values: `${count}x10` })),
            promql_expr_test: [{ expr: 'count(ALERTS{alertname="ReverbNodes",alertstate="firing"}) or vector(0)', eval_time: '5m', exp_samples: [{ value: 0 }] }],
        }],
    }));
    try {
        execFileSync('promtool', ['test', 'rules', file], { encoding: 'utf8' });
        return false;
    } catch (error) {
        assert.match(error.stdout + error.stderr, /got:[^]*1E\+00/);
        return true;
    }
}

test('the alert for nodes fires if they do not agree, and if they are several clusters of one size', () => {
    assert.equal(alertsOfNodes(3, 3, 3), false);
    assert.equal(alertsOfNodes(3, 3, 2), true);
    assert.equal(alertsOfNodes(1, 1), true);
    assert.equal(alertsOfNodes(2, 2, 2, 2), true);
});

test('servers are scraped without an error, have every metric of docs/operations.md but webhooks\', and no label that clients can invent', async () => {
    const targets = JSON.parse((await prometheus.get('/api/v1/targets')).text).data.activeTargets;
    assert.deepEqual(targets.map(({ health, lastError }) => [health, lastError]), [['up', ''], ['up', '']]);
    const names = JSON.parse((await prometheus.get('/api/v1/label/__name__/values')).text).data;
    const families = new Set(names.map((name) => name.replace(/_(bucket|sum|count)$/, '')));
    const documented = read('docs/operations.md').match(/`reverb_[a-z_]+`/g).map((name) => name.slice(1, -1));
    assert.deepEqual(documented.filter((name) => !name.startsWith('reverb_webhook_') && !families.has(name) && !names.includes(name)), []);
    const labels = JSON.parse((await prometheus.get('/api/v1/labels')).text).data;
    assert.deepEqual(labels.filter((name) => !['__name__', 'alertname', 'alertstate', 'severity'].includes(name)),
        ['app', 'by', 'code', 'instance', 'job', 'kind', 'le', 'reason', 'route', 'status', 'version']);
});
