-- Writes what the step collected, and tells those who wait. Last thing of a script that changes something.
local ending = {}

function ending.writeTally(key, tally)
  for field, by in pairs(tally) do
    if by ~= 0 and call('HINCRBY', key, field, by) == 0 then call('HDEL', key, field) end
  end
end

function ending.writeCounts()
  for type, tally in pairs(tallies) do
    local fields = {}
    for status = 0, 5 do fields[status .. type] = tally[status] end
    fields['r' .. type] = tally.ready
    ending.writeTally(K.counts, fields)
  end
  for name, tally in pairs(facetTallies) do ending.writeTally(K.facetCounts .. name, tally) end
  if next(minute) then
    local key, isNew = K.minute .. whole(math.floor(now / 60000)), false
    for field, by in pairs(minute) do isNew = call('HINCRBY', key, field, by) == by or isNew end
    if isNew and call('HSETNX', key, 'at', whole(now - now % 60000)) == 1 then
      -- By the server's clock; readers look at the number in the name.
      call('EXPIRE', key, 7200)
    end
  end
  tallies, facetTallies, minute = {}, {}, {}
end

function ending.writeEvents()
  if #ended > 0 then call('RPUSH', K.ended, bytesOf(now) .. table.concat(ended)) end
  changes.closeGroup()
  if #events > 0 then
    call('XADD', K.outbox, '*', 'e', bytesOf(now) .. table.concat(events))
    if outboxHeard == 1 then
      outboxHeard = 0
      call('PUBLISH', K.everybody, 'o')
    end
  end
  ended, events = {}, {}
end

function ending.flush()
  records.writeRecords()
  arrays.writeDeadlines(arrays.writeStates(tallies))
  ending.writeCounts()
  ending.writeEvents()
end

-- As many idle nodes as there are tasks, not all: the others would come for nothing.
function ending.wakeNodes(type, n)
  local idle = K.idle .. type
  if origin ~= '' and call('SREM', idle, origin) == 1 then n = n - 1 end
  while n > 0 do
    local node = call('SPOP', idle)
    if not node then return end
    -- A node that is gone hears nothing: the next one is asked.
    if call('PUBLISH', K.node .. node, 'w' .. type) > 0 then n = n - 1 end
  end
end

function ending.tellOthers()
  local types = {}
  for type, n in pairs(work) do
    types[#types + 1] = type
    ending.wakeNodes(type, n)
  end
  for node, refs in pairs(cancels) do call('PUBLISH', K.node .. node, 'c' .. table.concat(refs)) end
  if timerAt < announced then
    announced = timerAt
    call('PUBLISH', K.everybody, 't' .. whole(math.max(0, timerAt - now)))
  end
  return table.concat(types, '\n')
end

-- The reply of every step begins with its time and the types that have work for this node's own listeners.
local function finish(reply)
  ending.flush()
  local types = ending.tellOthers()
  call('SET', K.state,
    struct.pack(F.state, seqNo, token, now, now, purged, announced, outboxHeard, typeCount, C.layout))
  table.insert(reply, 1, types)
  table.insert(reply, 1, now)
  return reply
end
