-- The hold of all queues, those to come included. KEYS: where it is kept. ARGV[3]: for how long from now (milliseconds,
-- negative: for ever, 0: not any more); empty: only asks. Answers for how long it holds: milliseconds, 'ever' or empty.
local ask, key = arg(), KEYS[1]
local till = call('get', key)
till = till and unpick('<d', till) or 0
if ask ~= '' then
  local ms = tonumber(ask)
  till = ms == 0 and 0 or max(till, ms < 0 and huge or boot + ms)
  call('set', key, pack('<d', till))
end
if till <= boot then return '' end
return till == huge and 'ever' or text(ceil(till - boot))
