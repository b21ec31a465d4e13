-- Sets a document. KEYS: the hash of the documents. ARGV: name, revision it must be at (0: absent), value.
-- Answers the new revision; its negative, less 1, of the one seen when that is another.
local seen = redis.call('hget', KEYS[1], ARGV[1])
seen = seen and struct.unpack('<d', seen) or 0
if seen ~= tonumber(ARGV[2]) then return -1 - seen end
redis.call('hset', KEYS[1], ARGV[1], struct.pack('<d', seen + 1) .. ARGV[3])
return seen + 1
