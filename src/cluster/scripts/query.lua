-- Answers what the API wants to know of all nodes together; changes nothing.
--
-- KEYS[1]: what every key begins with (see apply.lua for what stands under it).
-- ARGV: "list", app, prefix of the names, whether users and kept events are wanted ("1" or "0");
--       "channels", keys…; "users", key; "connections", app.
-- Each channel is answered as name or key, subscriptions, members, kept event, its time to live.

local prefix = KEYS[1]
local call = redis.call

local function channel(name, key, subscriptions, has_users, has_cached)
    local kept = has_cached and call('GET', prefix .. ':e:' .. key)
    return { name, tonumber(subscriptions), has_users and call('HLEN', prefix .. ':m:' .. key) or 0,
        kept or '', kept and call('PTTL', prefix .. ':e:' .. key) or 0 }
end

local function totals_of(key)
    local colon = string.find(key, ':', 2, true)
    local app_len = tonumber(string.sub(key, 2, colon - 1))
    return prefix .. ':t:' .. string.sub(key, 1, 1) .. string.sub(key, colon + 1, colon + app_len)
end

if ARGV[1] == 'list' then
    local head_len = #('c' .. #ARGV[2] .. ':' .. ARGV[2] .. ':')
    local wanted = ARGV[3]
    local totals = call('HGETALL', prefix .. ':t:c' .. ARGV[2])
    local channels = {}
    for i = 1, #totals, 2 do
        local name = string.sub(totals[i], head_len + 1)
        if string.sub(name, 1, #wanted) == wanted then
            channels[#channels + 1] = channel(name, totals[i], totals[i + 1], ARGV[4] == '1',
                ARGV[5] == '1')
        end
    end
    return channels
elseif ARGV[1] == 'channels' then
    local channels = {}
    for i = 2, #ARGV do
        local key = ARGV[i]
        channels[i - 1] = channel(key, key, call('HGET', totals_of(key), key) or 0, true, true)
    end
    return channels
elseif ARGV[1] == 'users' then
    local key = ARGV[2]
    return { channel(key, key, call('HGET', totals_of(key), key) or 0, true, false),
        call('HKEYS', prefix .. ':m:' .. key) }
end
local sum = 0
for _, count in ipairs(call('HVALS', prefix .. ':x:' .. ARGV[2])) do
    sum = sum + tonumber(count)
end
return { sum }
