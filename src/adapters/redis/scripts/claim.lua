-- Takes the best admitted ready tasks of the named types under leases. Its cost does not depend on how many tasks wait
-- behind a full key: they are one parked lane.
-- KEYS  shard
-- ARGV  step request node count types...
-- REPLY now, work, ends of leases if this claim was made before (doubles), views, how many it took,
--       whether there may be more although it took less than it was asked for (1, 0); if it was made now, the tokens: of each
--       batch the first (7 bytes) and how many follow each other (2). A view of a first attempt is from before it.
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
--@include taking
waiting.settleTime()
count = tonumber(count)
local names, seen = {}, {}
for i = types, #ARGV do
  if not seen[ARGV[i]] then names[#names + 1] = ARGV[i] end
  seen[ARGV[i]] = true
end

local batches = { n = 0 }
local before = call('GET', K.request .. request)
if before then
  local held, ends, taken, isMore = taking.stillHeld(before)
  ending.flush()
  return finish({ ends, views.of(held), taken, isMore, '' })
end

if call('SISMEMBER', K.drainedNodes, node) == 1 then
  taking.noteIdle(names, node, false)
  ending.flush()
  return finish({ '', views.claimed(batches), 0, 0, '' })
end

-- Each lane has its price, whether tasks are taken of it or it is only found full: what is left is for the next call.
local looked, isCut = 0, moreIsDue
while batches.n < count do
  if looked == C.claimLanes then
    isCut = true
    break
  end
  looked = looked + 1
  local lane, head, bound = taking.bestLane(names)
  if not lane then break end
  local room, full = taking.roomOf(slots.facedIn(lane))
  if full then
    lanes.park(lane, head, full)
  else
    local wanted = math.min(room, count - batches.n)
    -- With lanes parked on one of its keys, each task taken may have to let one of those go first.
    if wanted > 1 and taking.othersParked(slots.facedIn(lane)) then wanted = 1 end
    if taking.takeHeads(lane, wanted, bound, node, batches) then
      isCut = true
      break
    end
  end
end
isCut = isCut and batches.n < count
taking.rememberClaim(request, batches, isCut)
local isShort = batches.n < count and not isCut
taking.noteIdle(names, node, isShort)
-- Whatever was woken for this node has been looked at already.
if isShort then
  for i = 1, #names do work[names[i]] = nil end
end
ending.flush()
return finish({ '', views.claimed(batches), batches.n, isCut and 1 or 0, taking.tokensOf(batches) })
