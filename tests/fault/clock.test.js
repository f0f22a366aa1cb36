'use strict';

/* A wall clock that jumps. Only signatures depend on it: everything else uses a clock that cannot jump. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { app, ownServer } = require('../support/server.js');
const { Client } = require('../support/clients.js');
const { get, post, publish } = require('../support/api.js');
const { clock } = require('../support/faults.js');
const { nowSeconds } = require('../support/signer.js');


const DAY_S = 86_400;

for (const [which, step] of [['forwards', 400 * DAY_S], ['backwards', -400 * DAY_S], ['to 1970', 1000 - nowSeconds()]])
    test(`a clock that jumps ${which} costs no connection, no kept event and no order`, async (t) => {
        const time = clock();
        const server = await ownServer(t, { env: time.env, apps: [app({ ping_interval: 1, cache_ttl: 60 })] });
        const client = await Client.open(server);
        await client.subscribe('cache-weather');
        await publish(server, 'cache-weather', 'told', '1');
        assert.equal((await client.next('told')).data, '1');

        time.step(step);
        const stepped = { timestamp: nowSeconds() + step };
        await publish(server, 'cache-weather', 'told', '2', stepped);
        assert.equal((await client.next('told')).data, '2');
        const late = await Client.open(server);
        late.sendSubscribe('cache-weather');
        assert.equal((await late.next('told')).data, '2', 'the kept event is still there');
        for (let n = 0; n < 2; n++) {
            await client.next('pusher:ping');
            client.send('pusher:pong', {});
        }
        time.step(0);
        await publish(server, 'cache-weather', 'told', '3');
        assert.equal((await client.next('told')).data, '3');
        assert.equal((await server.status()).stale_closed, 0);
    });

test('a publisher whose clock is off is told so, and is served again when the clocks agree', async (t) => {
    const time = clock();
    const server = await ownServer(t, { env: time.env });
    const event = { name: 'told', channel: 'news', data: '' };
    time.step(7200);
    const refusal = await post(server, '/events', event);
    assert.equal(refusal.status, 401);
    assert.match(refusal.text, /timestamp/i);
    time.step(0);
    assert.equal((await post(server, '/events', event)).status, 200);
});

test('the end keeps its time however the clock jumps meanwhile', async (t) => {
    const time = clock();
    const server = await ownServer(t, { env: time.env, server: { shutdown_timeout: 1 } });
    const client = await Client.open(server);
    client.socket._socket.pause(); // never answers the close frame
    assert.equal((await get(server, '/connections')).json.connections, 1);
    server.signal('SIGTERM');
    time.step(-10 * DAY_S);
    const began = process.hrtime.bigint();
    await server.ended();
    assert.ok(Number(process.hrtime.bigint() - began) / 1e9 < 10);
});
