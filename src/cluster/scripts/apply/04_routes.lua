-- What is put, and to whom: the nodes of a channel, or its stream if it is wide.

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
    local wide = text and string.byte(text) == 42 and string.sub(text, 2, 2) or nil
    route = { hash = hash, unread = text or '', wide = wide, was_wide = wide }
    routes[key] = route
    return route
end

-- The hash that has the nodes if the channel is wide.
local function wide_hash(route)
    return 'r' .. string.sub(route.hash, 2)
end

-- A list of { node, count }, with their `total` and, once processes_of() was called, `processes`.
local function route_of(key)
    local route = width_of(key)
    if route.unread then
        route.total = 0
        local text = route.unread
        if route.wide then
            text = call('HGET', state .. ':' .. wide_hash(route), key) or lose(wide_hash(route))
        end
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
