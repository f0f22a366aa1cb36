'use strict';

/* The clients of the soak: each is in some channels and keeps a Track of each. */

const assert = require('node:assert/strict');
const { Client, pusherJs, echo } = require('../support/clients.js');
const { channelAuth } = require('../support/signer.js');
const { deferred, until, within } = require('../support/wait.js');
const { Track } = require('./track.js');

const isPresence = (channel) => channel.startsWith('presence-');

class Member {
    constructor(world, userId) {
        this.world = world;
        this.userId = userId;
        this.tracks = new Map();
        this.who = `${this.constructor.name} ${userId}`;
    }

    /* The track of a channel that this member now subscribes to. */
    track(channel) {
        let track = this.tracks.get(channel);
        if (!track)
            this.tracks.set(channel, track = new Track(this.world.lines.get(channel), this.who));
        track.ask();
        return track;
    }

    get isOpen() {
        return true;
    }

    /* The members of the presence channel, as this member sees them. */
    membersOf(channel) {
        return [...this.tracks.get(channel).members].sort();
    }
}

/* Frames over `ws`; takes no step of its own. */
class FrameMember extends Member {
    constructor(world, userId) {
        super(world, userId);
        this.isCompressed = userId.charCodeAt(0) % 2 === 0;
    }

    async connect() {
        this.tracks.clear();
        this.client = await Client.open(this.world.server, { deflate: this.isCompressed });
        this.client.receive = (bytes) => this.see(JSON.parse(bytes.toString()), bytes);
    }

    get isOpen() {
        return this.client !== undefined && !this.client.isClosed;
    }

    see(message, bytes) {
        const track = this.tracks.get(message.channel);
        switch (message.event) {
        case 'numbered':
            return track?.number(Number(message.data));
        case 'client-numbered':
            return this.onWhisper?.(message.data.n);
        case 'filler':
            return undefined;
        case 'pusher_internal:member_added':
            return track?.added(JSON.parse(message.data).user_id);
        case 'pusher_internal:member_removed':
            return track?.removed(JSON.parse(message.data).user_id);
        case 'pusher:ping':
            return this.client.send('pusher:pong', {});
        case 'pusher_internal:subscription_succeeded':
            track?.enter(isPresence(message.channel) ? new Set(JSON.parse(message.data).presence.ids) : undefined);
        // falls through
        default:
            return Client.prototype.receive.call(this.client, bytes, false);
        }
    }

    async join(channel) {
        this.track(channel);
        await this.client.subscribe(channel, isPresence(channel) ? { channelData: { user_id: this.userId, user_info: { id: this.userId } } } : {});
    }

    leave(channel) {
        this.tracks.delete(channel);
        this.client.unsubscribe(channel);
    }

    /* Leaves as a browser does, or as one that loses its network. */
    async disconnect(isClean) {
        this.tracks.clear();
        if (isClean)
            return this.client.leave();
        this.client.close();
        return this.client.waitClosed();
    }
}

const authorization = (world, userId) => ({
    channelAuthorization: {
        customHandler: ({ socketId, channelName }, callback) => {
            const data = isPresence(channelName) ? JSON.stringify({ user_id: userId, user_info: { id: userId } }) : undefined;
            callback(null, { auth: channelAuth(world.server.app, socketId, channelName, data), channel_data: data });
        },
    },
});

/* pusher-js. One that is restarted is made anew, as a page that is loaded again does: in Node it gives
 * WebSockets up after two connections that were short, whoever ended them. */
class PusherMember extends Member {
    constructor(world, userId, version) {
        super(world, userId);
        this.who = `pusher-js ${version} ${userId}`;
        this.version = version;
    }

    async connect() {
        this.pusher = pusherJs(this.world.server, { version: this.version, ...authorization(this.world, this.userId) });
        await until(() => this.pusher.connection.state === 'connected', `${this.who} is connected`);
    }

    join(channel) {
        const ready = deferred();
        const track = this.track(channel);
        const subscription = this.pusher.subscribe(channel);
        subscription.bind('numbered', (n) => track.number(Number(n)));
        subscription.bind('pusher:subscription_succeeded', () => {
            track.enter();
            ready.resolve();
        });
        return within(ready.promise, `${this.who} is in ${channel}`);
    }

    leave(channel) {
        this.tracks.delete(channel);
        this.pusher.channel(channel).unbind();
        this.pusher.unsubscribe(channel);
    }

    /* Away and back, in all its channels. */
    async restart() {
        const channels = [...this.tracks.keys()];
        this.pusher.disconnect();
        this.tracks.clear();
        await this.connect();
        await Promise.all(channels.map((channel) => this.join(channel)));
    }

    membersOf(channel) {
        return Object.keys(this.pusher.channel(channel).members.members).sort();
    }
}

/* laravel-echo with its listeners. */
class EchoMember extends Member {
    async connect() {
        this.echo = await echo(this.world.server, authorization(this.world, this.userId));
        await until(() => this.echo.connector.pusher.connection.state === 'connected', `${this.who} is connected`);
    }

    join(channel) {
        const track = this.track(channel);
        const ready = deferred();
        const isRoom = isPresence(channel);
        const short = channel.replace(/^(private|presence)-/, '');
        const subscription = isRoom ? this.echo.join(short)
            : channel.startsWith('private-') ? this.echo.private(short) : this.echo.channel(short);
        subscription.listen('.numbered', (n) => track.number(Number(n)));
        if (isRoom)
            subscription.joining(({ id }) => track.added(id)).leaving(({ id }) => track.removed(id));
        const enter = (members) => {
            track.enter(members && new Set(members.map(({ id }) => id)));
            ready.resolve();
        };
        if (isRoom)
            subscription.here(enter);
        else
            subscription.subscribed(() => enter());
        return within(ready.promise, `${this.who} is in ${channel}`);
    }

    leave(channel) {
        this.tracks.delete(channel);
        this.echo.leaveChannel(channel);
    }
}

/* Reads nothing for a while, then continues; or is closed with 4100 if too much waits for it. */
class LazyMember extends FrameMember {
    pause() {
        this.client.socket._socket?.pause();
    }

    async resume() {
        this.client.socket._socket?.resume();
        if (this.client.isClosed)
            assert.ok([4100, 1006].includes((await this.client.waitClosed()).code));
    }
}

module.exports = { FrameMember, PusherMember, EchoMember, LazyMember, isPresence };
