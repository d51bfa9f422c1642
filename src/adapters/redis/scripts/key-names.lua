-- A page of the keys that are limited by an operator (`which` limits) or named by a task (`which` keys).
-- KEYS  shard
-- ARGV  step which cursor
-- REPLY now, work, cursor ('0' at the end), keys
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
waiting.settleTime()
local page, names = nil, {}
if which == 'limits' then
  page = call('HSCAN', K.limits, cursor, 'COUNT', 500)
  for i = 1, #page[2], 2 do names[#names + 1] = page[2][i] end
else
  page = call('SSCAN', K.keys, cursor, 'COUNT', 500)
  names = page[2]
end
return finish({ page[1], names })
