-- Events and the end of a user's connections. A call that has nothing else ends here.

local function cached_key(key)
    local removed = redis.pcall('GET', prefix .. ':g:' .. app_of(key))
    return prefix .. ':e:' .. (type(removed) == 'string' and removed .. ':' or '') .. key
end

-- An event of a cache channel is cached as well. The mark outlives the events that were cached since.
local function put_cached(key, socket, number, ttl, echoes, frame)
    local mark, process = prefix .. ':g:' .. app_of(key), process_of(self)
    local left = call('PTTL', mark)
    call('SET', cached_key(key), frame, 'PX', ttl)
    if left >= 0 and left < tonumber(ttl) then
        call('PEXPIRE', mark, ttl)
    end
    local target = subscribed_to(key, echoes == '0' and process or nil)
    if target then
        put_item(target, 'K' .. pack(pack(key, socket, number, process, ttl, frame)))
    end
end

local function terminate(app, user, number)
    local processes, done = {}, {}
    for _, node in ipairs(call('ZRANGE', prefix .. ':nodes', 0, -1)) do
        local process = process_of(node)
        if not done[process] then
            done[process] = true
            processes[#processes + 1] = process
        end
    end
    put_item(processes, 'T' .. pack(pack(app, user, number, process_of(self))))
end

-- How many arguments each of these operations takes:
-- E   an event: key, whether this node wants it too, the item, made by the node
-- K   the same for a cache channel: key, the excluded socket, the event's number, its time to live in ms, whether
--     this node wants it too, the frame
-- T   ends a user's connections on all nodes: app, user, its number among the events
-- e   echo, the last operation of a call that has only events: if this node has read its inbox, up to that id, then
--     its own events need not go through it; the answer is their echo
local events = { E = 3, K = 6, T = 3, e = 1 }

local others -- operations: how many arguments each takes, and what it does

local function run()
    local at, letter, echoed = 4, ARGV[4], nil
    if letter ~= 'H' and letter ~= 'G' then
        local heartbeats = call('ZSCORE', prefix .. ':nodes', self)
        if not heartbeats or tonumber(heartbeats) == EXPELLED then
            error({ gone = true })
        end
    end
    while letter do
        local count = events[letter] or others[letter][1]
        if letter == 'E' then
            local target = subscribed_to(ARGV[at + 1], ARGV[at + 2] == '0' and process_of(self) or nil)
            if target then
                put_item(target, ARGV[at + 3])
            end
        elseif letter == 'e' then
            local process = process_of(self)
            if not call('XREAD', 'COUNT', '1', 'STREAMS', prefix .. ':i:' .. process, ARGV[at + 1]) then
                echoed, answer[2] = process, 'echo'
            end
        else
            local operation = letter == 'K' and put_cached or letter == 'T' and terminate or others[letter][2]
            operation(unpack(ARGV, at + 1, at + count))
        end
        at = at + 1 + count
        letter = ARGV[at]
    end
    send_all(echoed)
end

local refusal -- a command that Redis does not permit, or not for what a key is

-- Texts of Redis 6, 7.0, and 7.2 with Valkey.
local function is_refusal(text)
    return string.find(text, 'can\'t run this command', 1, true) or string.find(text, 'can\'t access', 1, true)
        or string.find(text, 'NOPERM', 1, true) or string.find(text, 'ACL failure', 1, true)
end

-- Before version 7 Redis' errors have the line of the script in front.
local function error_reply(text)
    return redis.error_reply((is_sent and 'PARTLY ' or '') .. string.gsub(text, '^@user_script: ?%d+: %-?', ''))
end

-- Runs the operations; returns the answer, or nil if there is a refusal, which refuse() answers.
local function finish()
    local is_done, failure = pcall(run)
    if is_done then
        return answer
    elseif type(failure) ~= 'table' then
        failure = { err = failure }
    elseif failure.gone then
        return { 'GONE' }
    elseif failure.lost then
        return { 'LOST', failure.lost }
    elseif failure.layout then
        return { 'LAYOUT', failure.layout }
    end
    refusal = (is_refusal(failure.err) or string.find(failure.err, 'WRONGTYPE', 1, true)) and failure.err or nil
    return not refusal and error_reply(failure.err) or nil
end

local at = 4
while events[ARGV[at]] do
    at = at + 1 + events[ARGV[at]]
end
if not ARGV[at] then
    local done = finish()
    if done then
        return done
    end
end
