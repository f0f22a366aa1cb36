--!df flags=allow-undeclared-keys
-- Applies the operations of one node to the state that all nodes share, and puts the resulting
-- notifications into the inboxes of exactly the nodes concerned. A call is atomic: no node sees half
-- of it, and each inbox has its entries in the order in which the operations were applied.
--
-- KEYS[1]: the prefix of every key; its hash tag keeps all of them on one shard.
-- ARGV[1]: the node, "<process>.<incarnation>". ARGV[2]: how many bytes an inbox may hold.
-- ARGV[3]: the epoch in which the node has joined. ARGV[4…]: operations, a letter and its arguments.
-- Answers "OK" and the answer of the last operation. Otherwise no inbox got anything, unless it is an
-- error that begins with "PARTLY":
--   "GONE"             the other nodes have given the node up, or Redis has lost it
--   "LOST", what       Redis has lost a part of the state: all nodes must report theirs again
--   "LAYOUT", number   there are nodes with another layout of keys
--
-- The work of a call is bounded, however large the state is: what grows with the number of channels
-- or members is done in steps of about WORK_MAX, which the caller requests one by one.
--
-- A "key" names a channel: its kind (c: channel, u: user, w: watched user), the length of the app's
-- id, ":", the id, ":", the name. The keys of Redis, after the prefix and the number of the layout:
--   nodes      zset: node → how many heartbeats it has sent; EXPELLED: it must join again
--   synced     set:  nodes whose state is complete in Redis
--   epoch      text: the name of the state. If a part of that is lost, all of it is given up, and the
--              nodes report theirs under another name
--   e:KEY      text: the cached event of a cache channel; if there is a g:APP, e:, its text, :KEY
--   g:APP      text: when the app was removed the last time: its events of before are not shown
--   i:PROCESS  stream: the inbox
--   w:LETTER   stream: the entries for wide channels of that letter
--   b          hash: process → bytes in its inbox; "w:"LETTER → bytes in that stream
--   w          hash: letter → the index of that stream's last entry: see count_anew()
--   p          hash: process → the number up to which it has read all its streams
--   last       text: the number of the last call that added entries
--   h          stream: changes of channels and members for webhooks, each a letter and packed texts
--   hl         text: the process that sends them now
--   hw         hash: app → the letters of the changes that its webhooks want
-- After the name of the state as well:
--   dying      hash: dead node whose state is being removed → how far that has come
--   reaper     text: the node that does the removing now
--   made       set:  which of the following keys must exist ("k…", "x…", "n:…")
--   k:KIND APP hash: key → the nodes with subscriptions, and how many: "node 2 node 1"; before them,
--              if the channel is wide, "*" and the letter of its stream
--   m:KEY      hash: member → the nodes it is on, a line feed, its info; if it joined on other nodes
--              with another info, a zero byte and the same for that info. The first info is listed.
--   x:APP      hash: node → its connections
--   t          hash: process → the number of its last question for changes
--   n:NODE     set:  the keys that the node has, "x"APP if it has connections of that app, and "-"
-- Without the number: layout, the number itself. Everything expires if no node renews it.
--
-- A channel that many nodes have is wide: what they must receive is put once into a stream that all
-- of them read beside their inboxes. The ids of entries are one order over all streams: the number
-- of the call, and within it the order of putting. A node reads its streams merged in that order.

local LAYOUT = '4'
-- Nodes of a channel from which on it is wide, and down to which it is not any more.
local WIDE_MIN = 8
local NARROW_MAX = 3
local INBOX_TTL_MS = 30000
local LAYOUT_TTL_MS = 15000
local EXPELLED = -1
local STATE_TTL_MS = 86400000
local REAPER_TTL_MS = 3000
local SILENT_MS_OF_LAYOUT_1 = 10000
local ENTRY_BYTES = 32768
local WORK_MAX = 500
local PAGE = 200
local PAGE_MIN = 20
local PAGE_OF_KEYS = 20
local CHANGES_MAX = 65536
local CHANGES_PAGE = 500
local CHANGES_TTL_MS = 5000
local AHEAD = 60000000 -- a minute: what other nodes may know beyond that

local base, self = KEYS[1], ARGV[1]
local prefix = base .. ':' .. LAYOUT
local epoch = ARGV[3]
local state = prefix .. ':' .. epoch
local call = redis.call
local work = 0
local answer = { 'OK' }

-- Most calls have only events. They end before what the other operations need is defined: to define a function
-- takes Redis longer than to call one. For the same reason there are few functions up to there, and few tables.

local function process_of(node)
    return string.match(node, '^[^.]+')
end

local function app_of(key)
    local colon = string.find(key, ':', 2, true)
    local app_len = tonumber(string.sub(key, 2, colon - 1))
    return string.sub(key, colon + 1, colon + app_len)
end

