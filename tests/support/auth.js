'use strict';

/* What a Laravel application answers at /broadcasting/auth and /broadcasting/user-auth, by Pusher's
 * own SDK. The user is named by the header X-User or by ?user=; channels with "forbidden" in their
 * name are refused. Other paths serve `files`: { '/page.html': [type, body] }. */

const http = require('node:http');
const { sdk } = require('./clients.js');

function userOf(req, url) {
    const id = req.headers['x-user'] ?? url.searchParams.get('user') ?? 'anna';
    return { id, user_info: { name: `Name of ${id}` } };
}

function authorize(pusher, user, params) {
    const channel = params.get('channel_name');
    if (channel.includes('forbidden'))
        return null;
    const member = channel.startsWith('presence-') ? { user_id: user.id, user_info: user.user_info } : undefined;
    return pusher.authorizeChannel(params.get('socket_id'), channel, member);
}

async function answer(req, res, pusher, files) {
    const url = new URL(req.url, 'http://127.0.0.1');
    let body = '';
    for await (const part of req)
        body += part;
    const file = files[url.pathname];
    if (file) {
        res.writeHead(200, { 'Content-Type': file[0] });
        return res.end(file[1]);
    }
    const params = new URLSearchParams(body);
    const user = userOf(req, url);
    const granted = url.pathname === '/broadcasting/auth' ? authorize(pusher, user, params)
        : url.pathname === '/broadcasting/user-auth' ? pusher.authenticateUser(params.get('socket_id'), user)
            : null;
    if (!granted) {
        res.writeHead(403, { 'Content-Type': 'application/json' });
        return res.end('{"message":"Forbidden"}');
    }
    res.writeHead(200, { 'Content-Type': 'application/json' });
    return res.end(JSON.stringify(granted));
}

/* Ends with the server it signs for. Returns its URL. */
async function startAuth(server, { app, files = {} } = {}) {
    const pusher = sdk(server, { app });
    const listener = http.createServer((req, res) => {
        answer(req, res, pusher, files).catch((error) => {
            res.writeHead(500);
            res.end(String(error));
        });
    });
    await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve));
    server.clients.add({
        close() {
            listener.close();
            listener.closeAllConnections();
        },
    });
    return `http://127.0.0.1:${listener.address().port}`;
}

module.exports = { startAuth };
