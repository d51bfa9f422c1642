-- Remembers how far the relay has told the outbox, unless a later holder of its lock has been here before.
-- KEYS  shard
-- ARGV  step position fence
-- REPLY now, work
-- FLAGS allow-oom
--@include step
--@include arrays
--@include states
--@include records
--@include values
--@include changes
--@include finish
local before = call('HGET', K.relay, 'fence')
if not before or tonumber(before) <= tonumber(fence) then
  call('HSET', K.relay, 'fence', fence, 'position', position)
end
return finish({})
