-- Tasks one by one: what becomes of a record when its task changes its state. The common cases of enqueue.lua and
-- exchange.lua handle many at once and do not come here.

-- ---- records

local function load_live(t, v)
  local flags = byte(v, 2)
  t.state, t.ep, t.begun, t.stop = byte(v, 1), sub(v, 3, 10), has(flags, BEGUN), has(flags, STOP)
  if has(flags, LONG) then
    t.failures, t.crashes, t.ended, t.since, t.turn = unpick('<I4I4ddd', v, 17)
    t.note = sub(v, 49)
  end
end

-- The task as it is; nil: there is no record of it.
local function load(q, id)
  if q.L[id] == false then return nil end
  local rec = call('hget', q.rec, id)
  if not rec then return nil end
  local t = {id = id, seq = sub(rec, 1, 6), rank = sub(rec, 13, 18), flags = byte(rec, 19), state = READY, ep = NEVER,
             failures = 0, crashes = 0, note = '', unique = '', flow = '', rec = rec}
  if t.flags ~= 0 then t.mode, t.unique, t.flow = traits(rec, 19) end
  local v = q.L[id]
  if v == nil then v = call('hget', q.live, id) end
  if v then load_live(t, v) end
  if t.state == READY then
    t.due = call('zscore', q.due, t.seq .. id .. t.rank .. char(t.flags))
    if t.due then t.state = SCHEDULED end
  end
  return t
end

local function long_form(t) return t.failures > 0 or t.crashes > 0 or t.note ~= '' or t.state > LEASED end

local function put_live(q, id, v)
  q.L[id], q.puts[id] = v, v
end

local function save(q, t)
  local long = long_form(t)
  local flags = (t.begun and BEGUN or 0) + (t.stop and STOP or 0) + (has(t.flags, BINDING) and TRAITS or 0) + (long and LONG or 0)
  local v = char(t.state == SCHEDULED and READY or t.state, flags) .. t.ep .. t.seq
  if long then
    v = v .. pack('<I4I4ddd', t.failures, t.crashes, t.ended or 0, t.since or 0, t.turn or 0) .. t.note
  end
  put_live(q, t.id, v)
end

local function octets(t)
  local p = content_at(t.rec, 19)
  return #t.rec - p - byte(t.rec, p) + #t.note
end

-- ---- unique keys: P:u has for each key its holder (16), whether it is held (1), and until when it stays (a double)

local function key_entry(q, key)
  local v = call('hget', q.P .. ':u', key)
  if not v then return nil end
  return {id = sub(v, 1, 16), held = byte(v, 17) == 1, till = unpick('<d', v, 18)}
end
local function save_key(q, key, e)
  call('hset', q.P .. ':u', key, e.id .. char(e.held and 1 or 0) .. pack('<d', e.till))
  if e.till > wall then call('zadd', q.P .. ':ut', e.till, key) end
end
-- Who keeps others from the key now.
local function keeper(q, key)
  local e = key_entry(q, key)
  return e and (e.held or e.till > wall) and e or nil
end
local function take_key(q, key, id, till)
  local was = key_entry(q, key)
  save_key(q, key, {id = id, held = true, till = max(till, was and was.till or 0)})
end
local function release_key(q, t)
  if t.unique == '' then return end
  local e = key_entry(q, t.unique)
  if not e or e.id ~= t.id then return end
  if e.till > wall then
    e.held = false
    save_key(q, t.unique, e)
  else
    call('hdel', q.P .. ':u', t.unique)
  end
end

-- ---- transitions. A task leaves its state with `leave`, and gets into another one with `wait` or `finish`.

local function kept_keys(q, state)
  return q.P .. ':ended:' .. state, q.P .. ':ends:' .. state, q.P .. ':keep:' .. state, q.P .. ':past:' .. state
end

local function returned(q, t, refund)
  if q.own ~= 0 then
    local F = flows(q)
    if refund then F.refund_own() end
    if F.own_limited() then work(q) end
  end
  if t.flow ~= '' and has_gates(t.flow) and flows(q).give_back(t.flow, refund) then work(q) end
end

local function leave(q, t, refund)
  local s = t.state
  q.n[s] = q.n[s] - 1
  if s == SCHEDULED then
    call('zrem', q.due, t.seq .. t.id .. t.rank .. char(t.flags))
  elseif s == READY then
    call('zrem', lane(q, t.flow), t.seq .. t.id)
    if t.flow ~= '' or in_lines(q) then flows(q).went(t.flow) end
  elseif s == LEASED then
    q.less[t.ep] = (q.less[t.ep] or 0) + 1
    if t.stop then call('srem', q.P .. ':s:' .. text(unpick('<d', t.ep)), t.id) end
    t.begun, t.stop = false, false
    returned(q, t, refund)
  else
    local ended, ends, keep, past = kept_keys(q, s)
    local turn = pack('>I6', t.turn) .. t.id
    call('zrem', ended, t.id)
    call('zrem', ends, turn)
    call('zrem', keep, turn)
    call('zrem', past, turn)
    q.b[s] = q.b[s] - octets(t)
    t.ended, t.since, t.turn = nil, nil, nil
  end
