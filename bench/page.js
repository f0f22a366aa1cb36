'use strict';

// docs/benchmarks.md, from what was measured.

const fs = require('node:fs');

const { NOTES } = require('./scenarios.js');

function row({ scenario, figures }) {
    return figures.map((it) => [
        scenario.title, it.what, it.text === undefined ? 'not measured' : `${it.text}${it.to ? ` × ${it.to}` : ''}`,
        it.range ?? '', it.targetText ?? '', it.verdict ?? '', it.to && it.ours !== undefined ? `${it.ours.toFixed(2)} / ${it.others.toFixed(2)}` : '',
    ].join(' | ')).map((cells) => `| ${cells} |`);
}

function machineOf(results) {
    for (const { reports } of results)
        for (const list of Object.values(reports))
            for (const report of list)
                if (report?.machine)
                    return report.machine;
    return {};
}

function writePage(file, results, { hasSoketi, rounds, seconds }) {
    const machine = machineOf(results);
    const missed = results.flatMap(({ scenario, figures }) => figures.filter(({ verdict }) => verdict === 'missed' || verdict === 'unsettled')
        .map((it) => `- ${scenario.title}, ${it.what}: ${it.text}${it.to ? ` × ${it.to}` : ''}, wanted ${it.targetText}${it.verdict === 'unsettled' ? ' (the rounds disagree)' : ''}${NOTES[scenario.name] ? `; ${NOTES[scenario.name]}` : '; not profiled'}`));
    const text = `# Benchmarks

Written by \`make bench\`; do not edit. Ratios of the CPU time that the server's process used for the same work, measured in turn
in one run on one machine, with the generator of \`reverb bench\` on the same machine, over loopback. Each is the median of
${rounds} rounds of ${seconds} seconds. A run in which a message was lost, doubled or out of order does not count.

- **reverb**: this server, one worker.
- **floor**: \`bench/floor.c\`, the least a program can do to serve the same clients: one thread, no checks, no JSON, no signatures;
  what a turn of its loop published to a channel leaves in one \`send()\` for each subscriber.
- **soketi**: ${hasSoketi ? '1.6.1 from npm, on uWebSockets.js 20.57, which it was not released with (see bench/soketi/install); metrics off' : 'could not be installed'}.

Machine: ${machine.processor}, ${machine.cores} cores, ${Math.round(machine.memory_mb / 1024)} GB, ${machine.kernel}.

| scenario | what | median | rounds: from, to, how many count | target | | ours / theirs (µs) |
| --- | --- | --- | --- | --- | --- | --- |
${results.flatMap(row).join('\n')}

The machine was not ours alone, and a round is short: a verdict is *met* or *missed* only where all rounds agree, else
*unsettled*. A ratio below 1 means that our floor is not the least in that scenario, or noise; which of the two is not known.

Not measured here: publishing to one of 100 000 channels, and two workers beside one, and Laravel Reverb itself.

## What misses or is unsettled

${missed.length > 0 ? missed.join('\n') : 'Nothing.'}

## How to repeat it

\`make bench\` measures all of it, \`bench/run fanout-16 connect\` a part, \`bench/run --rounds=5 --seconds=10\` for longer.
\`bench/results/\` holds what each run reported. To measure a server of your own, whichever it is:

    reverb bench fanout --url wss://example.com --app-id ID --key KEY --secret SECRET --connections 1000 --in-flight 16

On the server's machine \`--pid\` adds its CPU time and memory. \`reverb --help\` lists the scenarios and options.
`;
    fs.writeFileSync(file, text);
}

module.exports = { writePage };
