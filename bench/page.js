'use strict';

// docs/benchmarks.md, from what was measured.

const fs = require('node:fs');

function row({ scenario, figures }) {
    return figures.map((it) => [
        scenario.title, it.what, it.text === undefined ? 'not measured' : `${it.text}${it.to ? ` × ${it.to}` : ''}`,
        it.targetText ?? '', it.verdict ?? '', it.to && it.ours !== undefined ? `${it.ours.toFixed(2)} / ${it.others.toFixed(2)}` : '',
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
    const missed = results.flatMap(({ scenario, figures }) => figures.filter(({ verdict }) => verdict === 'missed')
        .map((it) => `- ${scenario.title}, ${it.what}: ${it.text}${it.to ? ` × ${it.to}` : ''}, wanted ${it.targetText}`));
    const text = `# Benchmarks

Written by \`make bench\`; do not edit. Ratios of the CPU time that the server's process used for the same work, measured in turn
in one run on one machine, with the generator of \`reverb bench\` on the same machine, over loopback. Each is the median of
${rounds} rounds of ${seconds} seconds. A run in which a message was lost, doubled or out of order does not count.

- **reverb**: this server, one worker.
- **floor**: \`bench/floor.c\`, the least a program can do to serve the same clients: one thread, no checks, no JSON, no signatures;
  what a turn of its loop published to a channel leaves in one \`send()\` for each subscriber.
- **soketi**: ${hasSoketi ? '1.6.1 from npm, on uWebSockets.js 20.57' : 'could not be installed'}.

Machine: ${machine.processor}, ${machine.cores} cores, ${Math.round(machine.memory_mb / 1024)} GB, ${machine.kernel}.

| scenario | what | result | target | | µs: ours / theirs |
| --- | --- | --- | --- | --- | --- |
${results.flatMap(row).join('\n')}

## What misses

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
