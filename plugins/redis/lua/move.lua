-- What an operator does to tasks. KEYS: the queue. ARGV[3..5] from, to, delay; then the ids. Answers an octet for each.
local q, T, answers = open(KEYS[1]), tasks(), {}
check(q, ALL)
check(q, KEYED)
local from, to, delay, epoch = tonumber(arg()), tonumber(arg()), tonumber(arg()), nil

local function elsewhere(state)
  if state > LEASED then return FINISHED end
  return state == LEASED and LEASE_LOST or CONFLICT
end

local function fence(t)
  epoch = epoch or pack('<d', draw_epoch(q))
  t.ep = epoch
end

local function move(id)
  local t = T.load(q, id)
  if not t then return from < SUCCEEDED and gone(q, id) and FINISHED or NOT_FOUND end
  if t.state ~= from then return elsewhere(t.state) end
  if from == SCHEDULED then
    T.leave(q, t)
    T.wait(q, t, wall)
  elseif to == CANCELLED then
    local held = text(unpick('<d', t.ep))
    T.leave(q, t)
    tell_to_stop(q, held, id)
    fence(t)
    T.finish(q, t, CANCELLED, huge)
    work(q)
  else
    if t.unique ~= '' then
      local e = T.keeper(q, t.unique)
      if e and e.id ~= id then return CONFLICT end
      T.take_key(q, t.unique, id, 0)
    end
    T.leave(q, t)
    fence(t)
    t.failures, t.crashes = 0, 0
    T.wait(q, t, wall + delay)
  end
  return OK
end

even_if_full(q)
while at < #ARGV do answers[#answers + 1] = char(move(arg())) end
if q.known then close(q) end
return concat(answers)
