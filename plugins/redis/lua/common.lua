-- What all scripts share: the call's clocks, a queue's counters, its records, and what is put off to the end of the
-- script. README.md has the layout. Every script starts with this file; those that move tasks add queue.lua, and the
-- modules tasks.lua and flow.lua.
--
-- A script makes its functions anew for each call, which takes longer than most of them do. So what only some calls
-- need is in modules, made when first asked for: `tasks()` is what tasks.lua returns.
--
-- ARGV[1] clock: empty, or 16 octets (two doubles: wall, boot) that stand for the server's time.
-- ARGV[2] the channel on which the bell rings: the number of the ring, a space, and the queue's P.
-- A script reads and checks first. Its writes cannot fail: their keys were read before, or are made by this script.
local call, pack, unpick = redis.call, struct.pack, struct.unpack
local sub, byte, char, concat, format = string.sub, string.byte, string.char, table.concat, string.format
local floor, ceil, min, max, huge = math.floor, math.ceil, math.min, math.max, math.huge

-- States and answers: as penstock::State and penstock::Item number them.
local SCHEDULED, READY, LEASED, SUCCEEDED, DEAD, CANCELLED = 1, 2, 3, 4, 5, 6
local OK, EXISTS, CONFLICT, FULL, LEASE_LOST, REQUESTED, FINISHED, NOT_FOUND = 0, 1, 2, 3, 4, 5, 6, 7
-- Flags of a live entry; of a record: TRAITS says that it has some, BINDING that a unique key or gates are among them.
-- TRAITS of a live entry is BINDING of its record: there is more to do when its task ends.
local BEGUN, STOP, TRAITS, LONG, BINDING = 1, 2, 4, 8, 16
local NEVER = '\0\0\0\0\0\0\0\0' -- epoch of a task that was never leased
-- A hash with few and short values is a list to the server, searched from end to end for each field. One long value,
-- under the empty name, keeps it a table.
local TABLE = (' '):rep(65)
local CHUNK = 256                -- arrivals in one chunk of the index
local MOST = 1000                -- elements that one step looks at
-- What is left to this script, for all its queues together: flows moved from line to line or looked at on the way, gates
-- looked at because of the time, or because something was set.
local budget = {moves = MOST, gates = MOST}

local function module(make)
  local made
  return function()
    made = made or make()
    return made
  end
end

local at = 0
local function arg()
  at = at + 1
  return ARGV[at]
end

local wall, boot
do
  local given = arg()
  if given == '' then
    local t = call('time')
    wall = t[1] * 1000 + floor(t[2] / 1000)
    boot = wall
  else
    wall, boot = unpick('<dd', given)
  end
