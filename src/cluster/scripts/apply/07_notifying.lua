-- What the other operations need: to notify nodes of what has changed.

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
