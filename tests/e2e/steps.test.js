'use strict';

/* Each step that README.md and docs/laravel.md tell a person to take is taken by a test, in the words of the document or in its
 * place: a new step has to find its test here. */

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('../support/test.js');
const { ROOT, indented, read } = require('../support/documents.js');

/* A line's beginning, the test that takes it, and words of that test. */
const TAKEN = [
    ['make start', 'e2e/demo', 'tools/start-demo'],
    ['make test', 'run', 'part_e2e'],
    ['make$', 'run', 'make -j'],
    ['composer config repositories.reverb path', 'dist/bare', 'composer config|documented'],
    ['composer require reverb-native/reverb:@dev', 'dist/bare', '@dev'],
    ['composer (require|remove) reverb-native/reverb$', 'laravel/stock', "composer\\('remove'"],
    ['php artisan reverb:install$', 'dist/bare', 'documented'],
    ['php artisan reverb:install --webhooks', 'laravel/webhooks', '--webhooks'],
    ['php artisan reverb:start$', 'dist/bare', "'reverb:start'"],
    ['php artisan reverb:start --host', 'laravel/start', '--path'],
    ['php artisan reverb:restart', 'laravel/restart', 'reverb:restart'],
    ['php artisan reverb:build', 'laravel/binary', 'reverb:build'],
    ['(Debian, Ubuntu|Fedora|Alpine|macOS): ', 'e2e/steps', 'check-dependencies'],
    ['cd /var/www/app|reverb start$', 'e2e/laravel', 'config/reverb.php'],
    ['REVERB_APP_ID=', 'e2e/docs', 'that starts a server'],
    ['REVERB_WEBHOOK_URL=', 'e2e/webhooks', 'REVERB_WEBHOOK_URL|webhook'],
    ['REVERB_SCALING_ENABLED=|REDIS_HOST=', 'e2e/docs', 'On several machines'],
    ['systemctl ', 'e2e/managers', 'systemd-analyze'], /* the unit alone: no systemd runs here */
    ['supervisorctl ', 'e2e/managers', 'supervisorctl'],
    ['reverb (status|stop|reload|doctor|listen|publish)', 'e2e/docs', 'for a running server do what they say'],
    ['reverb restart', 'e2e/restart', "'restart'"],
    ['reverb (tail|why)', 'e2e/tail', "'why'"],
    ['reverb top', 'e2e/top', "'top'"],
    ['reverb bench fanout', 'e2e/bench', 'fanout'],
    ['\\[program:reverb\\]|(command|user|autostart|autorestart|stopsignal|stopwaitsecs|minfds)=', 'e2e/managers', 'docs/laravel.md'],
    ['tests/laravel/|tools/lint php|(PULSE|REVERB_STOCK)_PATH=', 'run', 'tests/laravel/run'],
];

const steps = (name) => indented(read(name)).filter((block) => !/^server \{/.test(block)).join('\n').split('\n').map((line) => line.replace(/\s+#.*/, '')).filter(Boolean);

for (const name of ['README.md', 'docs/laravel.md'])
    test(`each step of ${name} is taken by a test`, () => {
        const all = steps(name);
        assert.ok(all.length > 10);
        for (const step of all) {
            const [, file, words] = TAKEN.find(([begin]) => new RegExp(`^(?:${begin})`).test(step)) ?? [];
            assert.ok(file, `no test takes the step "${step}" of ${name}`);
            const from = path.join(ROOT, 'tests', file === 'run' ? 'run' : `${file}.test.js`);
            assert.match(fs.readFileSync(from, 'utf8'), new RegExp(words), `${file}: "${step}"`);
        }
    });

/* Of a machine that has nothing. */
const wanted = () => spawnSync('/bin/sh', [path.join(ROOT, 'tools/check-dependencies')], { env: { PATH: '/nowhere' }, encoding: 'utf8' }).stderr
    .split('\n').map((line) => /^ {2}(\S.*?): +(sudo \S+ \S+|brew install) (.*)$/.exec(line)).filter(Boolean).map(([, system, , packages]) => [system, packages.split(' ')]);

test('the packages that docs/laravel.md names for each system are those that the build looks for', () => {
    const lines = indented(read('docs/laravel.md')).join('\n').split('\n');
    assert.equal(wanted().length, 4);
    for (const [system, packages] of wanted()) {
        const line = lines.find((each) => each.startsWith(`${system}:`)).replace(/\s+#.*/, '');
        assert.deepEqual(line.split(/\s+/).slice(-packages.length), packages, system);
    }
});

test('the workflow that builds on macOS and Alpine installs what the build looks for', () => {
    const workflow = read('.github/workflows/ci.yml');
    const there = ['gcc', 'make', 'zlib']; /* on macOS, as it comes */
    for (const [system, line] of [['macOS', /brew install (.*)/], ['Alpine', /apk add (.*)/]]) {
        const installed = line.exec(workflow)[1].split(' ');
        for (const each of new Map(wanted()).get(system))
            assert.ok(installed.includes(each) || (system === 'macOS' && there.includes(each)), `${system}: ${each}`);
    }
});
