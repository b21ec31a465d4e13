-- What an audit looks at of leases, and of flow control (rows.lua): rows by themselves, and what they count.

local function gates_of(flow)
  local out, p = {}, 2 + byte(flow, 1)
  while p <= #flow do
    local n = byte(flow, p)
    out[#out + 1] = sub(flow, p + 1, p + n)
    p = p + n + 1
  end
  return out
end

local function at_gate(name, what, said, real) sum('gates', 'gate ' .. name .. ', ' .. what, said, real) end

-- A row of P:batch.
local function holds(q)
  return function(epoch, v)
    local where, number = 'lease ' .. epoch, tonumber(epoch)
    local list_key = q.P .. ':l:' .. epoch
    local listed = call('strlen', list_key) / 16
    if listed > 2 * MOST then return find('leases', where, 'it lists ' .. text(listed) .. ' tasks') end
    if listed > looks and looks < EYES then return false end
    looks = looks - listed
    if #v < 17 or not number then return find('leases', where, 'its row is damaged') end
    local count, _, stops, till = unpick('<I4I4Bd', v)
    if number < 1 or number > q.epoch then find('epochs', where, 'it was never drawn') end
    local until_then, over = call('zscore', q.P .. ':leases', epoch), call('zscore', q.P .. ':lapsed', epoch)
    if until_then and over or not until_then and not over then
      find('leases', where, until_then and 'it has lapsed and has not' or 'nobody will notice its end')
    end
    if until_then and tonumber(until_then) ~= till then
      find('leases', where, 'it ends at ' .. text(till) .. ', but is noted for ' .. until_then)
    end
    if over and tonumber(over) ~= number then find('leases', where, 'it is noted as ' .. over) end
    if stops ~= 1 and call('exists', q.P .. ':s:' .. epoch) == 1 then
      find('leases', where, 'its holder is not told what to stop')
    end
    local list, ids, n = call('get', list_key) or '', {}, 0
    for i = 1, floor(listed) do ids[i] = sub(list, 16 * i - 15, 16 * i) end
    for i, live in ipairs(#ids > 0 and call('hmget', q.live, unpack(ids)) or {}) do
      if live and byte(live) == LEASED and #live >= 16 and sub(live, 3, 10) == pack('<d', number) then
        n = n + 1
        local seq = call('hexists', q.rec, ids[i]) == 1 and sub(live, 11, 16)
        local rec = has_task(q, ids[i], seq, 'it is leased') and has(byte(live, 2), TRAITS) and record(q, ids[i])
        local flow = rec and whole(rec) and select(3, traits(rec, 19)) or ''
        for _, gate in ipairs(flow ~= '' and gates_of(flow) or {}) do at_gate(gate, 'leased', 0, 1) end
      end
    end
    if n ~= count or n == 0 then
      find('leases', where, 'it counts ' .. count .. ' tasks, but lists ' .. n .. ' that are leased under it')
    end
    sum('leases', 'tasks', 0, n)
  end
end

-- A row of P:flow.
local function is_in_line(q)
  return function(name, v)
    local where = 'flow ' .. name
    if #v < 26 or name == '' or not has_gates(name) then return find('flows', where, 'its row is damaged') end
    local _, rank, seq, counted = unpick('<dddB', v)
    local line, fair, gates = sub(v, 26), sub(name, 2, 1 + byte(name, 1)), gates_of(name)
    local best = call('zrange', lane(q, name), 0, 0, 'withscores')
    if not best[1] or #best[1] < 22 or tonumber(best[2]) ~= rank or unpick('>I6', best[1]) ~= seq then
      find('flows', where, 'its best task is said to be number ' .. text(seq))
    end
    local place = call('zscore', q.P .. ':st:' .. counted .. line .. fair, pack('>I6', seq) .. name)
    if not place or tonumber(place) ~= rank then find('flows', where, 'it stands at no seat of its key') end
    if call('hexists', q.P .. ':seat', line .. fair) == 0 then find('flows', where, 'its seat is not there') end
    local known = line == OPEN
    for _, gate in ipairs(gates) do
      local waits_there = line == char(#gate) .. gate
      known = known or waits_there
      if waits_there then at_gate(gate, 'waiting', 0, 1) end
      if counted == 1 then at_gate(gate, 'admitted', 0, 1) end
    end
    if not known or counted == 1 and line ~= OPEN then find('flows', where, 'it stands in a line that is not its own') end
    local away = call('zscore', q.P .. ':away:' .. fair, name)
    if (line ~= OPEN) ~= (away ~= false) then find('flows', where, 'it is away and is not') end
    if line ~= OPEN then sum('seats', 'open line, flows at gates', 0, 1) end
    sum('counts', 'keyed', 0, call('zcard', lane(q, name)))
  end
end

-- A row of P:seat.
local function is_seat(q)
  return function(field, v)
    local n = byte(field, 1) or 0
    local line, key = sub(field, 1, 1 + n), sub(field, 2 + n)
    local where = 'seat ' .. key .. (line == OPEN and '' or ' at gate ' .. sub(line, 2))
    if #v ~= 33 then return find('seats', where, 'its row is damaged') end
    local turn, flows_there, counted, away, own = unpick('<ddddB', v)
    local plain, privileged = call('zcard', q.P .. ':st:0' .. field), call('zcard', q.P .. ':st:1' .. field)
    same('seats', where .. ', flows', flows_there, own + plain + privileged)
    same('seats', where .. ', counted', counted, privileged)
    same('seats', where .. ', away', away, line == OPEN and call('zcard', q.P .. ':away:' .. key) or 0)
    local place = call('zscore', q.P .. ':ring:' .. line, key)
    if (flows_there > 0) ~= (place ~= false) or place and tonumber(place) ~= turn then
      find('seats', where, 'its turn is ' .. text(turn) .. ', but it stands at ' .. (place or 'none'))
    end
    if flows_there > 0 then sum('seats', 'turns', 0, 1) end
    if line ~= OPEN then
      if own ~= 0 or flows_there == 0 then find('seats', where, 'nobody waits there') end
      return
    end
    local own_lane = key == '' and q.ready or q.P .. ':k:' .. key
    local tasks = call('zcard', own_lane)
    if (own == 1) ~= (tasks > 0) then
      find('seats', where, (own == 1 and 'none' or 'some') .. ' of its tasks without gates are there')
    end
    if key ~= '' then sum('counts', 'keyed', 0, tasks) end
    sum('seats', 'open line, seats', 0, 1)
  end
end

-- A row of P:gate.
local function is_gate(q)
  return function(name, v)
    if #v ~= 64 then return find('gates', 'gate ' .. name, 'its row is damaged') end
    local leased, admitted, waiting, opened, _, _, due, idle = unpick('<dddddddd', v)
    at_gate(name, 'leased', leased, 0)
    at_gate(name, 'admitted', admitted, 0)
    at_gate(name, 'waiting', waiting, 0)
    local noted = {gdue = due >= 0 and due, gopen = waiting > 0 and opened ~= CLOSED and opened, gidle = idle >= 0 and idle,
                   gn = 0}
    for index, time in pairs(noted) do
      local there = call('zscore', q.P .. ':' .. index, name)
      if (there and tonumber(there)) ~= time then
        find('gates', 'gate ' .. name, 'it is noted at ' .. (there or 'none') .. ' in ' .. index)
      end
      if time then sum('gates', index, 0, 1) end
    end
    sum('seats', 'turns', call('zcard', q.P .. ':ring:' .. char(#name) .. name), 0)
  end
end

-- What the counters say, before the rows are looked at.
local function said(q)
  return function()
    local c = call('get', q.P .. ':fc')
    local _, there, parked, keyed = 0, 0, 0, 0
    if c then _, there, parked, keyed = unpick('<dddd', c) end
    sum('counts', 'keyed', keyed, 0)
    sum('seats', 'open line, seats', there, 0)
    sum('seats', 'open line, flows at gates', parked, 0)
    sum('seats', 'turns', call('zcard', q.P .. ':ring:' .. OPEN), 0)
    sum('leases', 'tasks', q.n[LEASED], 0)
    for _, index in ipairs({'gdue', 'gopen', 'gidle', 'gn'}) do sum('gates', index, call('zcard', q.P .. ':' .. index), 0) end
  end
end
