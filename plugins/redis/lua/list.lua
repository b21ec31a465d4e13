-- One page of the tasks of a queue, in order of arrival. KEYS: the queue.
-- ARGV[3..8] state, kind (empty: any), from, to (milliseconds), at_most, the first arrival that may be on the page.
-- Answers the arrival to go on with (empty: there are no more), the server's time, and as get.lua for each task found: id, record,
-- live entry, due date.
local q = open(KEYS[1])
local state, kind, from, to, at_most, first =
  tonumber(arg()), arg(), tonumber(arg()), tonumber(arg()), tonumber(arg()), tonumber(arg())
local out, found, looked = {'', text(wall)}, 0, 0

-- Looks at the task of this arrival; false when the page was full before it. An id that was forgotten may have come again.
local function look(id, arrival)
  local rec = call('hget', q.rec, id)
  if not rec or sub(rec, 1, 6) ~= pack('>I6', arrival) then return true end
  local p = content_at(rec, 19)
  if kind ~= '' and sub(rec, p + 1, p + byte(rec, p)) ~= kind then return true end
  local live = call('hget', q.live, id) or ''
  local now = live ~= '' and byte(live) or READY
  local due = now == READY and call('zscore', q.due, sub(rec, 1, 6) .. id .. sub(rec, 13, 19)) or ''
  if due and due ~= '' and tonumber(due) > wall then now = SCHEDULED end
  local when = unpick('>I6', rec, 7)
  if now > LEASED then when = unpick('<d', live, 25) end
  if now ~= state or when < from or when >= to then return true end
  if found == at_most then return false end
  found = found + 1
  local k = #out
  out[k + 1], out[k + 2], out[k + 3], out[k + 4] = id, rec, live, due or ''
  return true
end

if state > LEASED then
  local some = call('zrangebyscore', q.P .. ':ended:' .. state, first, '+inf', 'withscores', 'limit', 0, MOST)
  for i = 1, #some, 2 do
    if not look(some[i], tonumber(some[i + 1])) then
      out[1] = some[i + 1]
      return out
    end
  end
  if #some == 2 * MOST then out[1] = text(tonumber(some[#some]) + 1) end
  return out
end
while looked + CHUNK <= MOST do
  local chunk = call('zrangebyscore', q.P .. ':ai', floor(first / CHUNK), '+inf', 'limit', 0, 1)[1]
  if not chunk then return out end
  first = max(first, chunk * CHUNK)
  local skip = first % CHUNK
  local ids = call('getrange', q.P .. ':a:' .. chunk, 16 * skip, -1)
  for i = 1, #ids / 16 do
    if not look(sub(ids, 16 * i - 15, 16 * i), first + i - 1) then
      out[1] = text(first + i - 1)
      return out
    end
  end
  looked = looked + #ids / 16
  first = (tonumber(chunk) + 1) * CHUNK
end
out[1] = text(first)
return out
