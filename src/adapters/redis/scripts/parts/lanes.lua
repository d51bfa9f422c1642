-- Lanes: where ready tasks wait, and the rules by which a full key parks a lane and a freed slot wakes one (the numbers
-- are those of ARCHITECTURE.md). Each type has its unparked lanes by best score; each full key its parked ones in groups
-- of one type and one maximum.
--@include spans
local lanes = {}
local fronts = {}

function lanes.groupOf(type, max) return type .. '\n' .. whole(max) end

function lanes.parkedMax(faced, key)
  for _, limit in ipairs(faced) do
    if limit.key == key then return limit.max end
  end
  return C.noMax
end

function lanes.leaveParking(lane, key, faced)
  local group = lanes.groupOf(faced.type, lanes.parkedMax(faced, key))
  local others = K.parkedLanes .. key .. '\n' .. group
  call('ZREM', others, lane)
  if call('EXISTS', others) == 0 then call('ZREM', K.parkedGroups .. key, group) end
  call('HDEL', K.parkedOn, lane)
end

function lanes.unpark(lane, key, head)
  local faced = slots.facedIn(lane)
  lanes.leaveParking(lane, key, faced)
  call('ZADD', K.ready .. faced.type, whole(head), lane)
  fronts[faced.type] = nil
  haveWork(faced.type, 1)
end

-- Rule 1: for each type, wakes the best lane parked on the key whose own maximum is above the live count.
function lanes.wake(key)
  if call('EXISTS', K.parkedGroups .. key) == 0 then return end
  local live, operator = slots.liveSlots(key), slots.operatorLimit(key)
  if operator and live >= operator then return end
  local groups = call('ZRANGEBYSCORE', K.parkedGroups .. key, operator and '-inf' or '(' .. whole(live), '+inf')
  local best = {}
  for _, group in ipairs(groups) do
    local type = group:match('^(.*)\n')
    local first = call('ZRANGE', K.parkedLanes .. key .. '\n' .. group, 0, 0, 'WITHSCORES')
    local head = tonumber(first[2])
    if head and (not best[type] or head < best[type].head) then best[type] = { lane = first[1], head = head } end
  end
  for _, one in pairs(best) do lanes.unpark(one.lane, key, one.head) end
end

function lanes.wakeFaced(faced, except)
  for _, limit in ipairs(faced) do
    if limit.key ~= except then lanes.wake(limit.key) end
  end
end

-- Its other keys hand the wake on (rule 2).
function lanes.park(lane, head, key)
  local faced = slots.facedIn(lane)
  local max = lanes.parkedMax(faced, key)
  local group = lanes.groupOf(faced.type, max)
  call('ZREM', K.ready .. faced.type, lane)
  call('ZADD', K.parkedLanes .. key .. '\n' .. group, whole(head), lane)
  call('ZADD', K.parkedGroups .. key, max, group)
  call('HSET', K.parkedOn, lane, key)
  fronts[faced.type] = nil
  lanes.wakeFaced(faced, key)
end

function lanes.forgetLane(lane, faced)
  call('HDEL', K.lanes, lane)
  for _, limit in ipairs(faced) do
    if limit.named then
      call('SREM', K.keyLanes .. limit.key, lane)
      slots.forgetKeyIfUnused(limit.key)
    end
  end
end

-- After `n` tasks have left a lane: its head, its end when empty, and rule 2: a lane that takes a task, loses its head or
-- runs empty hands the wake on for each of its keys.
function lanes.afterLeaving(lane, n)
  local faced = slots.facedIn(lane)
  local head = spans.headOf(lane)
  local key = call('HGET', K.parkedOn, lane)
  if head then call('HINCRBY', K.lanes, lane, -n) end
  if not head then
    if key then lanes.leaveParking(lane, key, faced) else call('ZREM', K.ready .. faced.type, lane) end
    lanes.forgetLane(lane, faced)
  elseif key then
    call('ZADD', K.parkedLanes .. key .. '\n' .. lanes.groupOf(faced.type, lanes.parkedMax(faced, key)), whole(head), lane)
  else
    call('ZADD', K.ready .. faced.type, whole(head), lane)
  end
  fronts[faced.type] = nil
  if not key then lanes.wakeFaced(faced, nil) end
end
