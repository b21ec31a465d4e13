-- What is set for the gates of a queue, a page of it. KEYS: the queue. ARGV[3]: '0', or the cursor of the page before.
-- Answers for each gate: its name, what is set (as in P:limit), how many tasks hold a slot, how many flows wait; last the
-- next cursor ('0': this was the last page; a gate may be on two of them) and the lease clock.
local q, out = open(KEYS[1]), {}
local page = call('hscan', q.P .. ':limit', arg(), 'count', 250)
for i = 1, #page[2], 2 do
  local k, name = #out, page[2][i]
  local leased, waiting = flows(q).state(name)
  out[k + 1], out[k + 2], out[k + 3], out[k + 4] = name, page[2][i + 1], leased, waiting
end
out[#out + 1] = page[1]
out[#out + 1] = text(q.now)
return out
