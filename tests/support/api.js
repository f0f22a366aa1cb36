'use strict';

/* Signed requests to the HTTP API over kept-alive connections. */

const http = require('node:http');
const https = require('node:https');
const { signedTarget } = require('./signer.js');
const { within } = require('./wait.js');

const plain = new http.Agent({ keepAlive: true });
const secure = new https.Agent({ keepAlive: true, rejectUnauthorized: false });

/* { status, headers, text, json }; `json` is undefined if the body is not JSON. */
function request(server, method, target, { body, headers = {}, agent } = {}) {
    const module_ = server.secure ? https : http;
    const answer = new Promise((resolve, reject) => {
        const req = module_.request({
            host: server.host,
            port: server.port,
            method,
            path: target,
            agent: agent ?? (server.secure ? secure : plain),
            headers: body === undefined ? headers : { 'Content-Length': Buffer.byteLength(body), ...headers },
        }, (res) => {
            let text = '';
            res.setEncoding('utf8');
            res.on('data', (part) => { text += part; });
            res.on('error', reject);
            res.on('end', () => {
                let json;
                try {
                    json = JSON.parse(text);
                } catch {
                    json = undefined;
                }
                resolve({ status: res.statusCode, headers: res.headers, text, json, socket: req.socket });
            });
        });
        req.on('error', reject);
        req.end(body);
    });
    return within(answer, `${method} ${target} is answered`);
}

/* `path` is below /apps/{id}; options: app, body (object or text), headers and those of signedTarget(). */
function api(server, method, path, options = {}) {
    const app = options.app ?? server.app;
    const body = options.body === undefined || typeof options.body === 'string'
        ? options.body : JSON.stringify(options.body);
    const full = options.fullPath ?? `/apps/${options.id ?? app.app_id}${path}`;
    const target = signedTarget(app, method, full, { ...options, body: body ?? '' });
    const headers = { ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...options.headers };
    return request(server, method, target, { body, headers, agent: options.agent });
}

const get = (server, path, options) => api(server, 'GET', path, options);
const post = (server, path, body, options) => api(server, 'POST', path, { ...options, body });

/* Publishes and asserts that it was accepted. */
async function publish(server, channel, name, data = '{}', options = {}) {
    const { body = {}, ...rest } = options;
    const where = Array.isArray(channel) ? { channels: channel } : { channel };
    const answer = await post(server, '/events', { name, data, ...where, ...body }, rest);
    if (answer.status !== 200)
        throw new Error(`publishing was refused: ${answer.status} ${answer.text}`);
    return answer;
}

function closeAgents() {
    plain.destroy();
    secure.destroy();
}

process.on('exit', closeAgents);

module.exports = { request, api, get, post, publish };
