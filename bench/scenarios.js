'use strict';

// What `make bench` measures, and what we want it to be. A scenario is run against subjects: a server
// by its name, or an object that says under which key its reports stand, which server that is, and what
// is particular about it. A figure compares one value of the reports of two subjects within each round,
// or takes our own as it is (divided by `per`). A curve is one value over a size.

const os = require('node:os');

const { WAITS } = require('./waits.js');

const CPU = 'server_cpu_us_per_';
const beside = ['reverb', 'floor', 'soketi'];
// By io_uring and by epoll, ours and the floor.
const both = ['reverb', 'reverb-epoll', 'floor', 'floor-uring'];
const all = [...both, 'soketi', 'uws', 'stock'];

const toFloor = (what, value, target) => ({ what, value, of: 'reverb', to: 'floor', target });
// What we want of each way: ours by io_uring beside that floor, ours by epoll beside the other.
const toFloors = (what, value, { uring, epoll }) => [
    { what, value, of: 'reverb', to: 'floor-uring', target: uring },
    { what, value, of: 'reverb-epoll', to: 'floor', target: epoll },
    { what, value, of: 'reverb', to: 'reverb-epoll' },
];
const toSoketi = (what, value, target) => ({ what, value, of: 'reverb', to: 'soketi', target });
const own = (what, value, target, unit) => ({ what, value, of: 'reverb', target, unit });
// What there is to know of others, without a target.
const toOther = (to, what, value) => ({ what, value, of: 'reverb', to });
const toOthers = (what, value) => ['uws', 'stock'].map((to) => toOther(to, what, value));

function fanout(inFlight, targets, more) {
    return {
        name: `fanout-${inFlight}`,
        title: `fan-out to 1 000, 100 bytes, ${inFlight} in flight`,
        args: ['fanout', '--connections', '1000', '--size', '100', '--in-flight', String(inFlight)],
        subjects: all,
        figures: [
            ...toFloors('CPU a delivery', `${CPU}delivery`, targets), toFloor('latency p99', 'latency_us.p99', 1.5),
            { what: 'latency p50', value: 'latency_us.p50', of: 'reverb', to: 'reverb-epoll', target: 1.1 }, ...more,
            ...toOthers('CPU a delivery', `${CPU}delivery`),
        ],
    };
}

function publish(name, title, args, targets, more = []) {
    return {
        name,
        title,
        args: ['publish', '--in-flight', '16', ...args],
        subjects: [...both, 'soketi', 'stock'],
        figures: [...toFloors('CPU a request', `${CPU}request`, targets), ...more, toOther('stock', 'CPU a request', `${CPU}request`)],
    };
}

function whisper(inFlight, targets) {
    return {
        name: `whisper-${inFlight}`,
        title: `client event to 500, ${inFlight} in flight`,
        args: ['whisper', '--connections', '500', '--in-flight', String(inFlight)],
        subjects: [...both, 'soketi', 'uws'],
        figures: [
            ...toFloors('CPU a delivery', `${CPU}delivery`, targets), toSoketi('CPU a delivery', `${CPU}delivery`),
            toOther('uws', 'CPU a delivery', `${CPU}delivery`),
        ],
    };
}

// Two generators, each with a channel and subscribers of its own, which add up.
function workers(inFlight, target) {
    return {
        name: `workers-${inFlight}`,
        title: `fan-out to 2 × 500 by two generators, ${inFlight} in flight each`,
        args: ['fanout', '--connections', '500', '--size', '100', '--in-flight', String(inFlight)],
        subjects: [{ key: 'two workers', server: 'reverb', workers: 2, generators: 2 }, { key: 'one worker', server: 'reverb', generators: 2 }],
        figures: [
            { what: 'deliveries a second', value: 'delivery_per_s', of: 'two workers', to: 'one worker', target, isAtLeast: true, cores: inFlight > 1 ? 4 : undefined },
            { what: 'CPU a delivery', value: `${CPU}delivery`, of: 'two workers', to: 'one worker' },
        ],
    };
}

