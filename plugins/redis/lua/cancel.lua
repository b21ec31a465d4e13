-- Cancels tasks. KEYS: the queue. ARGV from [3]: the ids. Answers an octet for each.
local q, answers = open(KEYS[1]), {}
check(q, ALL)
check(q, KEYED)
call('del', q.P .. ':free')
while at < #ARGV do
  local id = arg()
  local t, what = load(q, id), OK
  if not t then
    what = gone(q, id) and FINISHED or NOT_FOUND
  elseif t.state > LEASED then
    what = FINISHED
  elseif t.state == LEASED then
    what = REQUESTED
    if not t.stop then
      t.stop = true
      save(q, t)
      local epoch = text(unpick('<d', t.ep))
      local b = batch_row(q, epoch)
      if b then
        b.stops = 1
        save_batch(q, epoch, b)
        call('sadd', q.P .. ':s:' .. epoch, id)
      end
    end
    work(q)
  else
    leave(q, t)
    finish(q, t, CANCELLED, huge)
  end
  answers[#answers + 1] = char(what)
end
if q.known then close(q) end
return concat(answers)
