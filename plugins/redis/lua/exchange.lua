-- Settles, extends and claims. KEYS: the queues.
-- ARGV[3..7] limit, begin, ahead, lease (milliseconds), worker. Then for each queue: the numbers of its groups of settlements
-- and of its extensions, its quota (-1: nothing is claimed from it), the epoch that this exchange has drawn there already (0:
-- none), and
--   a group: ids, epoch (8 octets), verb, note. verb: an octet `to`, where nothing else matters and keep is 0; or, for one id,
--     '<BBBddH' to, charge, 1 for unstarted, delay, keep (-1: for ever), children; these follow as in enqueue.lua
--   an extension: the epoch in decimal
-- Answers per queue: an octet for each settlement; for each extension an octet, a count of two and the ids to stop; the
-- epoch; when to look again, in milliseconds or empty; the last ring; the ids of the tasks leased; an octet for each of
-- these: 1 begun, 2 lapsed, 4 more; for each its record, and if there is more failures, crashes and note (as in a live entry
-- from the 17th octet on).
-- A server that is full does not refuse it.
local limit, begin, ahead, lease_ms, worker = tonumber(arg()), tonumber(arg()), tonumber(arg()), tonumber(arg()), arg()
local at_once, got = max(0, limit - ahead), 0
limit = min(limit, MOST)
-- What is left to this script, for all its queues together: due tasks to promote, leases to find lapsed, tasks of such
-- leases to look at; and the queues that are to have a part of it yet.
budget.due, budget.leases, budget.lapsed, budget.queues = MOST, MOST, MOST, #KEYS

-- ---- settling

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
  local t = load(q, id)
  if not t then
    local was, state = gone(q, id)
    return was and late(state, was, ep, to) or NOT_FOUND
  end
  if t.state ~= LEASED or t.ep ~= ep then return late(t.state, t.ep, ep, to) end
  local stopped = to == READY and t.stop
  if to > LEASED or stopped then release_key(q, t) end -- it is for the children to take
  for i = 1, children do
    local p = base + 5 * i
    admit(q, ARGV[p - 4], ARGV[p - 2], ARGV[p - 1], ARGV[p], false)
  end
  if to <= LEASED or keep ~= 0 then
    if note ~= '' then t.note = note end
    if to ~= LEASED or not t.begun then
      if charge == 1 then t.failures = t.failures + 1 elseif charge == 2 then t.crashes = t.crashes + 1 end
    end
  end
  if to == LEASED then
    t.begun = true
    save(q, t)
    return OK
  end
  leave(q, t, unstarted == 1 and to == READY)
  if stopped then
    finish(q, t, CANCELLED, huge)
    return REQUESTED
  end
  if to == READY then wait(q, t, wall + delay) else finish(q, t, to, keep) end
  return OK
end

local function settle(q, groups)
  if groups == 0 then return '' end
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

-- ---- extending

