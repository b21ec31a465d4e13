-- What a gate lets through: its limit, its hold, and its bucket of tokens. A bucket is kept as the time at which it is
-- full again (penstock/plugin/rate.hpp), in two numbers, milliseconds and nanoseconds beside them, as a double cannot
-- hold a date in nanoseconds. All times are of the lease clock.

-- What is set for one name: P:limit has '<Bddddddd' flags (1 declared, 2 by an operator), running, per_second and burst
-- of each, and until when it is held.
local function setting(v)
  if not v then return {held = 0} end
  local flags, dr, dp, db, lr, lp, lb, held = unpick('<Bddddddd', v)
  return {declared = has(flags, 1) and {dr, dp, db} or nil, operator = has(flags, 2) and {lr, lp, lb} or nil, held = held}
end

local function class_of(gate)
  local colon = string.find(gate, ':', 1, true)
  return colon and sub(gate, 1, colon - 1) or ''
end

-- A gate takes over what is set for it: g.running, g.per, g.burst, g.interval, g.held.
local function adopt(g, own, of_class, now)
  local limit = own.operator or own.declared or of_class and (of_class.operator or of_class.declared) or {-1, 0, 1}
  g.running, g.per, g.burst, g.held = limit[1], limit[2], limit[3], own.held
  if g.per > 0 then
    g.interval = max(1, min(1e16, ceil(1e9 / g.per)))
    if g.full_ms > 0 then -- not fuller than empty
      local ms, ns = now + g.burst * floor(g.interval / 1e6), g.burst * (g.interval % 1e6)
      ms, ns = ms + floor(ns / 1e6), ns % 1e6
      if g.full_ms > ms or g.full_ms == ms and g.full_ns > ns then g.full_ms, g.full_ns = ms, ns end
    end
  end
end

local function limited(g) return g.per > 0 or g.running >= 0 end
local function shut(g, now) return g.running == 0 or g.held > now end
local function slots(g, leased) return g.running < 0 and huge or max(0, g.running - leased) end
local function slots_ahead(g, leased) return g.running < 0 and huge or max(0, floor(g.running / 2) - leased) end

local function room(g, leased, now)
  if g.held > now then return 0 end
  local most = slots(g, leased)
  if g.per == 0 or most == 0 then return most end
  local missing = (g.full_ms - now) * 1e6 + g.full_ns
  if missing <= 0 then return min(most, g.burst) end
  return min(most, max(0, g.burst - ceil(missing / g.interval)))
end

-- When time alone will have made room for `most`; nil: never. May be past.
local function opens(g, leased, most)
  if slots(g, leased) < most or g.held == huge then return nil end
  if g.per == 0 then return g.held end
  if most > g.burst then return nil end
  local back = g.burst - most
  local ms = g.full_ms - back * floor(g.interval / 1e6)
  local ns = g.full_ns - back * (g.interval % 1e6)
  return max(g.held, ms + ceil(ns / 1e6))
end

local function full(g, now) return g.full_ms < now or g.full_ms == now and g.full_ns == 0 end

-- Takes tokens; a negative number gives them back.
local function take(g, tokens, now)
  if g.per == 0 then return end
  if tokens > 0 and full(g, now) then g.full_ms, g.full_ns = now, 0 end
  local ns = g.full_ns + tokens * (g.interval % 1e6)
  g.full_ms = g.full_ms + tokens * floor(g.interval / 1e6) + floor(ns / 1e6)
  g.full_ns = ns % 1e6
end
