-- Events for the same nodes, as most calls have them: an event that comes alone, or several of a channel. They are sent
-- here, before what all other calls need is defined, which takes Redis longer than the commands below. Whatever is
-- unusual is left to what follows; then nothing was done here, or it was taken back. Keys and nodes are taken apart in
-- place: with process_of() and app_of() defined before this, a call took Redis a fifth longer (100 nodes, medians of seven).

-- The events' route, whether this node wants them too, their items, and, if the node asks for their echo, up to where
-- it has read. Nil if the call has more than that.
local function read_events(state)
    local at, key, wanted, route = 4, ARGV[5], ARGV[6], nil
    local items = {}
    while ARGV[at] == 'E' do
        if not route or key ~= ARGV[at + 1] or wanted ~= ARGV[at + 2] then
            local colon = string.find(ARGV[at + 1], ':', 2, true)
            local app = string.sub(ARGV[at + 1], colon + 1, colon + string.sub(ARGV[at + 1], 2, colon - 1))
            local hash = state .. ':k:' .. string.sub(ARGV[at + 1], 1, 1) .. app
            local its = redis.pcall('HGET', hash, ARGV[at + 1])
            if type(its) ~= 'string' or route and route ~= its or wanted ~= ARGV[at + 2] then
                return nil
            end
            key, route = ARGV[at + 1], its
        end
        items[#items + 1] = ARGV[at + 3]
        at = at + 4
    end
    local read_up_to = ARGV[at] == 'e' and ARGV[at + 1]
    if ARGV[read_up_to and at + 2 or at] then
        return nil
    end
    return route, wanted == '1', items[2] and table.concat(items) or items[1], read_up_to
end

-- The processes that the route has, without `except`.
local function processes_on(route, except)
    local processes, done = {}, { [except or ''] = true }
    for process in string.gmatch(route, '([^. ]+)%.%d+ %d+') do
        if not done[process] then
            done[process] = true
            processes[#processes + 1] = process
        end
    end
    return processes
end

-- Takes back what was added to the bytes of the first so many inboxes.
local function take_bytes_back(prefix, processes, count, len)
    for i = 1, count do
        call('HINCRBY', prefix .. ':b', processes[i], '-' .. len)
    end
end

-- Adds to what stands in each inbox. False, and takes it back, if one is not there or would have more than it may.
local function count_bytes(prefix, processes, len)
    for i, process in ipairs(processes) do
        local sum = call('EXISTS', prefix .. ':i:' .. process) == 1 and call('HINCRBY', prefix .. ':b', process, len)
        if not sum or sum > tonumber(ARGV[2]) then
            take_bytes_back(prefix, processes, sum and i or i - 1, len)
            return false
        end
    end
    return true
end

-- Adds the entry to inboxes. One that is spoilt is given up: its node notices that. False, and nothing was done, if an
-- inbox is not there or would have more than it may, or Redis does not permit it.
local function add_to_inboxes(prefix, processes, id, text, len)
    if not count_bytes(prefix, processes, len) then
        return false
    end
    for i, process in ipairs(processes) do
        local reply = redis.pcall('XADD', prefix .. ':i:' .. process, id, 'm', text)
        if type(reply) == 'table' then
            if i == 1 and not is_spoilt(reply.err) then
                take_bytes_back(prefix, processes, #processes, len)
                return false
            end
            call('UNLINK', prefix .. ':i:' .. process)
        end
    end
    return true
end

local function add_to_stream(prefix, letter, id, text, len)
    if call('HINCRBY', prefix .. ':wb', letter, len) > tonumber(ARGV[2]) then
        call('HINCRBY', prefix .. ':wb', letter, '-' .. len)
        return false
    end
    local index = call('HINCRBY', prefix .. ':w', letter, '1')
    if index == 1 then -- Redis does not know (any more) how many there were
        call('HDEL', prefix .. ':w', letter)
        call('HINCRBY', prefix .. ':wb', letter, '-' .. len)
        return false
    end
    return type(redis.pcall('XADD', prefix .. ':w:' .. letter, id, index, text)) == 'string'
end

-- The answer to the call; nil if nothing was done.
local function send_events(prefix, state, entry_bytes_max)
    local route, is_wanted, text, read_up_to = read_events(state)
    local heartbeats = route and #text <= entry_bytes_max and redis.pcall('ZSCORE', prefix .. ':nodes', ARGV[1])
    if type(heartbeats) ~= 'string' or heartbeats == '-1' then
        return nil
    end
    local process = string.match(ARGV[1], '^[^.]+')
    local is_echoed = read_up_to and
        not redis.pcall('XREAD', 'COUNT', '1', 'STREAMS', prefix .. ':i:' .. process, read_up_to)
    local answer = { 'OK', is_echoed and 'echo' or nil }
    local letter = string.match(route, '^%*(.)')
    local processes = not letter and processes_on(route, (is_echoed or not is_wanted) and process or nil)
    if processes and #processes == 0 then
        return answer
    end
    local number = redis.pcall('INCR', prefix .. ':last')
    if number == 1 then
        call('UNLINK', prefix .. ':last')
        return nil
    elseif type(number) ~= 'number' then
        return nil
    end
    local id = string.format('%.0f-1', number)
    local len = string.format('%d', #text) -- Redis takes long to write out a number that is none of its integers
    local is_sent = letter and add_to_stream(prefix, letter, id, text, len) or
        not letter and add_to_inboxes(prefix, processes, id, text, len)
    return is_sent and answer or nil
end

if ARGV[4] == 'E' then
    local done = send_events(prefix, state, ENTRY_BYTES)
    if done then
        return done
    end
end
