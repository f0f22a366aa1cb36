'use strict';

/* The pair of keys that releases are signed with: how it is generated, and that a release is not made with halves of two. */

const assert = require('node:assert/strict');
const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('../support/test.js');

const ROOT = path.join(__dirname, '../..');
const PARTS = ['tools/release-key', 'tools/release-check', 'tools/project', 'src/base/version.h', 'composer.json', 'CHANGELOG.md', 'laravel/resources/release.pem'];
const PUBLIC = 'repository/laravel/resources/release.pem';

/* A repository of what the tools read, in a folder of its own. */
function repository(t) {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'reverb-key-'));
    t.after(() => fs.rmSync(folder, { recursive: true }));
    for (const part of PARTS)
        fs.cpSync(path.join(ROOT, part), path.join(folder, 'repository', part));
    execFileSync('git', ['init', '-q', path.join(folder, 'repository')]);
    const run = (tool, args, env) => {
        const { status, stdout, stderr } = spawnSync(path.join(folder, 'repository/tools', tool), args, { cwd: folder, encoding: 'utf8', env: { ...process.env, ...env } });
        return { status, said: stdout + stderr };
    };
    return { path: (name) => path.join(folder, name), run, read: (name) => fs.readFileSync(path.join(folder, name), 'utf8') };
}

test('the public half goes where the package reads it, the private half outside the repository, for its owner alone', (t) => {
    const { path: at, run, read } = repository(t);
    fs.writeFileSync(at(PUBLIC), 'A placeholder.\n');
    const { status, said } = run('release-key', [at('private.pem')]);
    assert.equal(status, 0, said);
    assert.match(said, /secret RELEASE_KEY/);
    assert.equal(fs.statSync(at('private.pem')).mode & 0o777, 0o600);
    assert.equal(read(PUBLIC), execFileSync('openssl', ['pkey', '-in', at('private.pem'), '-pubout'], { encoding: 'utf8' }));
    assert.equal(run('release-key', [at('private.pem')]).status, 0, 'once more: the same pair');
});

test('a private half in the repository, one of another kind, and replacing a key without being told to are refused', (t) => {
    const { path: at, run, read } = repository(t);
    fs.rmSync(at(PUBLIC));
    const refused = (args, pattern) => {
        const { status, said } = run('release-key', args);
        assert.equal(status, 1, said);
        assert.match(said, pattern);
    };
    refused([], /where shall the private half be\?/);
    refused([at('repository/private.pem')], /inside the repository/);
    execFileSync('openssl', ['genpkey', '-algorithm', 'RSA', '-out', at('rsa.pem')], { stdio: 'ignore' });
    refused([at('rsa.pem')], /is not an Ed25519 key/);
    assert.ok(!fs.existsSync(at(PUBLIC)));
    run('release-key', [at('first.pem')]);
    const first = read(PUBLIC);
    refused([at('second.pem')], /public half of another key; REPLACE=1/);
    assert.equal(read(PUBLIC), first);
    assert.equal(run('release-key', [at('second.pem')], { REPLACE: '1' }).status, 0);
    assert.notEqual(read(PUBLIC), first);
});

test('release-check says which half is missing, and when the two are no pair', (t) => {
    const { path: at, run } = repository(t);
    const check = (key) => run('release-check', ['quick'], { RELEASE_KEY: key }).said.split('\n');
    const fails = (said, pattern) => said.some((line) => line.startsWith('  DOES NOT HOLD') && pattern.test(line));
    fs.writeFileSync(at(PUBLIC), 'A placeholder.\n');
    const without = check('');
    assert.ok(fails(without, /is no placeholder/) && fails(without, /RELEASE_KEY names the private key/) && fails(without, /is the public half of RELEASE_KEY/));
    run('release-key', [at('private.pem')]);
    assert.ok(!check(at('private.pem')).some((line) => /DOES NOT HOLD.*(RELEASE_KEY|placeholder)/.test(line)));
    execFileSync('openssl', ['genpkey', '-algorithm', 'ed25519', '-out', at('other.pem')]);
    const other = check(at('other.pem'));
    assert.ok(fails(other, /release\.pem is the public half of RELEASE_KEY/), other.join('\n'));
    assert.equal(other.filter((line) => /DOES NOT HOLD.*(RELEASE_KEY|placeholder)/.test(line)).length, 1);
});

test('release-check wants the address from which applications download to be that of the releases', (t) => {
    const { path: at, run, read } = repository(t);
    const holds = (env) => run('release-check', ['quick'], env).said.split('\n').some((line) => /^ {2}holds: "homepage" of composer\.json/.test(line));
    const homepage = (url) => fs.writeFileSync(at('repository/composer.json'), JSON.stringify({ ...JSON.parse(read('repository/composer.json')), homepage: url }, null, 4));
    homepage(undefined);
    assert.ok(!holds());
    homepage('https://github.com/somebody/reverb');
    assert.ok(holds());
    assert.ok(holds({ RELEASES_URL: 'https://github.com/somebody/reverb/releases/download' }));
    assert.ok(!holds({ RELEASES_URL: 'https://github.com/another/reverb/releases/download' }));
    assert.equal(run('project', ['homepage']).said, 'https://github.com/somebody/reverb\n');
});

test('no private key is in the repository', () => {
    const { stdout } = spawnSync('git', ['-C', ROOT, 'grep', '-lE', '^-----BEGIN [A-Z ]*PRIVATE KEY-----'], { encoding: 'utf8' });
    assert.equal(stdout, '');
});
