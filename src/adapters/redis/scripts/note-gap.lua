-- Notes that tasks from before an offset of the log may be missing. The first such note of a partition stays until a rebuild.
-- KEYS  shard
-- ARGV  step topic partition before
-- REPLY now, work
-- FLAGS allow-oom
--@include step
--@include arrays
--@include states
--@include records
--@include values
--@include changes
--@include finish
call('HSETNX', K.gaps .. topic, partition, before)
return finish({})
