-- Counts the tasks of some pieces by type and status, and says what the counters say. `mark` changes with every event:
-- counters and recount can be compared when it is the same before the first piece and after the last.
-- KEYS  shard
-- ARGV  step chunks...
-- REPLY now, work, mark, counters, recounted (field, number) ...
-- FLAGS allow-oom
--@include step
--@include arrays
--@include states
--@include records
--@include values
--@include changes
--@include finish
local nameOf, sums, out = {}, {}, {}
local known = call('HGETALL', K.types)
for i = 1, #known, 2 do nameOf[known[i + 1]] = known[i] end
local STATUS_OF = { [X.fresh] = S.pending, [X.waiting] = S.pending, [X.processing] = S.processing, [X.success] = S.success,
  [X.failed] = S.failed, [X.canceled] = S.canceled, [X.timeout] = S.timeout }
for i = chunks, #ARGV do
  local types = call('GET', K.typesOf .. ARGV[i]) or ''
  for at, code in (call('GET', K.states .. ARGV[i]) or ''):gmatch('()([^%z])') do
    local type = nameOf[types:sub((at - 1) * C.typeBytes + 1, at * C.typeBytes)] or ''
    bump(sums, STATUS_OF[code] .. type, 1)
  end
end
for field, n in pairs(sums) do
  out[#out + 1] = field
  out[#out + 1] = n
end
local events = call('EXISTS', K.outbox) == 1 and call('XINFO', 'STREAM', K.outbox)[8] or ''
if #ARGV < chunks then
  out = {}
end
return finish({ whole(seqNo) .. ' ' .. whole(purged) .. ' ' .. events, call('HGETALL', K.counts), out })
