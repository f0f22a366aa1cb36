'use strict';

// docs/benchmarks.svg, from what was measured: bars for what each server takes for the same work,
// and the curves. Both axes of cost are logarithmic. Its colours suit a light and a dark page.

const fs = require('node:fs');

const BARS_WIDTH = 560; // with what is written behind them
const LETTER = 6.6; // the width of one, on average
const BAR = 13;
const CURVE_HEIGHT = 220;
const CURVE_WIDTH = 340;
const CURVE_ROW = CURVE_HEIGHT + 50;
const SERVERS = ['floor', 'floor-uring', 'reverb', 'reverb-epoll', 'uws', 'soketi', 'stock'];
const NAMES = { floor: 'floor', 'floor-uring': 'floor, io_uring', reverb: 'reverb', 'reverb-epoll': 'reverb, epoll', uws: 'uWebSockets', soketi: 'soketi', stock: 'Laravel Reverb' };
const STYLE = `
text { font: 12px system-ui, sans-serif; fill: #24292f }
.title { font-size: 14px; font-weight: 600 } .small { font-size: 11px }
.grid { stroke: #8b949e; stroke-opacity: .3 } .line { fill: none; stroke-width: 2 }
.floor { fill: #8b949e; stroke: #8b949e } .floor-uring { fill: #57606a; stroke: #57606a }
.reverb-epoll { fill: #f0883e; stroke: #f0883e } .reverb { fill: #d1242f; stroke: #d1242f } .uws { fill: #1a7f37; stroke: #1a7f37 }
.soketi { fill: #0969da; stroke: #0969da } .stock { fill: #9a6700; stroke: #9a6700 } path.line { fill: none }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .floor-uring { fill: #c9d1d9; stroke: #c9d1d9 } .reverb { fill: #ff7b72; stroke: #ff7b72 } .uws { fill: #3fb950; stroke: #3fb950 }
.soketi { fill: #58a6ff; stroke: #58a6ff } .stock { fill: #d29922; stroke: #d29922 } }`;

const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const text = (x, y, it, more = '') => `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${escape(it)}</text>`;
const short = (value) => (value >= 1e6 ? `${value / 1e6} s` : value >= 1e3 ? `${Number((value / 1e3).toPrecision(3))} ms` : `${Number(value.toPrecision(3))} µs`);
const count = (value) => String(value).replace(/(\d)(?=(\d{3})+$)/g, '$1 ');

// From value to pixel, over whole powers of ten.
function scale(values, from, to) {
    const low = Math.floor(Math.log10(Math.min(...values)));
    const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))));
    const place = (value) => from + ((Math.log10(value) - low) / (high - low)) * (to - from);

    return { place, ticks: Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i)) };
}

function legend(names, y) {
    let x = 12;

    return names.map((name) => {
        const it = `<rect class="${name}" x="${x}" y="${y - 10}" width="11" height="11"/>${text(x + 16, y, NAMES[name])}`;
        x += 30 + NAMES[name].length * 7.5;
        return it;
    }).join('');
}

function bars(groups, left, top) {
    const { place, ticks } = scale(groups.flatMap(({ values }) => Object.values(values)), left, left + BARS_WIDTH - 70);
    const out = [];
    let y = top;

    for (const { title, values } of groups) {
        out.push(text(left - 8, y + 10, title, 'text-anchor="end"'));
        for (const name of SERVERS.filter((it) => values[it] !== undefined)) {
            const end = place(values[name]);
            out.push(`<rect class="${name}" x="${left}" y="${y}" width="${Math.max(1, end - left).toFixed(1)}" height="${BAR - 3}"/>`);
            out.push(text(end + 5, y + 9, short(values[name]), 'class="small"'));
            y += BAR;
        }
        y += 9;
    }
    const lines = ticks.map((tick) => `<path class="grid" d="M${place(tick).toFixed(1)} ${top - 4}V${y}"/>${text(place(tick), y + 12, short(tick), 'class="small" text-anchor="middle"')}`);
    return { svg: [...lines, ...out].join('\n'), bottom: y + 16 };
}

function curve({ title, points }, left, top) {
    const all = Object.values(points).flat();
    const x = scale(all.map(([size]) => size), left, left + CURVE_WIDTH);
    const y = scale(all.map(([, value]) => value), top + CURVE_HEIGHT, top + 24);
    const lines = Object.entries(points).map(([name, list]) => `<path class="line ${name}" d="${list
        .map(([size, value], i) => `${i ? 'L' : 'M'}${x.place(size).toFixed(1)} ${y.place(value).toFixed(1)}`).join('')}"/>${list
        .map(([size, value]) => `<circle class="${name}" cx="${x.place(size).toFixed(1)}" cy="${y.place(value).toFixed(1)}" r="2.5"/>`).join('')}`);

    return [
        text(left, top + 6, title, 'class="small"'),
        ...x.ticks.map((tick) => text(x.place(tick), top + CURVE_HEIGHT + 16, count(tick), 'class="small" text-anchor="middle"')),
        ...y.ticks.map((tick) => `<path class="grid" d="M${left} ${y.place(tick).toFixed(1)}h${CURVE_WIDTH}"/>${text(left - 5, y.place(tick) + 4, short(tick), 'class="small" text-anchor="end"')}`),
        ...lines,
    ].join('\n');
}

// `data` is what docs/benchmarks.json holds.
function writePlot(file, data) {
    const groups = data.bars.filter(({ values }) => SERVERS.filter((name) => values[name] !== undefined).length > 1)
        .map(({ title, values }) => ({ title, values: Object.fromEntries(Object.entries(values).filter(([name]) => SERVERS.includes(name))) }));
    const curves = data.curves.filter(({ points }) => Object.values(points).some((list) => list.length > 1));
    const shown = SERVERS.filter((name) => groups.some(({ values }) => values[name] !== undefined));
    const parts = [text(12, 20, 'CPU time of the server’s process for the same work (less is better, logarithmic)', 'class="title"'), legend(shown, 42)];
    // As much room as the longest title takes.
    const left = 20 + Math.ceil(LETTER * Math.max(...groups.map(({ title }) => title.length)));
    const { svg, bottom } = bars(groups, left, 64);
    const width = Math.max(left + BARS_WIDTH, 70 + 2 * (CURVE_WIDTH + 85));

    parts.push(svg, ...curves.map((it, i) => curve(it, 70 + (i % 2) * (CURVE_WIDTH + 85), bottom + 30 + (i >> 1) * CURVE_ROW)));
    const height = bottom + (curves.length ? Math.ceil(curves.length / 2) * CURVE_ROW + 10 : 10);
    fs.writeFileSync(file, `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${Math.round(height)}" viewBox="0 0 ${width} ${Math.round(height)}">
<style>${STYLE}
</style>
${parts.join('\n')}
</svg>
`);
}

module.exports = { writePlot };
