'use strict';

/* Ten thousand connections come, receive an event and go, and nothing of them is left. */

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { ownServer } = require('../support/server.js');
const { connectionsAre } = require('../support/clients.js');
const { get, publish } = require('../support/api.js');
const { Crowd } = require('../support/crowd.js');
const { SANITIZED, openFilesLimit, until } = require('../support/wait.js');

const COUNT = SANITIZED ? 1_000 : 10_000;
const MIB = 1024 * 1024;

async function visit(server, crowd) {
    await crowd.open(COUNT);
    await connectionsAre(server, COUNT);
    crowd.send('{"event":"pusher:subscribe","data":{"channel":"news"}}');
    await crowd.have(2);
    assert.equal((await get(server, '/channels/news', { query: { info: 'subscription_count' } })).json.subscription_count, COUNT);
    await publish(server, 'news', 'told', '{"n":1}');
    await crowd.have(3);
    const full = server.rss();
    crowd.leave();
    await connectionsAre(server, 0);
    return full;
}

test(`${COUNT} connections subscribe, hear an event and leave; memory and descriptors are back`, { timeout: 180_000 }, async (t) => {
    assert.ok(openFilesLimit() > COUNT + 200, `this process may open ${openFilesLimit()} files: run tests/run-e2e, or ulimit -n 20000`);
    const server = await ownServer(t);
    const crowd = new Crowd(server);
    server.clients.add(crowd);
    await get(server, '/channels');
    const descriptors = server.descriptors();
    const empty = server.rss();

    const full = await visit(server, crowd);
    const afterFirst = server.rss();
    await visit(server, crowd);
    await until(() => server.descriptors() <= descriptors + 2,
        () => `${descriptors} descriptors again, not ${server.descriptors()}`);
    await until(async () => (await get(server, '/channels')).text === '{"channels":{}}', 'no channel is occupied');

    t.diagnostic(`RSS: empty ${(empty / MIB).toFixed(1)} MiB, full ${(full / MIB).toFixed(1)}, left ${(afterFirst / MIB).toFixed(1)}, `
        + `left again ${(server.rss() / MIB).toFixed(1)}; ${Math.round((full - empty) / COUNT)} bytes a connection`);
    if (SANITIZED)
        return;
    assert.ok(server.rss() < empty + 12 * MIB, `about where it was: ${server.rss() / MIB} MiB, at first ${empty / MIB}`);
    assert.ok(server.rss() < afterFirst + 4 * MIB, 'the second visit leaves no more than the first');
});
