-- Flow control as the rest of the scripts sees it: what comes and goes, what to claim next, what is set. lines.lua says how it
-- works, rows.lua how it is kept.

local function open_flows(q)
  local P, now = q.P, q.now
  -- Turns given so far; seats in the open line; flows at gates; ready tasks in other flows than the plain one; gates
  -- that have still to be looked at, as something was set for them; the queue's own gate.
  local W = {turns = 0, there = 0, parked = 0, keyed = 0, walking = nil,
             own = {full_ms = 0, full_ns = 0, all_held = 0}}
  do
    local v = call('get', P .. ':fc')
    if v then
      W.turns, W.there, W.parked, W.keyed, W.own.full_ms, W.own.full_ns, W.own.all_held = unpick('<ddddddd', v)
    end
    local walking = call('get', P .. ':walk')
    if walking then W.walking = cmsgpack.unpack(walking) end
  end
  local R = flow_rows(q)
  local lines = flow_lines(q, R, W)
  local limit_of, fair_of, lane_of, ring_of = R.limit_of, R.fair_of, R.lane_of, R.ring_of
  local seat, join_seat, leave_seat, turn_seat = R.seat, R.join_seat, R.leave_seat, R.turn_seat
  local flow_row, gate, touch_gate = R.flow_row, R.gate, R.touch_gate
  local passes, room_of, save_gates = R.passes, R.room_of, R.save_gates
  local plain_ready, tally, home, turn_for, front, head = lines.plain_ready, lines.tally, lines.home, lines.turn_for,
    lines.front, lines.head
  local before, own_lane, best, unstand, move, discount = lines.before, lines.own_lane, lines.best, lines.unstand,
    lines.move, lines.discount
  local enter, call_back, send, leave_line, regate = lines.enter, lines.call_back, lines.send, lines.leave_line,
    lines.regate

  local function set_own()
    adopt(W.own, limit_of(''), nil, now)
    W.own.held = max(W.own.held, W.own.all_held)
  end
  set_own()

  local function walk()
    local most = budget.gates
    local names = call('zrangebylex', P .. ':gn', '[' .. W.walking[1], W.walking[2] and '(' .. W.walking[2] or '+', 'limit', 0, most)
    budget.gates = most - #names
    for _, name in ipairs(names) do
      local g = gate(name)
      touch_gate(g)
      regate(g)
    end
    if #names < most then
      W.walking = nil
    elseif most > 0 then
      W.walking[1] = names[most] .. '\0'
    end
  end

  local F = {}

  -- A task of the flow is ready, and in its lane; q.n counts it. True when it waits at a gate.
  function F.came(name, rank, seq)
    if name == '' then
      F.came_plain()
      return false
    end
    W.keyed = W.keyed + 1
    if not has_gates(name) then
      local s = home(fair_of(name))
      if not s.own then
        s.own = true
        W.turns = W.turns + 1
        join_seat(s, turn_for(s, W.turns))
        tally(s)
      end
      return false
    end
    local f = flow_row(name)
    if not f.line then
      home(f.fair)
      f.rank, f.seq = rank, seq
      W.turns = W.turns + 1
      f.since = W.turns
      enter(f, nil)
    elseif before(rank, seq, f.rank, f.seq) then
      move(f, rank, seq)
    end
    return f.line ~= OPEN
  end

  function F.came_plain()
    if W.there == 0 then return end
    local s, some = seat(OPEN, ''), plain_ready() > 0
    if some == s.own then return end
    s.own = some
    if some then
      W.turns = W.turns + 1
      join_seat(s, turn_for(s, W.turns))
    else
      leave_seat(s)
    end
    tally(s)
    if not some then call_back('', 0) end
  end

  -- One is ready no more, though nobody has claimed it: out of its lane, and out of q.n.
  function F.went(name)
    if name == '' then return F.came_plain() end
    W.keyed = W.keyed - 1
    local rank, seq = head(lane_of(name))
    if has_gates(name) then
      local f = flow_row(name)
      if not f.line then return end
      if not rank then
        leave_line(f)
      elseif rank ~= f.rank or seq ~= f.seq then
        move(f, rank, seq)
      end
    elseif not rank then
      local s = seat(OPEN, fair_of(name))
      s.own = false
      leave_seat(s)
      tally(s)
      call_back(s.key, 0)
    end
  end

  -- What to claim from: its lane, the flow if it has gates, whether it has all turns, the room of its gates, and that
  -- for tasks leased ahead. nil: nothing. `stopped`: this script has done enough.
  function F.next()
    while true do
      local t = {room = room(W.own, q.n[LEASED], now), ahead = slots_ahead(W.own, q.n[LEASED])}
      if t.room == 0 then return nil end
      if W.there == 0 then
        if plain_ready() <= 0 then return nil end
        t.lane, t.alone = q.ready, true
        return t
      end
      local s, single = front(OPEN)
      if not s then return nil end
      t.seat, t.alone, t.lane = s, single and s.flows == 1, own_lane(s)
      local f = best(s)
      if f and s.own then
        local rank, seq = head(t.lane)
        if rank and before(rank, seq, f.rank, f.seq) then f = nil end
      end
      if not f then return t end
      t.flow, t.lane = f, lane_of(f.name)
      local closed
      for _, g in ipairs(passes(f)) do
        t.room = min(t.room, room_of(g))
        t.ahead = min(t.ahead, slots_ahead(g, g.leased))
        if t.room == 0 and not closed then closed = g end
      end
      if not closed then return t end
      if budget.moves == 0 then return {stopped = true} end
      budget.moves = budget.moves - 1
      send(f, closed)
    end
  end

  -- So many of its tasks are out of their lane, and counted as leased.
  function F.served(t, tasks)
    take(W.own, tasks, now)
    local s = t.seat
    if not s then return end
    local plain = t.lane == q.ready
    if not plain then W.keyed = W.keyed - tasks end
    local rank, seq
    if not plain then rank, seq = head(t.lane) end
    if t.flow then
      for _, g in ipairs(passes(t.flow)) do
        g.leased = g.leased + tasks
        take(g, tasks, now)
        touch_gate(g)
      end
      unstand(t.flow)
    elseif plain and plain_ready() <= 0 or not plain and not rank then
      s.own = false
      leave_seat(s)
      tally(s)
    end
    W.turns = W.turns + 1
    turn_seat(s, W.turns)
    discount(s)
    if not t.flow then return end
    for _, g in ipairs(passes(t.flow)) do regate(g) end
    if rank then
      t.flow.rank, t.flow.seq = rank, seq
      W.turns = W.turns + 1
      t.flow.since = W.turns
      enter(t.flow, nil)
    end
    tally(s)
  end

  -- Its lane is empty, whatever was counted in it: somebody took it away by hand.
  function F.missing(t)
    local s = t.seat
    if t.flow then return leave_line(t.flow) end
    if t.lane == q.ready then
      q.n[READY] = W.keyed
      return F.came_plain()
    end
    s.own = false
    leave_seat(s)
    tally(s)
    call_back(s.key, 0)
  end

  -- A task of the flow is leased no more. True when somebody may have waited for that.
  function F.give_back(name, refund)
    local awaited, all = false, passes(flow_row(name))
    for _, g in ipairs(all) do
      g.leased = max(0, g.leased - 1)
      if refund then take(g, -1, now) end
      touch_gate(g)
      awaited = awaited or g.waiting > 0
    end
    if awaited then
      for _, g in ipairs(all) do regate(g) end
    end
    return awaited
  end

  -- Lets out who can be by now, as time has passed.
  function F.look()
    if W.walking then walk() end
    if W.parked == 0 then return end
    save_gates()
    local names = call('zrangebyscore', P .. ':gdue', '-inf', now, 'limit', 0, budget.gates)
    budget.gates = budget.gates - #names
    for _, name in ipairs(names) do regate(gate(name)) end
  end

  function F.claimable()
    if W.there == 0 then return plain_ready() > 0 end
    return call('exists', ring_of(OPEN)) == 1
  end

  -- When to look again.
  function F.due()
    if W.walking then return 0 end
    if W.parked == 0 then return nil end
    save_gates()
    local first = call('zrange', P .. ':gdue', 0, 0, 'withscores')[2]
    return first and tonumber(first)
  end

  function F.refund_own() take(W.own, -1, now) end
  function F.own_limited() return W.own.running >= 0 end
  function F.shut() return shut(W.own, now) end
  function F.held() return W.own.held end
  function F.open_for_ever() return W.own.running ~= 0 and W.own.held ~= huge end
  function F.own_opens() return opens(W.own, q.n[LEASED], 1) end

  -- What is set for the name has changed: P:limit has it.
  function F.limit_changed(name)
    R.limits_changed()
    if name == '' then return set_own() end
    local past = name .. (string.find(name, ':', 1, true) and '\0' or ';')
    if W.walking then
      W.walking = {'', false} -- all of them: Lua compares as the locale has it, not as the server does

    else
      W.walking = {name, past}
    end
    walk()
  end

  function F.hold_all(till)
    W.own.all_held = till == 0 and 0 or max(W.own.all_held, till)
    set_own()
  end
  function F.own_set()
    local s = limit_of('')
    return s.declared or s.operator or s.held > now or W.own.all_held > now or not full(W.own, now)
  end
  function F.state(name)
    if name == '' then return q.n[LEASED], 0 end
    local g = gate(name)
    return g.leased, g.waiting
  end

  function F.save()
    R.save()
    call('set', P .. ':fc', pack('<ddddddd', W.turns, W.there, W.parked, W.keyed, W.own.full_ms, W.own.full_ns, W.own.all_held))
    if W.walking then
      call('set', P .. ':walk', cmsgpack.pack(W.walking))
    elseif call('exists', P .. ':walk') == 1 then
      call('del', P .. ':walk')
    end
    q.flow = (W.there > 0 or W.keyed > 0 or W.parked > 0 or W.walking) and 1 or 0
    q.own = F.own_set() and 1 or 0
  end

  return F
end

return {open = open_flows, setting = setting}
