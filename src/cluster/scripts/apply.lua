-- Applies what one node did to the state that all nodes share, and puts what the others must hear
-- into the inboxes of exactly those that are concerned. All at once: no node sees half of it, and
-- each inbox has its entries in the order in which things happened.
--
-- KEYS[1]: what every key begins with; its hash tag keeps all of them on one shard.
-- ARGV[1]: the node, "<process>.<incarnation>". ARGV[2…]: operations, a letter and its arguments.
-- Answers "OK" and, after a hello, the epoch and whether the inbox exists; after a beat, the
-- processes that are in step; after taking a former self away, whether some of it is left. Or "GONE"
-- where the others have given the node up or Redis has lost it: then nothing was applied.
--
-- A "key" names a channel: its kind (c: channel, u: user, w: watched user), the length of the app's
-- id, ":", the id, ":", the name. What stands under the prefix:
--   nodes      zset: node → when it was last heard of (ms, this server's clock)
--   dying      zset: nodes that are being cleaned away
--   synced     set:  nodes whose state is all there
--   epoch      text: another one says that the state was lost in between
--   n:NODE     hash: what the node has: key → its subscriptions, "x"APP → its connections
--   k:KEY      hash: the nodes with subscriptions: node → how many
--   t:KIND APP hash: key → subscriptions of all nodes
--   p:NODE:KEY set:  the members that are on that node
--   o:KEY      hash: member → on how many nodes
--   m:KEY      hash: member → its info
--   e:KEY      text: the last event of a cache channel
--   x:APP      hash: node → its connections
--   i:PROCESS  stream: the inbox

local NODE_SILENT_MS = 10000
local INBOX_ENTRIES_MAX = 200000
local FIELDS_AT_ONCE = 2000
local REAPED_AT_ONCE = 1000
local REAPS_A_BEAT = 10

local prefix, self = KEYS[1], ARGV[1]
local call = redis.call
local outboxes = {}
local answer = { 'OK' }

local function process_of(node)
    return string.match(node, '^[^.]+')
end

local function parts_of(key)
    local colon = string.find(key, ':', 2, true)
    local app_len = tonumber(string.sub(key, 2, colon - 1))
    return string.sub(key, colon + 1, colon + app_len), string.sub(key, colon + app_len + 2)
end

local function totals_of(key)
    return prefix .. ':t:' .. string.sub(key, 1, 1) .. parts_of(key)
end

-- Each text with its length before it.
local function pack(...)
    local packed = {}
    for i, text in ipairs({ ... }) do
        packed[i] = struct.pack('<I4c0', #text, text)
    end
    return table.concat(packed)
end

local function put(node, letter, packed)
    local process = process_of(node)
    local outbox = outboxes[process]
    if not outbox then
        outbox = {}
        outboxes[process] = outbox
    end
    outbox[#outbox + 1] = letter
    outbox[#outbox + 1] = packed
end

-- To every process that is subscribed to `key`, once; `except` is a process or nil.
local function put_to_subscribed(key, letter, packed, except)
    local nodes = call('HKEYS', prefix .. ':k:' .. key)
    local done = except and { [except] = true } or {}
    for _, node in ipairs(nodes) do
        local process = process_of(node)
        if not done[process] then
            done[process] = true
            put(node, letter, packed)
        end
    end
end

-- --- what a node has ---------------------------------------------------------------------------

local function show_state(key, flags)
    if string.find(flags, 'p', 1, true) then
        local packed = { pack(key) }
        for _, text in ipairs(call('HGETALL', prefix .. ':m:' .. key)) do
            packed[#packed + 1] = pack(text)
        end
        put(self, 'P', table.concat(packed))
    end
    if string.find(flags, 'k', 1, true) then
        local event = call('GET', prefix .. ':e:' .. key)
        local ttl = event and call('PTTL', prefix .. ':e:' .. key) or 0
        put(self, 'S', pack(key, tostring(ttl), event or ''))
    end
end

-- A node that joins anew has told what it has while its previous incarnation is still there: of a
-- process the last one counts.
local function count_of(key)
    local last, counts, total = {}, {}, 0
    local nodes = call('HGETALL', prefix .. ':k:' .. key)
    for i = 1, #nodes, 2 do
        local process, incarnation = string.match(nodes[i], '^([^.]+)%.(%d+)$')
        incarnation = tonumber(incarnation)
        if not last[process] or incarnation > last[process] then
            last[process], counts[process] = incarnation, tonumber(nodes[i + 1])
        end
    end
    for _, count in pairs(counts) do
        total = total + count
    end
    return total
end

local function tell_count(key)
    local total = count_of(key)
    if total > 0 then
        put_to_subscribed(key, 'C', pack(key, tostring(total)))
    end
end

local function set_subscriptions(node, key, count, flags)
    local had = tonumber(call('HGET', prefix .. ':n:' .. node, key) or 0)
    if count > 0 then
        show_state(key, flags)
    end
    if had == count then
        return
    end
    if count > 0 then
        call('HSET', prefix .. ':n:' .. node, key, count)
        call('HSET', prefix .. ':k:' .. key, node, count)
    else
        call('HDEL', prefix .. ':n:' .. node, key)
        call('HDEL', prefix .. ':k:' .. key, node)
    end
    local totals = totals_of(key)
    local total = call('HINCRBY', totals, key, count - had)
    if total <= 0 then
        call('HDEL', totals, key)
    end
    if string.sub(key, 1, 1) == 'u' and (total <= 0 or total == count - had) then
        put_to_subscribed('w' .. string.sub(key, 2), 'O',
            pack('w' .. string.sub(key, 2), total > 0 and '1' or '0'))
    end
    if string.find(flags, 't', 1, true) then
        tell_count(key)
    end
end

local function add_member(node, key, member, info)
    if call('SADD', prefix .. ':p:' .. node .. ':' .. key, member) == 0 then
        return
    end
    if call('HINCRBY', prefix .. ':o:' .. key, member, 1) == 1 then
        call('HSET', prefix .. ':m:' .. key, member, info)
        put_to_subscribed(key, 'A', pack(key, member, info, process_of(node)))
    end
end

local function remove_member(node, key, member)
    if call('SREM', prefix .. ':p:' .. node .. ':' .. key, member) == 0 then
        return
    end
    if call('HINCRBY', prefix .. ':o:' .. key, member, -1) <= 0 then
        call('HDEL', prefix .. ':o:' .. key, member)
        call('HDEL', prefix .. ':m:' .. key, member)
        put_to_subscribed(key, 'R', pack(key, member, process_of(self)))
    end
end

local function add_connections(node, app, count)
    local sum = call('HINCRBY', prefix .. ':n:' .. node, 'x' .. app, count)
    if sum == 0 then
        call('HDEL', prefix .. ':n:' .. node, 'x' .. app)
        call('HDEL', prefix .. ':x:' .. app, node)
    else
        call('HSET', prefix .. ':x:' .. app, node, sum)
    end
end

-- --- nodes come and go -------------------------------------------------------------------------

local function now_ms()
    local time = call('TIME')
    return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Takes away what the node had, some of it; true once nothing is left.
local function reap(node)
    local has = call('HSCAN', prefix .. ':n:' .. node, 0, 'COUNT', REAPED_AT_ONCE)
    for i = 1, #has[2], 2 do
        local key = has[2][i]
        if string.sub(key, 1, 1) == 'x' then
            add_connections(node, string.sub(key, 2), -tonumber(has[2][i + 1]))
        else
            local members = prefix .. ':p:' .. node .. ':' .. key
            for _, member in ipairs(call('SMEMBERS', members)) do
                remove_member(node, key, member)
            end
            set_subscriptions(node, key, 0, 't')
        end
    end
    return call('EXISTS', prefix .. ':n:' .. node) == 0
end

local function has_successor(node)
    for _, other in ipairs(call('ZRANGE', prefix .. ':nodes', 0, -1)) do
        if process_of(other) == process_of(node) then
            return true
        end
    end
    return false
end

local function begin_reaping(node)
    call('ZREM', prefix .. ':nodes', node)
    call('SREM', prefix .. ':synced', node)
    call('ZADD', prefix .. ':dying', now_ms(), node)
    if not has_successor(node) then
        call('DEL', prefix .. ':i:' .. process_of(node))
    end
end

-- Some of it; true once nothing of that node is left.
local function go_on_reaping(node)
    local is_done = reap(node)
    if is_done then
        call('ZREM', prefix .. ':dying', node)
    end
    return is_done
end

-- True once nothing of them is left.
local function reap_former()
    local is_done = true
    for _, list in ipairs({ ':nodes', ':dying' }) do
        for _, node in ipairs(call('ZRANGE', prefix .. list, 0, -1)) do
            if node ~= self and process_of(node) == process_of(self) then
                begin_reaping(node)
                is_done = go_on_reaping(node) and is_done
            end
        end
    end
    return is_done
end

local function beat(may_reap)
    local now = now_ms()
    call('ZADD', prefix .. ':nodes', now, self)
    if may_reap then
        local silent = call('ZRANGEBYSCORE', prefix .. ':nodes', '-inf', now - NODE_SILENT_MS)
        for _, node in ipairs(silent) do
            begin_reaping(node)
        end
    end
    for i, node in ipairs(call('SMEMBERS', prefix .. ':synced')) do
        answer[i + 1] = process_of(node)
    end
    for _ = 1, REAPS_A_BEAT do
        local node = call('ZRANGE', prefix .. ':dying', 0, 0)[1]
        if not node then
            return
        end
        go_on_reaping(node)
    end
end

-- --- operations: how many arguments each takes, and what it does -------------------------------

local operations = {
    -- Subscriptions: key, how many this node has, flags (t: tell all the count; and what it wants to
    -- be shown, p: the members, k: the last event).
    S = { 3, function(key, count, flags) set_subscriptions(self, key, tonumber(count), flags) end },
    -- A member's first connection on this node: key, member, info; its last one.
    J = { 3, function(key, member, info) add_member(self, key, member, info) end },
    L = { 2, function(key, member) remove_member(self, key, member) end },
    -- An event: key, the socket left out, its number, whether this node wants it too, the frame.
    E = { 5, function(key, socket, number, echoes, frame)
        put_to_subscribed(key, 'E', pack(key, socket, number, process_of(self), frame),
            echoes == '0' and process_of(self) or nil)
    end },
    -- The same of a cache channel: it is kept; behind the number how long, in ms.
    K = { 6, function(key, socket, number, ttl, echoes, frame)
        call('SET', prefix .. ':e:' .. key, frame, 'PX', ttl)
        put_to_subscribed(key, 'K', pack(key, socket, number, process_of(self), ttl, frame),
            echoes == '0' and process_of(self) or nil)
    end },
    -- "I have come so far": key, socket, flags (t: tell the count to all, this socket included).
    D = { 3, function(key, socket, flags)
        put(self, 'D', pack(key, socket))
        if flags == 't' then
            tell_count(key)
        end
    end },
    -- The state of a channel, anew: key, flags.
    Y = { 2, function(key, flags) show_state(key, flags) end },
    -- Ends a user's connections on all nodes: app, user.
    T = { 2, function(app, user)
        local done = {}
        for _, node in ipairs(call('ZRANGE', prefix .. ':nodes', 0, -1)) do
            if not done[process_of(node)] then
                done[process_of(node)] = true
                put(node, 'T', pack(app, user))
            end
        end
    end },
    -- Connections: app, how many more (or less).
    X = { 2, function(app, count) add_connections(self, app, tonumber(count)) end },
    -- May one more connect? App, how many may, socket.
    M = { 3, function(app, max, socket)
        local sum = 0
        for _, count in ipairs(call('HVALS', prefix .. ':x:' .. app)) do
            sum = sum + tonumber(count)
        end
        local may = sum < tonumber(max)
        if may then
            add_connections(self, app, 1)
        end
        put(self, 'M', pack(app, socket, may and '1' or '0'))
    end },
    -- Is that user online? Key, socket.
    Q = { 2, function(key, socket)
        local online = call('HEXISTS', totals_of(key), key) == 1
        put(self, 'Q', pack(key, socket, online and '1' or '0'))
    end },
    -- I am here: may this node give up others?
    B = { 1, function(may_reap) beat(may_reap == '1') end },
    -- Takes away what former selves had, some of it.
    F = { 0, function() answer[2] = reap_former() and '0' or '1' end },
    -- All I have is said.
    Z = { 0, function() call('SADD', prefix .. ':synced', self) end },
    -- I go.
    G = { 0, function()
        begin_reaping(self)
        while not reap(self) do
        end
        call('ZREM', prefix .. ':dying', self)
    end },
}

-- Who is given up has no inbox any more.
local function send()
    local is_there = {}
    for _, node in ipairs(call('ZRANGE', prefix .. ':nodes', 0, -1)) do
        is_there[process_of(node)] = true
    end
    for process, outbox in pairs(outboxes) do
        local inbox = prefix .. ':i:' .. process
        if not is_there[process] then
            outbox = {}
        elseif call('XLEN', inbox) > INBOX_ENTRIES_MAX then
            for _, node in ipairs(call('ZRANGE', prefix .. ':nodes', 0, -1)) do
                if process_of(node) == process then
                    begin_reaping(node)
                end
            end
            call('DEL', inbox)
            outbox = {}
        end
        for from = 1, #outbox, FIELDS_AT_ONCE do
            call('XADD', inbox, '*',
                unpack(outbox, from, math.min(from + FIELDS_AT_ONCE - 1, #outbox)))
        end
    end
end

-- Hello: an epoch, should there be none.
local function greet(epoch)
    call('SET', prefix .. ':epoch', epoch, 'NX')
    answer[2] = call('GET', prefix .. ':epoch')
    answer[3] = tostring(call('EXISTS', prefix .. ':i:' .. process_of(self)))
    call('ZADD', prefix .. ':nodes', now_ms(), self)
    if answer[3] == '0' then
        put(self, '-', '') -- so that the inbox is there from now on
    end
end

local at = 2
if ARGV[at] == 'H' then
    greet(ARGV[at + 1])
    at = at + 2
end
if not call('ZSCORE', prefix .. ':nodes', self) then
    return { 'GONE' }
end
while ARGV[at] do
    local operation = operations[ARGV[at]]
    operation[2](unpack(ARGV, at + 1, at + operation[1]))
    at = at + 1 + operation[1]
end
send()
return answer
