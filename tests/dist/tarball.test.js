'use strict';

/* What is in the release's tarballs. tests/run-dist has made them. */

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('../support/test.js');
const { run } = require('../support/server.js');
const { BIN } = require('../support/wait.js');

const FOLDER = process.env.DIST_FOLDER;
const UNPACKED = path.join(FOLDER, 'unpacked');
const tarballs = fs.readdirSync(FOLDER).filter((name) => name.includes('-linux-') && name.endsWith('.tar.gz'));
const read = (name) => fs.readFileSync(path.join(UNPACKED, name), 'utf8');

function listOf(tarball) {
    return execFileSync('tar', ['-tzf', path.join(FOLDER, tarball)], { encoding: 'utf8' }).trim().split('\n');
}

test('there is one for each processor, named by the version, with its sha256', async () => {
    const { stdout } = await run(['--version']);
    const version = stdout.trim().replace('reverb ', '');
    assert.deepEqual(tarballs.sort(), [`reverb-${version}-linux-aarch64.tar.gz`, `reverb-${version}-linux-x86_64.tar.gz`]);
    for (const tarball of tarballs) {
        const hash = crypto.createHash('sha256').update(fs.readFileSync(path.join(FOLDER, tarball))).digest('hex');
        assert.equal(fs.readFileSync(path.join(FOLDER, `${tarball}.sha256`), 'utf8'), `${hash}  ${tarball}\n`);
    }
});

test('each is signed with the release key', () => {
    const key = crypto.createPublicKey(fs.readFileSync(path.join(FOLDER, 'key.pem')));
    for (const tarball of tarballs) {
        const file = path.join(FOLDER, tarball);
        assert.ok(crypto.verify(null, fs.readFileSync(file), key, fs.readFileSync(`${file}.sig`)), tarball);
    }
});

test('two builds of the same sources are the same bytes', () => {
    const tarball = tarballs.find((name) => name.includes('x86_64'));
    const [once, again] = [FOLDER, path.join(FOLDER, 'again')].map((folder) => fs.readFileSync(path.join(folder, tarball)));
    assert.ok(once.equals(again));
});

test('both hold the same files, owned by root, in one folder', () => {
    assert.deepEqual(listOf(tarballs[0]), listOf(tarballs[1]));
    const files = listOf(tarballs[0]).map((name) => name.replace(/^reverb-[^/]+\//, ''));
    for (const name of ['bin/reverb', 'share/man/man1/reverb.1', 'share/bash-completion/completions/reverb',
        'examples/reverb.service', 'examples/reverb.json', 'licences/LICENSE', 'licences/NOTICE', 'licences/libssl-dev.txt',
        'sbom.spdx.json', 'CHANGELOG.md'])
        assert.ok(files.includes(name), name);
    const long = execFileSync('tar', ['-tvzf', path.join(FOLDER, tarballs[0]), '--numeric-owner'], { encoding: 'utf8' });
    assert.ok(long.trim().split('\n').every((line) => /^\S+ 0\/0 /.test(line)));
});

test('the program needs no library and no interpreter, and is where it wants to be', () => {
    for (const tarball of tarballs) {
        const program = path.join(FOLDER, 'program');
        fs.writeFileSync(program, execFileSync('tar', ['-xzf', path.join(FOLDER, tarball), '-O', '--wildcards', '*/bin/reverb'],
            { maxBuffer: 1 << 26 }));
        const headers = execFileSync('readelf', ['-W', '-h', '-l', '-d', program], { encoding: 'utf8' });
        assert.match(headers, /Type:\s+DYN/);
        assert.doesNotMatch(headers, /NEEDED|INTERP/);
        assert.match(headers, /GNU_RELRO/);
    }
});

test('the SBOM names each library that is linked in, with its version and licence', () => {
    const { packages, relationships } = JSON.parse(read('sbom.spdx.json'));
    const linked = relationships.filter(({ relationshipType }) => relationshipType === 'STATIC_LINK').length;
    const wanted = /^packages="(.*)"$/m.exec(fs.readFileSync(path.join(__dirname, '../../tools/dist'), 'utf8'))[1].split(' ');
    assert.equal(linked, wanted.length + 1, 'those, and the C library');
    for (const { name, versionInfo, licenseDeclared } of packages) {
        assert.match(versionInfo, /^\d/, name);
        assert.notEqual(licenseDeclared, 'NOASSERTION', name);
        assert.ok(name === 'reverb' || fs.existsSync(path.join(UNPACKED, `licences/${name}.txt`)), name);
    }
});

async function commands() {
    const { stdout } = await run(['--help']);
    return [...stdout.matchAll(/^ {2}([a-z]+) {2,}/gm)].map(([, name]) => name);
}

test('the manual knows each command that --help names', async () => {
    const manual = read('share/man/man1/reverb.1');
    const names = await commands();
    assert.ok(names.length >= 9);
    for (const name of names)
        assert.match(manual, new RegExp(`^\\.BI? ${name}\\b`, 'm'), `the manual lacks ${name}`);
});

test('the completion knows commands, and each command\'s options', async () => {
    const completed = (...words) => execFileSync('bash', ['-c', `. "$1"; shift
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _reverb; printf '%s\n' "\${COMPREPLY[@]}"`, 'bash',
    path.join(UNPACKED, 'share/bash-completion/completions/reverb'), BIN, ...words], { encoding: 'utf8' }).trim().split('\n');
    assert.deepEqual(completed(''), await commands());
    assert.deepEqual(completed('st').sort(), ['start', 'status', 'stop']);
    assert.deepEqual(completed('start', '--work'), ['--workers']);
    assert.deepEqual(completed('bench', 'fan'), ['fanout']);
});

test('so does that for fish', async () => {
    const completed = (line) => execFileSync('fish', ['--no-config', '-c', `set -x PATH ${path.dirname(BIN)} $PATH
        source ${path.join(UNPACKED, 'share/fish/vendor_completions.d/reverb.fish')}; complete -C '${line}'`], { encoding: 'utf8' })
        .trim().split('\n').map((offered) => offered.split('\t')[0]);
    assert.deepEqual(completed('reverb ').sort(), (await commands()).sort());
    assert.deepEqual(completed('reverb st').sort(), ['start', 'status', 'stop']);
    assert.deepEqual(completed('reverb start --work'), ['--workers']);
    assert.deepEqual(completed('reverb bench fan'), ['fanout']);
});

/* zsh's own functions, which offer what they are given, only print it here. */
test('and that for zsh', async () => {
    const offered = (...words) => execFileSync('zsh', ['-f', '-c', `
        _describe() { print -l -- \${found%%:*}; }
        compadd() { [[ $1 == -- ]] && shift; print -l -- $@; }
        _files() { print files; }
        words=("\${@:2}") CURRENT=$(($# - 1)); set --; source ${path.join(UNPACKED, 'share/zsh/site-functions/_reverb')}`, 'zsh', 'zsh', BIN, ...words],
    { encoding: 'utf8' }).trim().split('\n');
    assert.deepEqual(offered(''), await commands());
    assert.ok(offered('start', '--').includes('--workers'));
    assert.ok(offered('bench', '').includes('fanout'));
    assert.deepEqual(offered('start', '--config', ''), ['files']);
});

test('the manuals are well-formed', () => {
    for (const page of ['man1/reverb.1', 'man5/reverb.json.5']) {
        const said = execFileSync('sh', ['-c', `groff -k -man -Tutf8 -ww "${path.join(UNPACKED, 'share/man', page)}" 2>&1 >/dev/null`], { encoding: 'utf8' });
        assert.equal(said, '');
    }
});