// What a profile showed where a figure misses, and what was tried; no note where nobody has looked.
const NOTES = {
    'fanout-1': 'by callgrind a delivery has some 160 instructions of ours and libc\'s beside send() itself, about 50 ns of it; the rest is the '
        + 'kernel\'s, as in the floor',
    'publish': 'one recv() and one send() a request, as the floor; by perf, most of it is the kernel. Done: the HMAC keeps the state after '
        + 'the secret (0.8 to 0.5 µs) and is continued without EVP (to 0.25 µs), pieces of the path and the query are not '
        + 'copied, heads are read by a parser of our own (44 600 to 30 000 instructions a request by callgrind). Left: by callgrind, libcrypto is the largest part outside the kernel. The floor '
        + 'itself is about 1/11 of soketi',
    'publish-8k': 'the MD5 of the body, which the protocol asks for, was 11.5 of 27 µs by `make bench-micro` (700 MB/s, and no less by '
        + 'OpenSSL\'s MD5() without EVP); the floor has none. Done: bodies that come in one turn are hashed together (base/md5.c), '
        + 'sixteen in 25 µs; strings are scanned 16 bytes at a time, UTF-8 32. A request has 77 000 instructions by callgrind (with '
        + 'AVX2), before 154 000: 22 % are the MD5, 17 % the scanner, 13 % copies, 11 % the HMAC. Left: who publishes one at a time has '
        + 'the MD5 of one, about 2.0 × floor with `--in-flight 1`, as before',
    'idle-tls': 'by an allocator that counts, OpenSSL 3.0 keeps 13.9 KB for a session, in 34 blocks: 7.6 KB its struct, 1.9 KB the two '
        + 'ciphers\' states, 0.9 KB the session, 0.7 KB two SHA-256 states of the handshake, 0.7 KB its keys, 0.5 KB the certificate\'s '
        + 'place, 0.3 KB the client\'s ciphers. The record buffers are given back already. Tried: no tickets, ChaCha20 (0.4 KB less), '
        + 'letting go of the session, which ends the connection. Left: records sealed by ourselves with keys taken out of OpenSSL, which '
        + 'is not ours to write, or by the kernel (TLS_TX, TLS_RX), where it has that',
    'connect': 'by perf nearly all of it is the kernel\'s. Done: a client\'s close frame is answered and the socket closed at once, '
        + 'without shutdown(), one more recv() and one more turn of the loop (45 to 34 µs); its frame and the end leave as one segment (34 to '
        + '26 µs); random numbers are drawn in stock',
    'channels': 'by perf, most of it is cache misses in the map of channels, then the allocator and the scanner; the floor, which does '
        + 'nothing but that, is about 1/10 of soketi itself when it subscribes. Done: no map of subscriptions beside that of the channels, two '
        + 'allocations a subscription. Tried: open addressing (a fifth slower, by first touches of its larger tables), twice as many buckets '
        + '(no difference)',
};

