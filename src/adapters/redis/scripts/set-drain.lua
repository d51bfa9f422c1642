-- An operator wants a node to take nothing new (`drain`), or to take work again (`work`).
-- KEYS  shard
-- ARGV  step node wish
-- REPLY now, work, 1 done or 0 no such node
-- FLAGS allow-oom
--@include step
--@include arrays
--@include states
--@include records
--@include values
--@include changes
--@include finish
if call('HEXISTS', K.nodes, node) == 0 then return finish({ 0 }) end
local types = call('HGET', K.nodeTypes, node) or ''
if wish == 'drain' then
  call('SADD', K.drainedNodes, node)
  for type in types:gmatch('[^\n]+') do
    call('SREM', K.handlers .. type, node)
    -- A hint that went to this node would be one that another node does not get.
    call('SREM', K.idle .. type, node)
  end
elseif call('SREM', K.drainedNodes, node) == 1 then
  for type in types:gmatch('[^\n]+') do
    call('SADD', K.handlers .. type, node)
    -- What became ready meanwhile was announced to others, if there were any.
    call('PUBLISH', K.node .. node, 'w' .. type)
    work[type] = 0
  end
end
return finish({ 1 })
