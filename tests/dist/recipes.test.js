'use strict';

/* The source tarball and the recipes that build from it. Each recipe is as its system wants it, as far as that can be
 * known without the system: its steps are run here, on the unpacked tarball. */

const assert = require('node:assert/strict');
const { execFileSync, spawnSync } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('../support/test.js');

const FOLDER = process.env.DIST_FOLDER;
const ROOT = path.join(__dirname, '../..');
const version = /VERSION "(.*)"/.exec(fs.readFileSync(path.join(ROOT, 'src/base/version.h'), 'utf8'))[1];
const tarball = path.join(FOLDER, `reverb-${version}.tar.gz`);
const recipe = (name) => path.join(FOLDER, 'recipes', name);
const sum = (algorithm, file) => crypto.createHash(algorithm).update(fs.readFileSync(file)).digest('hex');

/* By the names of pkg-config, as the Makefile has them; liburing is optional there. */
const LIBRARIES = /^DEPENDENCIES := (.*) \$\(URING\)$/m.exec(fs.readFileSync(path.join(ROOT, 'Makefile'), 'utf8'))[1].split(' ');
const IN_HOMEBREW = { openssl: 'openssl@3', libcurl: 'curl' };
const IN_ALPINE = { libcurl: 'curl-dev' };
const IN_NIX = { libcurl: 'curl' };

let sources;

/* The tarball unpacked, and built there by the steps of Alpine's recipe. */
function built() {
    if (sources)
        return sources;
    const folder = path.join(FOLDER, 'recipes/src');
    fs.mkdirSync(folder);
    execFileSync('tar', ['-xzf', tarball, '-C', folder]);
    sources = path.join(folder, `reverb-${version}`);
    alpine('build');
    return sources;
}

function run(command, args, options) {
    const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', ...options });
    assert.equal(status, 0, stdout + stderr);
    return stdout;
}

/* Runs a step of the APKBUILD as abuild would: read by a shell, in the folder of the sources. */
function alpine(step, environment) {
    const { MAKEFLAGS, MAKELEVEL, ...env } = process.env;
    return run('sh', ['-ec', `. "$1"; cd "$2"; ${step}`, 'sh', recipe('alpine/APKBUILD'), sources], { env: { ...env, ...environment } });
}

test('the source tarball builds without git, and its sum stands beside it', { timeout: 300_000 }, () => {
    assert.equal(fs.readFileSync(`${tarball}.sha256`, 'utf8'), `${sum('sha256', tarball)}  ${path.basename(tarball)}\n`);
    assert.equal(run(path.join(built(), 'build/reverb'), ['--version']).trim(), `reverb ${version}`);
});

test("Alpine's recipe names all libraries, has the sums of its sources, and packages a program, its service and its configuration", { timeout: 300_000 }, () => {
    built();
    const values = (name) => alpine(`echo "$${name}"`).trim().split(/\s+/);
    const wanted = values('makedepends');
    for (const library of LIBRARIES)
        assert.ok(wanted.includes(IN_ALPINE[library] ?? `${library}-dev`), library);
    assert.deepEqual(values('source'), [`https://releases.example/v${version}/${path.basename(tarball)}`, 'reverb.initd']);
    assert.deepEqual(values('sha512sums'), [sum('sha512', tarball), path.basename(tarball), sum('sha512', recipe('alpine/reverb.initd')), 'reverb.initd']);
    const pkgdir = path.join(FOLDER, 'recipes/pkg');
    alpine('package', { pkgdir, srcdir: recipe('alpine') });
    assert.equal(run(path.join(pkgdir, 'usr/bin/reverb'), ['--version']).trim(), `reverb ${version}`);
    for (const name of ['etc/init.d/reverb', 'etc/reverb/reverb.json', 'usr/share/man/man1/reverb.1'])
        assert.ok(fs.existsSync(path.join(pkgdir, name)), name);
    run('sh', ['-n', recipe('alpine/reverb.initd')]);
    run('sh', ['-n', recipe('alpine/reverb.pre-install')]);
});

