-- Says that changes are being written to the log: see trimming.lua.
-- KEYS  shard
-- ARGV  step
-- REPLY now, work, how far they have been written ('' not at all)
-- FLAGS allow-oom
--@include step
--@include arrays
--@include states
--@include records
--@include values
--@include changes
--@include finish
call('HSET', K.relay, 'eventsAt', nowText)
call('HSETNX', K.relay, 'events', '')
return finish({ call('HGET', K.relay, 'events') })
