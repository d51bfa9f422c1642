-- Forgets entries up to and including a position, about a thousand per call; not what the log is still to get.
-- KEYS  shard
-- ARGV  step position
-- REPLY now, work, whether there may be more (1, 0)
-- FLAGS allow-oom
--@include step
--@include arrays
--@include states
--@include records
--@include values
--@include changes
--@include finish
--@include trimming
position = trimming.allowed(position)
if not position then return finish({ 0 }) end
local ms, n = position:match('^(%d+)-(%d+)$')
local after = ms .. '-' .. string.format('%.0f', n + 1)
local forgotten = call('XTRIM', K.outbox, 'MINID', '~', after, 'LIMIT', 1000)
if forgotten >= 800 then return finish({ 1 }) end
-- What is left is less than one node of the stream.
call('XTRIM', K.outbox, 'MINID', after)
return finish({ 0 })
