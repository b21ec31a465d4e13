-- Whose turn it is: the order in which the ready tasks of a queue that uses fair keys or gates are claimed.
--
-- A *flow* is the ready tasks that have a fair key and a set of gates in common; the one without either is the plain
-- flow, and all there is in most queues. A flow stands in one *line*: the open one of its queue, or that of one of its
-- gates, where it waits for room. In a line every key has one *seat*, and a seat's flows stand there by their best
-- tasks. A flow without gates always stands in the open line: it is its seat's `own`.
--
-- Seats take turns, the lowest `turn` first. The numbers come from one counter per queue, so a turn is also a point in
-- time, and what lets a key in late puts it where it would be if it had been let in at once: its turn is that at which
-- it was served last, its gates opened, or its flow began to wait, whichever came last. Hence no key is served twice
-- while another one has a task that could be claimed.
--
-- A gate lets no more flows into the open line than it has room for. It counts those that entered as the best of their
-- seat, or were let out of its own line (`counted`); when their key is served and they are not, they lose that
-- privilege, and the gate lets others out. A claim which meets a flow whose gate has no room after all (a limit was
-- lowered, room was taken by a flow that was not counted) sends it there.
--
-- Nothing here walks a queue or a line. One script moves MOST flows at the most from line to line, those passed over on the
-- way included; a gate with more to let out is due at once, and the next claim goes on with it.
local AT_ONCE = 64 -- flows of one key, where all are meant

