-- Remembers how far changes have been written to the log, unless a later holder of the lock has been here before.
-- KEYS  shard
-- ARGV  step position fence
-- REPLY now, work, up to where others have wanted to trim meanwhile ('' nowhere)
-- FLAGS allow-oom
--@include step
--@include arrays
--@include states
--@include records
--@include values
--@include changes
--@include finish
local before = call('HGET', K.relay, 'eventsFence')
if not before or tonumber(before) <= tonumber(fence) then
  call('HSET', K.relay, 'eventsFence', fence, 'events', position, 'eventsAt', nowText)
end
return finish({ call('HGET', K.relay, 'wanted') or '' })
