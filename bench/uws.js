'use strict';

// A minimal server on uWebSockets.js for the clients of `reverb bench`, as bench/floor.c is one by
// hand: no checks, no JSON, no signatures, and the library's own publish and subscribe.
//
//     node uws.js PORT

const uws = require('./soketi/node_modules/uWebSockets.js');

let sockets = 0;

function cut(text, before, after) {
    const from = text.indexOf(before) + before.length;
    return text.slice(from, text.indexOf(after, from));
}

function onMessage(ws, message) {
    const text = Buffer.from(message).toString('latin1');
    const channel = cut(text, '"channel":"', '"');

    if (text.startsWith('{"event":"client-')) {
        ws.publish(channel, message);
    } else if (text.startsWith('{"event":"pusher:subscribe"')) {
        ws.subscribe(channel);
        ws.send(`{"event":"pusher_internal:subscription_succeeded","channel":"${channel}","data":"{}"}`);
    } else if (text.startsWith('{"event":"pusher:unsubscribe"')) {
        ws.unsubscribe(channel);
    } else {
        ws.send('{"event":"pusher:pong"}');
    }
}

const app = uws.App();

// `{"name":N,"channel":C,"data":D}` becomes `{"event":N,"channel":C,"data":D}`.
function publish(response, body) {
    const text = body.toString('latin1');

    app.publish(cut(text, '"channel":"', '"'), `{"event"${text.slice('{"name"'.length)}`);
    response.writeHeader('Content-Type', 'application/json').end('{}');
}

app.ws('/*', {
    maxBackpressure: 64 * 1024 * 1024,
    open: (ws) => ws.send(`{"event":"pusher:connection_established","data":"{\\"socket_id\\":\\"${++sockets}.1\\",\\"activity_timeout\\":30}"}`),
    message: onMessage,
}).post('/*', (response) => {
    let body = Buffer.alloc(0);
    response.onAborted(() => {});
    response.onData((chunk, isLast) => {
        body = Buffer.concat([body, Buffer.from(chunk)]);
        if (isLast)
            publish(response, body);
    });
}).listen('127.0.0.1', Number(process.argv[2]), (listener) => {
    if (!listener)
        process.exit(1);
});
