-- Running tasks whose lease is over, earliest first.
-- KEYS  shard
-- ARGV  step limit
-- REPLY now, work, ends of leases (doubles), when their nodes were last heard of (doubles, -1 never), views
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
waiting.endLeases()
local lost = call('ZRANGE', K.lost, 0, tonumber(limit) - 1, 'WITHSCORES')
local seqs, ends, found, heard = {}, {}, {}, {}
for i = 1, #lost, 2 do seqs[#seqs + 1] = seqOf(lost[i]) end
for i, id in ipairs(records.fetchNumbers(seqs)) do
  if tasks[id] then
    ends[#ends + 1] = struct.pack('>d', tonumber(lost[2 * i]))
    found[#found + 1] = tasks[id]
    heard[#heard + 1] = struct.pack('>d', tonumber(call('ZSCORE', K.heard, tasks[id][R.worker]) or -1))
  end
end
return finish({ table.concat(ends), table.concat(heard), views.of(found) })
