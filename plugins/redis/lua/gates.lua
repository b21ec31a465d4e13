-- What is set for the gates of a queue. KEYS: the queue. Answers for each gate: its name, what is set (as in P:limit),
-- how many tasks hold a slot, how many flows wait; last the lease clock.
local q, out = open(KEYS[1]), {}
local all = call('hgetall', q.P .. ':limit')
for i = 1, #all, 2 do
  local k, leased, waiting = #out, flows(q).state(all[i])
  out[k + 1], out[k + 2], out[k + 3], out[k + 4] = all[i], all[i + 1], leased, waiting
end
out[#out + 1] = text(q.now)
return out