-- The lines of a queue. W: what flow control of the queue counts; R: its rows.
local function flow_lines(q, R, W)
  local P, now = q.P, q.now
  local fair_of, lane_of, standing, ring_of = R.fair_of, R.lane_of, R.standing, R.ring_of
  local seat, touch_seat, join_seat, leave_seat, turn_seat = R.seat, R.touch_seat, R.join_seat, R.leave_seat, R.turn_seat
  local flow_row, touch_flow, touch_gate = R.flow_row, R.touch_flow, R.touch_gate
  local passes, room_of, save_gates = R.passes, R.room_of, R.save_gates
  local enter, regate

  -- ---- seats

  local function plain_ready() return q.n[READY] - W.keyed end

  -- Keeps count of the seats in the open line. The plain flow gives up its own when it is alone again.
  local function tally(s)
    local needed = s.flows > 0 or s.away > 0
    if s.line ~= OPEN or needed == (s.there or false) then return end
    s.there = needed
    W.there = W.there + (needed and 1 or -1)
    if needed or W.there ~= 1 then return end
    local plain = seat(OPEN, '')
    if not plain.own or plain.flows > 1 or plain.away > 0 then return end
    plain.own, plain.there = false, false
    leave_seat(plain)
    W.there = 0
  end

  -- The key's seat in the open line. The plain flow, when it was alone so far, takes its own first.
  local function home(key, others)
    if W.there == 0 and (others or plain_ready()) > 0 then
      local plain = seat(OPEN, '')
      plain.own = true
      W.turns = W.turns + 1
      join_seat(plain, W.turns)
      tally(plain)
    end
    local s = seat(OPEN, key)
    -- Nothing is known of a key of which nothing was left: it may have had a turn just now, and what it has came later.
    if not s.stored and s.turn == 0 then s.turn = W.turns end
    return s
  end

  -- The turn of a key that comes into the open line, and would have this one. If flows of it wait at gates it may have
  -- had tasks to claim before: not earlier than its last turn, nor than such a gate opened.
  local function turn_for(s, turn)
    if s.away == 0 then return turn end
    save_gates()
    local oldest = call('zrange', P .. ':gopen', 0, 0, 'withscores')[2]
    return max(s.turn, min(turn, oldest and tonumber(oldest) or huge))
  end

  local function front(line)
    local two = call('zrange', ring_of(line), 0, 1)
    if two[1] then return seat(line, two[1]), not two[2] end
  end

  local function head(key)
    local h = call('zrange', key, 0, 0, 'withscores')
    if h[1] then return tonumber(h[2]), unpick('>I6', h[1]) end
  end
  local function before(rank, seq, rank2, seq2) return rank < rank2 or rank == rank2 and seq < seq2 end

  local function own_lane(s) return s.key == '' and q.ready or P .. ':k:' .. s.key end

  -- The best of its flows with gates.
  local function best(s)
    local out
    for _, counted in ipairs({false, true}) do
      local n = counted and s.counted or s.flows - (s.own and 1 or 0) - s.counted
      if n > 0 then
        local h = call('zrange', standing(s, counted), 0, 0)[1]
        local f = h and flow_row(sub(h, 7))
        if f and (not out or before(f.rank, f.seq, out.rank, out.seq)) then out = f end
      end
    end
    return out
  end

  -- ---- flows and gates

  local function place_flow(s, f) call('zadd', standing(s, f.counted), f.rank, pack('>I6', f.seq) .. f.name) end
  local function unplace_flow(s, f) call('zrem', standing(s, f.counted), pack('>I6', f.seq) .. f.name) end

  local function stand(s, f, turn)
    f.line = s.line
    if f.counted then s.counted = s.counted + 1 end
    place_flow(s, f)
    touch_flow(f)
    join_seat(s, turn)
    tally(s)
  end

  local function let_in(f, turn, counted)
    f.counted = counted
    if counted then
      for _, g in ipairs(passes(f)) do
        g.admitted = g.admitted + 1
        touch_gate(g)
      end
    end
    stand(home(f.fair), f, turn)
  end

  local function wait_at(f, g)
    if g.waiting == 0 then g.opened = room_of(g) > 0 and W.turns or CLOSED end
    g.waiting = g.waiting + 1
    touch_gate(g)
    local s = home(f.fair)
    s.away = s.away + 1
    call('zadd', P .. ':away:' .. f.fair, 0, f.name)
    touch_seat(s)
    tally(s)
    W.parked = W.parked + 1
    stand(seat(g.line, f.fair), f, f.since)
  end

  -- Takes the flow out of its line; tally() is for the caller, once the flow has got where it goes.
  local function unstand(f)
    local s = seat(f.line, f.fair)
    unplace_flow(s, f)
    if f.counted then s.counted = s.counted - 1 end
    touch_flow(f)
    leave_seat(s)
    for _, g in ipairs(passes(f)) do
      if s.line == g.line then
        g.waiting = g.waiting - 1
        touch_gate(g)
      elseif f.counted then
        g.admitted = g.admitted - 1
        touch_gate(g)
      end
    end
    f.counted, f.line = false, nil
    if s.line == OPEN then return end
    local at_home = seat(OPEN, f.fair)
    at_home.away = at_home.away - 1
    call('zrem', P .. ':away:' .. f.fair, f.name)
    touch_seat(at_home)
    W.parked = W.parked - 1
  end

  local function move(f, rank, seq)
    local s = seat(f.line, f.fair)
    unplace_flow(s, f)
    f.rank, f.seq = rank, seq
    place_flow(s, f)
    touch_flow(f)
  end

  -- The key of this seat was served by another flow than those that are counted there, or comes to have a better one:
  -- they have had their chance.
  local function discount(s)
    if s.counted == 0 then return end
    local names = call('zrange', standing(s, true), 0, AT_ONCE - 1)
    local done = {}
    budget.moves = max(0, budget.moves - #names)
    for i, member in ipairs(names) do
      local f = flow_row(sub(member, 7))
      unplace_flow(s, f)
      f.counted = false
      place_flow(s, f)
      s.counted = s.counted - 1
      touch_seat(s)
      touch_flow(f)
      for _, g in ipairs(passes(f)) do
        g.admitted = g.admitted - 1
        touch_gate(g)
      end
      done[i] = f
    end
    for _, f in ipairs(done) do
      for _, g in ipairs(passes(f)) do regate(g) end
    end
  end

  local function best_of(s, f)
    if s.own then
      local rank, seq = head(own_lane(s))
      if rank and before(rank, seq, f.rank, f.seq) then return false end
    end
    local other = best(s)
    return not other or before(f.rank, f.seq, other.rank, other.seq)
  end

  -- Finds the flow a line: the open one, or that of the first gate without room. `out_of` is the gate that lets it out:
  -- others who wait there do not go first.
  enter = function(f, out_of)
    local bound = false
    for _, g in ipairs(passes(f)) do bound = bound or room_of(g) ~= huge end
    local s = home(f.fair)
    local first = bound and not out_of and best_of(s, f)
    if first then discount(s) end
    for _, g in ipairs(f.passes) do
      if g ~= out_of and g.waiting > 0 or g.admitted >= room_of(g) then return wait_at(f, g) end
    end
    local turn = max(s.turn, f.since)
    for _, g in ipairs(f.passes) do turn = max(turn, g.opened) end
    let_in(f, turn_for(s, turn), bound and (out_of ~= nil or first))
  end

  -- The flow left the open line, and its key was not served for it: those that wait behind the same gates have their
  -- place again.
  local function restore(f)
    local at_home = seat(OPEN, f.fair)
    for _, g in ipairs(passes(f)) do
      if g.waiting > 0 then
        local s = seat(g.line, f.fair)
        if s.flows > 0 and s.turn > at_home.turn then turn_seat(s, at_home.turn) end
      end
    end
  end

  -- When a key has lost its last flow in the open line and was not served, those of its flows that wait at gates which
  -- are open all the same come in at its place, even if room is kept there for others: they had none of it because
  -- they had another way. `closed`: so many are known to have no room.
  local function call_back(key, closed)
    local s = seat(OPEN, key)
    if s.flows > 0 or s.away <= closed then return end
    local names = call('zrange', P .. ':away:' .. key, 0, AT_ONCE - 1)
    budget.moves = max(0, budget.moves - #names)
    for _, name in ipairs(names) do
      local f = flow_row(name)
      local open_to_it = true
      for _, g in ipairs(passes(f)) do open_to_it = open_to_it and room_of(g) > 0 end
      if open_to_it and f.line and f.line ~= OPEN then
        unstand(f)
        let_in(f, s.turn, true)
        tally(s)
      end
    end
  end

  -- A flow of the open line that turns out to have no room at `g` goes to wait there.
  local function send(f, g)
    unstand(f)
    wait_at(f, g)
    restore(f)
    for _, other in ipairs(f.passes) do
      if other ~= g then regate(other) end
    end
    call_back(f.fair, 1)
  end

  local function leave_line(f)
    passes(f)
    unstand(f)
    tally(seat(OPEN, f.fair))
    restore(f)
    for _, g in ipairs(f.passes) do regate(g) end
    call_back(f.fair, 0)
  end

  -- The seat whose turn it is to be let out. A key that was served while it stood here goes behind those that were
  -- waiting then. nil: there are more of them than this script may look at.
  local function next_out(g)
    while true do
      local s = front(g.line)
      local at_home = seat(OPEN, s.key)
      if at_home.turn <= s.turn then return s end
      turn_seat(s, at_home.turn)
      if budget.moves == 0 then return nil end
      budget.moves = budget.moves - 1
    end
  end

  -- Room may have come: lets out as many flows as there is room for.
  regate = function(g)
    g.overdue = false
    while g.waiting > 0 do
      local left = room_of(g)
      if left == 0 then g.opened = CLOSED end
      if left > 0 and g.opened == CLOSED then
        W.turns = W.turns + 1
        g.opened = W.turns
      end
      touch_gate(g)
      if g.admitted >= left then return end
      g.overdue = budget.moves == 0
      if g.overdue then return end
      budget.moves = budget.moves - 1
      local s = next_out(g)
      g.overdue = s == nil
      if g.overdue then return end
      local f = best(s)
      unstand(f)
      enter(f, g)
      if f.line == OPEN and s.flows > 0 then
        W.turns = W.turns + 1
        turn_seat(s, W.turns)
      end
      tally(seat(OPEN, s.key))
    end
  end

  return {plain_ready = plain_ready, tally = tally, home = home, turn_for = turn_for, front = front, head = head,
          before = before, own_lane = own_lane, best = best, unstand = unstand, move = move, discount = discount,
          enter = enter, call_back = call_back, send = send, leave_line = leave_line, regate = regate}
end
