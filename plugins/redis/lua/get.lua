-- Reads tasks. KEYS: the queue. ARGV from [3]: the ids. Answers three texts for each: record, live entry, due date; or
-- empty, tombstone, empty; or three empty ones. Those that have not ended are watched: their end rings the bell.
local q, out, watch = open(KEYS[1]), {}, {}
while at < #ARGV do
  local id = arg()
  local rec, k = call('hget', q.rec, id), #out
  if rec then
    local live = call('hget', q.live, id) or ''
    local due = ''
    if live == '' or byte(live) < LEASED then
      due = call('zscore', q.due, sub(rec, 1, 6) .. id .. sub(rec, 13, 19)) or ''
    end
    if live == '' or byte(live) <= LEASED then watch[#watch + 1] = id end
    out[k + 1], out[k + 2], out[k + 3] = rec, live, due
  else
    out[k + 1], out[k + 3] = '', ''
    out[k + 2] = call('hget', gone_key(q, 0), id) or call('hget', gone_key(q, 1), id) or ''
  end
end
if #watch > 0 then
  check(q, {':watch', 'set'})
  even_if_full(q)
  local added = call('sadd', q.P .. ':watch', unpack(watch))
  if added > 0 then
    q.watched = q.watched + added
    close(q)
  end
end
out[#out + 1] = text(wall)
return out
