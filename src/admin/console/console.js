'use strict';

/* The console: reads /metrics as Prometheus does and plots what has changed, and asks for its lists. The token is
 * kept for this tab alone and sent as a header, never in an address. */

const INTERVAL_MS = 2000;
const TAIL_MS = 500;
const POINTS_MAX = 450;
const LINES_MAX = 500;
const ROWS_MAX = 100;

const $ = (id) => document.getElementById(id);
const number = new Intl.NumberFormat();
const short = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 });

/* --- asking --------------------------------------------------------------------------------- */

class Unauthorized extends Error {}

async function ask(path, { method = 'GET' } = {}) {
    const headers = { 'X-Reverb-Console': '1' };
    const token = sessionStorage.getItem('token');
    if (token)
        headers.Authorization = `Bearer ${token}`;
    const response = await fetch(path, { method, headers, cache: 'no-store' });
    if (response.status === 401)
        throw new Unauthorized();
    if (!response.ok)
        throw new Error((await response.text()).trim());
    return response;
}

const withQuery = (path, values) => `${path}?${new URLSearchParams(Object.entries(values).filter(([, value]) => value !== ''))}`;

/* --- samples -------------------------------------------------------------------------------- */

/* The samples of a page of metrics: { name, labels, value }. */
function parse(text) {
    const samples = [];
    for (const [, name, labels = '', value] of text.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)) {
        const of = {};
        for (const [, key, content] of labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g))
            of[key] = content.replace(/\\(.)/g, (_, char) => (char === 'n' ? '\n' : char));
        samples.push({ name, labels: of, value: Number(value) });
    }
    return samples;
}

class Page {
    constructor(text) {
        this.at = performance.now() / 1000;
        this.byName = new Map();
        for (const sample of parse(text)) {
            if (!this.byName.has(sample.name))
                this.byName.set(sample.name, []);
            this.byName.get(sample.name).push(sample);
        }
    }

    samples(name) {
        return this.byName.get(name) ?? [];
    }

    sum(name, labels = {}) {
        return this.samples(name)
            .filter((sample) => Object.keys(labels).every((key) => sample.labels[key] === labels[key]))
            .reduce((sum, { value }) => sum + value, 0);
    }
}

/* What has changed between two pages, a second. */
const rate = (now, before, name, labels) => Math.max(0, (now.sum(name, labels) - before.sum(name, labels)) / (now.at - before.at));

/* The value that the share `q` of what came between two pages does not exceed, of a histogram; null if nothing came. */
function quantile(now, before, name, q) {
    const buckets = now.samples(`${name}_bucket`).map(({ labels, value }) => [
        labels.le === '+Inf' ? Infinity : Number(labels.le), value - (before.samples(`${name}_bucket`).find((one) => one.labels.le === labels.le)?.value ?? 0)]);
    buckets.sort((a, b) => a[0] - b[0]);
    const all = buckets.at(-1)?.[1] ?? 0;
    if (all <= 0)
        return null;
    const [bound] = buckets.find(([, count]) => count >= all * q);
    return Number.isFinite(bound) ? bound : buckets.at(-2)?.[0] ?? null;
}

/* --- showing -------------------------------------------------------------------------------- */

function facts(list, entries) {
    list.replaceChildren(...entries.map(([title, value]) => {
        const group = document.createElement('div');
        const [dt, dd] = [document.createElement('dt'), document.createElement('dd')];
        dt.textContent = title;
        dd.textContent = value;
        group.append(dt, dd);
        return group;
    }));
}

function cell(tag, content) {
    const it = document.createElement(tag);
    it.textContent = typeof content === 'number' ? number.format(content) : content;
    if (typeof content === 'number')
        it.className = 'number';
    return it;
}

/* The first row says by its types which columns are numbers. */
function table(it, titles, rows, rowsMax = ROWS_MAX) {
    const line = (tag, values) => {
        const row = document.createElement('tr');
        row.append(...values.map((value) => cell(tag, value)));
        return row;
    };
    const head = line('th', titles);
    (rows[0] ?? []).forEach((value, i) => head.children[i].classList.toggle('number', typeof value === 'number'));
    it.replaceChildren(head, ...rows.slice(0, rowsMax).map((values) => line('td', values)));
}

class Plot {
    constructor(id, labels) {
        this.points = [];
        this.labels = ['time', ...labels];
        this.place = $(id);
    }

    add(...values) {
        this.points.push([new Date(), ...values]);
        if (this.points.length > POINTS_MAX)
            this.points.shift();
        if (typeof Dygraph === 'undefined')
            this.place.textContent = values.map((value) => (value === null ? '–' : short.format(value))).join(' · ');
        else if (this.graph)
            this.graph.updateOptions({ file: this.points });
        else if (this.points.length > 1)
            this.draw();
    }

