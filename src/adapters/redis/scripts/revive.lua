-- Puts failed, canceled and timed out tasks back to pending. Asked again with the same request id it answers again.
-- KEYS  shard
-- ARGV  step request ids...
-- REPLY now, work, one letter each (v revived, n not retryable, - not found), views of those found
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
waiting.settleTime()
local list = {}
for i = ids, #ARGV do list[#list + 1] = ARGV[i] end
records.fetch(list)
waiting.expireNamed(list)

local function reviveOne(r)
  local status = r[R.status]
  if status == S.pending or status == S.processing or status == S.success then return 'n' end
  records.touch(r)
  records.setProgress(r, '')
  records.setResult(r, '')
  records.setError(r, '', '')
  r[R.retry], r[R.recoveries], r[R.completedAt] = 0, 0, 0
  changes.moveTo(r, S.pending)
  lanes.waitFrom(r, now)
  changes.tell(r, 'status')
  return 'v'
end

local done = call('GET', K.request .. request)
local letters, found = {}, {}
for i, id in ipairs(list) do
  local r = tasks[id]
  letters[i] = r and (done and done:sub(i, i) or reviveOne(r)) or '-'
  if r then found[#found + 1] = r end
end
lanes.writeLanes()
local answer = table.concat(letters)
if not done then call('SET', K.request .. request, answer, 'PX', 60000) end
ending.flush()
return finish({ answer, views.of(found) })
