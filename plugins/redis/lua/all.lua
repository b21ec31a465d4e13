-- What goes for all queues: their names, and the hold of them all, those to come included. KEYS: the hold, the names.
-- ARGV[3]: for how long from now to hold (milliseconds, negative: for ever, 0: not any more), or empty; [4]: a name to be
-- put in, or empty. Answers for how long the hold holds: milliseconds, 'ever' or empty; 1 if the name was not there; and
-- until when the hold holds, by which one is told from another.
-- Only a new name can be refused by a server that is full.
local ask, queue, hold, names, added = arg(), arg(), KEYS[1], KEYS[2], 0
local till = call('get', hold)
till = till and unpick('<d', till) or 0
if queue ~= '' and call('sismember', names, queue) == 0 then added = call('sadd', names, queue) end
if ask ~= '' then
  local ms = tonumber(ask)
  till = ms == 0 and 0 or max(till, ms < 0 and huge or boot + ms)
  call('del', hold .. ':free')
  call('set', hold, pack('<d', till))
end
return {till <= boot and '' or till == huge and 'ever' or text(ceil(till - boot)), added, text(till)}
