-- What was put goes to the inboxes and to the streams of wide channels, at the end of the call.

-- Keeps the last entries of a wide stream.
local function trim(letter, count)
    local removed = call('XTRIM', prefix .. ':w:' .. letter, 'MAXLEN', count)
    local bytes = tonumber(call('HGET', prefix .. ':wb', letter) or 0)
    if removed > 0 or count == 0 then -- Redis may have lost the stream
        call('HSET', prefix .. ':wb', letter, count > 0 and math.floor(bytes * count / (count + removed)) or 0)
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

-- False if the stream is spoilt: it is given up.
local function add_entry(stream, id, name, text)
    local reply = redis.pcall('XADD', stream, id, is_mixed and 'x' .. name or name, text)
    if type(reply) ~= 'table' then
        is_sent = true
        return true
    elseif not is_spoilt(reply.err) then
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
    if call('HINCRBY', prefix .. ':wb', letter, #text) > tonumber(ARGV[2]) then
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
