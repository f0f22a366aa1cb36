'use strict';

// C read as roughly as the lint scripts need it: what a file defines and declares at file scope,
// and which lines it takes. No preprocessor runs; both sides of an #if are read.

const fs = require('node:fs');
const path = require('node:path');

const ROOT = path.resolve(__dirname, '..');

// Comments, strings and characters: what stands in them is never code.
const LITERALS = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\[\s\S]|[^"\\\n])*"|'(?:\\[\s\S]|[^'\\\n])*'/g;
const DIRECTIVES = /^[ \t]*#(?:[^\n\\]|\\[\s\S])*/gm;
const ATTRIBUTES = /\b(?:__attribute__|_Alignas|_Static_assert|static_assert)\s*(?=\()/;

function blanked(text) {
    return text.replace(/[^\n]/g, ' ');
}

function withoutLiterals(text) {
    return text.replace(LITERALS, (literal) => (literal[0] === '/' ? blanked(literal)
        : literal[0] + blanked(literal.slice(1, -1)) + literal[0]));
}

function lineAt(text, offset) {
    let line = 1;
    for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1))
        line++;
    return line;
}

// Where the bracket that opens at `start` closes.
function closingOf(text, start) {
    let depth = 0;
    for (let at = start; at < text.length; at++) {
        if ('([{'.includes(text[at]))
            depth++;
        else if (')]}'.includes(text[at]) && --depth === 0)
            return at;
    }
    return text.length;
}

// Without __attribute__((…)) and the like, brackets and all.
function withoutAttributes(text) {
    for (let match = ATTRIBUTES.exec(text); match; match = ATTRIBUTES.exec(text)) {
        const end = closingOf(text, text.indexOf('(', match.index)) + 1;
        text = text.slice(0, match.index) + blanked(text.slice(match.index, end)) + text.slice(end);
    }
    return text;
}

// `text` with everything inside (…), […] and {…} blank: what is left is the declaration itself.
function skeletonOf(text) {
    let out = '';
    for (let at = 0; at < text.length; at++) {
        out += text[at];
        if ('([{'.includes(text[at])) {
            const end = closingOf(text, at);
            out += blanked(text.slice(at + 1, end));
            at = end - 1;
        }
    }
    return out;
}

// The declarations at file scope as { text, start, end }, each without its final semicolon.
function chunksOf(code) {
    const chunks = [];
    let start = 0;

    for (let at = 0; at < code.length; at++) {
        const isBlock = code[at] === '{';
        if (isBlock || code[at] === '(' || code[at] === '[')
            at = closingOf(code, at);
        const isFunction = isBlock && /\)\s*$/.test(code.slice(start, code.indexOf('{', start)))
            && !/=/.test(skeletonOf(code.slice(start, code.indexOf('{', start))));
        if (code[at] === ';' || isFunction) {
            chunks.push({ text: code.slice(start, code[at] === ';' ? at : at + 1), start, end: at });
            start = at + 1;
        }
    }
    return chunks.filter(({ text }) => text.trim() !== '');
}

