-- Lets ended tasks go, and old tombstones and keys. KEYS: the queue.
-- ARGV[3..8] state, age, count, octets (negative: without bound), at_most, how long ids are remembered.
-- Answers how many records lost their content.
local q, T = open(KEYS[1]), tasks()
local state, age, count, octets_kept, at_most, remember =
  tonumber(arg()), tonumber(arg()), tonumber(arg()), tonumber(arg()), min(tonumber(arg()), MOST), tonumber(arg())
if not q.known then return 0 end
check(q, ALL)
check(q, KEYED)
if age < 0 then age = huge end
if count < 0 then count = huge end
if octets_kept < 0 then octets_kept = huge end

even_if_full(q)

-- Tombstones first: what becomes one below is there until the next call. Those of one generation go at once, when the
-- youngest of them is old enough.
if q.now - q.gone_at > remember then
  call('unlink', gone_key(q, 1))
  call('hset', gone_key(q, 1), '', TABLE)
  q.gone, q.gone_at = q.gone + 1, q.now
end
for _, key in ipairs(call('zrangebyscore', q.P .. ':ut', '-inf', wall, 'limit', 0, max(at_most, 1))) do
  local e = T.key_entry(q, key)
  if e and not e.held and e.till <= wall then call('hdel', q.P .. ':u', key) end
  if not e or e.till <= wall then call('zrem', q.P .. ':ut', key) end
end

local ended, ends, keep, past = T.kept_keys(q, state)
-- More than are let go: their order is that of their ends, not of their times to be kept.
local passed = call('zrangebyscore', keep, '-inf', q.now, 'limit', 0, MOST)
for _, turn in ipairs(passed) do
  call('zadd', past, unpick('>I6', turn), turn)
  call('zrem', keep, turn)
end
local done = 0
while done < at_most do
  local oldest = call('zrange', ends, 0, 0, 'withscores')
  local turn = oldest[1]
  if not turn then break end
  local over = q.n[state] > count or q.b[state] > octets_kept or q.now - tonumber(oldest[2]) >= age
  if not over then turn = call('zrange', past, 0, 0)[1] end
  if not turn then break end
  local t = T.load(q, sub(turn, 7))
  if t and t.state == state then
    local when = t.ended
    T.leave(q, t)
    T.bury(q, t, state, when)
  else -- by other hands
    call('zrem', ends, turn)
    call('zrem', past, turn)
  end
  done = done + 1
end
close(q)
return done