test("Homebrew's formula names all libraries, installs the program and passes its own test", { timeout: 300_000 }, () => {
    const prefix = path.join(FOLDER, 'recipes/brew');
    const said = run('ruby', [path.join(__dirname, 'formula.rb'), recipe('homebrew/reverb.rb'), prefix], { cwd: built() }).split('\n');
    for (const library of LIBRARIES)
        assert.ok(said.includes(`depends_on ${IN_HOMEBREW[library] ?? library}`) || said.includes(`uses_from_macos ${library}`), library);
    assert.ok(said.includes(`sha256 ${sum('sha256', tarball)}`));
    assert.ok(said.includes(`url https://releases.example/v${version}/${path.basename(tarball)}`));
    assert.ok(fs.existsSync(path.join(prefix, 'etc/reverb.json')));
});

/* Nixpkgs as far as the expression needs it: the real fetchurl, and a derivation that builds by the steps of mkDerivation,
 * with this machine's compiler and libraries in the place of Nixpkgs'. */
const nixpkgs = (derive, fetchurl) => `{
    lib = { licenses.mit = "MIT"; platforms.unix = [ ]; };
    stdenv.mkDerivation = ${derive};
    fetchurl = ${fetchurl};
    pkg-config = "pkg-config";
    ${LIBRARIES.map((library) => IN_NIX[library] ?? library).map((name) => `${name} = "${name}";`).join(' ')}
}`;

test("Nix's expression names all libraries and the sum of the tarball", () => {
    const value = JSON.parse(run('nix-instantiate', ['--eval', '--strict', '--json', '--store', 'dummy://', '-E',
        `import ${recipe('nix/default.nix')} ${nixpkgs('x: x', 'x: x')}`]));
    assert.equal(value.version, version);
    assert.equal(value.src.sha256, sum('sha256', tarball));
    assert.equal(value.src.url, `https://releases.example/v${version}/${path.basename(tarball)}`);
    assert.equal(value.meta.homepage, 'https://releases.example');
    assert.deepEqual([...value.buildInputs].sort(), LIBRARIES.map((library) => IN_NIX[library] ?? library).sort());
});

test('Nix builds it, in a store of its own', { timeout: 600_000 }, () => {
    const folder = path.join(FOLDER, 'recipes/nix-root');
    const derive = `{ pname, version, src, makeFlags, buildFlags, ... }: derivation {
        name = "\${pname}-\${version}";
        system = builtins.currentSystem;
        inherit src makeFlags buildFlags;
        PATH = "/usr/bin:/bin";
        CFLAGS = "-O0"; # it only has to be built
        builder = "/bin/sh";
        args = [ "-ec" "tar -xzf $src; cd reverb-*; make $makeFlags $buildFlags; make $makeFlags install" ];
    }`;
    const fetchurl = `{ url, sha256 }: import <nix/fetchurl.nix> { url = "file://${tarball}"; inherit sha256; }`;
    const { MAKEFLAGS, MAKELEVEL, ...env } = process.env;
    const built = run('nix-build', ['--no-out-link', '--option', 'sandbox', 'false', '--option', 'build-users-group', '', '--option', 'substitute', 'false',
        '-E', `import ${recipe('nix/default.nix')} ${nixpkgs(derive, fetchurl)}`], {
        env: {
            ...env, HOME: folder, NIX_STORE_DIR: `${folder}/store`, NIX_STATE_DIR: `${folder}/state`, NIX_LOCALSTATE_DIR: `${folder}/state`,
            NIX_LOG_DIR: `${folder}/log`, NIX_CONF_DIR: `${folder}/etc`,
        },
    }).trim().split('\n').at(-1);
    assert.ok(built.startsWith(`${folder}/store/`), built);
    assert.equal(run(path.join(built, 'bin/reverb'), ['--version']).trim(), `reverb ${version}`);
    assert.ok(fs.existsSync(path.join(built, 'share/man/man1/reverb.1')));
});
