-- The nodes of a channel, and how many subscriptions each has.

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

-- Sets a field of a hash that all nodes rely on; an empty text removes it.
local function write_field(hash, key, text)
    if text ~= '' then
        if call('HSET', state .. ':' .. hash, key, text) == 1 then
            note_made(hash)
        end
    elseif call('HDEL', state .. ':' .. hash, key) == 1 and call('EXISTS', state .. ':' .. hash) == 0 then
        call('SREM', state .. ':made', hash)
    end
end

local function write_route(key, route)
    local texts = {}
    for i, entry in ipairs(route) do
        texts[i] = entry[1] .. ' ' .. entry[2]
    end
    local nodes = table.concat(texts, ' ')
    write_field(route.hash, key, route.wide and '*' .. route.wide or nodes)
    if route.wide or route.was_wide then
        write_field(wide_hash(route), key, route.wide and nodes or '')
    end
    route.was_wide = route.wide
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
