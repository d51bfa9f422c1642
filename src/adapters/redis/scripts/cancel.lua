-- Cancels pending tasks and asks for the cancel of running ones. Asked again with the same request id it answers again.
-- A wish is an id and a reason, empty for none.
-- KEYS  shard
-- ARGV  step request wishes...
-- REPLY now, work, one letter each (c canceled, q requested, a already canceled, f already finished, - not found), views
--       of those found
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
local list, why = {}, {}
for i = wishes, #ARGV, 2 do
  list[#list + 1], why[#why + 1] = ARGV[i], ARGV[i + 1]
end
records.fetch(list)
waiting.expireNamed(list)
local left = {}

-- The reason of the first request waits for the end of the attempt: see settling.lua.
local function ask(r, reason)
  if records.hasFlag(r, B.cancelRequested) then return end
  records.touch(r)
  records.setFlag(r, B.cancelRequested)
  if reason ~= '' then call('SET', K.cancelReason .. r[R.id], reason) end
  r[R.version] = r[R.version] + 1
  r[R.updatedAt] = now
  changes.tell(r, 'status')
  local refs = cancels[r[R.worker]] or {}
  cancels[r[R.worker]] = refs
  refs[#refs + 1] = struct.pack('>c16dHc0', r[R.id], r[R.token], #reason, reason)
end

local function cancelOne(r, reason)
  local status = r[R.status]
  if status == S.pending then
    records.touch(r)
    lanes.leaveWaiting(r, left)
    changes.endTask(r, S.canceled, 'Canceled before it started' .. (reason == '' and '' or ': ' .. reason), 'canceled')
    return 'c'
  elseif status == S.processing then
    ask(r, reason)
    return 'q'
  end
  return status == S.canceled and 'a' or 'f'
end

local done = call('GET', K.request .. request)
local letters, found = {}, {}
for i, id in ipairs(list) do
  local r = tasks[id]
  letters[i] = r and (done and done:sub(i, i) or cancelOne(r, why[i])) or '-'
  if r then found[#found + 1] = r end
end
lanes.afterAllLeaving(left)
local answer = table.concat(letters)
if not done then call('SET', K.request .. request, answer, 'PX', 60000) end
ending.flush()
return finish({ answer, views.of(found) })
