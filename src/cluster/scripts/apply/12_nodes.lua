-- Nodes join, and say again and again that they live.

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
    for _, name in ipairs({ 'nodes', 'synced', 'epoch', 'b', 'h', 'hw', 'w', 'wb', 'p' }) do
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
        if call('EXISTS', prefix .. ':i:' .. process) == 0 then
            call('HDEL', prefix .. ':b', process)
        end
    end
end

-- Nodes of layout 1, which had no number yet, count for some seconds after their last heartbeat.
local function layout_of_others()
    local layout = redis.pcall('GET', base .. ':layout')
    if type(layout) == 'string' then
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
        of_one_type[#of_one_type + 1] = { 'UNLINK', key }
        for _, command in ipairs(of_one_type) do
            local reply = redis.pcall(unpack(command))
            if type(reply) == 'table' and reply.err then
                error({ err = reply.err .. (is_refusal(reply.err) and ' (' .. command[1] .. ')' or '') })
            end
        end
    end
end

-- The rights of a node that is connected were changed, or somebody else has written to our keys, and the call has ended
-- somewhere: what others were to be told of it is lost. So all nodes report their state again. Says which command is
-- not permitted.
local function refuse()
    local _, failure = pcall(try_commands)
    if string.find(refusal, 'WRONGTYPE', 1, true) then -- which key it is is not said
        for _, name in ipairs({ 'b', 'last', 'p', 'w', 'wb', 'h', 'hl', 'hw', 'nodes', 'synced', 'epoch' }) do
            redis.pcall('UNLINK', prefix .. ':' .. name)
        end
        redis.pcall('UNLINK', state .. ':made')
    elseif ARGV[4] ~= 'H' then
        pcall(lose, 'rights')
    end
    return error_reply(type(failure) == 'table' and failure.err or failure or refusal) -- Redis 7 makes a text of it
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
    if type(redis.pcall('XLEN', inbox)) == 'table' then
        call('UNLINK', inbox)
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
