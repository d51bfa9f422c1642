-- Accepts tasks that were read from a partition of the log as submit does, and notes in the same step how far it was read.
-- `expected` is where it must be now (- never read); else nothing is done. Done already: the same answer.
-- KEYS  shard
-- ARGV  step topic partition expected upTo ids keys runs specs twice laneCount args...
-- REPLY now, work, state (i ingested, m moved), the next offset (- never read)
--@include step
--@include arrays
--@include states
--@include records
--@include values
--@include changes
--@include slots
--@include lanes
--@include entering
--@include waiting
--@include reasons
--@include views
--@include finish
--@include accepting
--@include replaying
--@include submitting
local at = call('HGET', K.offsets .. topic, partition) or '-'
if at == upTo then return finish({ 'i', at }) end
if at ~= expected then return finish({ 'm', at }) end
submitting.accept(ids, keys, runs, specs, twice, laneCount, args)
call('HSET', K.offsets .. topic, partition, upTo)
return finish({ 'i', upTo })
