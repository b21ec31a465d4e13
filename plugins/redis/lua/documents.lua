-- The documents whose names begin so. KEYS: the documents. ARGV[1] the prefix. Answers name and content, in turns.
local prefix, out = ARGV[1], {}
for _, name in ipairs(redis.call('hkeys', KEYS[1])) do
  if string.sub(name, 1, #prefix) == prefix then
    out[#out + 1] = name
    out[#out + 1] = redis.call('hget', KEYS[1], name)
  end
end
return out