-- Of more than MOST tasks to stop, chance says which are told now: all will be, in time.
local function extend(q, n)
  local out, rows, size, sum = {}, {}, {}, 0
  for i = 1, n do
    local b = batch_row(q, ARGV[at + i])
    rows[i], size[i] = b, b and b.stops == 1 and call('scard', q.P .. ':s:' .. ARGV[at + i]) or 0
    sum = sum + size[i]
  end
  for i = 1, n do
    local epoch, b = arg(), rows[i]
    if not b then
      out[i] = char(LEASE_LOST, 0, 0)
    else
      local told = sum > MOST and min(size[i], max(1, floor(size[i] * MOST / sum))) or size[i]
      local stop = told > 0 and call('srandmember', q.P .. ':s:' .. epoch, told) or {}
      local till = q.now + lease_ms
      if till < b.till then work(q) end -- before the time that claimers were told
      b.till = till
      save_batch(q, epoch, b)
      call('zadd', q.P .. ':leases', till, epoch)
      call('zrem', q.P .. ':lapsed', epoch)
      out[i] = char(OK, floor(#stop / 256), #stop % 256) .. concat(stop)
    end
  end
  return concat(out)
end

-- ---- claiming

-- Promotes what is due, and finds the leases that have lapsed. Where there is too much of it, each queue has its part.
local function refresh(q)
  local due_part, lease_part = ceil(budget.due / budget.queues), ceil(budget.leases / budget.queues)
  if q.n[SCHEDULED] > 0 then
    local due = call('zrangebyscore', q.due, '-inf', wall, 'limit', 0, due_part)
    budget.due = budget.due - #due
    if #due > 0 then
      local plain = {}
      call('zrem', q.due, unpack(due))
      for _, m in ipairs(due) do
        local rank, seq, flow = unpick('>I6', m, 23), sub(m, 1, 6), ''
        if byte(m, 29) ~= 0 then
          local rec = call('hget', q.rec, sub(m, 7, 22))
          if rec then flow = select(3, traits(rec, 19)) end
        end
        if flow == '' then
          plain[#plain + 1], plain[#plain + 2] = rank, sub(m, 1, 22)
        else
          q.n[SCHEDULED], q.n[READY] = q.n[SCHEDULED] - 1, q.n[READY] + 1
          call('zadd', lane(q, flow), rank, sub(m, 1, 22))
          flows(q).came(flow, rank, unpick('>I6', seq))
        end
      end
      if #plain > 0 then
        local n = #plain / 2
        call('zadd', q.ready, unpack(plain))
        q.n[SCHEDULED], q.n[READY] = q.n[SCHEDULED] - n, q.n[READY] + n
        if in_lines(q) then flows(q).came_plain() end
      end
    end
  end
  if q.n[LEASED] > 0 then
    local lapsed = call('zrangebyscore', q.P .. ':leases', '-inf', q.now, 'limit', 0, lease_part)
    budget.leases = budget.leases - #lapsed
    for _, epoch in ipairs(lapsed) do
      call('zadd', q.P .. ':lapsed', epoch, epoch)
      call('zrem', q.P .. ':leases', epoch)
    end
  end
end

-- Leases these tasks to the caller. lives: of each, or false.
local function lease(q, ids, seqs, lives, lapsed)
  local n = #ids
  local batch, out, puts = q.taken, q.out, {}
  if not batch then
    local epoch = draw_epoch(q)
    batch = {epoch = text(epoch), ep = pack('<d', epoch), ids = {}, marks = {}, heads = {}}
    q.taken = batch
  end
  local recs = call('hmget', q.rec, unpack(ids))
  for i = 1, n do
    local id, rec, v = ids[i], recs[i], lives[i]
    if rec then
      local tail = v and has(byte(v, 2), LONG) and sub(v, 17) or ''
      local mark = begin > 0 and not lapsed and (tail == '' or unpick('<I4', tail, 5) == 0)
      if mark then begin = begin - 1 end
      local flags = (mark and BEGUN or 0) + (has(byte(rec, 19), BINDING) and TRAITS or 0) + (tail ~= '' and LONG or 0)
      local head = batch.heads[flags]
      if not head then
        head = char(LEASED, flags) .. batch.ep
        batch.heads[flags] = head
      end
      local now_live = head .. seqs[i] .. tail
      q.L[id] = now_live
      puts[#puts + 1] = id
      puts[#puts + 1] = now_live
      batch.ids[#batch.ids + 1] = id
      if has(flags, TRAITS) then
        local mode, unique = traits(rec, 19)
        if mode == 1 then release_key(q, {id = id, unique = unique}) end
      end
      out[#out + 1] = rec
      if tail ~= '' then out[#out + 1] = tail end
      batch.marks[#batch.marks + 1] = char((lapsed and 2 + byte(v, 2) % 2 or mark and 1 or 0) + (tail ~= '' and 4 or 0))
      got = got + 1
    else
      q.n[LEASED] = q.n[LEASED] - 1 -- its record was taken away by other hands
    end
  end
  if #puts > 0 then call('hset', q.live, unpack(puts)) end
end

local function take_lapsed(q, want)
  local key = q.P .. ':lapsed'
  while want > 0 and q.n[LEASED] > 0 do
    local epoch = call('zrange', key, 0, 0)[1]
    if not epoch then return want end
    if budget.lapsed <= 0 then
      q.stopped = true
      return 0
    end
    local b, ep = batch_row(q, epoch), pack('<d', tonumber(epoch))
    local all = b and call('getrange', q.P .. ':l:' .. epoch, 16 * b.head, 16 * (b.head + min(want, 250, budget.lapsed)) - 1) or ''
    local n = #all / 16
    budget.lapsed = budget.lapsed - max(n, 1)
    if n == 0 then
      drop_batch(q, epoch)
    else
      local ids, mine, seqs, lives, stopped = {}, {}, {}, {}, {}
      for i = 1, n do ids[i] = sub(all, 16 * i - 15, 16 * i) end
      for i, v in ipairs(call('hmget', q.live, unpack(ids))) do
        if v and byte(v) == LEASED and sub(v, 3, 10) == ep then
          if has(byte(v, 2), STOP) then
            stopped[#stopped + 1] = ids[i]
          else
            mine[#mine + 1], seqs[#seqs + 1], lives[#lives + 1] = ids[i], sub(v, 11, 16), v
          end
        end
      end
      b.head, b.stops = b.head + n, 1
      save_batch(q, epoch, b)
      for _, id in ipairs(stopped) do
        local t = load(q, id)
        leave(q, t)
        finish(q, t, CANCELLED, huge)
        call('sadd', q.P .. ':s:' .. epoch, id) -- its holder, if it lives, is told to stop
      end
      if #mine > 0 then
        lease(q, mine, seqs, lives, true)
        call('sadd', q.P .. ':s:' .. epoch, unpack(mine))
        q.less[ep] = (q.less[ep] or 0) + #mine
      end
      flush(q)
      want = want - #mine
    end
  end
  return want
end

local function pop(q, from, n, members)
  local popped = call('zrange', from, 0, n - 1) -- not ZPOPMIN, which writes out all the ranks, for nobody
  call('zremrangebyrank', from, 0, n - 1)
  n = #popped
  for i = 1, n do members[#members + 1] = popped[i] end
  q.n[READY], q.n[LEASED] = q.n[READY] - n, q.n[LEASED] + n
  return n
end

-- As many as may be had of those that come next: out of their lanes.
local function choose(q, want, members)
  local F = flows(q)
  F.look()
  while want > 0 do
    local turn = budget.moves > 0 and F.next()
    if turn == nil then return end
    if not turn or turn.stopped then
      q.stopped = true
      return
    end
    local most, free = min(turn.alone and want or 1, turn.room), max(0, at_once - got - #members)
    if most > free then most = max(free, min(most, turn.ahead)) end
    if most == 0 then
      q.stopped = true
      return
    end
    local taken = pop(q, turn.lane, most, members)
    want = want - taken
    if taken > 0 then
      F.served(turn, taken)
    else
      budget.moves = budget.moves - 1
      F.missing(turn)
    end
  end
end

local function take_ready(q, want)
  if q.n[READY] == 0 then return end
  local members = {}
  if not in_lines(q) then
    if pop(q, q.ready, want, members) < want then q.n[READY] = 0 end -- whatever was counted there: it is empty
  else
    choose(q, want, members)
  end
  if #members == 0 then return end
  local ids, seqs = {}, {}
  for i, m in ipairs(members) do ids[i], seqs[i] = sub(m, 7), sub(m, 1, 6) end
  lease(q, ids, seqs, call('hmget', q.live, unpack(ids)), false)
end

local function claim(q, want)
  if want <= 0 or q.own ~= 0 and flows(q).shut() then return end
  want = take_lapsed(q, want)
  if want > 0 then take_ready(q, want) end
end

-- Until something may be claimable by time alone.
local function next_due(q)
  if q.stopped then return '0' end
  local F = in_lines(q) and flows(q)
  if F and not F.open_for_ever() then return '' end
  local held, soonest = F and F.held() - q.now or 0, huge
  local function consider(time, now) soonest = min(soonest, max(time - now, held, 0)) end
  if q.n[READY] > 0 and not F then consider(0, 0) end
  local opens_at = q.n[READY] > 0 and F and F.own_opens()
  if opens_at then
    local due = F.due()
    if F.claimable() then consider(opens_at, q.now) end
    if due then consider(max(opens_at, due), q.now) end
  end
  if q.n[SCHEDULED] > 0 then
    local due = call('zrange', q.due, 0, 0, 'withscores')[2]
    if due then consider(tonumber(due), wall) end
  end
  if q.n[LEASED] > 0 then
    local lapses = call('zrange', q.P .. ':leases', 0, 0, 'withscores')[2]
    if lapses then consider(tonumber(lapses), q.now) end
    if call('exists', q.P .. ':lapsed') == 1 then consider(0, 0) end
  end
  return soonest == huge and '' or text(ceil(soonest))
end

local queues, out = {}, {}
for i = 1, #KEYS do
  local q = open(KEYS[i])
  check(q, ALL)
  if in_lines(q) then check(q, KEYED) end
  queues[i] = q
end
if #KEYS > 0 then even_if_full(queues[1]) end
for i, q in ipairs(queues) do
  local settlements, extensions, quota, epoch = tonumber(arg()), tonumber(arg()), tonumber(arg()), arg()
  q.quota, q.out = quota, {}
  if epoch ~= '0' then q.taken = {epoch = epoch, ep = pack('<d', tonumber(epoch)), ids = {}, marks = {}, heads = {}, more = true} end
  q.settled = settle(q, settlements)
  q.extended = extend(q, extensions)
  if quota >= 0 then
    refresh(q)
    claim(q, min(quota, limit - got))
  end
  budget.queues = budget.queues - 1
end
for _, q in ipairs(queues) do
  if q.quota >= 0 then claim(q, limit - got) end
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
    due = next_due(q)
    q.arms = got < limit
  end
  close(q)
  local k = #out
  out[k + 1], out[k + 2], out[k + 3], out[k + 4] = q.settled, q.extended, batch and batch.epoch or '0', due
  out[k + 5], out[k + 6], out[k + 7] = text(q.rings), ids, batch and concat(batch.marks) or ''
  for i, v in ipairs(q.out) do out[k + 7 + i] = v end
end
return out
