'use strict';

/* Certificates made on the spot by openssl, for 127.0.0.1 and a name of one's own. */

const { execFileSync } = require('node:child_process');
const { readFileSync, writeFileSync } = require('node:fs');
const path = require('node:path');

/* { cert, key, pem } (paths, and the certificate's text) in `folder`; `name` is its CN and its files' name. */
function makeCertificate(folder, name = 'reverb.test', { passphrase } = {}) {
    const cert = path.join(folder, `${name}.crt`);
    const key = path.join(folder, `${name}.key`);
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1',
        ...(passphrase ? ['-passout', `pass:${passphrase}`] : ['-nodes']),
        '-days', '30', '-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name},IP:127.0.0.1`,
        '-keyout', key, '-out', cert], { stdio: 'pipe' });
    return { cert, key, pem: readFileSync(cert, 'utf8') };
}

/* One that an authority of its own has signed, so that it needs a chain: the same, and `authority`. Valid
 * from `from` to `to`, as openssl's "20260101000000Z", if they are given. */
function makeSigned(folder, name = 'signed.test', { from, to } = {}) {
    const authority = makeCertificate(folder, `${name}-authority`);
    const cert = path.join(folder, `${name}.crt`);
    const key = path.join(folder, `${name}.key`);
    const request = path.join(folder, `${name}.csr`);
    const settings = path.join(folder, `${name}.cnf`);
    execFileSync('openssl', ['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
        '-subj', `/CN=${name}`, '-keyout', key, '-out', request], { stdio: 'pipe' });
    writeFileSync(path.join(folder, `${name}.index`), '');
    writeFileSync(settings, `[ca]
default_ca = own
[own]
database = ${folder}/${name}.index
new_certs_dir = ${folder}
rand_serial = yes
default_md = sha256
policy = any
x509_extensions = leaf
[any]
commonName = supplied
[leaf]
subjectAltName = DNS:${name},IP:127.0.0.1
`);
    execFileSync('openssl', ['ca', '-batch', '-notext', '-config', settings, '-cert', authority.cert, '-keyfile', authority.key,
        ...(from ? ['-startdate', from] : []), ...(to ? ['-enddate', to] : ['-days', '30']), '-in', request, '-out', cert], { stdio: 'pipe' });
    return { cert, key, authority, pem: readFileSync(cert, 'utf8') };
}

module.exports = { makeCertificate, makeSigned };
