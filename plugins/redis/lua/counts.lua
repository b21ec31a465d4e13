-- Counts tasks. KEYS: the queues. Answers for each: the six states from scheduled on, and the octets of the ended ones;
-- or nothing (an empty text), when it never held a task.
local out = {}
for i = 1, #KEYS do
  local q = open(KEYS[i])
  local n, b = q.n, q.b
  out[i] = q.seq > 0 and pack('<ddddddd', n[1], n[2], n[3], n[4], n[5], n[6], b[4] + b[5] + b[6]) or ''
end
return out