    /* Touch and wheel are the page's: a plot that takes them would hold the reader fast. */
    draw() {
        this.graph = new Dygraph(this.place, this.points, {
            labels: this.labels, includeZero: true, fillGraph: this.labels.length === 2, interactionModel: {},
            colors: ['#2563eb', '#c2410c', '#15803d'], axes: { y: { axisLabelFormatter: (value) => short.format(value), axisLabelWidth: 44 } },
            gridLineColor: 'rgba(128,128,128,.3)', axisLineColor: 'rgba(128,128,128,.5)', strokeWidth: 1.5, yRangePad: 14, legend: this.labels.length > 2 ? 'always' : 'onmouseover',
        });
    }
}

const plots = {
    connections: new Plot('plot-connections', ['connections']),
    messages: new Plot('plot-messages', ['in', 'out']),
    publish: new Plot('plot-publish', ['median', '99 %']),
    turn: new Plot('plot-turn', ['median', '99 %']),
    memory: new Plot('plot-memory', ['resident']),
    refused: new Plot('plot-refused', ['refused']),
};

const inMs = (seconds) => (seconds === null ? null : seconds * 1000);

function showPlots(now, before) {
    const both = (name) => [0.5, 0.99].map((q) => inMs(quantile(now, before, name, q)));
    plots.connections.add(now.sum('reverb_connections'));
    plots.messages.add(rate(now, before, 'reverb_messages_received_total'), rate(now, before, 'reverb_messages_sent_total'));
    plots.publish.add(...both('reverb_publish_duration_seconds'));
    plots.turn.add(...both('reverb_loop_turn_seconds'));
    plots.memory.add(now.sum('reverb_memory_bytes', { kind: 'resident' }) / 1e6);
    plots.refused.add(rate(now, before, 'reverb_rejected_total'));
}

