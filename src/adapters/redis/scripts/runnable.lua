-- A page of the lanes: how many of their tasks face no full key now.
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
local page = call('HSCAN', K.lanes, cursor, 'COUNT', 200)
local runnable, roomKnown = {}, {}
local function isFull(limit)
  local name = limit.max .. '\n' .. limit.key
  if roomKnown[name] == nil then roomKnown[name] = slots.hasRoom(limit) end
  return not roomKnown[name]
end
for i = 1, #page[2], 2 do
  local lane, full = page[2][i], false
  for _, limit in ipairs(slots.facedIn(lane)) do full = full or isFull(limit) end
  if not full then
    runnable[#runnable + 1] = lane
    runnable[#runnable + 1] = page[2][i + 1]
  end
end
return finish({ page[1], runnable })
