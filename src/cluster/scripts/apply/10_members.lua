-- Members of presence channels, users who are signed in, and what nodes are shown of them; connections.

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
        local event = redis.pcall('GET', name)
        event = type(event) == 'string' and event
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
