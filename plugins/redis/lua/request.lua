-- What an exchange asks for: exchange.lua. Its modules see it.
local limit, begin, ahead, lease_ms, worker = tonumber(arg()), tonumber(arg()), tonumber(arg()), tonumber(arg()), arg()
local at_once, got = max(0, limit - ahead), 0
limit = min(limit, MOST)
-- What is left to this script, for all its queues together: due tasks to promote, leases to find lapsed, tasks of such
-- leases to look at; and the queues that are to have a part of it yet.
budget.due, budget.leases, budget.lapsed, budget.queues = MOST, MOST, MOST, #KEYS
