-- Stores progress of running tasks. Asked again with the same request id it answers again and changes nothing.
-- KEYS  shard
-- ARGV  step request refs values...
-- REPLY now, work, one letter each (r recorded, l lease lost)
-- FLAGS allow-oom
--@include step
--@include arrays
--@include states
--@include records
--@include values
--@include changes
--@include finish
--@include holding
local done = call('GET', K.request .. request)
if done then return finish({ done }) end
local letters = {}
for i, ref in ipairs(holding.readRefs(refs)) do
  local r = holding.heldBy(ref)
  if r then
    records.touch(r)
    records.setProgress(r, ARGV[values + i - 1])
    r[R.version] = r[R.version] + 1
    r[R.updatedAt] = now
    changes.tell(r, 'progress')
  end
  letters[i] = r and 'r' or 'l'
end
local answer = table.concat(letters)
call('SET', K.request .. request, answer, 'PX', 60000)
return finish({ answer })