end
local channel = arg()
-- In a Cluster the last key is one that never is, so that no script runs while its slot moves: see server.cpp.
if KEYS[#KEYS] == KEYS[1] .. '-' then KEYS[#KEYS] = nil end

local function has(flags, bit) return flags % (2 * bit) >= bit end
local function text(number) return format('%.0f', number) end

-- ---- counters

-- next seq, epoch, lease clock seen, its skew, scheduled, ready, leased, succeeded, dead, cancelled, octets of the last
-- three, ends, generation and birth of the tombstones, armed, watched, own gate set, flows in use, last ring.
local COUNTERS = '<' .. ('d'):rep(21)

local function open(P)
  local q = {P = P, rec = P .. ':rec', live = P .. ':live', ready = P .. ':ready', due = P .. ':due',
             batch = P .. ':batch', n = {0, 0, 0, 0, 0, 0}, b = {}, L = {}, S = {}, less = {}, buried = {}, stones = {},
             chunks = {}, puts = {}, rang = false}
  local c = call('get', P .. ':c')
  q.known = c and true
  if c then
    local n, b = q.n, q.b
    q.seq, q.epoch, q.seen, q.skew, n[1], n[2], n[3], n[4], n[5], n[6], b[4], b[5], b[6], q.ends, q.gone, q.gone_at,
      q.armed, q.watched, q.own, q.flow, q.rings = unpick(COUNTERS, c)
  else
    q.seq, q.epoch, q.seen, q.skew, q.ends, q.gone, q.armed, q.watched, q.own, q.flow = 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
    q.rings, q.b[4], q.b[5], q.b[6] = 0, 0, 0, 0
  end
  -- The lease clock: the server's time, put forward by as much as that was ever set back. It never goes back itself.
  q.now = boot + q.skew
  if q.now < q.seen then
    q.skew = q.seen - boot
    q.now = q.seen
  end
  q.seen = q.now
  if not c then q.gone_at = q.now end
  return q
end

local function ring(q) q.rang = true end
-- Something may be claimable now: whoever armed the bell is to know.
local function work(q)
  if q.armed ~= 0 then q.rang = true end
end

local function gone_key(q, back) return q.P .. ':gone:' .. (q.gone - back) % 2 end

-- Before the first write: these keys are what they should be, so that no write of theirs can fail. `kinds`: the name of
-- a key behind P, and its type, in turns.
local function check(q, kinds)
  for i = 1, #kinds, 2 do
    local key = q.P .. kinds[i]
    local kind = call('type', key).ok
    if kind ~= kinds[i + 1] and kind ~= 'none' then
      error('the store is damaged: ' .. key .. ' is a ' .. kind .. ', not a ' .. kinds[i + 1])
    end
  end
end
local PLACES = {':ready', 'zset', ':due', 'zset', ':ai', 'zset'}
local ALL = {':rec', 'hash', ':live', 'hash', ':ready', 'zset', ':due', 'zset', ':leases', 'zset', ':lapsed', 'zset',
             ':batch', 'hash', ':gone:0', 'hash', ':gone:1', 'hash', ':ai', 'zset', ':ac', 'hash', ':u', 'hash', ':ut', 'zset'}
local KEYED = {':fc', 'string', ':seat', 'hash', ':flow', 'hash', ':gate', 'hash', ':gdue', 'zset', ':gopen', 'zset',
               ':gidle', 'zset', ':gn', 'zset', ':limit', 'hash', ':walk', 'string'}

-- To be called before the first write: there is no such key, so this frees nothing; but a script whose first write takes no
-- memory is not refused by a server that is full.
local function even_if_full(q) call('del', q.P .. ':free') end

-- ---- what is put off

local function batch_row(q, epoch)
  local v = call('hget', q.batch, epoch)
  if not v then return nil end
  local left, head, stops, till = unpick('<I4I4Bd', v)
  return {left = left, head = head, stops = stops, till = till, worker = sub(v, 18)}
end
local function save_batch(q, epoch, b)
  call('hset', q.batch, epoch, pack('<I4I4Bd', b.left, b.head, b.stops, b.till) .. b.worker)
end
local function drop_batch(q, epoch)
  call('del', q.P .. ':l:' .. epoch, q.P .. ':s:' .. epoch)
  call('hdel', q.batch, epoch)
  call('zrem', q.P .. ':leases', epoch)
  call('zrem', q.P .. ':lapsed', epoch)
end

-- The holder of the batch is told to stop the task, with its next extension.
local function tell_to_stop(q, epoch, id)
  local b = batch_row(q, epoch)
  if not b then return end
  b.stops = 1
  save_batch(q, epoch, b)
  call('sadd', q.P .. ':s:' .. epoch, id)
end

-- Writes live entries, tombstones and what else the script has put off: q.puts by id; q.buried, q.stones; q.chunks; q.less
-- by epoch. Until then q.L has the live entries as they will be (false: none), and q.S the tombstones.
local function flush(q)
  if next(q.puts) then
    local all = {}
    for id, v in pairs(q.puts) do
      all[#all + 1], all[#all + 2] = id, v
    end
    call('hset', q.live, unpack(all))
    q.puts = {}
  end
  if #q.buried > 0 then
    call('hdel', q.live, unpack(q.buried))
    call('hdel', q.rec, unpack(q.buried))
    call('hset', gone_key(q, 0), unpack(q.stones))
    if q.watched > 0 then
      local seen = call('srem', q.P .. ':watch', unpack(q.buried))
      if seen > 0 then
        q.watched = q.watched - seen
        ring(q)
      end
    end
    q.buried, q.stones = {}, {}
  end
  for head, ended in pairs(q.chunks) do
    local chunk = text(unpick('>I5', head))
    if call('hincrby', q.P .. ':ac', chunk, ended) >= CHUNK then
      call('del', q.P .. ':a:' .. chunk)
      call('hdel', q.P .. ':ac', chunk)
      call('zrem', q.P .. ':ai', chunk)
    end
  end
  q.chunks = {}
  for ep, fewer in pairs(q.less) do
    local epoch = text(unpick('<d', ep))
    local b = batch_row(q, epoch)
    if b and b.left > fewer then
      b.left = b.left - fewer
      save_batch(q, epoch, b)
    elseif b then
      drop_batch(q, epoch)
    end
  end
  q.less = {}
end

-- The end of a script that changed the queue.
local function close(q)
  flush(q)
  if not q.known then
    for _, name in ipairs({':rec', ':live', ':gone:0', ':gone:1'}) do call('hset', q.P .. name, '', TABLE) end
  end
  if q.F then q.F.save() end
  if q.rang then -- numbers that rise even if the counters are lost, as with epochs
    q.armed, q.rings = 0, max(q.rings + 1, min(wall, 8e12))
  end
  if q.arms then q.armed = 1 end -- last: who claims in vain has seen what this script has rung for
  local n, b = q.n, q.b
  call('set', q.P .. ':c', pack(COUNTERS, q.seq, q.epoch, q.seen, q.skew, n[1], n[2], n[3], n[4], n[5], n[6], b[4],
    b[5], b[6], q.ends, q.gone, q.gone_at, q.armed, q.watched, q.own, q.flow, q.rings))
  -- A ring that fails is no failure of what it tells of: all is written, and other queues may have their turn yet.
  if q.rang then redis.pcall('publish', channel, text(q.rings) .. ' ' .. q.P) end
end

-- The tombstone of an id: its epoch and state; nil: there is none.
local function gone(q, id)
  local g = q.S[id] or call('hget', gone_key(q, 0), id) or call('hget', gone_key(q, 1), id)
  if g then return sub(g, 1, 8), byte(g, 9) end
end

-- Where kind and body start in a record, and in the part of it that the caller sends: p is the place of its flags.
local function content_at(s, p)
  if byte(s, p) == 0 then return p + 1 end
  return p + 3 + byte(s, p + 1) * 256 + byte(s, p + 2)
end

-- An epoch that was never given: it follows the clock, so that it rises even if the counter is lost with the tail of
-- the log. 1,024 a millisecond; a counter takes over when the clock stands still or goes back.
local function draw_epoch(q)
  q.epoch = max(q.epoch + 1, min(wall, 8e12) * 1024)
  return q.epoch
end

-- Whether somebody has to keep the order of flows, or of the queue's own gate.
local function in_lines(q) return q.flow ~= 0 or q.own ~= 0 or q.F end
