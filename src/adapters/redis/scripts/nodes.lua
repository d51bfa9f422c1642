-- All nodes heard of lately.
-- KEYS  shard
-- ARGV  step
-- REPLY now, work, (node, report) ..., (node, last heard) ..., nodes an operator wants to take nothing new
-- FLAGS allow-oom
--@include step
--@include arrays
--@include states
--@include records
--@include values
--@include changes
--@include finish
return finish({ call('HGETALL', K.nodes), call('ZRANGE', K.heard, 0, -1, 'WITHSCORES'),
  call('SMEMBERS', K.drainedNodes) })
