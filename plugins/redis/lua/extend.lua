-- What an exchange extends.

-- Of more than MOST tasks to stop, chance says which are told now: all will be, in time.
local function extend(q, n)
  local out, rows, size, sum = {}, {}, {}, 0
  for i = 1, n do
    local b = batch_row(q, ARGV[at + i])
    rows[i], size[i] = b, b and b.stops == 1 and call('scard', q.P .. ':s:' .. ARGV[at + i]) or 0
    sum = sum + size[i]
  end
  for i = 1, n do
    local epoch, b = arg(), rows[i]
    if not b then
      out[i] = char(LEASE_LOST, 0, 0)
    else
      local told = sum > MOST and min(size[i], max(1, floor(size[i] * MOST / sum))) or size[i]
      local stop = told > 0 and call('srandmember', q.P .. ':s:' .. epoch, told) or {}
      local till = q.now + lease_ms
      if till < b.till then work(q) end -- before the time that claimers were told
      b.till = till
      save_batch(q, epoch, b)
      call('zadd', q.P .. ':leases', till, epoch)
      call('zrem', q.P .. ':lapsed', epoch)
      out[i] = char(OK, floor(#stop / 256), #stop % 256) .. concat(stop)
    end
  end
  return concat(out)
end

return extend
