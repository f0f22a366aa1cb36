-- What all that follows needs.

-- Most other calls too have only events. They end before what the other operations need is defined: to define a function
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
