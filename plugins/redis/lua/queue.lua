-- What nearly all calls need that move tasks: their lanes and flows, their traits, their arrival.
local OPEN, CLOSED = '\0', -1 -- the line of a queue that leads on (rows.lua); a gate without room

local function has_gates(flow) return #flow > 1 + byte(flow, 1) end

-- The flows of the queue, for those who need them.
local function flows(q)
  if not q.F then q.F = flow().open(q) end
  return q.F
end

-- Where the ready tasks of a flow are: the plain one, one that has a fair key only, one with gates.
local function lane(q, flow)
  if flow == '' then return q.ready end
  if has_gates(flow) then return q.P .. ':f:' .. flow end
  return q.P .. ':k:' .. sub(flow, 2)
end

-- The traits of a record whose flags are at p: how long it holds its unique key, that, and its flow.
local function traits(s, p)
  local n = byte(s, p + 3 + 1)
  local flow = sub(s, p + 5 + n, p + 2 + byte(s, p + 1) * 256 + byte(s, p + 2))
  return byte(s, p + 3), sub(s, p + 5, p + 4 + n), flow == '\0' and '' or flow
end

-- ---- arrival

-- `ids` have arrived, with the numbers from q.seq on. The first of all ring: nobody may know of the queue yet.
local function arrive(q, ids)
  if q.seq == 0 then ring(q) end
  local i, n = 1, #ids
  while i <= n do
    local chunk, used = floor(q.seq / CHUNK), q.seq % CHUNK
    local last = min(n, i + CHUNK - used - 1)
    call('append', q.P .. ':a:' .. text(chunk), concat(ids, '', i, last))
    if used == 0 then call('zadd', q.P .. ':ai', chunk, text(chunk)) end
    q.seq = q.seq + last - i + 1
    i = last + 1
  end
end

local function due_of(when)
  if when == '' then return wall end
  local ms = tonumber(sub(when, 2))
  return byte(when) == 100 and wall + ms or ms -- 'd': a delay
end
