-- Rows of flow control: seats, flows and gates, read when first needed, kept for the script, written back at its end. Their
-- indices (rings, places, times) are written at once. flow.lua says what they are.
--
-- Names: of a flow: the fair key, then each gate in order, every one behind an octet with its length. Of a line: the
-- gate behind its length; '\0' is the open one, as no gate has an empty name.
local function flow_rows(q)
  local P, now = q.P, q.now
  local seats, flows, gates, limits = {}, {}, {}, {}
  local dirty_seats, dirty_flows, dirty_gates = {}, {}, {}
  local idle = 0

  local function limit_of(name)
    local s = limits[name]
    if s == nil then
      s = setting(call('hget', P .. ':limit', name))
      limits[name] = s
    end
    return s
  end

  local function fair_of(flow) return sub(flow, 2, 1 + byte(flow, 1)) end
  local function lane_of(flow) return lane(q, flow) end
  local function standing(s, counted) return P .. ':st:' .. (counted and '1' or '0') .. s.line .. s.key end

  local function seat(line, key)
    local field = line .. key
    local s = seats[field]
    if s then return s end
    s = {line = line, key = key, field = field, turn = 0, flows = 0, counted = 0, away = 0, own = false}
    local v = call('hget', P .. ':seat', field)
    if v then
      local mine
      s.turn, s.flows, s.counted, s.away, mine = unpick('<ddddB', v)
      s.own, s.stored, s.there = mine == 1, true, true
    end
    seats[field] = s
    return s
  end
  local function touch_seat(s) dirty_seats[s] = true end
  local function ring_of(line) return P .. ':ring:' .. line end
  local function join_seat(s, turn)
    if s.flows == 0 then
      s.turn = turn
      call('zadd', ring_of(s.line), turn, s.key)
    end
    s.flows = s.flows + 1
    touch_seat(s)
  end
  local function leave_seat(s)
    s.flows = s.flows - 1
    if s.flows == 0 then call('zrem', ring_of(s.line), s.key) end
    touch_seat(s)
  end
  local function turn_seat(s, turn)
    s.turn = turn
    if s.flows > 0 then call('zadd', ring_of(s.line), turn, s.key) end
    touch_seat(s)
  end

  local function flow_row(name)
    local f = flows[name]
    if f then return f end
    f = {name = name, since = 0, rank = 0, seq = 0, counted = false, line = nil, fair = fair_of(name)}
    local v = call('hget', P .. ':flow', name)
    if v then
      local counted
      f.since, f.rank, f.seq, counted = unpick('<dddB', v)
      f.counted, f.line, f.stored = counted == 1, sub(v, 26), true
    end
    flows[name] = f
    return f
  end
  local function touch_flow(f) dirty_flows[f] = true end

  local function set_gate(g)
    local class = class_of(g.name)
    adopt(g, limit_of(g.name), class ~= '' and limit_of(class) or nil, now)
  end
  local function gate(name)
    local g = gates[name]
    if g then return g end
    g = {name = name, line = char(#name) .. name, leased = 0, admitted = 0, waiting = 0, opened = 0, full_ms = 0, full_ns = 0}
    local v = call('hget', P .. ':gate', name)
    if v then
      g.leased, g.admitted, g.waiting, g.opened, g.full_ms, g.full_ns, g.due, g.idle = unpick('<dddddddd', v)
      g.stored = true
      if g.due < 0 then g.due = nil end
      if g.idle < 0 then g.idle = nil end
      g.open_at = g.waiting > 0 and g.opened ~= CLOSED and g.opened or nil
    end
    set_gate(g)
    gates[name] = g
    return g
  end
  local function touch_gate(g) dirty_gates[g] = true end
  local function passes(f)
    if not f.passes then
      f.passes = {}
      local p = 2 + byte(f.name, 1)
      while p <= #f.name do
        local n = byte(f.name, p)
        f.passes[#f.passes + 1] = gate(sub(f.name, p + 1, p + n))
        p = p + n + 1
      end
    end
    return f.passes
  end
  local function room_of(g) return room(g, g.leased, now) end

  local function index(key, was, is, member)
    if was == is then return end
    if is then call('zadd', key, is, member) else call('zrem', key, member) end
  end

  local function save_gates()
    for g in pairs(dirty_gates) do
      local used = g.leased > 0 or g.admitted > 0 or g.waiting > 0
      local due, open_at, idle_at
      if g.waiting > 0 then
        if g.overdue then due = 0 else due = opens(g, g.leased, g.opened == CLOSED and 1 or g.admitted + 1) end
        if due then due = max(due, 0) end
        if g.opened ~= CLOSED then open_at = g.opened end
      end
      if not used and not full(g, now) then
        idle_at = g.full_ms + 1
        idle = idle + 1
      end
      index(P .. ':gdue', g.due, due, g.name)
      index(P .. ':gopen', g.open_at, open_at, g.name)
      index(P .. ':gidle', g.idle, idle_at, g.name)
      g.due, g.open_at, g.idle = due, open_at, idle_at
      if used or idle_at then
        call('hset', P .. ':gate', g.name, pack('<dddddddd', g.leased, g.admitted, g.waiting, g.opened, g.full_ms,
          g.full_ns, due or -1, idle_at or -1))
        if not g.stored then call('zadd', P .. ':gn', 0, g.name) end
        g.stored = true
      elseif g.stored then
        call('hdel', P .. ':gate', g.name)
        call('zrem', P .. ':gn', g.name)
        g.stored = false
      end
    end
    dirty_gates = {}
  end

  local function save()
    for f in pairs(dirty_flows) do
      if f.line then
        call('hset', P .. ':flow', f.name, pack('<dddB', f.since, f.rank, f.seq, f.counted and 1 or 0) .. f.line)
      else
        call('hdel', P .. ':flow', f.name)
      end
    end
    for s in pairs(dirty_seats) do
      if s.flows > 0 or s.away > 0 then
        call('hset', P .. ':seat', s.field, pack('<ddddB', s.turn, s.flows, s.counted, s.away, s.own and 1 or 0))
      else
        call('hdel', P .. ':seat', s.field)
      end
    end
    dirty_flows, dirty_seats = {}, {}
    save_gates()
    if idle > 0 then -- forgets some that nobody needs any more: two for each that was put aside
      local names = call('zrangebyscore', P .. ':gidle', '-inf', now, 'limit', 0, min(MOST, 2 * idle))
      if #names > 0 then
        call('hdel', P .. ':gate', unpack(names))
        call('zrem', P .. ':gn', unpack(names))
        call('zrem', P .. ':gidle', unpack(names))
      end
    end
  end

  -- What is set for gates has changed: those at hand take it over.
  local function limits_changed()
    limits = {}
    for _, g in pairs(gates) do set_gate(g) end
  end

  return {limit_of = limit_of, limits_changed = limits_changed, fair_of = fair_of, lane_of = lane_of,
          standing = standing, seat = seat, touch_seat = touch_seat, ring_of = ring_of, join_seat = join_seat,
          leave_seat = leave_seat, turn_seat = turn_seat, flow_row = flow_row, touch_flow = touch_flow, gate = gate,
          touch_gate = touch_gate, passes = passes, room_of = room_of, save_gates = save_gates, save = save}
end
