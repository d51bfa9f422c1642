-- Why a pending task does not run, as one letter; remembered per lane for the length of one step.
local reasons = {}
local reasonOfLane, isHandled = {}, {}

-- Some live node that does not drain can run the type.
function reasons.handled(type)
  local known = isHandled[type]
  if known == nil then
    known = false
    local nodes = call('SMEMBERS', K.handlers .. type)
    for i = 1, #nodes, 500 do
      local heard = call('ZMSCORE', K.heard, unpack(nodes, i, math.min(i + 499, #nodes)))
      for _, at in ipairs(heard) do
        if at and at + leaseMs > now then known = true end
      end
    end
    isHandled[type] = known
  end
  return known
end

function reasons.reasonOfReady(lane)
  local faced = slots.facedIn(lane)
  for _, limit in ipairs(faced) do
    if slots.operatorLimit(limit.key) == 0 then return 'p' end
  end
  if not reasons.handled(faced.type) then return 'n' end
  for _, limit in ipairs(faced) do
    if not slots.hasRoom(limit) then return 'c' end
  end
  return 'r'
end

function reasons.reasonFor(lane)
  local known = reasonOfLane[lane]
  if not known then
    known = reasons.reasonOfReady(lane)
    reasonOfLane[lane] = known
  end
  return known
end

function reasons.reasonAt(lane, due, retry)
  if due > now then return retry > 0 and 'b' or 's' end
  return reasons.reasonFor(lane)
end

function reasons.reasonOf(r)
  if r[R.status] ~= S.pending then return '-' end
  return reasons.reasonAt(slots.laneOf(r), r[R.dueAt], r[R.retry])
end
