-- An operator's limit for a key; -1 takes it away. Running tasks are not touched.
-- KEYS  shard
-- ARGV  step key max
-- REPLY now, work
-- FLAGS allow-oom
--@include step
--@include arrays
--@include states
--@include records
--@include values
--@include changes
--@include slots
--@include lanes
--@include finish
if tonumber(max) < 0 then call('HDEL', K.limits, key) else call('HSET', K.limits, key, max) end
lanes.wake(key)
return finish({})
