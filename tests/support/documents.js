'use strict';

/* README.md and docs/ as data: their code blocks, tables and links. */

const fs = require('node:fs');
const path = require('node:path');

const ROOT = path.resolve(__dirname, '../..');

const read = (name) => fs.readFileSync(path.join(ROOT, name), 'utf8');

/* The section's text, down to the next heading of its level or above. */
function section(name, heading) {
    const lines = read(name).split('\n');
    const start = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '') === heading);
    if (start < 0)
        throw new Error(`${name} has no section ${heading}`);
    const level = /^#+/.exec(lines[start])[0].length;
    const end = lines.findIndex((line, at) => at > start && /^#+ /.test(line) && /^#+/.exec(line)[0].length <= level);
    return lines.slice(start + 1, end < 0 ? undefined : end).join('\n');
}

/* The text of each fenced block of that language. */
const fenced = (text, language) => [...text.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].filter((match) => match[1] === language).map((match) => match[2]);

/* The text of each indented block. */
const indented = (text) => [...text.replace(/^```[^]*?^```$/gm, '').matchAll(/(?:^ {4}.*\n?(?:\n(?= {4}))?)+/gm)].map((match) => match[0].replace(/^ {4}/gm, ''));

/* The rows of each table, cells trimmed and without backticks around all of it. */
function tables(text) {
    return [...text.matchAll(/(?:^\|.*\|$\n?)+/gm)].map((match) => match[0].trim().split('\n')
        .filter((line) => !/^\|[\s|-]+\|$/.test(line))
        .map((line) => line.slice(1, -1).split(/(?<!\\)\|/).map((cell) => cell.trim().replace(/^`([^`]*)`$/, '$1'))));
}

/* What GitHub makes of a heading. */
const anchor = (heading) => heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').trim().replace(/\s/g, '-');

const anchors = (text) => [...text.replace(/^```[^]*?^```$/gm, '').matchAll(/^#+ (.*)$/gm)].map((match) => anchor(match[1]));

/* { target, anchor } of each link that is not to another site. */
const links = (text) => [...text.matchAll(/\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]*))?\)/g)].map(([, target, hash]) => ({ target, anchor: hash }));

module.exports = { ROOT, anchors, fenced, indented, links, read, section, tables };
