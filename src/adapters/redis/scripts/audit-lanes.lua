-- Looks at lanes: each that has tasks is either ready or parked, by its best task; none is left parked on a key that has
-- room while no lane of its type is there to take it (what would be a lost wake-up).
-- KEYS  shard
-- ARGV  step mode names...
-- REPLY now, work, findings
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
--@include finish
--@include auditing
local function show(lane) return (lane:gsub('[%c\128-\255]+', ' ')) end

local function someoneIsReady(type, key)
  for _, lane in ipairs(call('ZRANGE', K.ready .. type, 0, 999)) do
    for _, limit in ipairs(slots.facedIn(lane)) do
      if limit.key == key then return true end
    end
  end
  return false
end

local function checkParked(lane, faced, head, key)
  local max = lanes.parkedMax(faced, key)
  local group = lanes.groupOf(faced.type, max)
  local at = tonumber(call('ZSCORE', K.parkedLanes .. key .. '\n' .. group, lane) or nil)
  if at ~= head or not call('ZSCORE', K.parkedGroups .. key, group) then
    auditing.found('I1', 'lane ', show(lane), ' is parked by another task than its best')
  elseif slots.hasRoom({ key = key, max = max }) and not someoneIsReady(faced.type, key) then
    auditing.found('S5', 'lane ', show(lane), ' is parked on ', key, ', which has room')
  else
    return
  end
  if isRepair then lanes.unpark(lane, key, head) end
end

-- How many tasks are said to wait in a lane. What would take too long to add up is believed.
local function checkCount(lane)
  if call('ZCARD', K.lane .. lane) > 50 then return end
  local sum, says = 0, tonumber(call('HGET', K.lanes, lane) or 0)
  for _, member in ipairs(call('ZRANGE', K.lane .. lane, 0, -1)) do sum = sum + spans.sizeOf(member) end
  if sum == says then return end
  auditing.found('C1', 'lane ', show(lane), ' says ', whole(says), ', there are ', whole(sum))
  if isRepair then call('HSET', K.lanes, lane, whole(sum)) end
end

local function checkLane(lane)
  local faced, head, key = slots.facedIn(lane), spans.headOf(lane), call('HGET', K.parkedOn, lane)
  local ready = tonumber(call('ZSCORE', K.ready .. faced.type, lane) or nil)
  if not head and faced[1].named then
    auditing.found('R1', 'lane ', show(lane), ' is kept but empty')
    if isRepair then lanes.afterLeaving(lane, 0) end
  elseif key and ready then
    auditing.found('I1', 'lane ', show(lane), ' is ready and parked')
    if isRepair then lanes.leaveParking(lane, key, faced) end
  elseif key and head then
    checkParked(lane, faced, head, key)
  elseif ready ~= head or key then
    auditing.found('I17', 'lane ', show(lane), ' is ready at ', whole(ready or -1), ', its best task at ', whole(head or -1))
    if isRepair and head then call('ZADD', K.ready .. faced.type, whole(head), lane) end
    if isRepair and not head then lanes.afterLeaving(lane, 0) end
  end
end

for i = names, #ARGV do
  checkCount(ARGV[i])
  checkLane(ARGV[i])
end
return finish({ auditing.findings })
