-- Puts tasks in. KEYS: the queues, then, if there is a guard, the hash of the documents.
-- ARGV[3] not empty: the caller remembers that the names of these queues are known, and has not asked.
-- ARGV[4] the guard: empty, or name; then ARGV[5], [6] its revision and value.
-- Then for each queue: the number of its tasks, and for each of these id, rank, when, opts, rest:
--   rank  as in a record, in decimal         when  '' at once, 'd<ms>' delay, 'a<ms>' at that time
--   opts  '' or '<ddB' unique_for, queue_limit, replace
--   rest  the record from its rank on
-- Answers per queue: the answers, an octet each (16 + CONFLICT: a unique key is held); the holders' ids; the last ring.
-- With a guard that fails: an integer, the revision seen. When a queue that is remembered never held a task: 'enroll', and
-- nothing has changed.
-- Its first write takes memory: on a server that is full it is refused, and nothing has changed.

-- Tasks that are new for sure, and of which no unique key is to be looked after: all at once.
local function add(q, tasks)
  if #tasks == 0 then return end
  local recs, due, ids, lanes, flows_of, now = {}, {}, {}, {}, {}, pack('>I6', max(wall, 0))
  local ready = {}
  for i, p in ipairs(tasks) do -- p: the place of its last argument
    local id, rank, when, rest = ARGV[p - 4], ARGV[p - 3], ARGV[p - 2], ARGV[p]
    local seq = pack('>I6', q.seq + i - 1)
    recs[2 * i - 1], recs[2 * i] = id, seq .. now .. rest
    ids[i] = id
    local time = due_of(when)
    if time > wall then
      due[#due + 1] = time
      due[#due + 1] = seq .. id .. sub(rest, 1, 7)
    elseif byte(rest, 7) == 0 then
      ready[#ready + 1] = rank
      ready[#ready + 1] = seq .. id
    else
      local flow = select(3, traits(rest, 7))
      local mine = lanes[flow]
      if not mine then
        mine = {}
        lanes[flow] = mine
        flows_of[#flows_of + 1] = flow
      end
      mine[#mine + 1] = rank
      mine[#mine + 1] = seq .. id
    end
  end
  call('hset', q.rec, unpack(recs))
  arrive(q, ids)
  if #ready > 0 then
    call('zadd', q.ready, unpack(ready))
    q.n[READY] = q.n[READY] + #ready / 2
    if in_lines(q) then flows(q).came_plain() end
    work(q)
  end
  if #due > 0 then
    call('zadd', q.due, unpack(due))
    q.n[SCHEDULED] = q.n[SCHEDULED] + #due / 2
    work(q)
  end
  for _, flow in ipairs(flows_of) do
    local mine = lanes[flow]
    call('zadd', lane(q, flow), unpack(mine))
    for i = 1, #mine, 2 do
      q.n[READY] = q.n[READY] + 1
      if not flows(q).came(flow, tonumber(mine[i]), unpick('>I6', mine[i + 1])) then work(q) end
    end
  end
end

-- What this script looks at of a queue before it writes anything.
local function prepare(q)
  q.tasks = tonumber(arg())
  q.base = at
  q.ids, q.simple = {}, true
  local keyed = false
  at = at + 5 * q.tasks
  for i = 1, q.tasks do
    local p = q.base + 5 * i
    local rest = ARGV[p]
    q.ids[i] = ARGV[p - 4]
    keyed = keyed or byte(rest, 7) ~= 0
    q.simple = q.simple and ARGV[p - 1] == '' and (byte(rest, 7) == 0 or byte(rest, 11) == 0)
  end
  check(q, PLACES)
  if keyed or not q.simple then check(q, KEYED) end
  if not q.simple then check(q, ALL) end
end

local function enqueue(q, out)
  local ids, answers, holders, base = q.ids, {}, {}, q.base
  if not q.simple then
    for i, id in ipairs(ids) do
      local p = base + 5 * i
      local what, holder = tasks().admit(q, id, ARGV[p - 2], ARGV[p - 1], ARGV[p], true)
      answers[i] = char(holder and 16 + what or what)
      holders[#holders + 1] = holder
    end
  else
    local recs = call('hmget', q.rec, unpack(ids))
    local young, old = call('hmget', gone_key(q, 0), unpack(ids)), call('hmget', gone_key(q, 1), unpack(ids))
    local new, mine = {}, {}
    for i, id in ipairs(ids) do
      local rest, what = ARGV[base + 5 * i], OK
      local known = recs[i] and sub(recs[i], 13) or mine[id]
      if known then
        what = sub(known, content_at(known, 7)) == sub(rest, content_at(rest, 7)) and EXISTS or CONFLICT
      elseif young[i] or old[i] then
        what = EXISTS
      else
        new[#new + 1] = base + 5 * i
        mine[id] = rest
      end
      answers[i] = char(what)
    end
    add(q, new)
  end
  out[#out + 1] = concat(answers)
  out[#out + 1] = concat(holders)
end

local remembered, guard, revision, value = arg() ~= '', arg(), nil, nil
local count = #KEYS
if guard ~= '' then
  count = count - 1
  revision, value = tonumber(arg()), arg()
  local seen = call('hget', KEYS[#KEYS], guard)
  seen = seen and unpick('<d', seen) or 0
  if seen ~= revision then return seen end
end
local queues, out = {}, {}
for i = 1, count do
  local q = open(KEYS[i])
  if remembered and q.seq == 0 then return 'enroll' end
  queues[i] = q
  prepare(q)
end
for _, q in ipairs(queues) do
  enqueue(q, out)
  close(q)
  out[#out + 1] = text(q.rings)
end
if guard ~= '' then call('hset', KEYS[#KEYS], guard, pack('<d', revision + 1) .. value) end
return out
