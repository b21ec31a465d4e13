-- What of all that scripts do, and of what is sent beside them, this user may not do. ARGV: a key that is used for nothing
-- else (no KEYS: the server would refuse the script), the pattern of the keys it stands for, the channel. Answers a text
-- for each right that is missing, as ACL SETUSER has it.
local key, keys, channel, missing = ARGV[1], ARGV[2], ARGV[3], {}
local tries = {
  {'del', key}, {'time'}, {'exists', key}, {'type', key}, {'pttl', key}, {'scan', 0}, {'unlink', key},
  {'set', key, ''}, {'append', key, ''}, {'get', key}, {'getrange', key, 0, 0}, {'strlen', key}, {'del', key},
  {'hset', key, 'a', 0}, {'hget', key, 'a'}, {'hmget', key, 'a'}, {'hscan', key, 0}, {'hincrby', key, 'a', 0},
  {'hlen', key}, {'hexists', key, 'a'}, {'hdel', key, 'a'}, {'sadd', key, 'a'}, {'sscan', key, 0},
  {'smembers', key}, {'scard', key}, {'srandmember', key, 1}, {'sismember', key, 'a'}, {'srem', key, 'a'},
  {'zadd', key, 0, 'a'}, {'zscore', key, 'a'}, {'zcard', key}, {'zscan', key, 0}, {'zrange', key, 0, 0}, {'zrangebyscore', key, 0, 0},
  {'zrangebylex', key, '-', '+'}, {'zrem', key, 'a'}, {'zremrangebyrank', key, 0, 0}, {'del', key},
  {'publish', channel, '0 '} -- a ring that is no news to anybody
}
local seen = {}
for _, try in ipairs(tries) do
  local answer = redis.pcall(unpack(try))
  local why = type(answer) == 'table' and answer.err or ''
  local right
  -- In the words of 6.2 and 7.0, or of later servers.
  if string.find(why, "The user executing the script can't", 1, true) or string.find(why, 'ACL failure in script', 1, true) then
    if string.find(why, ' run th', 1, true) then
      right = '+' .. try[1]
    else
      right = string.find(why, 'channel', 1, true) and '&' .. channel or '~' .. keys
    end
  end
  if right and not seen[right] then
    seen[right] = true
    missing[#missing + 1] = right
  end
end
return missing