// FOO(a, b) alone at file scope defines what its macro says; the declaration is what follows.
function withoutMacroCalls(text) {
    for (;;) {
        const match = /^\s*[A-Z][A-Z0-9_]*\s*\(/.exec(text);
        const end = match ? closingOf(text, match[0].length - 1) + 1 : 0;
        if (!match || text.slice(end).trim() === '' || text.slice(end).trimStart()[0] === '{')
            return text;
        text = blanked(text.slice(0, end)) + text.slice(end);
    }
}

function constantsOf(body) {
    return skeletonOf(body).split(',').map((one) => /^\s*(\w+)/.exec(one)?.[1]).filter(Boolean);
}

// The struct, union or enum a declaration defines; null where it defines none.
function tagOf(text, skeleton) {
    const match = /\b(struct|union|enum)\s*(\w*)\s*\{/.exec(skeleton);
    if (!match)
        return null;
    const open = match.index + match[0].length - 1;
    const body = text.slice(open + 1, closingOf(text, open));
    return {
        kind: match[1], name: match[2] || null, constants: match[1] === 'enum' ? constantsOf(body) : [],
    };
}

function typedefOf(text) {
    const pointer = /\(\s*\*\s*(\w+)\s*\)\s*\(/.exec(text);
    const name = pointer?.[1] ?? /(\w+)\s*(?:\[[^\]]*\]\s*)*$/.exec(text)?.[1] ?? '?';
    return { kind: 'typedef', name, isFunctionPointer: Boolean(pointer) };
}

// A function's or a variable's name, told by what stands before its first bracket or value.
function declaredOf(text, skeleton) {
    const isStatic = /\bstatic\b/.test(skeleton);
    const isExtern = /\bextern\b/.test(skeleton);
    const beforeValue = skeleton.split('=')[0];
    const called = /(\w+)\s*\(/.exec(beforeValue);
    const pointer = /\(\s*\*\s*(?:const\s+)?(\w+)/.exec(text);

    if (called && !/^(struct|union|enum|const|void|int|char|bool|_Atomic|\w+_t)$/.test(called[1]))
        return {
            kind: text.trimEnd().endsWith('}') && !/=/.test(skeleton) ? 'function' : 'prototype',
            name: called[1], isStatic, isExtern,
        };
    const name = called && pointer ? pointer[1]
        : /(\w+)\s*(?:\[\s*\]\s*)*$/.exec(beforeValue.replace(/\{\s*\}/g, ''))?.[1];
    const isTagOnly = /^\s*(struct|union|enum)(\s+\w+)?\s*(\{\s*\})?\s*$/.test(skeleton);
    return name && !isTagOnly ? { kind: 'variable', name, isStatic, isExtern } : null;
}

function itemsOf(chunk) {
    const text = withoutMacroCalls(withoutAttributes(chunk.text));
    const skeleton = skeletonOf(text);

    if (text.trim() === '')
        return [];
    if (/^\s*typedef\b/.test(text))
        return [tagOf(text, skeleton), typedefOf(text)];
    const declared = declaredOf(text, skeleton);
    return [declared?.kind === 'function' ? null : tagOf(text, skeleton), declared];
}

function definesOf(code) {
    return [...code.matchAll(/^[ \t]*#[ \t]*define[ \t]+(\w+)/gm)].map((match) => ({
        kind: 'macro', name: match[1], line: lineAt(code, match.index),
    }));
}

// What the file at `file` has at file scope: { kind, name, line, lastLine, … } in its order.
function readItems(file) {
    const code = withoutLiterals(fs.readFileSync(file, 'utf8'));
    const plain = code.replace(DIRECTIVES, blanked);
    const items = chunksOf(plain).flatMap((chunk) => {
        const start = chunk.start + chunk.text.search(/\S/);
        const place = { line: lineAt(plain, start), lastLine: lineAt(plain, chunk.end) };
        return itemsOf(chunk).filter(Boolean).map((item) => ({ ...item, ...place }));
    });
    return [...definesOf(code), ...items];
}

// The C files below the folders given, as paths from the root of the repository.
function listFiles(root, folders) {
    return folders.filter((folder) => fs.existsSync(path.join(root, folder)))
        .flatMap((folder) => fs.readdirSync(path.join(root, folder), { recursive: true })
            .filter((file) => /\.[ch]$/.test(file) && !file.includes('node_modules/'))
            .map((file) => path.join(folder, file)))
        .sort();
}

// Prints findings as compilers do; the exit status says whether there were any.
function finish(name, findings, filesCount) {
    for (const { file, line, message } of findings)
        console.log(`${file}:${line}: ${message}`);
    console.log(`${name}: ${filesCount} files, ${findings.length} findings`);
    process.exitCode = findings.length === 0 ? 0 : 1;
}

module.exports = { ROOT, readItems, listFiles, finish };
