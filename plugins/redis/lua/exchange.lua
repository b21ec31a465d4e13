-- Settles, extends and claims. KEYS: the queues.
-- ARGV[3..7] limit, begin, ahead, lease (milliseconds), worker. Then for each queue: the numbers of its groups of settlements
-- and of its extensions, its quota (-1: nothing is claimed from it), the epoch that this exchange has drawn there already (0:
-- none). Then for each queue:
--   a group: ids, epoch (8 octets), verb, note. verb: an octet `to`, where nothing else matters and keep is 0; or, for one id,
--     '<BBBddH' to, charge, 1 for unstarted, delay, keep (-1: for ever), children; these follow as in enqueue.lua
--   an extension: the epoch in decimal
-- Answers per queue: an octet for each settlement; for each extension an octet, a count of two and the ids to stop; the
-- epoch; when to look again, in milliseconds or empty; the last ring; the ids of the tasks leased; an octet for each of
-- these: 1 begun, 2 lapsed, 4 more; for each its record, and if there is more failures, crashes and note (as in a live entry
-- from the 17th octet on).
-- A server that is full does not refuse it.
local queues, out = {}, {}
for i = 1, #KEYS do
  local q = open(KEYS[i])
  local epoch
  q.settlements, q.extensions, q.quota, epoch, q.out = tonumber(arg()), tonumber(arg()), tonumber(arg()), arg(), {}
  if epoch ~= '0' then q.taken = {epoch = epoch, ep = pack('<d', tonumber(epoch)), ids = {}, marks = {}, heads = {}, more = true} end
  local lines, due, holds = in_lines(q), q.n[SCHEDULED] ~= 0, q.n[READY] ~= 0 or q.n[LEASED] ~= 0
  -- Of a queue that holds nothing, and of which nothing is said, only the counters are written.
  if holds or due or lines or q.settlements > 0 or q.extensions > 0 or not q.known then check(q, ALL) end
  if lines or due then check(q, KEYED) end -- what comes to be due may have a fair key, or gates
  queues[i] = q
end
if #KEYS > 0 then even_if_full(queues[1]) end
for _, q in ipairs(queues) do
  q.settled = q.settlements > 0 and settle()(q, q.settlements) or ''
  q.extended = q.extensions > 0 and extend()(q, q.extensions) or ''
  if q.quota >= 0 then
    claim().refresh(q)
    claim().claim(q, min(q.quota, limit - got))
  end
  budget.queues = budget.queues - 1
end
for _, q in ipairs(queues) do
  if q.quota >= 0 then claim().claim(q, limit - got) end
end
for _, q in ipairs(queues) do
  local batch, due, ids = q.taken, '', ''
  if batch and #batch.ids > 0 then
    local b = batch.more and batch_row(q, batch.epoch)
    ids = concat(batch.ids)
    call(b and 'append' or 'set', q.P .. ':l:' .. batch.epoch, ids)
    b = b or {left = 0, head = 0, stops = 0, worker = worker}
    b.left, b.till = b.left + #batch.ids, q.now + lease_ms
    save_batch(q, batch.epoch, b)
    call('zadd', q.P .. ':leases', q.now + lease_ms, batch.epoch)
  end
  if q.quota >= 0 then
    due = claim().next_due(q)
    q.arms = got < limit
  end
  close(q)
  local k = #out
  out[k + 1], out[k + 2], out[k + 3], out[k + 4] = q.settled, q.extended, batch and batch.epoch or '0', due
  out[k + 5], out[k + 6], out[k + 7] = text(q.rings), ids, batch and concat(batch.marks) or ''
  for i, v in ipairs(q.out) do out[k + 7 + i] = v end
end
return out
