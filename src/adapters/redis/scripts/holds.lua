-- What is held: a page of the keys.
-- KEYS  shard
-- ARGV  step cursor limit
-- REPLY now, work, (key, owner, fence and end as doubles) ..., cursor ('0' at the end)
-- FLAGS allow-oom
--@include step
--@include arrays
--@include states
--@include records
--@include values
--@include changes
--@include finish
--@include holds
local page, out = call('ZSCAN', K.holds, cursor, 'COUNT', limit), {}
for i = 1, #page[2], 2 do
  local key, list = page[2][i], {}
  for owner, hold in pairs(holds.liveHolds(key).of) do list[#list + 1] = { owner = owner, hold = hold } end
  table.sort(list, function(a, b) return a.hold.fence < b.hold.fence end)
  for _, one in ipairs(list) do
    local n = #out
    out[n + 1], out[n + 2], out[n + 3] = key, one.owner, one.hold.bytes
  end
end
return finish({ out, page[1] })
