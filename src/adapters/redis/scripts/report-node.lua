-- A node says what it is and that it lives. Its types are listed only while it does not drain, by itself or because an
-- operator asked for it.
-- KEYS  shard
-- ARGV  step node report types
-- REPLY now, work
-- FLAGS allow-oom
--@include step
--@include arrays
--@include states
--@include records
--@include values
--@include changes
--@include finish
local before = call('HGET', K.nodeTypes, node) or ''
if before ~= types then
  local wanted = {}
  for type in types:gmatch('[^\n]+') do wanted[type] = true end
  for type in before:gmatch('[^\n]+') do
    if not wanted[type] then call('SREM', K.handlers .. type, node) end
  end
  if call('SISMEMBER', K.drainedNodes, node) == 0 then
    for type in pairs(wanted) do call('SADD', K.handlers .. type, node) end
  end
  call('HSET', K.nodeTypes, node, types)
end
call('HSET', K.nodes, node, report)
call('ZADD', K.heard, now, node)
return finish({})
