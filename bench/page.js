'use strict';

// docs/benchmarks.md and docs/benchmarks.json, from what was measured.

const fs = require('node:fs');
const path = require('node:path');

const { NOTES, median } = require('./scenarios.js');

function row({ scenario, figures }) {
    return figures.map((it) => [
        scenario.title, it.of === 'reverb-epoll' ? `${it.what}, by epoll` : it.what, it.text === undefined ? 'not measured' : `${it.text}${it.to ? ` × ${it.to}` : ''}`,
        it.range ?? '', it.targetText ?? '', it.verdict ?? '', it.to && it.ours !== undefined ? `${it.ours.toFixed(2)} / ${it.others.toFixed(2)}` : '',
    ].join(' | ')).map((cells) => `| ${cells} |`);
}

// A wait has no other server beside it: what counts is how long it is.
function waitRow({ scenario, figures }) {
    return figures.map((it) => `| ${[scenario.title, it.what, it.text ?? 'not measured', it.range ?? '', it.targetText ?? '', it.verdict ?? ''].join(' | ')} |`);
}

const reportsOf = (results) => results.flatMap(({ reports }) => Object.values(reports).flat().filter(Boolean));

// The value that the plot shows of a scenario: what the first figure is about, for each server.
function barOf({ scenario, reports, figures: [{ value } = {}] }) {
    if (!value?.startsWith('server_cpu_us_per_'))
        return { title: scenario.title, values: {} };
    const values = Object.entries(reports).map(([key, list]) => [key, median(list.filter((it) => it?.ok).map((it) => it[value]).filter(Number.isFinite))]);
    return { title: scenario.title, values: Object.fromEntries(values.filter(([, it]) => Number.isFinite(it))) };
}

// What the generator used beside the server, in the scenarios where both are told for the same unit.
function generatorShares(results) {
    return results.map(({ scenario, reports }) => {
        const shares = (reports.reverb ?? []).filter(Boolean).flatMap((report) => ['delivery', 'request', 'join']
            .map((unit) => report[`client_cpu_us_per_${unit}`] / report[`server_cpu_us_per_${unit}`]).filter(Number.isFinite));
        return [scenario.title, median(shares)];
    }).filter(([, share]) => Number.isFinite(share));
}

function dataOf(results, curves, calls, about) {
    return {
        machine: reportsOf(results)[0]?.machine ?? {}, rounds: about.rounds, seconds: about.seconds, minutes: Number(about.minutes.toFixed(1)),
        load: about.load, left_out: [...about.missing],
        figures: results.flatMap(({ scenario, figures }) => figures.map((it) => ({
            scenario: scenario.name, what: it.what, of: it.of, to: it.to, median: it.result, from: it.from, until: it.until,
            target: it.target, verdict: it.verdict || undefined, ours: it.ours, theirs: it.to ? it.others : undefined,
        }))),
        bars: results.filter(({ scenario }) => !scenario.hasProbe).map(barOf),
        calls,
        curves: curves.map(({ curve, points }) => ({ name: curve.name, title: curve.title, over: curve.over, points })),
    };
}

function curveTable({ title, over, points }) {
    const keys = Object.keys(points);
    const sizes = [...new Set(Object.values(points).flat().map(([size]) => size))].sort((a, b) => a - b);
    const valueOf = (key, size) => points[key].find(([it]) => it === size)?.[1];

    return `${title}, in µs:

| ${over} | ${keys.join(' | ')} |
| --- |${' --- |'.repeat(keys.length)}
${sizes.map((size) => `| ${size} | ${keys.map((key) => valueOf(key, size)?.toFixed(1) ?? 'not measured').join(' | ')} |`).join('\n')}`;
}

function leftOut(missing, seen) {
    const lines = [];
    if (missing.has('soketi'))
        lines.push('soketi and uws are left out here: npm could not bring them.');
    if (missing.has('stock'))
        lines.push('Laravel Reverb is left out here: Composer could not bring it, and `REVERB_STOCK_PATH` named no checkouts.');
    if (seen.some((it) => !it.ok))
        lines.push(`${seen.filter((it) => !it.ok).length} of ${seen.length} runs do not count, since a message was lost, doubled or out of order, or a connection ended.`);
    return lines.join('\n');
}

function callsTable(calls) {
    const keys = [...new Set(calls.flatMap(({ values }) => Object.keys(values)))];

    if (calls.length === 0)
        return 'Not counted: there is no strace here.';
    return `The server's, by strace, for each delivery or, where nobody is subscribed, each request. Strace slows the server, so that more gathers in a
turn than without it:

| | ${keys.join(' | ')} |
| --- |${' --- |'.repeat(keys.length)}
${calls.map(({ title, values }) => `| ${title} | ${keys.map((key) => (values[key] === undefined ? 'not counted' : String(Number(values[key].toPrecision(2))))).join(' | ')} |`).join('\n')}`;
}

