-- Sets how far partitions of a topic of the log have been read, wherever that was before: nothing is missing up to there.
-- KEYS  shard
-- ARGV  step topic partitions...
-- REPLY now, work
-- FLAGS allow-oom
--@include step
--@include arrays
--@include states
--@include records
--@include values
--@include changes
--@include finish
-- Partition and offset in turn.
for i = partitions, #ARGV, 2 do
  call('HSET', K.offsets .. topic, ARGV[i], ARGV[i + 1])
  call('HDEL', K.gaps .. topic, ARGV[i])
end
return finish({})
