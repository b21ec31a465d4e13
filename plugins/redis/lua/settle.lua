-- What an exchange settles.

-- The answer to a settlement that does not find its task leased under its epoch.
local function late(state, ep, named, to)
  if named == NEVER or ep ~= named or state == LEASED then return LEASE_LOST end
  if to > LEASED then return state == to and OK or LEASE_LOST end
  if to == LEASED then return LEASE_LOST end
  if state == CANCELLED then return REQUESTED end
  return state > LEASED and LEASE_LOST or OK
end

local function settle_one(q, id, ep, verb, note)
  local to, charge, unstarted, delay, keep, children = byte(verb), 0, 0, 0, 0, 0
  if #verb > 1 then to, charge, unstarted, delay, keep, children = unpick('<BBBddH', verb) end
  if keep < 0 then keep = huge end
  local base = at
  at = at + 5 * children
  local T = tasks()
  local t = T.load(q, id)
  if not t then
    local was, state = gone(q, id)
    return was and late(state, was, ep, to) or NOT_FOUND
  end
  if t.state ~= LEASED or t.ep ~= ep then return late(t.state, t.ep, ep, to) end
  local stopped = to == READY and t.stop
  if to > LEASED or stopped then T.release_key(q, t) end -- it is for the children to take
  for i = 1, children do
    local p = base + 5 * i
    T.admit(q, ARGV[p - 4], ARGV[p - 2], ARGV[p - 1], ARGV[p], false)
  end
  if to <= LEASED or keep ~= 0 then
    if note ~= '' then t.note = note end
    if to ~= LEASED or not t.begun then
      if charge == 1 then t.failures = t.failures + 1 elseif charge == 2 then t.crashes = t.crashes + 1 end
    end
  end
  if to == LEASED then
    t.begun = true
    T.save(q, t)
    return OK
  end
  T.leave(q, t, unstarted == 1 and to == READY)
  if stopped then
    T.finish(q, t, CANCELLED, huge)
    return REQUESTED
  end
  if to == READY then T.wait(q, t, wall + delay) else T.finish(q, t, to, keep) end
  return OK
end

local function settle(q, groups)
  local ids, base = {}, at
  for _ = 1, groups do -- children come in between
    local of, verb = ARGV[at + 1], ARGV[at + 3]
    for p = 1, #of, 16 do ids[#ids + 1] = sub(of, p, p + 15) end
    at = at + 4
    if #verb > 1 then at = at + 5 * unpick('<H', verb, 20) end
  end
  local lives = call('hmget', q.live, unpack(ids))
  local L, less, chunks, answers, i = q.L, q.less, q.chunks, {}, 0
  at = base
  for _ = 1, groups do
    local n, ep, verb, note = #ARGV[at + 1] / 16, ARGV[at + 2], ARGV[at + 3], ARGV[at + 4]
    local stone = #verb == 1 and ep .. verb .. pack('<d', wall)
    at = at + 4
    for _ = 1, n do
      i = i + 1
      local id = ids[i]
      local v = L[id]
      if v == nil then v = lives[i] end
      if stone and v and byte(v) == LEASED and byte(v, 2) % 8 < STOP and sub(v, 3, 10) == ep then
        -- The common end: a tombstone is all that stays.
        local k = #q.buried
        q.buried[k + 1] = id
        q.stones[2 * k + 1], q.stones[2 * k + 2] = id, stone
        L[id], q.S[id], q.puts[id] = false, stone, nil
        less[ep] = (less[ep] or 0) + 1
        local head = sub(v, 11, 15)
        chunks[head] = (chunks[head] or 0) + 1
        q.n[LEASED] = q.n[LEASED] - 1
        if q.own ~= 0 and flows(q).own_limited() then work(q) end
        answers[i] = '\0'
      else
        answers[i] = char(settle_one(q, id, ep, verb, note))
        less, chunks = q.less, q.chunks
      end
    end
  end
  flush(q)
  return concat(answers)
end

return settle
