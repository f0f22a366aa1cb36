'use strict';

// What the lint scripts share: which C files there are, Redis' script, and how findings are said.

const fs = require('node:fs');
const path = require('node:path');

const ROOT = path.resolve(__dirname, '..');

// The C files below the folders given, as paths from the root of the repository.
function listFiles(root, folders) {
    return folders.filter((folder) => fs.existsSync(path.join(root, folder)))
        .flatMap((folder) => fs.readdirSync(path.join(root, folder), { recursive: true })
            .filter((file) => /\.[ch]$/.test(file) && !file.includes('node_modules/'))
            .map((file) => path.join(folder, file)))
        .sort();
}

// The files of scripts/apply are one text, as in the build; `has`: of those files alone.
function applyScript(encoding = 'utf8', has = () => true) {
    const folder = path.join(ROOT, 'src/cluster/scripts/apply');
    return fs.readdirSync(folder).sort().filter(has).map((file) => fs.readFileSync(path.join(folder, file), encoding)).join('');
}

// Prints findings as compilers do; the exit status says whether there were any.
function finish(name, findings, filesCount) {
    for (const { file, line, message } of findings)
        console.log(`${file}:${line}: ${message}`);
    console.log(`${name}: ${filesCount} files, ${findings.length} findings`);
    process.exitCode = findings.length === 0 ? 0 : 1;
}

module.exports = { ROOT, applyScript, listFiles, finish };
