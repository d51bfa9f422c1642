-- Forgets final tasks older than the retention, with all they have, and old nodes, locks and idempotency keys. Endings
-- are a log in the order of time; what was revived since is passed over. `topic` is the log's ('' none), `tag` how records name it.
-- KEYS  shard
-- ARGV  step limit topic tag
-- REPLY now, work, purged, time left until the next (-1 none)
-- FLAGS allow-oom
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
--@include finish
--@include forgetting
--@include passing
local cutoff = now - retentionMs
local old, isMore = forgetting.oldEndings(cutoff, tonumber(limit))
old = passing.passed(old, topic, tag)
forgetting.forgetTasks(old)
purged = purged + #old
forgetting.forgetNodes()
forgetting.forgetHolds()
forgetting.forgetRemembered(tonumber(limit))
ending.flush()
forgetting.forgetPieces()
-- What is in the way of the first that can be purged is looked at by the next call.
local nextAt = isMore and #old < tonumber(limit) and cutoff or forgetting.firstEnding()
return finish({ #old, nextAt and math.max(0, nextAt + retentionMs - now) or -1 })
