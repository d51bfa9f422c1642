-- A node has connected. When the server is not the one of before (restart, failover, restored copy), leases live one
-- more lease, and tokens jump ahead of all that the lost end of the history may have given out.
-- KEYS  shard
-- ARGV  step server
-- REPLY now, work, what is new (s the server, - nothing)
-- FLAGS allow-oom
--@include step
--@include arrays
--@include states
--@include records
--@include values
--@include changes
--@include finish
local before = call('GET', K.server)
if before == server then return finish({ '-' }) end
call('SET', K.server, server)
if not before then return finish({ '-' }) end
token = math.max(token, (now - 1600000000000) * 1024) + 3600000 * 1024
if stallMs > 0 then grantGrace() end
return finish({ 's' })
