-- What an exchange claims.

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
        if mode == 1 then tasks().release_key(q, {id = id, unique = unique}) end
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
        local t = tasks().load(q, id)
        tasks().leave(q, t)
        tasks().finish(q, t, CANCELLED, huge)
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

return {refresh = refresh, claim = claim, next_due = next_due}
