-- A page of the lanes with limits: for each type, how many of their tasks face no full key now.
-- KEYS  shard
-- ARGV  step cursor
-- REPLY now, work, cursor ('0' at the end), (lane, tasks) of those that could run
-- FLAGS allow-oom
--@include step
--@include arrays
--@include states
--@include records
--@include values
--@include changes
--@include slots
--@include lanes
--@include finish
local page = call('SSCAN', K.lanes, cursor, 'COUNT', 200)
local runnable, roomKnown = {}, {}
local function isFull(limit)
  local name = limit.max .. '\n' .. limit.key
  if roomKnown[name] == nil then roomKnown[name] = slots.hasRoom(limit) end
  return not roomKnown[name]
end
for _, lane in ipairs(page[2]) do
  local full = false
  for _, limit in ipairs(slots.facedIn(lane)) do full = full or isFull(limit) end
  if not full then
    runnable[#runnable + 1] = lane
    runnable[#runnable + 1] = call('ZCARD', K.lane .. lane)
  end
end
return finish({ page[1], runnable })
