--!df flags=allow-undeclared-keys
-- Answers queries of the API about all nodes together; changes nothing. Long answers come page by
-- page: the first part of each is the cursor of the next page, "0" after the last. A page may repeat
-- what an earlier one had.
--
-- KEYS[1]: the prefix of every key (apply/01_state.lua describes the keys).
-- ARGV[1]: the epoch.
-- ARGV[2…]: "list", cursor, app, prefix of the names, with users, with cached events (each "1" or "0");
--       "channels", "0", keys…; "users", cursor, key; "connections", "0", app.
-- Each channel is answered as name or key, subscriptions, members, cached event, its time to live.

local LAYOUT = '5'
local PAGE = 200
local PAGE_OF_MATCHES = 1000

local prefix = KEYS[1] .. ':' .. LAYOUT
local state = prefix .. ':' .. ARGV[1]
local call = redis.call
local kind, cursor = ARGV[2], ARGV[3]

local function app_of(key)
    local colon = string.find(key, ':', 2, true)
    local app_len = tonumber(string.sub(key, 2, colon - 1))
    return string.sub(key, colon + 1, colon + app_len)
end

local function hash_of(name, key)
    return state .. ':' .. name .. ':' .. string.sub(key, 1, 1) .. app_of(key)
end

local function total_of(key, route)
    local total = 0
    local is_wide = route and string.byte(route) == 42
    local nodes = is_wide and call('HGET', hash_of('r', key), key) or route
    for count in string.gmatch(nodes or '', '%S+ (%d+)') do
        total = total + tonumber(count)
    end
    return total
end

local function cached_key(key)
    local removed = redis.pcall('GET', prefix .. ':g:' .. app_of(key))
    return prefix .. ':e:' .. (type(removed) == 'string' and removed .. ':' or '') .. key
end

local function channel(name, key, route, has_users, has_cached)
    local cached = has_cached and cached_key(key)
    local event = cached and redis.pcall('GET', cached)
    event = type(event) == 'string' and event
    return { name, total_of(key, route), has_users and call('HLEN', state .. ':m:' .. key) or 0,
        event or '', event and call('PTTL', cached) or 0 }
end

if kind == 'list' then
    local head = 'c' .. #ARGV[4] .. ':' .. ARGV[4] .. ':'
    local scan = { 'HSCAN', state .. ':k:c' .. ARGV[4], cursor, 'COUNT', PAGE }
    if ARGV[5] ~= '' then
        scan[5], scan[6] = PAGE_OF_MATCHES, 'MATCH'
        scan[7] = string.gsub(head .. ARGV[5], '[%*%?%[%]%^\\]', '\\%0') .. '*'
    end
    local page = call(unpack(scan))
    local channels = {}
    for i = 1, #page[2], 2 do
        channels[#channels + 1] = channel(string.sub(page[2][i], #head + 1), page[2][i], page[2][i + 1],
            ARGV[6] == '1', ARGV[7] == '1')
    end
    return { page[1], channels }
elseif kind == 'channels' then
    local channels = {}
    for i = 4, #ARGV do
        local key = ARGV[i]
        channels[i - 3] = channel(key, key, call('HGET', hash_of('k', key), key), true, true)
    end
    return { '0', channels }
elseif kind == 'users' then
    local key = ARGV[4]
    local page = call('HSCAN', state .. ':m:' .. key, cursor, 'COUNT', PAGE)
    local ids = {}
    for i = 1, #page[2], 2 do
        ids[#ids + 1] = page[2][i]
    end
    return { page[1], { channel(key, key, call('HGET', hash_of('k', key), key), true, false) }, ids }
end
local sum = 0
for _, count in ipairs(call('HVALS', state .. ':x:' .. ARGV[4])) do
    sum = sum + tonumber(count)
end
return { '0', sum }
