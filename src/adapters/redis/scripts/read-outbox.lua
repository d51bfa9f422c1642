-- Entries after a position. Who has read to the end is told of the next one.
-- KEYS  shard
-- ARGV  step after limit
-- REPLY now, work, entries
-- FLAGS allow-oom
--@include step
--@include arrays
--@include states
--@include records
--@include values
--@include changes
--@include finish
local entries = call('XRANGE', K.outbox, after == '' and '-' or '(' .. after, '+', 'COUNT', limit)
if #entries < tonumber(limit) then outboxHeard = 1 end
return finish({ entries })
