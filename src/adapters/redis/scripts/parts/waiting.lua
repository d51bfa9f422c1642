-- What time does to tasks: waits end, tasks become due, leases run out. Each a page at a time.
local waiting = {}

-- A piece of the deadlines: what is over by now, and the earliest of the rest.
function waiting.readDeadlines(chunk, into)
  local bytes = call('GET', K.deadlineChunk .. whole(chunk))
  local earliest = nil
  if not bytes then return nil end
  local of25 = '>' .. string.rep('I6', 25)
  for at = 1, #bytes, 150 do
    local last = math.min(25, (#bytes - at + 1) / 6)
    local times = { struct.unpack(last == 25 and of25 or '>' .. string.rep('I6', last), bytes, at) }
    for i = 1, last do
      local time = times[i]
      if time > 0 then
        if into and time <= now then
          into[#into + 1] = { at = time, seq = chunk * C.chunk + (at - 1) / 6 + i - 1, chunk = chunk }
        elseif not earliest or time < earliest then
          earliest = time
        end
      end
    end
  end
  return earliest
end

function waiting.setEarliest(chunk, earliest)
  if earliest then call('ZADD', K.deadlines, whole(earliest), chunk) else call('ZREM', K.deadlines, chunk) end
end

function waiting.inSeconds(ms)
  if ms % 1000 == 0 then return whole(ms / 1000) end
  return (string.format('%.3f', ms / 1000):gsub('0+$', ''))
end

-- Whether more waits are over than one call ends.
local moreWaitsOver = false

local function isEarlier(a, b)
  if a.at ~= b.at then return a.at < b.at end
  return a.seq < b.seq
end

-- Mostly they are in order already: tasks of one timeout, piece after piece.
function waiting.sortWaits(over)
  for i = 2, #over do
    if isEarlier(over[i], over[i - 1]) then return table.sort(over, isEarlier) end
  end
end

function waiting.endWait(r, left)
  records.touch(r)
  lanes.leaveWaiting(r, left)
  changes.endTask(r, S.timeout, 'Waited longer than its queue_timeout of ' .. waiting.inSeconds(r[R.queueTimeoutMs]) .. ' s',
    'queue_timeout')
end

-- Ends waits that are over, at most `limit`, earliest deadline first. Returns how many.
function waiting.expireWaits(limit)
  -- A directory entry is never later than the earliest deadline of its piece, but may be earlier: tasks have left.
  local pieces = call('ZRANGEBYSCORE', K.deadlines, '-inf', nowText, 'LIMIT', 0, 20)
  if #pieces == 0 then return 0 end
  local over, earliest = {}, {}
  for i, chunk in ipairs(pieces) do
    pieces[i] = tonumber(chunk)
    earliest[pieces[i]] = waiting.readDeadlines(pieces[i], over) or false
    if #over >= 2 * limit then break end
  end
  waiting.sortWaits(over)
  for i = limit + 1, #over do
    local one = over[i]
    if not earliest[one.chunk] or one.at < earliest[one.chunk] then earliest[one.chunk] = one.at end
  end
  for chunk, at in pairs(earliest) do waiting.setEarliest(chunk, at) end
  moreWaitsOver = #over >= limit or #pieces == 20
  local seqs, left, n = {}, {}, math.min(limit, #over)
  for i = 1, n do seqs[i] = over[i].seq end
  local ids = records.fetchNumbers(seqs)
  for i = 1, n do
    local r = tasks[ids[i]]
    if r and r[R.status] == S.pending then
      waiting.endWait(r, left)
    else
      arrays.setDeadline(seqs[i], 0)
    end
  end
  lanes.afterAllLeaving(left)
  return n
end

-- Of tasks somebody asks for by id none may be shown as waiting when its wait is over, however many others are before it.
function waiting.expireNamed(ids)
  if not moreWaitsOver then return end
  local left = {}
  for i = 1, #ids do
    local r = tasks[ids[i]]
    if r and r[R.status] == S.pending and r[R.queueTimeoutMs] > 0 and r[R.dueAt] + r[R.queueTimeoutMs] <= now then
      waiting.endWait(r, left)
    end
  end
  lanes.afterAllLeaving(left)
end

-- Puts due tasks into their lanes, at most `limit`. Returns how many.
function waiting.promoteDue(limit)
  local due = call('ZRANGEBYSCORE', K.delayed, '-inf', nowText, 'LIMIT', 0, limit)
  if #due == 0 then return 0 end
  call('ZREM', K.delayed, unpack(due))
  local seqs = {}
  for i = 1, #due do seqs[i] = seqOf(due[i]) end
  for _, id in ipairs(records.fetchNumbers(seqs)) do
    local r = tasks[id]
    if r and r[R.status] == S.pending then lanes.enterRecord(r) end
  end
  lanes.writeLanes()
  return #due
end

-- Frees slots of drains that have left the list of drains.
function waiting.freeDrained(members, freeing)
  if #members == 0 then return end
  local seqs = {}
  call('HDEL', K.drainWorkers, unpack(members))
  for i = 1, #members do seqs[i] = seqOf(members[i]) end
  for i, id in ipairs(records.fetchNumbers(seqs)) do
    local r = tasks[id]
    if r then slots.free(freeing, slots.laneOf(r), seqs[i], (struct.unpack('>I7', members[i], 7)), 'drain') end
  end
end

-- Leases of a type that are over, moved to those that wait to be settled.
function waiting.endLeasesOf(type, freeing)
  local key = K.leasesOf .. type
  local over = call('ZRANGEBYSCORE', key, '-inf', nowText, 'WITHSCORES', 'LIMIT', 0, C.page)
  local seqs, members, lost = {}, {}, {}
  for i = 1, #over, 2 do
    seqs[#seqs + 1] = seqOf(over[i])
    members[#members + 1] = over[i]
    lost[#lost + 1] = over[i + 1]
    lost[#lost + 1] = over[i]
  end
  if #members > 0 then
    call('ZREM', key, unpack(members))
    call('ZADD', K.lost, unpack(lost))
    for _, id in ipairs(records.fetchNumbers(seqs)) do
      local r = tasks[id]
      if r then slots.free(freeing, slots.laneOf(r), r[R.seq], r[R.token], 'lost') end
    end
  end
  local first = call('ZRANGE', key, 0, 0, 'WITHSCORES')[2]
  if first then call('ZADD', K.leases, first, type) else call('ZREM', K.leases, type) end
  return #members
end

-- Whether more leases are over than one page ends.
local isPageFull = false

-- What was last announced is never later than anything that time does: each step that brings something earlier says so.
function waiting.isSomethingDue() return now >= announced end

-- Leases that are over lose their slots at once, so that a claim can use them before a sweeper has settled the task.
function waiting.endLeases()
  if not waiting.isSomethingDue() then return end
  local types = call('ZRANGEBYSCORE', K.leases, '-inf', nowText, 'LIMIT', 0, 50)
  local drained = call('ZRANGEBYSCORE', K.drains, '-inf', nowText, 'LIMIT', 0, C.page)
  if #types == 0 and #drained == 0 then return end
  local freeing, n = slots.newFreeing(), 0
  for _, type in ipairs(types) do
    if n < C.page then n = n + waiting.endLeasesOf(type, freeing) end
  end
  isPageFull = n >= C.page or #types == 50
  if #drained > 0 then
    call('ZREM', K.drains, unpack(drained))
    waiting.freeDrained(drained, freeing)
  end
  slots.freeCollected(freeing)
  for key in pairs(freeing.keys) do lanes.wake(key) end
end

-- Whether more tasks are due than one call makes ready.
local moreIsDue = false

-- What calls begin with that show or take pending tasks.
function waiting.settleTime()
  if not waiting.isSomethingDue() then return end
  waiting.endLeases()
  waiting.expireWaits(C.page)
  moreIsDue = waiting.promoteDue(C.page) == C.page
end
