-- Looks at a page of what waits in a lane: each place must stand for a ready task of it, once. What belongs nowhere is dropped
-- when mending.
-- KEYS  shard
-- ARGV  step mode name cursor
-- REPLY now, work, findings, cursor ('' at the end)
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
local places, seqs, strays = auditing.placesBehind(name, cursor == '' and '-inf' or cursor)
for i, id in ipairs(records.fetchNumbers(seqs)) do
  local r = tasks[id]
  if not r or r[R.status] ~= S.pending or slots.laneOf(r) ~= name or spans.placeOf(r) ~= places[i] then
    strays[#strays + 1] = places[i]
  end
end
for _, place in ipairs(strays) do
  auditing.found('I1', 'place ', whole(place), ' is taken in lane ', (name:gsub('%c.*', ' ...')), ' by what does not belong there')
end
if isRepair and #strays > 0 then lanes.afterLeaving(name, spans.remove(name, strays)) end
return finish({ auditing.findings, #places < 300 and '' or whole(places[#places]) })