function writePage(folder, results, curves, calls, about) {
    const data = dataOf(results, curves, calls, about);
    const { machine } = data;
    const isWait = ({ scenario }) => scenario.hasProbe;
    const missed = results.flatMap(({ scenario, figures }) => figures.filter(({ verdict }) => verdict === 'missed' || verdict === 'unsettled')
        .map((it) => `- ${scenario.title}, ${it.what}: ${it.text}${it.to ? ` × ${it.to}` : ''}, wanted ${it.targetText}${it.verdict === 'unsettled' ? ' (the noise leaves it open)' : ''}${NOTES[scenario.name] ? `; ${NOTES[scenario.name]}` : ''}`));
    const text = `# Benchmarks

Written by \`make bench\`; do not edit. Ratios of the CPU time that the server's process used for the same work, measured in turn
in one run on one machine, with the generator of \`reverb bench\` on the same machine, over loopback. Each is the median of
${about.rounds} round${about.rounds === 1 ? '' : 's'} of ${about.seconds} second${about.seconds === 1 ? '' : 's'}. A run in which a message was lost, doubled or out of order does not count.

![What each server takes for the same work](benchmarks.svg)

- **reverb**: this server, one worker, by io_uring where the machine has it. **reverb-epoll**: the same, by epoll (\`REVERB_IO=epoll\`).
- **floor**: \`bench/floor.c\`, the least a program can do to serve the same clients: one thread, no checks, no JSON, no signatures;
  what a turn of its loop published to a channel leaves in one \`send()\` for each subscriber. It answers a publisher before that, so
  that the next events come while these go out.
- **floor-uring**: the same by io_uring (\`bench/floor_uring.c\`): multishot accept and receive into provided buffers, and one system call a turn,
  which sends all that the turn has to send and waits for the next one.
- **uws**: \`bench/uws.js\`, a bare server on uWebSockets.js 20.57, without checks as well, with its own publish and subscribe.
- **soketi**: 1.6.1 from npm, on that uWebSockets.js, which it was not released with (see bench/soketi/install); metrics off.
- **stock**: Laravel Reverb on Laravel 12 and PHP, without an extension for its event loop; one round.

Machine: ${machine.processor}, ${machine.cores} cores, ${Math.round(machine.memory_mb / 1024)} GB, ${machine.kernel}. The run took ${data.minutes} minutes, and the load average
was ${data.load.least.toFixed(1)} to ${data.load.most.toFixed(1)}; the run alone makes about two. ${data.load.most > 4 ? 'So much else ran that the figures of this run say little: take it as a draft.' : ''}
${leftOut(about.missing, reportsOf(results))}

| scenario | what | median | nine times in ten between, of how many rounds | target | | ours / theirs (µs) |
| --- | --- | --- | --- | --- | --- | --- |
${results.filter((it) => !isWait(it)).flatMap(row).join('\n')}

The machine was not ours alone, and a round is short: a verdict is *met* or *missed* only where all of that interval is on one
side of the target, else *unsettled*. Where the last column is about deliveries a second, it is that many. [benchmarks.json](benchmarks.json) holds
the same for programs.

## Curves

${data.curves.map(curveTable).join('\n\n')}

To few receivers, and if it is large, an event is sent by itself either way. A join is told to each member who is there; a disconnection costs by the
connection's own channels.

## System calls

${callsTable(calls)}

## What others wait for

What a client of another app waits for its pong, beside loads in which something is large or a client is busy; \`--probe\` of \`reverb bench\`
measures it, on the two cores of server and generator. A worst wait is one of some hundred pings, and it counts as *met* only if each round's is.

| beside | what | median of rounds | between, of how many rounds | target | |
| --- | --- | --- | --- | --- | --- |
${results.filter(isWait).flatMap(waitRow).join('\n')}

## What misses or is unsettled

${missed.length > 0 ? missed.join('\n') : 'Nothing.'}

## The generator

It shares the machine with the server. CPU time of the generator over that of this server, by scenario:
${generatorShares(results).map(([title, share]) => `${title} ${share.toFixed(2)}`).join('; ')}.
It numbers each message, and receives one by one what the server sends one by one: most of its time is the kernel's, for \`recv()\`
and the acknowledgement.

## How to repeat it

\`make bench\` measures all of it, \`bench/run fanout-16 connect\` a part, \`bench/run --rounds=5 --seconds=10\` for longer;
\`make bench-micro\` the parts by themselves. \`bench/results/\` holds what each run reported. To measure a server of your own,
whichever it is:

    reverb bench fanout --url wss://example.com --app-id ID --key KEY --secret SECRET --connections 1000 --in-flight 16

On the server's machine \`--pid\` adds its CPU time and memory. \`--probe KEY\` measures beside any load how long a client of that app
waits for its pong meanwhile (\`wait_us\`). \`reverb --help\` lists the scenarios and options.
`;
    fs.writeFileSync(path.join(folder, 'benchmarks.md'), text.replaceAll(/\n{3,}/g, '\n\n'));
    fs.writeFileSync(path.join(folder, 'benchmarks.json'), `${JSON.stringify(data, null, 2)}\n`);
    return data;
}

module.exports = { writePage };