end

-- Ready, or scheduled for `due`. The live entry is written unless the task was never leased.
local function wait(q, t, due)
  if due <= wall then
    t.state = READY
    q.n[READY] = q.n[READY] + 1
    local rank = unpick('>I6', t.rank)
    call('zadd', lane(q, t.flow), rank, t.seq .. t.id)
    local blocked = false
    if t.flow ~= '' or in_lines(q) then blocked = flows(q).came(t.flow, rank, unpick('>I6', t.seq)) end
    if not blocked then work(q) end
  else
    t.state = SCHEDULED
    q.n[SCHEDULED] = q.n[SCHEDULED] + 1
    call('zadd', q.due, due, t.seq .. t.id .. t.rank .. char(t.flags))
    work(q)
  end
  if t.ep ~= NEVER then save(q, t) end
end

-- Leaves a tombstone. Requires: it has left its state.
local function bury(q, t, state, ended)
  local n = #q.buried
  local stone = t.ep .. char(state) .. pack('<d', ended)
  q.L[t.id], q.S[t.id], q.puts[t.id] = false, stone, nil
  q.buried[n + 1] = t.id
  q.stones[2 * n + 1], q.stones[2 * n + 2] = t.id, stone
  local head = sub(t.seq, 1, 5)
  q.chunks[head] = (q.chunks[head] or 0) + 1
  if n > 500 then flush(q) end
end

-- keep: milliseconds; infinite: until retention takes it; 0: a tombstone at once.
local function finish(q, t, state, keep)
  release_key(q, t)
  if keep == 0 then return bury(q, t, state, wall) end
  local ended, ends, keeps = kept_keys(q, state)
  q.ends = q.ends + 1
  t.state, t.ended, t.since, t.turn = state, wall, q.now, q.ends
  q.n[state] = q.n[state] + 1
  q.b[state] = q.b[state] + octets(t)
  local turn = pack('>I6', t.turn) .. t.id
  call('zadd', ended, unpick('>I6', t.seq), t.id)
  call('zadd', ends, t.since, turn)
  if keep ~= huge then call('zadd', keeps, q.now + keep, turn) end
  save(q, t)
  if q.watched > 0 and call('srem', q.P .. ':watch', t.id) == 1 then
    q.watched = q.watched - 1
    ring(q)
  end
end

-- ---- enqueue

-- One task, by itself. `rest`: rank, flags, traits, kind and body as in a record. Returns the answer, and the holder of
-- the unique key if that is why. Everything before it is written.
local function admit(q, id, when, opts, rest, limited)
  flush(q)
  local known = call('hget', q.rec, id)
  if known then
    return sub(known, content_at(known, 19)) == sub(rest, content_at(rest, 7)) and EXISTS or CONFLICT
  end
  if gone(q, id) then return EXISTS end
  local t = {id = id, rank = sub(rest, 1, 6), flags = byte(rest, 7), state = READY, ep = NEVER, failures = 0,
             crashes = 0, note = '', unique = '', flow = ''}
  if t.flags ~= 0 then t.mode, t.unique, t.flow = traits(rest, 7) end
  local unique_for, limit, replace = 0, 0, 0
  if opts ~= '' then unique_for, limit, replace = unpick('<ddB', opts) end
  local holder, replaced = t.unique ~= '' and keeper(q, t.unique) or nil, nil
  if holder then
    if holder.held and replace == 1 then replaced = load(q, holder.id) end
    if not replaced or replaced.state > READY then return CONFLICT, holder.id end
  end
  local depth = q.n[SCHEDULED] + q.n[READY] - (replaced and 1 or 0)
  if limited and limit > 0 and depth >= limit then return FULL end
  t.seq = pack('>I6', q.seq)
  call('hset', q.rec, id, t.seq .. pack('>I6', max(wall, 0)) .. rest)
  arrive(q, {id})
  if replaced then
    leave(q, replaced)
    finish(q, replaced, CANCELLED, 0)
    flush(q)
  end
  if t.unique ~= '' then take_key(q, t.unique, id, unique_for > 0 and wall + unique_for or 0) end
  wait(q, t, due_of(when))
  return OK
end

return {load = load, load_live = load_live, save = save, octets = octets, key_entry = key_entry, keeper = keeper,
        take_key = take_key, release_key = release_key, kept_keys = kept_keys, leave = leave, wait = wait, bury = bury,
        finish = finish, admit = admit}
