-- What an audit looks at of each task, and of what leads to it. All that one script says is of one moment: a task that
-- moves between two scripts is found where it is by each of them.
local NAMED = 100                           -- violations told by one script; the rest is counted
local EYES = 2 * CHUNK + 2                   -- elements that one script looks at; one that leads to more comes first
local PIECE = 4096                          -- so many octets of a record count as an element more
local AT_ONCE = 32                          -- live entries read in one go
local looks = EYES                          -- what is left of them
local broken, found, sums, seen = 0, {}, {}, 0

local function find(rule, where, what)
  broken = broken + 1
  if broken > NAMED then return end
  local k = #found
  found[k + 1], found[k + 2], found[k + 3] = rule, where, what
end

local function task_name(id)
  local hex = string.gsub(id, '.', function(c) return format('%02x', byte(c)) end)
  return 'task ' .. sub(hex, 1, 8) .. '-' .. sub(hex, 9, 12) .. '-' .. sub(hex, 13, 16) .. '-' .. sub(hex, 17, 20) ..
    '-' .. sub(hex, 21)
end
local function find_task(rule, id, what) find(rule, task_name(id), what) end

-- What is said of a number, and a part of what it is: the caller adds up what all scripts of a pass have seen of it.
local function sum(rule, where, said, real)
  local name = rule .. '\n' .. where
  local s = sums[name]
  if not s then
    s = {0, 0}
    sums[name] = s
  end
  s[1], s[2] = s[1] + said, s[2] + real
end
local function same(rule, where, said, real)
  if said ~= real then find(rule, where, 'it is said to be ' .. text(said) .. ', but is ' .. text(real)) end
end

-- Looks at an element, or takes a step. Damage that nobody thought of makes that fail, and the others go on all the same.
local function guarded(name, item, look, ...)
  local ok, answer, more = pcall(look, ...)
  if ok then return answer, more end
  local why = type(answer) == 'table' and answer.err or tostring(answer)
  local other = string.match(why, 'WRONGTYPE') and 'a key that belongs to it is of another type'
  find('keys', type(name) == 'string' and name .. item or name(item), other or 'it cannot be looked at: ' .. why)
end

-- A step of a pass: looks at each element of a hash, a set or a sorted set, until it may look at no more. It takes and
-- returns where to go on: the cursor of a page, and how many elements of that are done; nil: at the end. `each` answers
-- false where it would have to look at too much.
local SCANS = {
  hash = function(key, cursor) return call('hscan', key, cursor, 'count', 100) end,
  zset = function(key, cursor) return call('zscan', key, cursor, 'count', 250) end,
  set = function(key, cursor) return call('sscan', key, cursor, 'count', 250) end
}
local function pages(kind, key, each)
  local stride, name = kind == 'set' and 1 or 2, 'key ' .. string.match(key, '}:(.*)') .. ', '
  return function(cursor, done)
    repeat
      local page = SCANS[kind](key, cursor)
      local items = page[2]
      for i = done * stride + 1, #items, stride do
        if looks <= 0 or guarded(name, items[i], each, items[i], items[i + 1]) == false then
          return cursor, (i - 1) / stride
        end
        looks = looks - 1
      end
      cursor, done = page[1], 0
    until cursor == '0'
  end
end

-- ---- a task by itself

