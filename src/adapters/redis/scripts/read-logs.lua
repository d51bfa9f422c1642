-- The lines of a task that are kept and come after a number, oldest first.
-- KEYS  shard
-- ARGV  step id after
-- REPLY now, work, 1 when there is such a task (0 not), lines as append-logs.lua keeps them
-- FLAGS allow-oom
--@include step
--@include arrays
--@include states
--@include records
--@include values
--@include changes
--@include finish
records.fetch({ id })
local found = {}
if tasks[id] then
  local head = call('LINDEX', K.logs .. id, 0)
  local first = head and struct.unpack('>I4', head) or 1
  found = call('LRANGE', K.logs .. id, whole(math.max(0, after - first + 1)), -1)
end
return finish({ tasks[id] and 1 or 0, found })
