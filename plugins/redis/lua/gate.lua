-- Sets what a gate lets through. KEYS: the queue.
-- ARGV[3] the gate, [4] what: 'declared' or 'operator', then running, per_second and burst, or nothing for taking the
-- limit away; 'hold' or 'all', then for how long (milliseconds, negative: for ever, 0: not any more). 'all' is the hold
-- of all queues, as far as it concerns this one; its gate is the empty name; it may be told several times in a row.
local q, name, what = open(KEYS[1]), arg(), arg()
check(q, KEYED)
even_if_full(q)
if what == 'all' then
  while at < #ARGV do
    local ms = tonumber(arg())
    flows(q).hold_all(ms < 0 and huge or ms == 0 and 0 or q.now + ms)
  end
else
  local key = q.P .. ':limit'
  local s = flow().setting(call('hget', key, name))
  if what == 'hold' then
    local ms = tonumber(arg())
    s.held = ms == 0 and 0 or max(s.held, ms < 0 and huge or q.now + ms)
  else
    s[what] = at < #ARGV and {tonumber(arg()), tonumber(arg()), tonumber(arg())} or nil
  end
  local d, o = s.declared or {0, 0, 0}, s.operator or {0, 0, 0}
  if s.declared or s.operator or s.held > q.now then
    call('hset', key, name, pack('<Bddddddd', (s.declared and 1 or 0) + (s.operator and 2 or 0), d[1], d[2], d[3], o[1],
      o[2], o[3], s.held))
  else
    call('hdel', key, name)
  end
  flows(q).limit_changed(name)
end
work(q)
close(q)
return 1
