-- Notes how far a partition of the log was read, when the tasks that were read from it are all there already.
-- KEYS  shard
-- ARGV  step topic partition expected upTo ids
-- REPLY now, work, state (i noted, m moved, x some are missing), the next offset (- never read), one digit each (1 there)
-- FLAGS allow-oom
--@include step
--@include arrays
--@include states
--@include records
--@include values
--@include changes
--@include finish
local at = call('HGET', K.offsets .. topic, partition) or '-'
if at == upTo then return finish({ 'i', at, '' }) end
if at ~= expected then return finish({ 'm', at, '' }) end
local list, keys = arrays.split(16, #ids / 16, ids), {}
for i = 1, #list do keys[i] = K.task .. list[i] end
if #keys > 0 and call('EXISTS', unpack(keys)) < #keys then
  for i = 1, #keys do keys[i] = call('EXISTS', keys[i]) end
  return finish({ 'x', at, table.concat(keys) })
end
call('HSET', K.offsets .. topic, partition, upTo)
return finish({ 'i', upTo, '' })
