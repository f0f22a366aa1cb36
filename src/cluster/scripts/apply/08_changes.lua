-- Changes of channels and members, kept for webhooks until a node has sent them.

local wanted_of = {}

-- Keeps a change until the node that sends them has done so. 'o': the channel is occupied, 'v': vacated,
-- 'a': a member was added, 'r': removed, 'c': the count of subscribers has changed.
-- `mark`: '!' if receivers may believe either, so that nothing cancels it.
local function note_change(letter, key, text, mark)
    if string.sub(key, 1, 1) ~= 'c' then
        return
    end
    local app = app_of(key)
    if not wanted_of[app] then
        wanted_of[app] = call('HGET', prefix .. ':hw', app) or ''
        work = work + 1
    end
    if string.find(wanted_of[app], letter, 1, true) then
        call('XADD', prefix .. ':h', 'MAXLEN', '~', CHANGES_MAX, '*', 'm', letter .. pack(key, text, mark))
        work = work + 2
    end
end

-- Packed texts in pairs: app, letters.
local function want_changes(packed)
    local at = 1
    call('UNLINK', prefix .. ':hw')
    while at <= #packed do
        local app, letters
        app, at = struct.unpack('<I4c0', packed, at)
        letters, at = struct.unpack('<I4c0', packed, at)
        call('HSET', prefix .. ':hw', app, letters)
    end
end

-- Answers whether this node sends the changes, the number of its last question that is known, and, if it sends
-- them, whether any are wanted, and a page of changes after `last`. Those of `done` are removed. `wanted`: "-" if
-- some are, as before.
local function take_changes(last, done, wanted, number)
    local lock, process = prefix .. ':hl', process_of(self)
    answer[3], answer[4] = '0', call('HGET', state .. ':t', process) or '0'
    if not call('SET', lock, process, 'NX', 'PX', CHANGES_TTL_MS) and call('GET', lock) ~= process then
        answer[2] = '0'
        return
    end
    if wanted == '-' and call('EXISTS', prefix .. ':hw') == 0 then
        lose('hw')
    elseif last ~= '0' and call('EXISTS', prefix .. ':h') == 0 then
        lose('h')
    end
    call('PEXPIRE', lock, CHANGES_TTL_MS)
    call('HSET', state .. ':t', process, number)
    call('PEXPIRE', state .. ':t', STATE_TTL_MS)
    if wanted ~= '-' then
        want_changes(wanted)
    end
    for id in string.gmatch(done, '%S+') do
        call('XDEL', prefix .. ':h', id)
    end
    answer[2] = '1'
    answer[3] = tostring(call('EXISTS', prefix .. ':hw'))
    local streams = call('XREAD', 'COUNT', CHANGES_PAGE, 'STREAMS', prefix .. ':h', last)
    for _, entry in ipairs(streams and streams[1][2] or {}) do
        answer[#answer + 1] = entry[1]
        answer[#answer + 1] = entry[2][2]
    end
end