-- The server hands over all of a record, its body included.
local function record(q, id)
  local rec = call('hget', q.rec, id)
  if rec then looks = looks - floor(#rec / PIECE) end
  return rec
end

-- Whether the parts of a record fill it.
local function whole(rec)
  local flags = byte(rec, 19)
  if #rec < 20 or flags ~= 0 and (flags % BINDING ~= TRAITS or #rec < 24) then return false end
  local p, at = content_at(rec, 19), 23
  if flags ~= 0 then
    local parts = 0
    while at < p and at <= #rec do
      at, parts = at + 1 + byte(rec, at), parts + 1
    end
    if at ~= p or parts < 2 then return false end
  end
  return p <= #rec and p + byte(rec, p) <= #rec
end

-- The task that a record and a live entry are of; nil: they make no sense. READY stands for all that waits.
local function task_of(q, id, rec, v)
  if not whole(rec) then
    find_task('content', id, 'its record is damaged')
    return nil
  end
  local t = {id = id, rec = rec, seq = sub(rec, 1, 6), rank = sub(rec, 13, 18), flags = byte(rec, 19), state = READY,
             ep = NEVER, note = '', unique = '', flow = '', mode = 0}
  if t.flags ~= 0 then t.mode, t.unique, t.flow = traits(rec, 19) end
  t.gated = t.flow ~= '' and has_gates(t.flow)
  local binding = has(t.flags, BINDING)
  if binding ~= (t.unique ~= '' or t.gated) then find_task('content', id, 'its flags do not fit its traits') end
  if not v then return t end
  local flags = #v >= 16 and byte(v, 2) or 0
  if #v < 16 or has(flags, LONG) ~= (#v > 16) or has(flags, LONG) and #v < 48 then
    find_task('content', id, 'its live entry is damaged')
    return nil
  end
  tasks().load_live(t, v)
  if t.state < READY or t.state > CANCELLED then
    find_task('one place', id, 'it is in state ' .. t.state)
    return nil
  end
  if sub(v, 11, 16) ~= t.seq then find_task('content', id, 'its live entry is of another arrival than its record') end
  if has(flags, TRAITS) ~= binding then find_task('content', id, 'its live entry does not fit its traits') end
  if t.state > LEASED and not has(flags, LONG) then
    find_task('content', id, 'its live entry does not say when it ended')
    return nil
  end
  if (t.begun or t.stop) and t.state ~= LEASED then
    find_task('leases', id, 'it has begun or is to be stopped, but is not leased')
  end
  t.epoch = unpick('<d', t.ep)
  if t.epoch < 0 or t.epoch > q.epoch or t.state == LEASED and t.epoch == 0 then
    find_task('epochs', id, 'its epoch ' .. text(t.epoch) .. ' was never drawn')
  end
  return t
end

local function stands(q, t)
  local member = t.seq .. t.id
  local due = call('zscore', q.due, member .. t.rank .. char(t.flags))
  local rank = (t.state == READY or t.flow ~= '') and call('zscore', lane(q, t.flow), member)
  if t.state == READY then
    if due and rank then find_task('one place', t.id, 'it is both scheduled and ready') end
    if not due and not rank then find_task('one place', t.id, 'it waits, but is neither scheduled nor ready') end
  elseif due or rank then
    find_task('one place', t.id, 'in state ' .. t.state .. ' it is in line all the same')
  end
  if not rank then return end
  if tonumber(rank) ~= unpick('>I6', t.rank) then
    find_task('one place', t.id, 'it stands at rank ' .. rank .. ' instead of ' .. text(unpick('>I6', t.rank)))
  end
  if t.gated then
    if call('hexists', q.P .. ':flow', t.flow) == 0 then find_task('flows', t.id, 'its flow is in no line') end
  elseif t.flow ~= '' then
    if call('hexists', q.P .. ':seat', OPEN .. sub(t.flow, 2)) == 0 then find_task('seats', t.id, 'its key has no seat') end
  end
end

local function is_leased(q, t)
  local epoch = text(t.epoch)
  if call('hexists', q.batch, epoch) == 0 then
    find_task('leases', t.id, 'it is leased under epoch ' .. epoch .. ', of which there is no lease')
  end
  if t.stop and call('sismember', q.P .. ':s:' .. epoch, t.id) == 0 then
    find_task('leases', t.id, 'it is to be stopped, but nobody tells its holder')
  end
end

local function has_ended(q, t)
  local ended, ends = tasks().kept_keys(q, t.state)
  local arrival = call('zscore', ended, t.id)
  if not arrival or tonumber(arrival) ~= unpick('>I6', t.seq) then
    find_task('one place', t.id, 'in state ' .. t.state .. ' it is not among those that ended so')
  end
  local since = call('zscore', ends, pack('>I6', t.turn) .. t.id)
  if not since or tonumber(since) ~= t.since then
    find_task('retention', t.id, 'nobody has noted that it ended at ' .. text(t.since))
  end
end

-- A key that is held by tasks that wait only goes with the first claim, and comes back with a replay.
local function has_key(q, t)
  local v = call('hget', q.P .. ':u', t.unique)
  local holds = v and #v == 25 and sub(v, 1, 16) == t.id and byte(v, 17) == 1
  local may = t.state <= LEASED and (t.mode ~= 1 or t.state == READY)
  if holds and not may then find_task('unique keys', t.id, 'in state ' .. t.state .. ' it still holds its unique key') end
  if not holds and may and (t.mode ~= 1 or t.ep == NEVER) then
    find_task('unique keys', t.id, 'it holds a unique key that is not its own')
  end
end

local function look_at_task(q, id, rec, v)
  local t = task_of(q, id, rec, v)
  if not t then return end
  stands(q, t)
  if t.state == LEASED then is_leased(q, t) elseif t.state > LEASED then has_ended(q, t) end
  if t.unique ~= '' then has_key(q, t) end
end

-- ---- in the order of arrival: chunks of the index

local function arrived_as(rec, chunk, i) return rec and sub(rec, 1, 6) == pack('>I6', chunk * CHUNK + i - 1) end

-- How many of a chunk's tasks are there no more, if that is not what is said: an id that was forgotten may have come
-- again, but it takes the record to see that.
local function gone_of(q, chunk, ids, said)
  local out = 0
  for _, id in ipairs(ids) do out = out + 1 - call('hexists', q.rec, id) end
  looks = looks - #ids
  if out == said then return out end
  out = 0
  for i, id in ipairs(ids) do
    if not arrived_as(record(q, id), chunk, i) then out = out + 1 end
  end
  return out
end

-- `done`: so many of its tasks were looked at by scripts before this one. Answers how many are after it; nil: all.
local function look_at_chunk(q, chunk, member, done)
  local name, list = 'chunk ' .. text(chunk), call('getrange', q.P .. ':a:' .. text(chunk), 0, 16 * CHUNK)
  local full, n, gone_ones, ids, lives = min(CHUNK, q.seq - chunk * CHUNK), #list / 16, 0, {}, nil
  if done == 0 and (member ~= text(chunk) or n ~= full) then
    find('arrivals', name, 'it has ' .. n .. ' ids, not ' .. text(full))
  end
  if n ~= floor(n) or n > CHUNK then return end
  for i = 1, n do ids[i] = sub(list, 16 * i - 15, 16 * i) end
  for i = done + 1, n do
    if looks <= 0 then return i - 1 end
    looks = looks - 1
    local at = (i - done - 1) % AT_ONCE
    if at == 0 then lives = call('hmget', q.live, unpack(ids, i, min(n, i + AT_ONCE - 1))) end
    local id = ids[i]
    local rec = record(q, id)
    if arrived_as(rec, chunk, i) then
      seen = seen + 1
      guarded(task_name, id, look_at_task, q, id, rec, lives[at + 1])
    else
      gone_ones = gone_ones + 1
    end
  end
  local said = tonumber(call('hget', q.P .. ':ac', text(chunk)) or 0) or -1
  if done > 0 then gone_ones = gone_of(q, chunk, ids, said) end
  same('arrivals', name .. ', ended', said, gone_ones)
end

-- By their numbers, each once: no damage of those makes it begin anew.
local function chunks(q)
  return function(cursor, done)
    local first = cursor == '0' and done == 0 and '-inf' or cursor
    while true do
      local two = call('zrangebyscore', q.P .. ':ai', first, '+inf', 'withscores', 'limit', 0, 2)
      local member, score = two[1], two[2]
      if not member then return nil end
      if looks <= CHUNK then return first, 0 end
      looks = looks - 1
      local number = tonumber(score) or huge
      if two[4] == score then find('arrivals', 'chunk ' .. two[3], 'it has the number of another one') end
      if number < 0 or number * CHUNK >= q.seq or number ~= floor(number) then
        find('arrivals', 'chunk ' .. member, 'nothing has arrived there yet')
      else
        local stopped = guarded('chunk ', member, look_at_chunk, q, number, member, score == first and done or 0)
        if stopped then return score, stopped end
      end
      first = '(' .. score
    end
  end
end

-- ---- what leads to tasks

-- Whether the index of arrivals leads to it.
local function indexed(q, seq, id)
  local n = unpick('>I6', seq)
  local at = 16 * (n % CHUNK)
  return call('getrange', q.P .. ':a:' .. text(floor(n / CHUNK)), at, at + 15) == id
end

local function has_task(q, id, seq, what)
  if not seq or #seq < 6 then
    find_task('one place', id, what .. ', but there is no record of it')
    return false
  end
  if not indexed(q, seq, id) then find_task('arrivals', id, 'the index of arrivals does not lead to it') end
  return true
end

-- A member of P:ready or P:due.
local function waits(q, what)
  return function(member)
    local id = sub(member, 7, 22)
    if #member < 22 then return find('one place', what, 'a member of ' .. #member .. ' octets') end
    local rec = record(q, id)
    if not has_task(q, id, rec and sub(rec, 1, 6), 'it is ' .. what) then return end
    local v = call('hget', q.live, id)
    local full = sub(rec, 1, 6) .. id .. (what == 'scheduled' and sub(rec, 13, 19) or '')
    if member ~= full then find_task('one place', id, 'it is ' .. what .. ' as what it is not') end
    if v and byte(v) ~= READY then
      find_task('one place', id, 'it is ' .. what .. ', but in state ' .. (byte(v) or 'none'))
    end
    if what == 'ready' and whole(rec) and byte(rec, 19) ~= 0 and select(3, traits(rec, 19)) ~= '' then
      find_task('one place', id, 'it stands among those without fair key and gates')
    end
  end
end

local function is_kept(q, state, name)
  return function(id, arrival)
    local rec = record(q, id)
    if not has_task(q, id, rec and sub(rec, 1, 6), 'it is kept as ' .. name) then return end
    local v = call('hget', q.live, id)
    if not v or byte(v) ~= state or #v < 48 then
      return find_task('one place', id, 'it is kept as ' .. name .. ', but in another state')
    end
    if whole(rec) then sum('counts', 'bytes_' .. name, 0, tasks().octets({rec = rec, note = sub(v, 49)})) end
  end
end

-- A note of when a record may be let go.
local function may_go(q, state, other)
  local _, ends, _, past = tasks().kept_keys(q, state)
  return function(turn)
    local id = sub(turn, 7)
    if not call('zscore', ends, turn) then find_task('retention', id, 'it is to be let go, but has not ended so') end
    if other and call('zscore', past, turn) then find_task('retention', id, 'it is to be let go, twice') end
  end
end

local function is_gone(q)
  return function(id, stone)
    if id == '' then return end
    if #stone ~= 17 then return find_task('tombstones', id, 'its tombstone is damaged') end
    if call('hexists', q.rec, id) == 1 then find_task('tombstones', id, 'it has ended for good, and is there all the same') end
    local epoch, state = unpick('<dB', stone)
    if state < SUCCEEDED or state > CANCELLED or epoch < 0 or epoch > q.epoch then
      find_task('tombstones', id, 'its tombstone is of state ' .. state .. ' and epoch ' .. text(epoch))
    end
  end
end

local function lives(q)
  return function(id)
    if id ~= '' and call('hexists', q.rec, id) == 0 then find_task('one place', id, 'it lives, but there is no record of it') end
  end
end

local function keeps_key(q)
  return function(key, v)
    local where = 'key ' .. key
    if #v ~= 25 then return find('unique keys', where, 'its entry is damaged') end
    local id, held, till = sub(v, 1, 16), byte(v, 17) == 1, unpick('<d', v, 18)
    if held then
      local rec = record(q, id)
      local unique
      if rec and whole(rec) and byte(rec, 19) ~= 0 then unique = select(2, traits(rec, 19)) end
      if unique ~= key then find('unique keys', where, task_name(id) .. ' holds it, but does not know') end
    end
    if held then return end -- what is noted of it may be of a time before it; it is noted anew when it is given up
    local noted = call('zscore', q.P .. ':ut', key)
    if not noted or tonumber(noted) ~= till then
      find('retention', where, 'nobody has noted that it stays until ' .. text(till))
    end
  end
end

local function is_watched(q)
  return function(id)
    local v = call('hget', q.live, id)
    if call('hexists', q.rec, id) == 0 or v and (byte(v) or 0) > LEASED then
      find_task('watched', id, 'somebody waits for its end, but it has ended')
    end
  end
end

local function counts_chunk(q)
  return function(chunk)
    if not call('zscore', q.P .. ':ai', chunk) then find('arrivals', 'chunk ' .. chunk, 'it is counted, but not there') end
  end
end
