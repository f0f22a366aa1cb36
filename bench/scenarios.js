'use strict';

// What `make bench` measures, and what we want it to be. A figure compares one value of the reports
// of two servers within each round, or takes our own as it is.

const CPU = 'server_cpu_us_per_';
const beside = ['reverb', 'floor', 'soketi'];

const toFloor = (what, value, target) => ({ what, value, of: 'reverb', to: 'floor', target });
const toSoketi = (what, value, target) => ({ what, value, of: 'reverb', to: 'soketi', target });
const own = (what, value, target, unit) => ({ what, value, of: 'reverb', target, unit });

function fanout(inFlight, target, more) {
    return {
        name: `fanout-${inFlight}`,
        title: `fan-out to 1 000, 100 bytes, ${inFlight} in flight`,
        args: ['fanout', '--connections', '1000', '--size', '100', '--in-flight', String(inFlight)],
        servers: beside,
        figures: [toFloor('CPU a delivery', `${CPU}delivery`, target), toFloor('latency p99', 'latency_us.p99', 1.5), ...more],
    };
}

function publish(name, title, args, target, more = []) {
    return {
        name,
        title,
        args: ['publish', '--in-flight', '16', ...args],
        servers: beside,
        figures: [toFloor('CPU a request', `${CPU}request`, target), ...more],
    };
}

function whisper(inFlight, target) {
    return {
        name: `whisper-${inFlight}`,
        title: `client event to 500, ${inFlight} in flight`,
        args: ['whisper', '--connections', '500', '--in-flight', String(inFlight)],
        servers: beside,
        figures: [toFloor('CPU a delivery', `${CPU}delivery`, target)],
    };
}

// What a profile showed where a figure misses; no note where nobody has looked yet.
const NOTES = {
    'publish': 'by perf, kernel 60 %, libc 18 %, http_parser 8 %, our code 8 %, libcrypto 6 %',
    'publish-8k': 'by perf, libcrypto 40 %, about 12 µs, nearly all of it the MD5 that the protocol asks for; the floor has none',
};

const SCENARIOS = [
    fanout(1, 1.10, [toSoketi('CPU a delivery', `${CPU}delivery`)]),
    fanout(16, 1.30, [toSoketi('CPU a delivery', `${CPU}delivery`, 1 / 20)]),
    publish('publish', 'publish, nobody subscribed, keep-alive', [], 1.6, [toSoketi('CPU a request', `${CPU}request`, 1 / 12)]),
    publish('publish-8k', 'the same with 8 KB of data', ['--size', '8000'], 2.2),
    publish('publish-new', 'the same, a connection for each request', ['--new-connections'], 1.25),
    {
        name: 'connect',
        title: 'connect, handshake, subscribe',
        args: ['connect', '--connections', '500', '--in-flight', '16'],
        servers: beside,
        figures: [
            toFloor('CPU a connection', `${CPU}connection`, 1.4),
            toSoketi('CPU a connection', `${CPU}connection`, 1 / 5),
            toFloor('CPU a disconnection', `${CPU}disconnection`, 1.4),
            toSoketi('CPU a disconnection', `${CPU}disconnection`, 1 / 5),
        ],
    },
    {
        name: 'idle',
        title: '15 000 idle subscribed connections',
        args: ['idle', '--connections', '15000'],
        servers: ['reverb', 'floor'],
        figures: [
            own('memory a connection', 'server_memory_bytes_per_connection', 512, 'bytes'),
            own('memory without any', 'server_memory_before_bytes', 8e6, 'bytes'),
            own('CPU, of a core', 'server_cpu_percent', 0.5, '%'),
        ],
    },
    {
        name: 'idle-tls',
        title: '1 000 idle subscribed connections over TLS',
        args: ['idle', '--connections', '1000'],
        servers: ['reverb-tls'],
        figures: [{ ...own('memory a connection', 'server_memory_bytes_per_connection', 12288, 'bytes'), of: 'reverb-tls' }],
    },
    whisper(1, 1.2),
    whisper(64, 1.3),
    {
        name: 'presence',
        title: '1 000 users join a presence channel one by one',
        args: ['presence', '--connections', '1000'],
        servers: ['reverb', 'floor'],
        figures: [toFloor('CPU a join', `${CPU}join`, 1.3)],
    },
    {
        name: 'channels',
        title: '100 000 channels on one connection',
        args: ['channels', '--connections', '100000'],
        servers: beside,
        figures: [
            toSoketi('CPU a subscription', `${CPU}subscription`, 1 / 10),
            toSoketi('CPU an unsubscription', `${CPU}unsubscription`, 1 / 10),
            toFloor('CPU a subscription', `${CPU}subscription`),
            toFloor('CPU a channel when the connection closes', `${CPU}channel_closed`),
        ],
    },
    {
        name: 'fanout-tls',
        title: 'fan-out to 1 000 over TLS, 1 in flight',
        args: ['fanout', '--connections', '1000', '--size', '100'],
        servers: ['reverb', 'reverb-tls'],
        figures: [{ what: 'CPU a delivery', value: `${CPU}delivery`, of: 'reverb-tls', to: 'reverb', target: 2 }],
    },
];

const at = (report, name) => name.split('.').reduce((it, key) => it?.[key], report);

function median(numbers) {
    const sorted = [...numbers].sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function show(value, unit) {
    if (unit !== undefined)
        return `${value < 10 ? value.toFixed(2) : Math.round(value).toLocaleString('en').replaceAll(',', ' ')} ${unit}`;
    return value < 0.5 ? `1/${(1 / value).toFixed(1)}` : value.toFixed(2);
}

// What a server's reports say; of a run that failed nothing counts.
function valuesOf(reports, server, value) {
    return (reports[server] ?? []).map((report) => (report?.ok ? at(report, value) : undefined));
}

function figureOf(scenario, figure, reports) {
    const ours = valuesOf(reports, figure.of, figure.value);
    const others = figure.to ? valuesOf(reports, figure.to, figure.value) : ours.map(() => 1);
    const ratios = ours.map((it, i) => it / others[i]).filter(Number.isFinite);
    const about = `${scenario.title}: ${figure.what}`;
    const unit = figure.unit ?? (figure.to ? undefined : '');
    const to = figure.to ? ` × ${figure.to}` : '';

    if (ratios.length === 0)
        return { ...figure, line: `${about}${to}: not measured` };
    const result = median(ratios);
    // Where the rounds do not agree on it, the median does not settle it.
    const isMet = ratios.map((it) => it <= figure.target);
    const verdict = figure.target === undefined ? '' : new Set(isMet).size > 1 ? 'unsettled' : isMet[0] ? 'met' : 'missed';
    const target = figure.target === undefined ? '' : ` (target ${show(figure.target, unit)}: ${verdict})`;
    return {
        ...figure, result, verdict, ours: median(ours.filter(Number.isFinite)), others: median(others.filter(Number.isFinite)),
        range: `${show(Math.min(...ratios), unit)} to ${show(Math.max(...ratios), unit)}, ${ratios.length} of ${ours.length}`,
        text: show(result, unit), targetText: figure.target === undefined ? '' : `≤ ${show(figure.target, unit)}`,
        line: `${about}: ${show(result, unit)}${to}${target}`,
    };
}

function figuresOf(scenario, reports) {
    return scenario.figures.map((figure) => figureOf(scenario, figure, reports))
        .filter((figure) => figure.to === undefined || reports[figure.to] !== undefined);
}

module.exports = { NOTES, SCENARIOS, figuresOf };
