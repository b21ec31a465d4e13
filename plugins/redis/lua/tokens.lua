-- Takes tokens out of a bucket, or gives some back. KEYS: the bucket, of which is kept until when it lacks tokens, in
-- microseconds of the server's clock and nanoseconds beside them (penstock/plugin/rate.hpp); a full one leaves no key.
-- ARGV[1] nanoseconds between two tokens, [2] how many the bucket holds, [3] how many to take, negative: to give back,
-- [4] empty, or microseconds that stand for the server's clock. Answers how many were taken, and after how many
-- milliseconds there is another one.
local key, interval, burst, count = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local now = tonumber(ARGV[4])
if not now then
  local t = redis.call('time')
  now = t[1] * 1000000 + t[2]
end

local depth, missing, over = burst * interval, 0, false
local kept = redis.call('get', key)
if kept then
  local us, ns = struct.unpack('<dd', kept)
  -- Never emptier than empty: the clock was set back, or the bucket was larger.
  missing = math.max(0, (us - now) * 1000 + ns)
  over = missing > depth
  if over then missing = depth end
end

local taken = math.min(count, math.floor((depth - missing) / interval))
if taken ~= 0 or over then
  redis.call('del', key .. ':free') -- never there: a full server lets a script go on that begins so
  missing = math.max(0, missing + taken * interval)
  if missing == 0 then
    redis.call('del', key)
  else
    local value = struct.pack('<dd', now + math.floor(missing / 1000), missing % 1000)
    if ARGV[4] == '' then -- gone when the bucket is full, and not before: the server counts in whole milliseconds
      redis.call('set', key, value, 'px', math.min(1e15, math.ceil(missing / 1e6) + 1))
    else
      redis.call('set', key, value)
    end
  end
end
return {taken, math.max(1, math.min(1e15, math.ceil((missing - depth + interval) / 1e6)))}
