-- Looks at a part of a queue, and changes nothing: whether what is kept there more than once agrees. KEYS: the queue.
-- ARGV[3]: the pass, a list of steps; then
--   'keys': what stands behind P in the names of keys that are there, 300 at the most
--   the others: the step to go on with, the cursor of its page, how many elements of that are done; at first 1, 0, 0
-- Answers where to go on, in these three (step 0: nowhere; -1: the queue is damaged so that nothing else makes sense);
-- tasks seen; how many violations there are, and the first of them (rule, where, what); sums (rule and where with a
-- line's end between them, what it is said to be, what it is), and of what moment those are: scripts of a pass that name
-- the same one have seen nothing change; empty: it may change yet.

-- ---- keys

local FIXED = {c = 'string', rec = 'hash', live = 'hash', ready = 'zset', due = 'zset', leases = 'zset', lapsed = 'zset',
               batch = 'hash', ['gone:0'] = 'hash', ['gone:1'] = 'hash', ai = 'zset', ac = 'hash', watch = 'set', u = 'hash',
               ut = 'zset', limit = 'hash', fc = 'string', seat = 'hash', flow = 'hash', gate = 'hash', gdue = 'zset',
               gopen = 'zset', gidle = 'zset', gn = 'zset', walk = 'string'}
for state = SUCCEEDED, CANCELLED do
  for _, name in ipairs({'ended', 'ends', 'keep', 'past'}) do FIXED[name .. ':' .. state] = 'zset' end
end
-- Those of single leases, chunks, flows and seats: their type, and the row that they belong to.
local MANY = {l = 'string', s = 'set', a = 'string', k = 'zset', f = 'zset', ring = 'zset', st = 'zset', away = 'zset'}
local OWNER = {
  l = function(P, rest) return redis.pcall('hexists', P .. ':batch', rest) end,
  a = function(P, rest) return redis.pcall('zscore', P .. ':ai', rest) or 0 end,
  f = function(P, rest) return redis.pcall('hexists', P .. ':flow', rest) end,
  st = function(P, rest) return redis.pcall('hexists', P .. ':seat', sub(rest, 2)) end,
  away = function(P, rest) return redis.pcall('hexists', P .. ':seat', OPEN .. rest) end,
  ring = function(P, rest) return rest == OPEN or redis.pcall('hexists', P .. ':gate', sub(rest, 2)) end
}
OWNER.s, OWNER.k = OWNER.l, OWNER.away

local function look_at_key(P, name)
  local where, key = 'key ' .. name, P .. ':' .. name
  local is = call('type', key).ok
  if is == 'none' then return end
  if call('pttl', key) >= 0 then find('keys', where, 'it will expire, and holds what must not be lost') end
  local first, rest = string.match(name, '^(%a+):(.*)$')
  local should = FIXED[name] or MANY[first]
  if not should then return find('keys', where, 'nobody knows what it is for') end
  if is ~= should then return find('keys', where, 'it is a ' .. is .. ', not a ' .. should) end
  if not FIXED[name] and OWNER[first](P, rest) == 0 then find('keys', where, 'nobody has it') end
end

-- Whether the rest of the pass makes sense: keys that are of the right type, counters of the right length.
local function readable(P)
  for name, kind in pairs(FIXED) do
    local is = call('type', P .. ':' .. name).ok
    if is ~= kind and is ~= 'none' then
      find('keys', 'key ' .. name, 'it is a ' .. is .. ', not a ' .. kind)
    end
  end
  for name, length in pairs({c = 168, fc = 56}) do
    local n = broken == 0 and call('strlen', P .. ':' .. name) or 0
    if n ~= 0 and n ~= length then find('counts', 'key ' .. name, 'it has ' .. n .. ' octets, not ' .. length) end
  end
  return broken == 0
end

-- ---- what one script sees as a whole

local KEPT = {[SUCCEEDED] = 'succeeded', [DEAD] = 'dead', [CANCELLED] = 'cancelled'}

local function size(q, name) return call('hlen', q.P .. name) - call('hexists', q.P .. name, '') end

local function heads(q)
  return function()
    local n, P = q.n, q.P
    local c = call('get', P .. ':fc')
    local there, keyed = 0, 0
    if c then there, keyed = unpick('<d', c, 9), unpick('<d', c, 25) end
    local due, ready = call('zcard', q.due), call('zcard', q.ready)
    local rest = size(q, ':rec') - due - ready - keyed
    same('counts', 'scheduled', n[SCHEDULED], due)
    same('counts', 'ready', n[READY], ready + keyed)
    for state = SUCCEEDED, CANCELLED do
      local name = KEPT[state]
      local ended, ends = tasks().kept_keys(q, state)
      local kept = call('zcard', ended)
      same('counts', name, n[state], kept)
      same('retention', name, call('zcard', ends), kept)
      rest = rest - kept
    end
    same('counts', 'leased', n[LEASED], rest)
    same('counts', 'watched', q.watched, call('scard', P .. ':watch'))
    same('leases', 'leases', call('hlen', q.batch), call('zcard', P .. ':leases') + call('zcard', P .. ':lapsed'))
    if there > 0 and ready > 0 and call('hexists', P .. ':seat', OPEN) == 0 then
      find('seats', 'seat of the plain flow', 'some of its tasks are there')
    end
  end
end

-- ---- passes

local P, pass = KEYS[1], arg()
local step, cursor, done, moment = -1, '', 0, ''

-- Of the counters as they were written last. The clock has gone on since: who writes now writes another time.
local function unmoved(q)
  local c = call('get', P .. ':c')
  local before = c and unpick('<d', c, 17) or -1
  if c and q.now <= before then return '' end
  return (c or '-') .. (call('get', P .. ':fc') or '')
end
-- Who ends so is counted, and who is let go leaves the state.
local function of_ended(q)
  return pack('<dddd', q.ends, q.n[SUCCEEDED], q.n[DEAD], q.n[CANCELLED])
end

local PASSES = {
  heads = function(q) return {heads(q)} end,
  tasks = function(q)
    return {chunks(q), pages('zset', q.ready, waits(q, 'ready')), pages('zset', q.due, waits(q, 'scheduled')),
            pages('hash', q.live, lives(q)), pages('hash', P .. ':gone:0', is_gone(q)),
            pages('hash', P .. ':gone:1', is_gone(q)), pages('hash', P .. ':u', keeps_key(q)),
            pages('set', P .. ':watch', is_watched(q)), pages('hash', P .. ':ac', counts_chunk(q))}
  end,
  ended = function(q)
    local steps = {function()
      for state = SUCCEEDED, CANCELLED do sum('counts', 'bytes_' .. KEPT[state], q.b[state], 0) end
    end}
    for state = SUCCEEDED, CANCELLED do
      local ended, _, keep, past = tasks().kept_keys(q, state)
      steps[#steps + 1] = pages('zset', ended, is_kept(q, state, KEPT[state]))
      steps[#steps + 1] = pages('zset', keep, may_go(q, state, true))
      steps[#steps + 1] = pages('zset', past, may_go(q, state, false))
    end
    return steps, of_ended(q)
  end,
  flows = function(q)
    return {said(q), pages('hash', q.batch, holds(q)), pages('hash', P .. ':flow', is_in_line(q)),
            pages('hash', P .. ':seat', is_seat(q)), pages('hash', P .. ':gate', is_gate(q))}, unmoved(q)
  end
}

if pass == 'keys' then
  step = 0
  while at < #ARGV do look_at_key(P, arg()) end
elseif pass ~= 'heads' or readable(P) then
  step, cursor, done = tonumber(arg()), arg(), tonumber(arg())
  local steps
  steps, moment = PASSES[pass](open(P))
  while steps[step] do
    cursor, done = guarded(pass .. ', step ', step, steps[step], cursor, done)
    if cursor then break end
    step, cursor, done = step + 1, '0', 0
  end
  if not steps[step] then step, cursor, done = 0, '', 0 end
end
local added = {}
for name, s in pairs(sums) do
  local k = #added
  added[k + 1], added[k + 2], added[k + 3] = name, text(s[1]), text(s[2])
end
return {step, cursor, done, seen, broken, found, added, moment or ''}
