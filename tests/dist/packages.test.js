'use strict';

/* The .deb and the .rpm. The .deb is installed, started, upgraded and purged in a copy of this system that forgets all
 * that was written to it: a file system laid over it, in a namespace of its own. Needs root. */

const assert = require('node:assert/strict');
const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('../support/test.js');

const FOLDER = process.env.DIST_FOLDER;
const packages = (end, folder = FOLDER) => fs.readdirSync(folder).filter((name) => name.endsWith(end)).map((name) => path.join(folder, name));

/* Runs a script as root of the copy; what it prints. */
function inCopy(script) {
    const { status, stdout, stderr } = spawnSync('unshare', ['--mount', 'sh', '-ec', `
        mount -t tmpfs tmpfs /mnt && mkdir /mnt/upper /mnt/work /mnt/root
        mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/root
        mount --bind "$1" /mnt/root/mnt && mount --bind /dev /mnt/root/dev && mount -t proc proc /mnt/root/proc
        exec chroot /mnt/root sh -ec "$2"`, 'sh', FOLDER, `
        printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d
        export DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin
        install() { dpkg -i "$1" >/tmp/said 2>&1 || { cat /tmp/said >&2; return 1; }; }
        ${script}`], { encoding: 'utf8' });
    assert.equal(status, 0, stdout + stderr);
    return stdout;
}

/* As tools/project has it: one address, in all packages. */
const maintainer = execFileSync(path.join(__dirname, '../../tools/project'), ['maintainer'], { encoding: 'utf8' }).trim();

test('the .deb is as lintian wants it', () => {
    const { status, stdout } = spawnSync('lintian', ['--allow-root', '--fail-on', 'error,warning', ...packages('.deb')], { encoding: 'utf8' });
    assert.equal(status, 0, stdout);
    assert.equal(execFileSync('dpkg-deb', ['-f', packages('.deb')[0], 'Maintainer'], { encoding: 'utf8' }).trim(), maintainer);
});

test('the .deb recommends libcurl, and its program starts without it', () => {
    const [deb] = packages('.deb');
    assert.match(execFileSync('dpkg-deb', ['-f', deb, 'Recommends'], { encoding: 'utf8' }), /\blibcurl4\b/);
    assert.doesNotMatch(execFileSync('dpkg-deb', ['-f', deb, 'Depends'], { encoding: 'utf8' }), /curl/);
    assert.match(inCopy(`install /mnt/${path.basename(deb)}; rm -f /usr/lib/*/libcurl.so.4*; reverb --version`), /^reverb \d/m);
});

test('installed, it has a user, a unit and a configuration of its own with which it starts', { timeout: 300_000 }, () => {
    const said = inCopy(`
        install /mnt/${path.basename(packages('.deb')[0])}
        getent passwd reverb
        stat -c '%a %U:%G' /etc/reverb /etc/reverb/reverb.json
        grep -c '"secret": "[a-z0-9]\\{20\\}"' /etc/reverb/reverb.json
        grep -E '^(Type|User|WatchdogSec|ExecStart)=' /lib/systemd/system/reverb.service
        dpkg-query -W -f '\${Conffiles}\\n' reverb
        setpriv --reuid=reverb --regid=reverb --clear-groups reverb config --config /etc/reverb/reverb.json | grep port`);
    assert.match(said, /^reverb:.*:\/nonexistent:\/usr\/sbin\/nologin$/m);
    assert.match(said, /^750 root:reverb\n640 root:reverb\n1$/m);
    assert.match(said, /^Type=notify$/m);
    assert.match(said, /^User=reverb$/m);
    assert.match(said, /^ExecStart=\/usr\/bin\/reverb start /m);
    assert.match(said, /^ \/etc\/default\/reverb /m);
    assert.match(said, /port\W+8080/);
});

test('an upgrade keeps what was configured; only a purge takes it away', { timeout: 300_000 }, () => {
    const [first, second] = [...packages('.deb'), ...packages('.deb', path.join(FOLDER, 'again'))].map((file) => path.relative(FOLDER, file));
    const said = inCopy(`
        install /mnt/${first}
        echo '{"mine":true}' >/etc/reverb/reverb.json && echo '# mine' >>/etc/default/reverb
        install /mnt/${second}
        dpkg-query -W -f '\${Version}\\n' reverb; cat /etc/reverb/reverb.json; tail -n 1 /etc/default/reverb
        dpkg -r reverb >/dev/null; cat /etc/reverb/reverb.json; ls /usr/bin/reverb 2>/dev/null || echo gone
        dpkg -P reverb >/dev/null; ls /etc/reverb /etc/default/reverb 2>/dev/null || echo purged`);
    assert.match(said, /^\S+-2\n\{"mine":true\}\n# mine\n\{"mine":true\}\ngone\npurged$/m, said);
});

/* By Debian's rpm, with a database of its own that knows of no other package. */
test('so does the .rpm, and an upgrade brings the new program beside it', { timeout: 300_000 }, () => {
    const [first, second] = [FOLDER, path.join(FOLDER, 'again')].map((folder) => path.relative(FOLDER, packages(`.${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}.rpm`, folder)[0]));
    const said = inCopy(`
        rpm() { /usr/bin/rpm --dbpath /tmp/rpm "$@" 2>/tmp/said || { cat /tmp/said >&2; return 1; }; }
        rpm -i --nodeps --force-debian /mnt/${first}
        stat -c '%a %U:%G' /etc/reverb /etc/reverb/reverb.json
        echo '{"mine":true}' >/etc/reverb/reverb.json
        rpm -U --nodeps --force-debian /mnt/${second}
        rpm -q --qf '%{RELEASE}\n' reverb; cat /etc/reverb/reverb.json; reverb --version
        rpm -e --nodeps reverb; cat /etc/reverb/reverb.json.rpmsave; ls /usr/bin/reverb 2>/dev/null || echo gone`);
    assert.match(said, /^750 root:reverb\n640 root:reverb\n2\n\{"mine":true\}\nreverb \d\S*\n\{"mine":true\}\ngone$/m, said);
});

test('the .rpm has the static program, its unit and its configuration', () => {
    assert.equal(packages('.rpm').length, 2);
    for (const file of packages('.rpm')) {
        const arch = /\.(\w+)\.rpm$/.exec(file)[1];
        const query = (...args) => execFileSync('rpm', ['--dbpath', FOLDER, '-qp', ...args, file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
        assert.match(query('--qf', '%{NAME} %{ARCH}\n'), new RegExp(`^reverb ${arch}$`, 'm'));
        const files = query('-l').split('\n');
        for (const name of ['/usr/bin/reverb', '/usr/lib/systemd/system/reverb.service', '/etc/reverb/reverb.json', '/usr/share/man/man1/reverb.1'])
            assert.ok(files.some((file) => file.startsWith(name)), name);
        assert.equal(query('-c').trim(), '/etc/reverb/reverb.json');
        assert.equal(query('--qf', '%{PACKAGER}').trim(), maintainer);
        assert.doesNotMatch(query('--requires'), /lib\w+\.so/);
    }
});
