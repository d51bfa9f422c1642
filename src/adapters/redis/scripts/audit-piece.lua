-- Looks at the tasks of a part of a piece: whether each is where its status says, exactly once. `codes` says which: all, or
-- those that live (waiting and running).
-- KEYS  shard
-- ARGV  step mode codes chunk part parts
-- REPLY now, work, findings (invariant, newline, detail)
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
chunk = tonumber(chunk)
local STATUS_OF = { [X.fresh] = S.pending, [X.waiting] = S.pending, [X.processing] = S.processing, [X.success] = S.success,
  [X.failed] = S.failed, [X.canceled] = S.canceled, [X.timeout] = S.timeout }
local live = '[' .. X.fresh .. X.waiting .. X.processing .. ']'
local seqs, codesAt = auditing.numbersIn(chunk, codes == 'live' and live or '[^%z]')
local isEmpty = #seqs == 0
seqs, codesAt = auditing.partOf(seqs, codesAt, tonumber(part), tonumber(parts))
local ids, deadlines, freeing = records.fetchNumbers(seqs), auditing.deadlinesOf(chunk), slots.newFreeing()
local list, codeOf = {}, {}
for i = 1, #seqs do
  local r = tasks[ids[i]]
  if not r or r[R.seq] ~= seqs[i] then
    auditing.found('I1', 'number ', whole(seqs[i]), ' is listed but no task has it')
    if isRepair then arrays.setState(seqs[i], '\0') end
  elseif STATUS_OF[codesAt[i]] ~= r[R.status] then
    auditing.found('I1', 'task ', auditing.idText(r[R.id]), ' is listed under another status')
    if isRepair and r[R.status] == S.processing then arrays.setState(seqs[i], X.processing) end
  elseif r[R.status] <= S.processing then
    list[#list + 1], codeOf[r] = r, codesAt[i]
  end
end
local scores = auditing.scoresFor(list)
for _, r in ipairs(list) do
  if r[R.status] == S.pending then
    auditing.checkPending(r, codeOf[r], scores, deadlines[r[R.seq]])
  else
    auditing.checkRunning(r, codeOf[r], scores, freeing)
  end
end
if isEmpty and codes == 'all' and part == '0' then auditing.found('R1', 'piece ', whole(chunk), ' is listed but empty') end
slots.freeCollected(freeing)
lanes.writeLanes()
for key in pairs(freeing.keys) do lanes.wake(key) end
return finish({ auditing.findings })