const SCENARIOS = [
    fanout(1, { uring: 1.15, epoll: 1.10 }, [toSoketi('CPU a delivery', `${CPU}delivery`)]),
    fanout(16, { uring: 1.35, epoll: 1.30 }, [toSoketi('CPU a delivery', `${CPU}delivery`, 1 / 20)]),
    publish('publish', 'publish, nobody subscribed, keep-alive', [], { uring: 1.25, epoll: 1.6 }, [toSoketi('CPU a request', `${CPU}request`, 1 / 12)]),
    publish('publish-8k', 'publish 8 KB, nobody subscribed, keep-alive', ['--size', '8000'], { epoll: 2.2 }),
    publish('publish-new', 'publish, a connection for each request', ['--new-connections'], { uring: 1.25, epoll: 1.25 }),
    {
        name: 'connect',
        title: 'connect, handshake, subscribe',
        args: ['connect', '--connections', '500', '--in-flight', '16'],
        subjects: [...both, 'soketi', 'stock'],
        figures: [
            ...toFloors('CPU a connection', `${CPU}connection`, { uring: 1.25, epoll: 1.4 }),
            toSoketi('CPU a connection', `${CPU}connection`, 1 / 5),
            toFloor('CPU a disconnection', `${CPU}disconnection`, 1.4),
            toSoketi('CPU a disconnection', `${CPU}disconnection`, 1 / 5),
            toOther('stock', 'CPU a connection', `${CPU}connection`),
        ],
    },
    {
        name: 'idle',
        title: '15 000 idle subscribed connections',
        args: ['idle', '--connections', '15000'],
        subjects: ['reverb'],
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
        subjects: ['reverb-tls'],
        figures: [{ ...own('memory a connection', 'server_memory_bytes_per_connection', 12288, 'bytes'), of: 'reverb-tls' }],
    },
    whisper(1, { epoll: 1.2 }),
    whisper(64, { uring: 1.35, epoll: 1.3 }),
    {
        name: 'presence',
        title: '1 000 users join a presence channel one by one',
        args: ['presence', '--connections', '1000'],
        subjects: ['reverb', 'floor'],
        figures: [toFloor('CPU a join', `${CPU}join`, 1.3)],
    },
    {
        name: 'presence-herd',
        title: '1 000 users join a presence channel, 250 at one time',
        args: ['presence', '--members', '1000', '--connections', '1'],
        subjects: beside,
        figures: [
            toFloor('CPU a join', `${CPU}member_before`), toSoketi('CPU a join', `${CPU}member_before`),
        ],
    },
    {
        name: 'channels',
        title: '100 000 channels on one connection',
        args: ['channels', '--connections', '100000'],
        subjects: beside,
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
        subjects: ['reverb', 'reverb-tls'],
        figures: [{ what: 'CPU a delivery', value: `${CPU}delivery`, of: 'reverb-tls', to: 'reverb', target: 2 }],
    },
    {
        name: 'one-of-many',
        title: 'publish to one of 100 000 channels with a subscriber each',
        args: ['fanout', '--connections', '1', '--size', '100', '--in-flight', '16'],
        subjects: [{ key: 'of 100 000 channels', server: 'reverb', args: ['--channels', '100000'] }, { key: 'of one channel', server: 'reverb' }],
        figures: [{ what: 'CPU a delivery', value: `${CPU}delivery`, of: 'of 100 000 channels', to: 'of one channel', target: 1.1 }],
    },
    workers(16, 1.6),
    workers(1, 1),
    ...WAITS,
];

const CURVES = [
    {
        name: 'receivers-curve',
        title: 'CPU of one delivery of 100 bytes, over the receivers',
        over: 'receivers',
        value: `${CPU}delivery`,
        sizes: [1, 4, 8, 16, 32, 64, 256, 1000],
        args: (size) => ['fanout', '--connections', String(size), '--size', '100', '--in-flight', '1'],
        subjects: both,
    },
    {
        name: 'sizes-curve',
        title: 'CPU of one delivery to 200, over the size of the event',
        over: 'bytes',
        value: `${CPU}delivery`,
        sizes: [100, 1000, 4000, 9000, 16000],
        args: (size) => ['fanout', '--connections', '200', '--size', String(size), '--in-flight', '1'],
        subjects: both,
    },
    {
        name: 'presence-curve',
        title: 'CPU of one join, over the members who are there and are told',
        over: 'members',
        value: `${CPU}join`,
        sizes: [10, 100, 1000, 10000],
        args: (size) => ['presence', '--connections', '20', '--members', String(size)],
        subjects: ['reverb'],
    },
    {
        name: 'disconnect-curve',
        title: 'CPU of one disconnection, over the channels of the connection',
        over: 'channels',
        value: `${CPU}disconnection`,
        sizes: [10, 100, 1000, 10000],
        args: (size) => ['channels', '--connections', String(size)],
        subjects: beside,
    },
];

// Of which strace counts the system calls.
const CALLS = ['fanout-1', 'fanout-16', 'whisper-64', 'publish'].map((name) => {
    const { title, args } = SCENARIOS.find((it) => it.name === name);
    return { name, title, args, subjects: both };
});