function showTotals(now) {
    const info = now.samples('reverb_build_info')[0];
    const minutes = Math.floor((Date.now() / 1000 - now.sum('reverb_start_time_seconds')) / 60);
    $('version').textContent = info?.labels.version ?? '';
    facts($('totals'), [
        ['connections', number.format(now.sum('reverb_connections'))],
        ['channels', number.format(now.sum('reverb_channels'))],
        ['apps', number.format(now.samples('reverb_connections').length)],
        ['workers', number.format(now.sum('reverb_workers'))],
        ['running for', minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h`],
        ['slow readers closed', number.format(now.sum('reverb_slow_readers_closed_total'))],
        ['waiting for readers', `${short.format(now.sum('reverb_backlog_bytes'))}B`],
    ]);
}

function showApps(now, before) {
    const rows = now.samples('reverb_connections').map(({ labels, value }) => {
        const of = { app: labels.app };
        return [labels.app, value, now.sum('reverb_channels', of), Math.round(rate(now, before, 'reverb_messages_received_total', of)),
            Math.round(rate(now, before, 'reverb_messages_sent_total', of)), Math.round(rate(now, before, 'reverb_events_published_total', of)),
            now.sum('reverb_rejected_total', of)];
    });
    rows.sort((a, b) => b[1] - a[1]);
    table($('apps'), ['app', 'connections', 'channels', 'in/s', 'out/s', 'published/s', 'refused'], rows);
}

function showCluster(now) {
    const up = now.samples('reverb_cluster_up');
    $('cluster').hidden = up.length === 0;
    if (up.length > 0)
        facts($('cluster-facts'), [
            ['Redis', up.every(({ value }) => value === 1) ? 'connected' : 'away'],
            ['nodes', number.format(now.sum('reverb_cluster_nodes'))],
            ['events waiting', number.format(now.sum('reverb_cluster_outbox_events'))],
            ['events sent', number.format(now.sum('reverb_cluster_events_sent_total'))],
            ['events received', number.format(now.sum('reverb_cluster_events_received_total'))],
            ['dropped', number.format(now.sum('reverb_cluster_events_dropped_total'))],
            ['gaps', number.format(now.sum('reverb_cluster_gaps_total'))],
        ]);
}

async function showBusy() {
    const { channels } = await (await ask('busy')).json();
    table($('channels'), ['app', 'channel', 'events/s', 'events', 'subscribers'],
        channels.map(({ app, channel, events, per_second: perSecond, subscribers }) => [app, channel, Math.round(perSecond * 10) / 10, events, subscribers]));
}

/* A node sends a heartbeat each second; only a cluster has nodes. */
async function showNodes() {
    if ($('cluster').hidden)
        return;
    const { nodes } = await (await ask('nodes')).json();
    table($('nodes'), ['node', 'state', 'silent, s'], nodes.map(({ node, is_this: isThis, is_in_step: isInStep, silent_s: silent }) => [
        isThis ? `${node} (this one)` : node, isInStep ? 'in step' : 'not in step', silent]));
}

/* --- members -------------------------------------------------------------------------------- */

async function showMembers() {
    const { count, members } = await (await ask(withQuery('members', { app: $('members-app').value.trim(), channel: $('members-channel').value.trim() }))).json();
    table($('members-list'), ['user', 'user_info'], members.map(({ id, info }) => [id, info]), members.length);
    if (count === 0)
        return 'nobody is subscribed on this node';
    return count > members.length ? `the first ${number.format(members.length)} of ${number.format(count)}` : `all ${number.format(count)}`;
}

$('members').addEventListener('submit', async (event) => {
    event.preventDefault();
    const note = $('members').querySelector('.note');
    note.className = 'note';
    try {
        note.textContent = await showMembers();
    } catch (error) {
        $('members-list').replaceChildren();
        note.textContent = error.message;
        note.classList.add('bad');
    }
});

/* --- the live tail -------------------------------------------------------------------------- */

const tail = { watcher: 0, filter: null };

function showLine(line) {
    if (line.skipped)
        return [['…', `${number.format(line.skipped)} more were skipped: at most 1 000 lines a second are shown`]];
    return [[new Date(line.at * 1000).toLocaleTimeString(), line.app, line.kind, line.channel ?? '', line.event ?? '',
        line.user_id ?? '', line.socket_id ?? '', line.code ?? line.message ?? '']];
}

function addLines(text) {
    const body = $('lines');
    for (const line of text.split('\n').filter(Boolean)) {
        for (const values of showLine(JSON.parse(line))) {
            const row = document.createElement('tr');
            row.append(...values.map((value) => cell('td', String(value))));
            body.prepend(row);
        }
    }
    while (body.rows.length > LINES_MAX)
        body.deleteRow(-1);
}

async function followTail() {
    if (tail.filter) {
        const filter = tail.filter;
        try {
            const response = await ask(withQuery('tail', { ...filter, watcher: String(tail.watcher) }));
            const text = await response.text();
            if (tail.filter === filter) {
                tail.watcher = Number(response.headers.get('X-Reverb-Watcher'));
                addLines(text);
                $('tail-note').textContent = 'watching; the newest line is the first';
            }
        } catch (error) {
            $('tail-note').textContent = `not watching: ${error.message}`;
            tail.watcher = 0;
        }
    }
    setTimeout(followTail, TAIL_MS);
}

$('tail').addEventListener('submit', (event) => {
    event.preventDefault();
    const value = (name) => $(`tail-${name}`).value.trim();
    tail.watcher = 0;
    tail.filter = tail.filter ? null : { app: value('app'), channel: value('channel'), event: value('event'), user: value('user') };
    $('tail-button').textContent = tail.filter ? 'Stop' : 'Watch';
    $('tail-note').textContent = tail.filter ? 'watching…' : 'stopped';
    if (tail.filter)
        $('lines').replaceChildren();
});

/* --- steering ------------------------------------------------------------------------------- */

/* A form whose fields are sent to `path`. */
function steers(id, path, fields) {
    $(id).addEventListener('submit', async (event) => {
        event.preventDefault();
        const note = $(id).querySelector('.note');
        const values = Object.fromEntries(fields.map((name) => [name, $(`${id}-${name}`).value]));
        note.className = 'note';
        try {
            note.textContent = await (await ask(withQuery(path, values), { method: 'POST' })).text();
        } catch (error) {
            note.textContent = error.message;
            note.classList.add('bad');
        }
    });
}

steers('publish', 'publish', ['app', 'channel', 'event', 'data']);
steers('disconnect', 'disconnect', ['socket']);
steers('terminate', 'terminate', ['app', 'user']);

/* --- going on ------------------------------------------------------------------------------- */

let before;

function showState(text, isGood) {
    $('state').textContent = text;
    $('state').className = isGood ? 'good' : 'bad';
}

async function turn() {
    try {
        const now = new Page(await (await ask('metrics')).text());
        $('login').hidden = true;
        $('main').hidden = false;
        showTotals(now);
        showCluster(now);
        if (before) {
            showPlots(now, before);
            showApps(now, before);
        }
        before = now;
        await showBusy();
        await showNodes();
        showState('live', true);
    } catch (error) {
        if (error instanceof Unauthorized) {
            $('login').hidden = false;
            $('main').hidden = true;
            showState('the token is needed', false);
            return;
        }
        showState(`no answer: ${error.message}`, false);
    }
    setTimeout(turn, INTERVAL_MS);
}

$('login').addEventListener('submit', (event) => {
    event.preventDefault();
    sessionStorage.setItem('token', $('token').value);
    $('token').value = '';
    turn();
});

turn();
followTail();
