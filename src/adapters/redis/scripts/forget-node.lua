-- A node has ended.
-- KEYS  shard
-- ARGV  step node
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
--@include entering
--@include waiting
--@include finish
--@include forgetting
forgetting.forgetNode(node)
return finish({})