// Every subject as an object.
const subjectOf = (subject) => (typeof subject === 'string' ? { key: subject, server: subject } : subject);

const at = (report, name) => name.split('.').reduce((it, key) => it?.[key], report);

function median(numbers) {
    const sorted = [...numbers].sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

// Between which of the sorted values the true median lies: as few of them as make it nine times out of ten so, whatever
// the noise looks like (each is above it with one chance in two). All of them, where they are few.
function intervalOf(sorted) {
    const n = sorted.length;
    let tail = 1 / 2 ** n; // that at most `k` lie on one side
    let ways = 1;
    let k = 0;

    for (;;) {
        ways = ways * (n - k) / (k + 1);
        if (k + 1 >= n - 1 - k || 2 * (tail + ways / 2 ** n) > 0.1)
            return [sorted[k], sorted[n - 1 - k]];
        tail += ways / 2 ** n;
        k++;
    }
}

function show(value, unit) {
    if (unit !== undefined)
        return `${value < 10 ? value.toFixed(2) : Math.round(value).toLocaleString('en').replaceAll(',', ' ')} ${unit}`;
    return value < 0.5 ? `1/${(1 / value).toFixed(1)}` : value.toFixed(2);
}

// What a server's reports say; of a run that failed nothing counts.
function valuesOf(reports, server, value, per = 1) {
    return (reports[server] ?? []).map((report) => (report?.ok ? at(report, value) / per : undefined));
}

function figureOf(scenario, figure, reports) {
    const ours = valuesOf(reports, figure.of, figure.value, figure.per);
    const others = figure.to ? valuesOf(reports, figure.to, figure.value) : ours.map(() => 1);
    const ratios = ours.map((it, i) => it / others[i]).filter(Number.isFinite);
    const about = `${scenario.title}: ${figure.what}`;
    const unit = figure.unit ?? (figure.to ? undefined : '');
    const to = figure.to ? ` × ${figure.to}` : '';

    if (ratios.length === 0)
        return { ...figure, line: `${about}${to}: not measured` };
    const result = median(ratios);
    const [from, until] = intervalOf([...ratios].sort((a, b) => a - b));
    // Where the noise leaves it open, the median does not settle it.
    const isMet = [from, until].map((it) => (figure.isAtLeast ? it >= figure.target : it <= figure.target));
    // Where the machine has too few cores for generators and workers, the target says nothing.
    const isJudged = figure.target !== undefined && os.cpus().length >= (figure.cores ?? 0);
    const verdict = figure.target === undefined ? '' : !isJudged ? `asks for ${figure.cores} cores` : isMet[0] !== isMet[1] ? 'unsettled' : isMet[0] ? 'met' : 'missed';
    const target = figure.target === undefined ? '' : ` (target ${show(figure.target, unit)}: ${verdict})`;
    return {
        ...figure, result, verdict, ours: median(ours.filter(Number.isFinite)), others: median(others.filter(Number.isFinite)),
        range: `${show(from, unit)} to ${show(until, unit)}, ${ratios.length} of ${ours.length}`,
        from, until,
        text: show(result, unit), targetText: figure.target === undefined ? '' : `${figure.isAtLeast ? '≥' : '≤'} ${show(figure.target, unit)}`,
        line: `${about}: ${show(result, unit)}${to}, ${show(from, unit)} to ${show(until, unit)}${target}`,
    };
}

function figuresOf(scenario, reports) {
    return scenario.figures.map((figure) => figureOf(scenario, figure, reports))
        .filter((figure) => figure.to === undefined || reports[figure.to] !== undefined);
}

// The points of a curve, for each subject: size and value of those that could be measured.
function pointsOf(curve, reports) {
    return Object.fromEntries(Object.entries(reports).map(([key, list]) => [key, curve.sizes
        .map((size, i) => [size, list[i]?.ok ? at(list[i], curve.value) : undefined])
        .filter(([, value]) => Number.isFinite(value))]));
}

module.exports = { CALLS, CURVES, NOTES, SCENARIOS, figuresOf, median, pointsOf, subjectOf };
