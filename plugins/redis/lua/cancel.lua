-- Cancels tasks. KEYS: the queue. ARGV from [3]: the ids. Answers an octet for each.
local q, T, answers = open(KEYS[1]), tasks(), {}
check(q, ALL)
check(q, KEYED)
even_if_full(q)
while at < #ARGV do
  local id = arg()
  local t, what = T.load(q, id), OK
  if not t then
    what = gone(q, id) and FINISHED or NOT_FOUND
  elseif t.state > LEASED then
    what = FINISHED
  elseif t.state == LEASED then
    what = REQUESTED
    if not t.stop then
      t.stop = true
      T.save(q, t)
      tell_to_stop(q, text(unpick('<d', t.ep)), id)
    end
    work(q)
  else
    T.leave(q, t)
    T.finish(q, t, CANCELLED, huge)
  end
  answers[#answers + 1] = char(what)
end
if q.known then close(q) end
return concat(answers)
