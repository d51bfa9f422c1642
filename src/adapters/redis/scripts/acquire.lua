-- A hold of a key for an owner, if it has room. The same owner again gets the hold it has.
-- KEYS  shard
-- ARGV  step key owner max ttl
-- REPLY now, work, fence and end as doubles ('' no room)
-- FLAGS allow-oom
--@include step
--@include arrays
--@include states
--@include records
--@include values
--@include changes
--@include finish
--@include holds
local live = holds.liveHolds(key)
if live.of[owner] then return finish({ live.of[owner].bytes }) end
if live.n >= tonumber(max) then return finish({ '' }) end
token = math.max(token + 1, (now - 1600000000000) * 1024)
return finish({ holds.keepHold(key, owner, token, now + ttl) })
