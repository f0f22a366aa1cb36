-- The operations other than events: the letter of each, how many arguments it takes, what it does.

others = {
    -- Hello: see greet().
    H = { 2, greet },
    -- Subscriptions: key, how many this node has, flags (t: notify all of the count; what the node
    -- requests, p: the members, k: the cached event), the number of that snapshot.
    S = { 4, function(key, count, flags, chain)
        set_subscriptions(self, key, tonumber(count), string.find(flags, 't', 1, true))
        if count ~= '0' then
            show(key, flags, chain, '0')
        end
    end },
    -- A member's first connection on this node: key, member, info.
    J = { 3, function(key, member, info) add_member(self, key, member, info) end },
    -- Its last one: key, member, whether this node has unlisted it already ("1").
    L = { 3, function(key, member, is_unlisted)
        remove_member(self, key, member)
        if is_unlisted == '1' then
            show_member(key, member)
        end
    end },
    -- Await: everything before is applied. Key, waiter, flags (t: notify all of the count).
    D = { 3, function(key, socket, flags)
        put('D', pack(key, socket))
        if flags == 't' then
            notify_count(key)
        end
    end },
    -- Notifies all of the count, which may be news to the subscribers of a node that was alone: key.
    c = { 1, function(key) notify_count(key, true) end },
    -- Requests the state of a channel, or its next page: key, flags, number of the snapshot, cursor.
    Y = { 4, show },
    -- An app was removed, who takes its id must see none of its cached events: app, how long these
    -- live in ms.
    O = { 2, forget_cached },
    -- Connections: app, how many more (or less).
    X = { 2, function(app, count) add_connections(self, app, count) end },
    -- May one more connect? App, the limit, waiter.
    M = { 3, function(app, max, socket)
        local sum = 0
        for _, count in ipairs(call('HVALS', state .. ':x:' .. app)) do
            sum = sum + tonumber(count)
        end
        local may = sum < tonumber(max)
        if may then
            add_connections(self, app, 1)
        end
        put('M', pack(app, socket, may and '1' or '0'))
    end },
    -- Is that user online? Key, waiter.
    Q = { 2, function(key, socket)
        put('Q', pack(key, socket, route_of(key).total > 0 and '1' or '0'))
    end },
    -- So many bytes of the inbox were read.
    A = { 1, function(bytes)
        call('UNLINK', prefix .. ':nothing') -- as in reap_any()
        call('HINCRBY', prefix .. ':b', process_of(self), -tonumber(bytes))
    end },
    -- Heartbeat: how many keys the node has reported; the number up to which it has read; the letters of the wide
    -- streams that it reads. Answers the number of the last call and the index of each stream's last entry.
    B = { 3, heartbeat },
    -- Verifies a sample: key, the node's subscriptions, one of its members there or "".
    V = { 3, verify },
    -- Verifies connections: app, how many the node has reported. One that was let in may not know yet.
    v = { 2, function(app, count)
        if tonumber(call('HGET', state .. ':x:' .. app, self) or 0) < tonumber(count) then
            lose('x:' .. app)
        end
    end },
    -- Renews what would expire.
    N = { 0, renew },
    -- Gives up a node that has been silent since that heartbeat.
    U = { 2, function(node, beats)
        local score = call('ZSCORE', prefix .. ':nodes', node)
        if score and tonumber(score) == tonumber(beats) then
            begin_reaping(node)
        end
    end },
    -- Removes the state of dead nodes, or of previous incarnations of this one: a step.
    R = { 0, reap_any },
    F = { 0, reap_previous },
    -- The node has reported all its state.
    Z = { 0, function() call('SADD', prefix .. ':synced', self) end },
    -- Is there memory? Refused if not.
    W = { 0, function() call('SET', prefix .. ':nothing', '', 'PX', 1) end },
    -- Leaves the cluster: a step.
    G = { 0, leave },
    -- Which changes are kept for webhooks, of a node that joins.
    C = { 1, want_changes },
    -- Changes for webhooks: the last one read, those that were sent, what is wanted ("-": some, as before), the
    -- number of this question.
    I = { 4, take_changes },
    -- Compares what webhooks were told with what is: letter of the change, key, member, whether it was perhaps
    -- not told ("?").
    P = { 4, compare },
}

local done = not refusal and finish()
return done or refuse()
