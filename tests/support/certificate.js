'use strict';

/* Certificates made on the spot by openssl, for 127.0.0.1 and a name of one's own. */

const { execFileSync } = require('node:child_process');
const { readFileSync } = require('node:fs');
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

module.exports = { makeCertificate };
