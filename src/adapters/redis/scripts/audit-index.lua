-- Looks at a page of an index (`which`, of the type or key `name`): each member must stand for a task that belongs
-- there. What belongs nowhere is dropped when mending; a slot that nobody holds is free again then.
-- KEYS  shard
-- ARGV  step mode which name cursor
-- REPLY now, work, findings, cursor ('0' at the end)
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
local INDEX = { delayed = K.delayed, late = K.late .. name, leases = K.leasesOf .. name,
  lost = K.lost, drains = K.drains, slots = K.slots .. name }
local INVARIANTS = { leases = 'I7', lost = 'I7', slots = 'S4', drains = 'S4' }
local key, members, seqs, strays = INDEX[which], {}, {}, {}
local page = call(which == 'slots' and 'SSCAN' or 'ZSCAN', key, cursor, 'COUNT', 300)
for i = 1, #page[2], which == 'slots' and 1 or 2 do
  members[#members + 1] = page[2][i]
  seqs[#seqs + 1] = seqOf(page[2][i])
end
for i, id in ipairs(records.fetchNumbers(seqs)) do
  if not auditing.belongs(which, tasks[id], members[i]) then
    strays[#strays + 1] = members[i]
    auditing.found(INVARIANTS[which] or 'I1', 'number ', whole(seqs[i]), ' is in ', which, ' ', (name:gsub('%c.*', ' ...')),
      ' and does not belong there')
  end
end
if isRepair and #strays > 0 then
  call(which == 'slots' and 'SREM' or 'ZREM', key, unpack(strays))
  if which == 'slots' then lanes.wake(name) end
end
return finish({ auditing.findings, page[1] })
