-- Gives a hold back.
-- KEYS  shard
-- ARGV  step key owner
-- REPLY now, work
-- FLAGS allow-oom
--@include step
--@include arrays
--@include states
--@include records
--@include values
--@include changes
--@include finish
call('HDEL', K.hold .. key, owner)
if call('EXISTS', K.hold .. key) == 0 then call('ZREM', K.holds, key) end
return finish({})
