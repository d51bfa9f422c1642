-- Nobody could renew while the store stood still: what was alive at the call before lives one more lease.
local function grantGrace()
  local keys, til = { K.drains }, whole(now + leaseMs)
  for _, type in ipairs(call('ZRANGE', K.leases, 0, -1)) do keys[#keys + 1] = K.leasesOf .. type end
  for _, key in ipairs(keys) do
    local alive = call('ZRANGEBYSCORE', key, '(' .. whole(lastCall), '(' .. til)
    for from = 1, #alive, 1000 do
      local args = {}
      for i = from, math.min(from + 999, #alive) do
        args[#args + 1] = til
        args[#args + 1] = alive[i]
      end
      call('ZADD', key, unpack(args))
    end
  end
end
if stallMs > 0 and lastCall > 0 and now - lastCall > stallMs then grantGrace() end
