-- Moves the end of a hold to a time from now.
-- KEYS  shard
-- ARGV  step key owner ttl
-- REPLY now, work, fence and end as doubles ('' the hold is lost)
-- FLAGS allow-oom
--@include step
--@include arrays
--@include states
--@include records
--@include values
--@include changes
--@include finish
--@include holds
local mine = holds.liveHolds(key).of[owner]
return finish({ mine and holds.keepHold(key, owner, mine.fence, now + ttl) or '' })
