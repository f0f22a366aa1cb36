'use strict';

/* Signatures made here, so that wrong ones can be made too. docs/wire.md. */

const crypto = require('node:crypto');

const hmac = (secret, text) => crypto.createHmac('sha256', secret).update(text).digest('hex');
const md5 = (bytes) => crypto.createHash('md5').update(bytes).digest('hex');
const nowSeconds = () => Math.floor(Date.now() / 1000);

/* `k=v` sorted by name, arrays joined by commas: what is signed, values not escaped. */
function canonicalQuery(query) {
    return Object.keys(query)
        .sort()
        .map((name) => `${name}=${[query[name]].flat().join(',')}`)
        .join('&');
}

/* What is sent: arrays as `name[]=`, values escaped. */
function encodedQuery(query) {
    const pairs = [];
    for (const [name, value] of Object.entries(query)) {
        if (Array.isArray(value))
            value.forEach((one) => pairs.push(`${name}[]=${encodeURIComponent(one)}`));
        else
            pairs.push(`${name}=${encodeURIComponent(value)}`);
    }
    return pairs.join('&');
}

/* The request target of a signed request. Options that make it wrong, or odd:
 *   key, secret, timestamp   others than the app's, than now
 *   md5                      a body_md5 of one's own; null sends none
 *   signature                sent instead of the right one; null sends none
 *   signedPath, signedBody   what the signature covers instead
 *   unsigned                 parameters sent but left out of the string
 *   prefix                   before the path in what is sent, not in what is signed
 */
function signedTarget(app, method, path, options = {}) {
    const { query = {}, body = '', prefix = '', unsigned = {} } = options;
    const params = {
        ...query,
        auth_key: options.key ?? app.key,
        auth_timestamp: options.timestamp ?? nowSeconds(),
        auth_version: '1.0',
    };
    const signedBody = options.signedBody ?? body;
    const signedParams = signedBody.length ? { ...params, body_md5: md5(signedBody) } : params;
    const text = [method, options.signedPath ?? path, canonicalQuery(signedParams)].join('\n');
    const sent = { ...params, ...unsigned };
    if (body.length && options.md5 !== null)
        sent.body_md5 = options.md5 ?? md5(body);
    if (options.signature !== null)
        sent.auth_signature = options.signature ?? hmac(options.secret ?? app.secret, text);
    return `${prefix}${path}?${encodedQuery(sent)}`;
}

/* `auth` of a subscription: private, or presence if channel data is given. */
function channelAuth(app, socketId, channel, channelData) {
    const text = [socketId, channel, ...(channelData === undefined ? [] : [channelData])].join(':');
    return `${app.key}:${hmac(app.secret, text)}`;
}

function userAuth(app, socketId, userData) {
    return `${app.key}:${hmac(app.secret, `${socketId}::user::${userData}`)}`;
}

module.exports = { hmac, md5, nowSeconds, signedTarget, channelAuth, userAuth };
