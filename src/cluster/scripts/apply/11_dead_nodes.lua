-- The state of a node that is dead, has left, or has joined again is removed step by step.

local function has_successor(process)
    for _, node in ipairs(call('ZRANGE', prefix .. ':nodes', 0, -1)) do
        if process_of(node) == process then
            return true
        end
    end
    return false
end

local function begin_reaping(node)
    local process = process_of(node)
    call('ZREM', prefix .. ':nodes', node)
    call('SREM', prefix .. ':synced', node)
    call('HSETNX', state .. ':dying', node, '0')
    if not has_successor(process) then
        call('UNLINK', prefix .. ':i:' .. process)
        call('HDEL', prefix .. ':b', process)
        call('HDEL', prefix .. ':p', process)
        call('HDEL', state .. ':t', process)
    end
end

-- Removes one key of the node, from the members' `cursor` on; returns the next cursor ("0": done).
local function reap_key(node, key, cursor)
    if string.sub(key, 1, 1) == 'x' then
        local app = string.sub(key, 2)
        add_connections(node, app, -tonumber(call('HGET', state .. ':x:' .. app, node) or 0))
        call('SREM', state .. ':n:' .. node, key)
        return '0'
    end
    repeat
        local page = call('HSCAN', state .. ':m:' .. key, cursor, 'COUNT', PAGE)
        for i = 1, #page[2], 2 do
            remove_member(node, key, page[2][i], page[2][i + 1])
        end
        cursor = page[1]
        work = work + 1 + #page[2] / 8 -- most may be on other nodes: to see that is a part of the work
    until cursor == '0' or work > WORK_MAX
    if cursor == '0' then
        set_subscriptions(node, key, 0, true)
        call('SREM', state .. ':n:' .. node, key)
    end
    return cursor
end

-- One step of removing the state of a dead node; true once nothing is left. `dying` has how far it
-- has come: the cursor in the set of its keys, and for a key that was begun the one in its members.
local function reap(node)
    if call('EXISTS', state .. ':n:' .. node) == 0 then
        if call('SISMEMBER', state .. ':made', 'n:' .. node) == 1 then
            lose('n:' .. node)
        end
        call('HDEL', state .. ':dying', node)
        return true
    end
    local keys, dying = state .. ':n:' .. node, state .. ':dying'
    local cursor, at, key = string.match(call('HGET', dying, node) or '0', '^(%d+) ?(%d*) ?(.*)$')
    if key ~= '' then
        at = reap_key(node, key, at)
    end
    while (key == '' or at == '0') and work <= WORK_MAX do
        local page = call('SSCAN', keys, cursor, 'COUNT', PAGE_OF_KEYS)
        work = work + 1
        for _, each in ipairs(page[2]) do
            key, at = each, each == '-' and '0' or reap_key(node, each, '0')
            if at ~= '0' or work > WORK_MAX then
                break
            end
        end
        if at ~= '0' and key ~= '' then
            break
        end
        if work <= WORK_MAX then
            cursor = page[1] -- else the same page again: what is done of it is gone
        end
        if page[1] == '0' and call('SCARD', keys) <= 1 then
            call('UNLINK', keys)
            call('SREM', state .. ':made', 'n:' .. node)
            call('HDEL', dying, node)
            return true
        end
    end
    call('HSET', dying, node, cursor .. (at ~= '0' and key ~= '' and ' ' .. at .. ' ' .. key or ''))
    return false
end

-- One step for any dying node; answers whether this node has more steps to do.
local function reap_any()
    local reaper = state .. ':reaper'
    call('UNLINK', prefix .. ':nothing') -- after such a write a call may write even if memory is short
    if not call('SET', reaper, self, 'NX', 'PX', REAPER_TTL_MS) and call('GET', reaper) ~= self then
        answer[2] = '0'
        return
    end
    call('PEXPIRE', reaper, REAPER_TTL_MS)
    answer[2] = '1'
    while work <= WORK_MAX do
        local node = call('HKEYS', state .. ':dying')[1]
        if not node then
            call('UNLINK', reaper)
            answer[2] = '0'
            return
        end
        reap(node)
    end
end

local function is_previous(node)
    return process_of(node) == own[1] and incarnation_of(node) < incarnation_of(self)
end

-- One step for the state of previous incarnations of this node; answers whether there is more. A
-- call of a previous incarnation may come late: the later ones stay.
local function reap_previous()
    answer[2] = '0'
    for _, node in ipairs(call('ZRANGE', prefix .. ':nodes', 0, -1)) do
        if is_previous(node) then
            begin_reaping(node)
        end
    end
    for _, node in ipairs(call('HKEYS', state .. ':dying')) do
        if is_previous(node) then
            if work > WORK_MAX or not reap(node) then
                answer[2] = '1'
            end
        end
    end
end

local function leave()
    if call('ZSCORE', prefix .. ':nodes', self) then
        begin_reaping(self)
    end
    if call('HEXISTS', state .. ':dying', self) == 1 and not reap(self) then
        answer[2] = '1'
    else
        answer[2] = '0'
    end
    if call('GET', prefix .. ':hl') == process_of(self) then
        call('UNLINK', prefix .. ':hl')
    end
    if call('ZCARD', prefix .. ':nodes') == 0 then
        for _, letter in ipairs(call('HKEYS', prefix .. ':w')) do
            call('UNLINK', prefix .. ':w:' .. letter)
        end
        call('UNLINK', base .. ':layout', prefix .. ':last', prefix .. ':w', prefix .. ':wb', prefix .. ':p')
    end
end
