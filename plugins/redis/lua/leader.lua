-- Who leads. KEYS: the name's, with four doubles (the last term's number, until when it lasts, the highest lease clock
-- seen, its skew) and the leader.
-- ARGV[1] clock, as in common.lua, [2] nothing of ours, [3] campaign, renew, resign or look, [4] the candidate, or the
-- number of the term, [5] time to live (milliseconds). Answers the number of the last term; who leads, or nothing; for how
-- long still; whether the term was the current one (renew, resign).
local what, who, ttl = ARGV[3], ARGV[4], tonumber(ARGV[5])
local wall, boot
if ARGV[1] == '' then
  local t = redis.call('time')
  wall = t[1] * 1000 + math.floor(t[2] / 1000)
  boot = wall
else
  wall, boot = struct.unpack('<dd', ARGV[1])
end

local term, till, seen, skew, leader = 0, 0, 0, 0, ''
local kept = redis.call('get', KEYS[1])
if kept then
  term, till, seen, skew = struct.unpack('<dddd', kept)
  leader = string.sub(kept, 33)
end
-- The lease clock never goes back: a clock that is set back prolongs no term.
local now = boot + skew
if now < seen then
  skew = seen - boot
  now = seen
end

local leads = till > now
local named = leads and what ~= 'campaign' and string.format('%.0f', term) == who
local mine = leads and what == 'campaign' and leader == who
local new = not leads and what == 'campaign'
if new then -- a number that rises even if the last one was lost, as with epochs
  term, leader = math.max(term + 1, math.min(wall, 8e12) * 1024), who
end
if new or mine or named and what == 'renew' then till = now + ttl end
if named and what == 'resign' then till = now end
if new or kept and what ~= 'look' then -- whoever asks keeps the lease clock going
  redis.call('del', KEYS[1] .. ':free') -- never there: a full server lets a script go on that begins so
  redis.call('set', KEYS[1], struct.pack('<dddd', term, till, now, skew) .. leader)
end
leads = till > now
return {string.format('%.0f', term), leads and leader or '', string.format('%.0f', leads and math.min(till - now, 9e15) or 0),
  named and 1 or 0}
