-- Frees slots that a forced settlement left with a handler that has stopped now. Those of a held lease are not drains.
-- KEYS  shard
-- ARGV  step refs
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
--@include holding
local drained, freeing = {}, slots.newFreeing()
for _, ref in ipairs(holding.readRefs(refs)) do
  local r = tasks[ref.id]
  if r and ref.token > 0 then
    local member = slots.drainOf(r[R.seq], ref.token)
    if call('ZREM', K.drains, member) == 1 then drained[#drained + 1] = member end
  end
end
waiting.freeDrained(drained, freeing)
slots.freeCollected(freeing)
for key in pairs(freeing.keys) do lanes.wake(key) end
return finish({})