-- Each text with its length before it.
local function pack(...)
    local packed = {}
    for i, text in ipairs({ ... }) do
        packed[i] = struct.pack('<I4c0', #text, text)
    end
    return table.concat(packed)
end

-- Ends the call: every node must join again and report its state. Inboxes stay and are still read;
-- what is left of the state expires.
local function lose(what)
    for _, name in ipairs(call('SMEMBERS', state .. ':made')) do
        call('UNLINK', state .. ':' .. name)
    end
    call('UNLINK', prefix .. ':synced', prefix .. ':epoch', prefix .. ':nodes', state .. ':made',
        state .. ':dying')
    error({ lost = what })
end

-- --- to the streams ----------------------------------------------------------------------------

-- What is put, in order: { target, item, item, … }. Consecutive items for the same target are one entry.
local entries = {}
local entry, entry_bytes -- the last of them

-- `target`: a list of processes, or the letter of a wide stream.
local function put_item(target, item)
    if entry and entry[1] == target and entry_bytes <= ENTRY_BYTES then
        entry[#entry + 1] = item
        entry_bytes = entry_bytes + #item
        work = work + 1
        return
    end
    entry, entry_bytes = { target, item }, #item
    entries[#entries + 1] = entry
    work = work + 2 + #target
end

-- --- to whom -----------------------------------------------------------------------------------

local routes = {}

-- The letter of the channel's stream if it is `wide`; the nodes stay `unread` text until needed.
local function width_of(key)
    local route = routes[key]
    if route then
        return route
    end
    local hash = 'k:' .. string.sub(key, 1, 1) .. app_of(key)
    local text = call('HGET', state .. ':' .. hash, key)
    if not text and call('EXISTS', state .. ':' .. hash) == 0 and
        (call('SISMEMBER', state .. ':made', hash) == 1 or call('EXISTS', state .. ':made') == 0) then
        lose(hash)
    end
    work = work + 1
    route = { hash = hash, unread = text or '',
        wide = text and string.byte(text) == 42 and string.sub(text, 2, 2) or nil }
    routes[key] = route
    return route
end

-- A list of { node, count }, with their `total` and, once processes_of() was called, `processes`.
local function route_of(key)
    local route = width_of(key)
    if route.unread then
        route.total = 0
        local text = route.wide and string.sub(route.unread, 3) or route.unread
        for node, count in string.gmatch(text, '(%S+) (%d+)') do
            route[#route + 1] = { node, tonumber(count) }
            route.total = route.total + tonumber(count)
        end
        route.unread = nil
    end
    return route
end

local function processes_of(route, except)
    local name = except or ''
    route.processes = route.processes or {}
    if not route.processes[name] then
        local processes, done = {}, except and { [except] = true } or {}
        for _, each in ipairs(route) do
            local process = process_of(each[1])
            if not done[process] then
                done[process] = true
                processes[#processes + 1] = process
            end
        end
        route.processes[name] = processes
    end
    return route.processes[name]
end

-- Every process that is subscribed to `key`; nil if none is. `except` is a process or nil, which passes over the
-- item if the channel is wide.
local function subscribed_to(key, except)
    local target = width_of(key).wide or processes_of(route_of(key), except)
    return #target > 0 and target or nil
end

-- --- sending -----------------------------------------------------------------------------------

-- Keeps the last entries of a wide stream.
local function trim(letter, count)
    local removed = call('XTRIM', prefix .. ':w:' .. letter, 'MAXLEN', count)
    local bytes = tonumber(call('HGET', prefix .. ':b', 'w:' .. letter) or 0)
    if removed > 0 or count == 0 then -- Redis may have lost the stream
        call('HSET', prefix .. ':b', 'w:' .. letter,
            count > 0 and math.floor(bytes * count / (count + removed)) or 0)
    end
end

-- A number for a call: later than any before, also if Redis has lost the last one, or is a replica that had not
-- received it. As each node that joins has one, and each heartbeat, the other calls need only count on. If `known`,
-- which a node knows of, is not before it, it goes well beyond that.
local function number_by_clock(known)
    local time = call('TIME')
    local number = time[1] * 1000000 + time[2]
    local last = tonumber(call('GET', prefix .. ':last') or 0)
    number = number > last and number or last + 1
    number = string.format('%.0f', known and known >= number and known + AHEAD or number)
    call('SET', prefix .. ':last', number, 'PX', STATE_TTL_MS)
    return number
end

local is_sent = false -- a stream has got something

-- An entry says if its call wrote to several streams: a reader that was waiting is given those of one
-- stream alone, and must then read all of them.
local is_mixed = false

-- False if the ids of the stream are ahead of Redis' clock: it is given up.
local function add_entry(stream, id, name, text)
    local reply = redis.pcall('XADD', stream, id, is_mixed and 'x' .. name or name, text)
    if type(reply) ~= 'table' then
        is_sent = true
        return true
    elseif not string.find(reply.err, 'equal or smaller', 1, true) then
        error(reply)
    end
    return false
end

-- What goes to inboxes: for each process the order, the text, and how many entries of wide streams are before it,
-- of the first entry, of the second, … `echoed`: a process that gets nothing.
local function sort_by_process(echoed)
    local inboxes, wide_before = {}, 0
    for order, each in ipairs(entries) do
        if type(each[1]) == 'string' then
            wide_before = wide_before + 1
        else
            local text = table.concat(each, '', 2)
            for _, process in ipairs(each[1]) do
                local inbox = inboxes[process] or {}
                local count = #inbox
                inbox[count + 1], inbox[count + 2], inbox[count + 3] = order, text, wide_before
                inboxes[process] = inbox
            end
        end
    end
    inboxes[echoed or ''] = nil
    return inboxes
end

local function send_to(inboxes, number)
    -- A node without an inbox, or with one that it does not read, is not in step any more: its next call
    -- is answered "GONE". Its state stays until it has joined again, or is silent.
    local function expel(process)
        for _, node in ipairs(call('ZRANGE', prefix .. ':nodes', 0, -1)) do
            if process_of(node) == process then
                call('ZADD', prefix .. ':nodes', EXPELLED, node)
            end
        end
        call('UNLINK', prefix .. ':i:' .. process)
        call('HDEL', prefix .. ':b', process)
    end
    local max = tonumber(ARGV[2])
    for process, parts in pairs(inboxes) do
        local inbox, bytes, at = prefix .. ':i:' .. process, 0, 1
        for i = 2, #parts, 3 do
            bytes = bytes + #parts[i]
        end
        local is_open = call('EXISTS', inbox) == 1 and call('HINCRBY', prefix .. ':b', process, bytes) <= max
        while is_open and parts[at] do
            local order, text, wide_before = parts[at], parts[at + 1], parts[at + 2]
            at = at + 3
            -- An entry has nothing that belongs before and after one of a wide stream.
            while parts[at] and parts[at + 2] == wide_before and #text + #parts[at + 1] <= ENTRY_BYTES do
                text = text .. parts[at + 1]
                at = at + 3
            end
            is_open = add_entry(inbox, number .. '-' .. order, 'm', text)
        end
        if not is_open then
            expel(process)
        end
    end
end

-- Redis does not know (any more) how many entries a wide stream had: they are counted on from an index above all
-- that a node can have read, by the clock, so that each notices. It has 14 digits, as many as Lua writes in full.
local function count_anew(letter)
    local time = call('TIME')
    return call('HINCRBY', prefix .. ':w', letter, string.format('%.0f', (time[1] * 1000000 + time[2]) / 50))
end

-- Beyond the limit the older half is removed: a node that has not read it notices that.
local function send_wide(letter, id, text)
    local stream = prefix .. ':w:' .. letter
    if call('HINCRBY', prefix .. ':b', 'w:' .. letter, #text) > tonumber(ARGV[2]) then
        trim(letter, math.floor(call('XLEN', stream) / 2))
    end
    local index = call('HINCRBY', prefix .. ':w', letter, '1')
    if index == 1 then
        index = count_anew(letter)
    end
    if not add_entry(stream, id, index, text) then
        call('UNLINK', stream)
        add_entry(stream, id, index, text)
    end
end

local function send_all(echoed)
    local inboxes, letter, has_inboxes
    for i = 1, #entries do
        local target = entries[i][1]
        if type(target) == 'string' then
            is_mixed = is_mixed or letter and letter ~= target
            letter = target
        else
            has_inboxes = true
        end
    end
    if has_inboxes then
        inboxes = sort_by_process(echoed)
        has_inboxes = next(inboxes)
    end
    if not has_inboxes and not letter then
        return
    end
    local number = call('INCR', prefix .. ':last')
    number = number == 1 and number_by_clock() or string.format('%.0f', number)
    if has_inboxes then
        is_mixed = is_mixed or letter
        send_to(inboxes, number)
    end
    for order = 1, letter and #entries or 0 do
        local each = entries[order]
        if type(each[1]) == 'string' then
            send_wide(each[1], number .. '-' .. order, table.concat(each, '', 2))
        end
    end
end

-- --- events ------------------------------------------------------------------------------------

local function cached_key(key)
    local removed = call('GET', prefix .. ':g:' .. app_of(key))
    return prefix .. ':e:' .. (removed and removed .. ':' or '') .. key
end

-- An event of a cache channel is cached as well. The mark outlives the events that were cached since.
local function put_cached(key, socket, number, ttl, echoes, frame)
    local mark, process = prefix .. ':g:' .. app_of(key), process_of(self)
    local left = call('PTTL', mark)
    call('SET', cached_key(key), frame, 'PX', ttl)
    if left >= 0 and left < tonumber(ttl) then
        call('PEXPIRE', mark, ttl)
    end
    local target = subscribed_to(key, echoes == '0' and process or nil)
    if target then
        put_item(target, 'K' .. pack(pack(key, socket, number, process, ttl, frame)))
    end
end

local function terminate(app, user, number)
    local processes, done = {}, {}
    for _, node in ipairs(call('ZRANGE', prefix .. ':nodes', 0, -1)) do
        local process = process_of(node)
        if not done[process] then
            done[process] = true
            processes[#processes + 1] = process
        end
    end
    put_item(processes, 'T' .. pack(pack(app, user, number, process_of(self))))
end

-- How many arguments each of these operations takes:
-- E   an event: key, whether this node wants it too, the item, made by the node
-- K   the same for a cache channel: key, the excluded socket, the event's number, its time to live in ms, whether
--     this node wants it too, the frame
-- T   ends a user's connections on all nodes: app, user, its number among the events
-- e   echo, the last operation of a call that has only events: if this node has read its inbox, up to that id, then
--     its own events need not go through it; the answer is their echo
local events = { E = 3, K = 6, T = 3, e = 1 }

local others -- operations: how many arguments each takes, and what it does

local function run()
    local at, letter, echoed = 4, ARGV[4], nil
    if letter ~= 'H' and letter ~= 'G' then
        local heartbeats = call('ZSCORE', prefix .. ':nodes', self)
        if not heartbeats or tonumber(heartbeats) == EXPELLED then
            error({ gone = true })
        end
    end
    while letter do
        local count = events[letter] or others[letter][1]
        if letter == 'E' then
            local target = subscribed_to(ARGV[at + 1], ARGV[at + 2] == '0' and process_of(self) or nil)
            if target then
                put_item(target, ARGV[at + 3])
            end
        elseif letter == 'e' then
            local process = process_of(self)
            if not call('XREAD', 'COUNT', '1', 'STREAMS', prefix .. ':i:' .. process, ARGV[at + 1]) then
                echoed, answer[2] = process, 'echo'
            end
        else
            local operation = letter == 'K' and put_cached or letter == 'T' and terminate or others[letter][2]
            operation(unpack(ARGV, at + 1, at + count))
        end
        at = at + 1 + count
        letter = ARGV[at]
    end
    send_all(echoed)
end

-- Runs the operations; returns the answer.
local function finish()
    local is_done, failure = pcall(run)
    if is_done then
        return answer
    elseif type(failure) ~= 'table' then
        failure = { err = failure }
    elseif failure.gone then
        return { 'GONE' }
    elseif failure.lost then
        return { 'LOST', failure.lost }
    elseif failure.layout then
        return { 'LAYOUT', failure.layout }
    end
    -- Before version 7 Redis' errors have the line of the script in front.
    return redis.error_reply((is_sent and 'PARTLY ' or '')
        .. string.gsub(failure.err, '^@user_script: ?%d+: %-?', ''))
end

local at = 4
while events[ARGV[at]] do
    at = at + 1 + events[ARGV[at]]
end
if not ARGV[at] then
    return finish()
end

-- --- what the other operations need ------------------------------------------------------------

local own = { process_of(self) }

local function incarnation_of(node)
    return tonumber(string.match(node, '%.(%d+)$'))
end

local function put_to(target, letter, packed)
    put_item(target, letter .. struct.pack('<I4c0', #packed, packed))
end

local function put_to_subscribed(key, letter, packed)
    local target = subscribed_to(key)
    if target then
        put_to(target, letter, packed)
    end
end

local function put(letter, packed)
    put_to(own, letter, packed)
end

-- A key that all nodes rely on: if it is gone while the node is in step, it was lost.
local function note_made(name)
    if call('SADD', state .. ':made', name) == 1 then
        call('PEXPIRE', state .. ':made', STATE_TTL_MS)
        call('PEXPIRE', state .. ':' .. name, STATE_TTL_MS)
    end
end

-- --- changes for webhooks ----------------------------------------------------------------------

local wanted_of = {}

-- Keeps a change until the node that sends them has done so. 'o': the channel is occupied, 'v': vacated,
-- 'a': a member was added, 'r': removed, 'c': the count of subscribers has changed.
-- `mark`: '!' if receivers may believe either, so that nothing cancels it.
local function note_change(letter, key, text, mark)
    if string.sub(key, 1, 1) ~= 'c' then
        return
    end
    local app = app_of(key)
    if not wanted_of[app] then
        wanted_of[app] = call('HGET', prefix .. ':hw', app) or ''
        work = work + 1
    end
    if string.find(wanted_of[app], letter, 1, true) then
        call('XADD', prefix .. ':h', 'MAXLEN', '~', CHANGES_MAX, '*', 'm', letter .. pack(key, text, mark))
        work = work + 2
    end
end

-- Packed texts in pairs: app, letters.
local function want_changes(packed)
    local at = 1
    call('UNLINK', prefix .. ':hw')
    while at <= #packed do
        local app, letters
        app, at = struct.unpack('<I4c0', packed, at)
        letters, at = struct.unpack('<I4c0', packed, at)
        call('HSET', prefix .. ':hw', app, letters)
    end
end

-- Answers whether this node sends the changes, the number of its last question that is known, and, if it sends
-- them, whether any are wanted, and a page of changes after `last`. Those of `done` are removed. `wanted`: "-" if
-- some are, as before.
local function take_changes(last, done, wanted, number)
    local lock, process = prefix .. ':hl', process_of(self)
    answer[3], answer[4] = '0', call('HGET', state .. ':t', process) or '0'
    if not call('SET', lock, process, 'NX', 'PX', CHANGES_TTL_MS) and call('GET', lock) ~= process then
        answer[2] = '0'
        return
    end
    if wanted == '-' and call('EXISTS', prefix .. ':hw') == 0 then
        lose('hw')
    elseif last ~= '0' and call('EXISTS', prefix .. ':h') == 0 then
        lose('h')
    end
    call('PEXPIRE', lock, CHANGES_TTL_MS)
    call('HSET', state .. ':t', process, number)
    call('PEXPIRE', state .. ':t', STATE_TTL_MS)
    if wanted ~= '-' then
        want_changes(wanted)
    end
    for id in string.gmatch(done, '%S+') do
        call('XDEL', prefix .. ':h', id)
    end
    answer[2] = '1'
    answer[3] = tostring(call('EXISTS', prefix .. ':hw'))
    local streams = call('XREAD', 'COUNT', CHANGES_PAGE, 'STREAMS', prefix .. ':h', last)
    for _, entry in ipairs(streams and streams[1][2] or {}) do
        answer[#answer + 1] = entry[1]
        answer[#answer + 1] = entry[2][2]
    end
end

-- --- subscriptions -----------------------------------------------------------------------------

-- The index of the wide stream's last entry, with those of this call so far.
local function wide_count(letter)
    local count = tonumber(call('HGET', prefix .. ':w', letter) or count_anew(letter))
    for _, each in ipairs(entries) do
        count = count + (each[1] == letter and 1 or 0)
    end
    return count
end

-- Notifies processes that the channel is wide from here on, and the index of its stream's last entry
-- before; or, with the letter '', that it is not any more.
local function put_width(processes, key, letter)
    put_to(processes, 'W', pack(key, letter, letter ~= '' and tostring(wide_count(letter)) or '0'))
end

-- The number of the channel's nodes has changed; `newcomer` is a node that was not among them.
local function adapt_width(key, route, newcomer)
    route.processes = nil
    if not route.wide and #route >= WIDE_MIN then
        route.wide = string.sub(redis.sha1hex(key), 1, 1)
        put_width(processes_of(route), key, route.wide)
    elseif route.wide and #route <= NARROW_MAX then
        route.wide = nil
        put_width(processes_of(route), key, '')
    elseif route.wide and newcomer then
        local process = process_of(newcomer)
        put_width(process == own[1] and own or { process }, key, route.wide)
    end
end

local function write_route(key, route)
    local texts = {}
    for i, entry in ipairs(route) do
        texts[i] = entry[1] .. ' ' .. entry[2]
    end
    if #texts == 0 then
        call('HDEL', state .. ':' .. route.hash, key)
        if call('EXISTS', state .. ':' .. route.hash) == 0 then
            call('SREM', state .. ':made', route.hash)
        end
    elseif call('HSET', state .. ':' .. route.hash, key,
        (route.wide and '*' .. route.wide or '') .. table.concat(texts, ' ')) == 1 then
        note_made(route.hash)
    end
    work = work + 3
end

-- A node that joins again reports its state while its previous incarnation is still there: of each
-- process only the latest incarnation counts.
local function count_of(route)
    local last, counts, total = {}, {}, 0
    for _, entry in ipairs(route) do
        local process, incarnation = string.match(entry[1], '^([^.]+)%.(%d+)$')
        incarnation = tonumber(incarnation)
        if not last[process] or incarnation > last[process] then
            last[process], counts[process] = incarnation, entry[2]
        end
    end
    for _, count in pairs(counts) do
        total = total + count
    end
    return total
end

local function notify_count(key, is_unchanged)
    local total = count_of(route_of(key))
    if total > 0 then
        put_to_subscribed(key, 'C', pack(key, tostring(total)))
        if not is_unchanged then
            note_change('c', key, tostring(total))
        end
    end
end

-- Sets the node's count and returns the previous one.
local function replace(route, node, count)
    for i, entry in ipairs(route) do
        if entry[1] == node then
            local had = entry[2]
            entry[2] = count
            if count == 0 then
                table.remove(route, i)
            end
            return had
        end
    end
    if count > 0 then
        route[#route + 1] = { node, count }
    end
    return 0
end

local function set_subscriptions(node, key, count, notifies)
    local route = route_of(key)
    local had = replace(route, node, count)
    if had == count then
        return
    end
    route.total = route.total + count - had
    if had == 0 or count == 0 then
        adapt_width(key, route, had == 0 and node)
    end
    write_route(key, route)
    if had == 0 then
        call('SADD', state .. ':n:' .. node, key)
    elseif count == 0 then
        call('SREM', state .. ':n:' .. node, key)
    end
    if string.sub(key, 1, 1) == 'u' and (route.total == 0 or route.total == count - had) then
        local watch = 'w' .. string.sub(key, 2)
        put_to_subscribed(watch, 'O', pack(watch, route.total > 0 and '1' or '0'))
    end
    if (route.total == 0) ~= (route.total == count - had) then
        note_change(route.total > 0 and 'o' or 'v', key, '')
    end
    if notifies then
        notify_count(key)
    end
end

-- --- members -----------------------------------------------------------------------------------

-- The nodes that a member is on with its first info, a space around each; that info; the rest.
local function parts_of_member(text)
    local at = string.find(text, '\n', 1, true)
    local zero = string.find(text, '%z', at)
    return ' ' .. string.sub(text, 1, at - 1) .. ' ', string.sub(text, at + 1, zero and zero - 1),
        zero and string.sub(text, zero + 1) or ''
end

local function with_others(first, others)
    return first .. (first ~= '' and others ~= '' and '\0' or '') .. others
end

-- The info with which the member is on that node; nil if it is not there.
local function info_on(text, node)
    local nodes, info, others = parts_of_member(text)
    if string.find(nodes, ' ' .. node .. ' ', 1, true) then
        return info
    end
    return others ~= '' and info_on(others, node) or nil
end

-- Adds a node that is not in the text; without_node() removes one that is, and may return ''.
local function with_node(text, node, info)
    if text == '' then
        return node .. '\n' .. info
    end
    local nodes, first, others = parts_of_member(text)
    if first == info then
        return with_others(string.sub(nodes, 2) .. node .. '\n' .. info, others)
    end
    return with_others(string.sub(nodes, 2, -2) .. '\n' .. first, with_node(others, node, info))
end

local function without_node(text, node)
    local nodes, info, others = parts_of_member(text)
    local from, to = string.find(nodes, ' ' .. node .. ' ', 1, true)
    if not from then
        return with_others(string.sub(nodes, 2, -2) .. '\n' .. info, without_node(others, node))
    end
    nodes = string.gsub(string.sub(nodes, 2, from) .. string.sub(nodes, to + 1, -2), ' $', '')
    return with_others(nodes ~= '' and nodes .. '\n' .. info or '', others)
end

-- Notifies all nodes if the listed info has changed. Applications must not be notified: process ''.
local function change_member(key, member, text, changed)
    local _, info = parts_of_member(changed)
    local _, before = parts_of_member(text)
    call('HSET', state .. ':m:' .. key, member, changed)
    if info ~= before then
        put_to_subscribed(key, 'A', pack(key, member, info, ''))
    end
end

local function add_member(node, key, member, info)
    local members = state .. ':m:' .. key
    local text = call('HGET', members, member)
    work = work + 4
    if not text then
        call('HSET', members, member, node .. '\n' .. info)
        if call('HLEN', members) == 1 then
            call('PEXPIRE', members, STATE_TTL_MS)
        end
        put_to_subscribed(key, 'A', pack(key, member, info, process_of(node)))
        note_change('a', key, member)
        return
    end
    local before = info_on(text, node)
    if before ~= info then
        change_member(key, member, text,
            with_node(before and without_node(text, node) or text, node, info))
    end
end

local function remove_member(node, key, member, text)
    local members = state .. ':m:' .. key
    text = text or call('HGET', members, member)
    work = work + 2
    if not text or not info_on(text, node) then
        return
    end
    local left = without_node(text, node)
    if left ~= '' then
        change_member(key, member, text, left)
        return
    end
    call('HDEL', members, member)
    put_to_subscribed(key, 'R', pack(key, member, process_of(self)))
    note_change('r', key, member)
end

-- The node has unlisted the member by itself. If other nodes have it, this one lists it again.
local function show_member(key, member)
    local text = call('HGET', state .. ':m:' .. key, member)
    work = work + 1
    if text then
        local _, info = parts_of_member(text)
        put('A', pack(key, member, info, ''))
    end
end

-- A page of the members, from `cursor` on; the item has the cursor of the next page ("0": none).
-- Later changes follow it in the inbox, so that all pages and changes together give the true state.
local function show_members(key, chain, cursor)
    local page = call('HSCAN', state .. ':m:' .. key, cursor, 'COUNT',
        work > WORK_MAX and PAGE_MIN or PAGE)
    local packed = { pack(key, chain, page[1]) }
    for i = 1, #page[2], 2 do
        local _, info = parts_of_member(page[2][i + 1])
        packed[#packed + 1] = pack(page[2][i], info)
    end
    work = work + #page[2] / 2
    put('P', table.concat(packed))
end

-- The mark outlives the events of before, which lived for `ttl` at most.
local function forget_cached(app, ttl)
    local time = call('TIME')
    call('SET', prefix .. ':g:' .. app, time[1] .. '.' .. time[2], 'PX', ttl)
    work = work + 1
end

local function show(key, flags, chain, cursor)
    if string.find(flags, 'p', 1, true) then
        show_members(key, chain, cursor)
    end
    if string.find(flags, 'k', 1, true) then
        local name = cached_key(key)
        local event = call('GET', name)
        local ttl = event and call('PTTL', name) or 0
        put('S', pack(key, tostring(ttl), event or ''))
    end
end

local function add_connections(node, app, count)
    local hash = 'x:' .. app
    local sum = call('HINCRBY', state .. ':' .. hash, node, count)
    if sum == 0 then
        call('HDEL', state .. ':' .. hash, node)
        call('SREM', state .. ':n:' .. node, 'x' .. app)
        if call('EXISTS', state .. ':' .. hash) == 0 then
            call('SREM', state .. ':made', hash)
        end
    elseif sum == tonumber(count) then
        call('SADD', state .. ':n:' .. node, 'x' .. app)
        note_made(hash)
    end
    work = work + 3
end

-- Receivers were told a change, or, if `is_unsure`, perhaps. If it is not true, or a member that is not there may
-- be about to return, they are told what is.
local function compare(letter, key, member, is_unsure)
    work = work + 2
    if letter == 'c' then
        local total = count_of(route_of(key))
        if total > 0 then
            note_change('c', key, tostring(total), '!')
        end
        return
    end
    local is_of_member = letter == 'a' or letter == 'r'
    local is_there
    if is_of_member then
        is_there = call('HEXISTS', state .. ':m:' .. key, member) == 1
    else
        is_there = route_of(key).total > 0
    end
    if not is_there then
        note_change(is_of_member and 'r' or 'v', key, member, '!')
    elseif is_unsure ~= '' or letter == 'r' or letter == 'v' then
        note_change(is_of_member and 'a' or 'o', key, member, '!')
    end
end

-- --- nodes come and go -------------------------------------------------------------------------

local function has_successor(process)
    for _, node in ipairs(call('ZRANGE', prefix .. ':nodes', 0, -1)) do
        if process_of(node) == process then
            return true
        end
    end
    return false
end

local function begin_reaping(node)
    local process = process_of(node)
    call('ZREM', prefix .. ':nodes', node)
    call('SREM', prefix .. ':synced', node)
    call('HSETNX', state .. ':dying', node, '0')
    if not has_successor(process) then
        call('UNLINK', prefix .. ':i:' .. process)
        call('HDEL', prefix .. ':b', process)
        call('HDEL', prefix .. ':p', process)
        call('HDEL', state .. ':t', process)
    end
end

-- Removes one key of the node, from the members' `cursor` on; returns the next cursor ("0": done).
local function reap_key(node, key, cursor)
    if string.sub(key, 1, 1) == 'x' then
        local app = string.sub(key, 2)
        add_connections(node, app, -tonumber(call('HGET', state .. ':x:' .. app, node) or 0))
        call('SREM', state .. ':n:' .. node, key)
        return '0'
    end
    repeat
        local page = call('HSCAN', state .. ':m:' .. key, cursor, 'COUNT', PAGE)
        for i = 1, #page[2], 2 do
            remove_member(node, key, page[2][i], page[2][i + 1])
        end
        cursor = page[1]
        work = work + 1
    until cursor == '0' or work > WORK_MAX
    if cursor == '0' then
        set_subscriptions(node, key, 0, true)
        call('SREM', state .. ':n:' .. node, key)
    end
    return cursor
end

-- One step of removing the state of a dead node; true once nothing is left. `dying` has how far it
-- has come: the cursor in the set of its keys, and for a key that was begun the one in its members.
local function reap(node)
    if call('EXISTS', state .. ':n:' .. node) == 0 then
        if call('SISMEMBER', state .. ':made', 'n:' .. node) == 1 then
            lose('n:' .. node)
        end
        call('HDEL', state .. ':dying', node)
        return true
    end
    local keys, dying = state .. ':n:' .. node, state .. ':dying'
    local cursor, at, key = string.match(call('HGET', dying, node) or '0', '^(%d+) ?(%d*) ?(.*)$')
    if key ~= '' then
        at = reap_key(node, key, at)
    end
    while (key == '' or at == '0') and work <= WORK_MAX do
        local page = call('SSCAN', keys, cursor, 'COUNT', PAGE_OF_KEYS)
        work = work + 1
        for _, each in ipairs(page[2]) do
            key, at = each, each == '-' and '0' or reap_key(node, each, '0')
            if at ~= '0' or work > WORK_MAX then
                break
            end
        end
        if at ~= '0' and key ~= '' then
            break
        end
        if work <= WORK_MAX then
            cursor = page[1] -- else the same page again: what is done of it is gone
        end
        if page[1] == '0' and call('SCARD', keys) <= 1 then
            call('UNLINK', keys)
            call('SREM', state .. ':made', 'n:' .. node)
            call('HDEL', dying, node)
            return true
        end
    end
    call('HSET', dying, node, cursor .. (at ~= '0' and key ~= '' and ' ' .. at .. ' ' .. key or ''))
    return false
end

-- One step for any dying node; answers whether this node has more steps to do.
local function reap_any()
    local reaper = state .. ':reaper'
    call('UNLINK', prefix .. ':nothing') -- after such a write a call may write even if memory is short
    if not call('SET', reaper, self, 'NX', 'PX', REAPER_TTL_MS) and call('GET', reaper) ~= self then
        answer[2] = '0'
        return
    end
    call('PEXPIRE', reaper, REAPER_TTL_MS)
    answer[2] = '1'
    while work <= WORK_MAX do
        local node = call('HKEYS', state .. ':dying')[1]
        if not node then
            call('UNLINK', reaper)
            answer[2] = '0'
            return
        end
        reap(node)
    end
end

local function is_previous(node)
    return process_of(node) == own[1] and incarnation_of(node) < incarnation_of(self)
end

-- One step for the state of previous incarnations of this node; answers whether there is more. A
-- call of a previous incarnation may come late: the later ones stay.
local function reap_previous()
    answer[2] = '0'
    for _, node in ipairs(call('ZRANGE', prefix .. ':nodes', 0, -1)) do
        if is_previous(node) then
            begin_reaping(node)
        end
    end
    for _, node in ipairs(call('HKEYS', state .. ':dying')) do
        if is_previous(node) then
            if work > WORK_MAX or not reap(node) then
                answer[2] = '1'
            end
        end
    end
end

local function leave()
    if call('ZSCORE', prefix .. ':nodes', self) then
        begin_reaping(self)
    end
    if call('HEXISTS', state .. ':dying', self) == 1 and not reap(self) then
        answer[2] = '1'
    else
        answer[2] = '0'
    end
    if call('GET', prefix .. ':hl') == process_of(self) then
        call('UNLINK', prefix .. ':hl')
    end
    if call('ZCARD', prefix .. ':nodes') == 0 then
        for _, letter in ipairs(call('HKEYS', prefix .. ':w')) do
            call('UNLINK', prefix .. ':w:' .. letter)
            call('HDEL', prefix .. ':b', 'w:' .. letter)
        end
        call('UNLINK', base .. ':layout', prefix .. ':last', prefix .. ':w', prefix .. ':p')
    end
end

local function heartbeat(keys_count, number, letters)
    local inbox = prefix .. ':i:' .. process_of(self)
    if call('PEXPIRE', inbox, INBOX_TTL_MS) == 0 then
        error({ gone = true })
    end
    call('SET', base .. ':layout', LAYOUT, 'PX', LAYOUT_TTL_MS)
    call('ZINCRBY', prefix .. ':nodes', 1, self)
    call('HSET', prefix .. ':p', process_of(self), number)
    if call('SCARD', state .. ':n:' .. self) <= tonumber(keys_count) then
        lose('n:' .. self)
    elseif call('GET', prefix .. ':epoch') ~= epoch or call('EXISTS', state .. ':made') == 0 then
        lose('epoch')
    end
    local synced = {}
    for _, node in ipairs(call('SMEMBERS', prefix .. ':synced')) do
        synced[node] = true
    end
    answer[2] = tostring(call('HLEN', state .. ':dying'))
    answer[3] = number_by_clock(tonumber(number))
    answer[4] = string.gsub(letters, '.', function(letter)
        call('PEXPIRE', prefix .. ':w:' .. letter, STATE_TTL_MS)
        return letter .. wide_count(letter) .. ' '
    end)
    local nodes = call('ZRANGE', prefix .. ':nodes', 0, -1, 'WITHSCORES')
    for i = 1, #nodes, 2 do
        answer[#answer + 1] = nodes[i]
        answer[#answer + 1] = tostring(nodes[i + 1]) -- Dragonfly has numbers here, others texts
        answer[#answer + 1] = synced[nodes[i]] and '1' or '0'
    end
end

-- Checks that Redis still has what the node has reported.
local function verify(key, count, member)
    for _, entry in ipairs(route_of(key)) do
        if entry[1] == self and entry[2] == tonumber(count) then
            if member == '' then
                return
            end
            local text = call('HGET', state .. ':m:' .. key, member)
            if text and info_on(text, self) then
                call('PEXPIRE', state .. ':m:' .. key, STATE_TTL_MS)
                return
            end
        end
    end
    lose(key)
end

-- Removes from the wide streams what all nodes have read.
local function trim_what_is_read()
    local least
    for _, node in ipairs(call('ZRANGE', prefix .. ':nodes', 0, -1)) do
        local number = tonumber(call('HGET', prefix .. ':p', process_of(node)) or 0)
        least = least and least < number and least or number
    end
    for _, letter in ipairs(call('HKEYS', prefix .. ':w')) do
        local first = call('XRANGE', prefix .. ':w:' .. letter,
            string.format('%.0f-0', (least or 0) + 1), '+', 'COUNT', 1)[1]
        local index = first and tonumber(string.match(first[2][1], '%d+'))
        local kept = index and wide_count(letter) - index + 1 or 0
        if not index or kept > 0 then -- else an earlier version has counted anew, from 1
            trim(letter, kept)
        end
    end
end

local function renew()
    for _, name in ipairs({ 'nodes', 'synced', 'epoch', 'b', 'h', 'hw', 'w', 'p' }) do
        call('PEXPIRE', prefix .. ':' .. name, STATE_TTL_MS)
    end
    trim_what_is_read()
    call('PEXPIRE', state .. ':dying', STATE_TTL_MS)
    call('PEXPIRE', state .. ':made', STATE_TTL_MS)
    for _, name in ipairs(call('SMEMBERS', state .. ':made')) do
        local node = string.match(name, '^n:(.*)')
        if call('PEXPIRE', state .. ':' .. name, STATE_TTL_MS) == 0 then
            lose(name)
        elseif node and not call('ZSCORE', prefix .. ':nodes', node) and
            call('HEXISTS', state .. ':dying', node) == 0 then
            lose('nodes') -- nobody would ever remove the state of that one
        end
    end
    for _, process in ipairs(call('HKEYS', prefix .. ':b')) do
        if not string.find(process, '^w:') and call('EXISTS', prefix .. ':i:' .. process) == 0 then
            call('HDEL', prefix .. ':b', process)
        end
    end
end

-- Nodes of layout 1, which had no number yet, count for some seconds after their last heartbeat.
local function layout_of_others()
    local layout = call('GET', base .. ':layout')
    if layout then
        return layout ~= LAYOUT and layout or nil
    end
    local last = call('ZREVRANGE', base .. ':nodes', 0, 0, 'WITHSCORES')[2]
    local time = call('TIME')
    return last and time[1] * 1000 - tonumber(last) < SILENT_MS_OF_LAYOUT_1 and '1' or nil
end

-- Runs every command that the scripts use, on a scratch key: one that Redis does not permit fails
-- before anything has changed (`make lint` compares, docs/scaling.md lists them).
local function try_commands()
    local key = prefix .. ':check'
    for _, of_one_type in ipairs({
        { { 'SET', key, '0', 'PX', 1000 }, { 'INCR', key }, { 'GET', key }, { 'EXISTS', key }, { 'PTTL', key },
            { 'PEXPIRE', key, 1000 } },
        { { 'HSET', key, 'a', 1 }, { 'HSETNX', key, 'b', 1 }, { 'HINCRBY', key, 'a', 1 },
            { 'HGET', key, 'a' }, { 'HEXISTS', key, 'a' }, { 'HKEYS', key }, { 'HVALS', key },
            { 'HLEN', key }, { 'HSCAN', key, 0 }, { 'HDEL', key, 'a', 'b' } },
        { { 'SADD', key, 'a' }, { 'SCARD', key }, { 'SISMEMBER', key, 'a' }, { 'SMEMBERS', key },
            { 'SSCAN', key, 0 }, { 'SREM', key, 'a' } },
        { { 'ZADD', key, 1, 'a' }, { 'ZINCRBY', key, 1, 'a' }, { 'ZSCORE', key, 'a' }, { 'ZCARD', key },
            { 'ZRANGE', key, 0, -1 }, { 'ZREVRANGE', key, 0, 0 }, { 'ZREM', key, 'a' } },
        { { 'XADD', key, '1-1', 'a', '' }, { 'XREAD', 'STREAMS', key, '0' }, { 'XLEN', key },
            { 'XRANGE', key, '-', '+' }, { 'XTRIM', key, 'MAXLEN', 0 }, { 'XDEL', key, '1-1' }, { 'TIME' } },
    }) do
        for _, command in ipairs(of_one_type) do
            call(unpack(command))
        end
        call('UNLINK', key)
    end
end

-- Hello: joins the node. `new_epoch` is used if there is none yet; `known`: the latest number that
-- the node knows: if this Redis, a replica whose clock is behind and that had not received all, went on below that,
-- what is added from here on would pass for read.
local function greet(new_epoch, known)
    try_commands()
    local inbox = prefix .. ':i:' .. process_of(self)
    local layout = layout_of_others()
    if layout then
        error({ layout = layout })
    end
    call('SET', base .. ':layout', LAYOUT, 'PX', LAYOUT_TTL_MS)
    epoch = call('GET', prefix .. ':epoch') or new_epoch
    state = prefix .. ':' .. epoch
    if epoch == new_epoch then
        call('UNLINK', prefix .. ':nodes', prefix .. ':synced') -- theirs was another
        call('SET', prefix .. ':epoch', epoch)
    end
    call('SADD', state .. ':n:' .. self, '-')
    note_made('n:' .. self)
    answer[2] = epoch
    answer[3] = tostring(call('EXISTS', inbox))
    call('ZADD', prefix .. ':nodes', 0, self)
    local number = number_by_clock(tonumber(known))
    if answer[3] == '0' then
        call('XADD', inbox, number .. '-0', '-', '') -- so that the stream exists from now on
        call('HDEL', prefix .. ':b', process_of(self))
        call('HSET', prefix .. ':p', process_of(self), number)
    end
    call('PEXPIRE', inbox, INBOX_TTL_MS)
end

-- --- the other operations ----------------------------------------------------------------------

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

return finish()
