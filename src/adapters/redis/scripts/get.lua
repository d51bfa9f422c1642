-- Tasks by id, with the attempts that ended.
-- KEYS  shard
-- ARGV  step ids...
-- REPLY now, work, one letter each (y there, - not), views of those there, their attempts
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
--@include reasons
--@include views
--@include finish
waiting.settleTime()
local list = {}
for i = ids, #ARGV do list[#list + 1] = ARGV[i] end
records.fetch(list)
waiting.expireNamed(list)
ending.flush()
local letters, found, attempts = {}, {}, {}
for i, id in ipairs(list) do
  local r = tasks[id]
  letters[i] = r and 'y' or '-'
  if r then
    found[#found + 1] = r
    attempts[#attempts + 1] = records.hasFlag(r, B.hasAttempts) and call('LRANGE', K.attempts .. id, 0, -1) or {}
  end
end
return finish({ table.concat(letters), views.of(found), attempts })
