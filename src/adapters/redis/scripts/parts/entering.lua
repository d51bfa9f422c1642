-- How a ready task gets into its lane, and out of it again. What enters during a step is collected, so that each lane
-- is written once.
local entering = {}

function lanes.entryOf(lane)
  local of = entering[lane]
  if not of then
    local type = slots.facedIn(lane).type
    of = { spans = spans.new(), n = 0, head = 2 ^ 60, chunks = {}, type = type, tally = changes.tallyOf(type) }
    entering[lane] = of
  end
  return of
end

-- `n` tasks of one priority whose numbers follow each other.
function lanes.enterFrom(lane, first, n, priority)
  local of, place = lanes.entryOf(lane), spans.placeAt(first, priority)
  spans.add(of.spans, first, place, n)
  of.n = of.n + n
  if place < of.head then of.head = place end
  of.tally.ready = of.tally.ready + n
  return of
end

-- The same for new ones.
function lanes.enterRun(lane, first, n, priority)
  local of = lanes.enterFrom(lane, first, n, priority)
  for chunk = math.floor(first / C.chunk), math.floor((first + n - 1) / C.chunk) do of.chunks[chunk] = true end
end

-- Tasks that were due when they came wait in the order of their numbers; the others need an order of their own.
function lanes.enterRecord(r)
  local seq = r[R.seq]
  local of = lanes.enterFrom(slots.laneOf(r), seq, 1, r[R.priority])
  if r[R.dueAt] == r[R.createdAt] then
    arrays.setState(seq, X.fresh)
    of.chunks[math.floor(seq / C.chunk)] = true
  else
    call('ZADD', K.late .. of.type, whole(r[R.dueAt]), bytesOf(seq))
  end
end

function lanes.nameLane(lane, faced)
  for _, limit in ipairs(faced) do
    if limit.named then
      call('SADD', K.keyLanes .. limit.key, lane)
      call('SADD', K.keys, limit.key)
    end
  end
end

-- Rule 3: a lane that gets a better head while its key has room again leaves the parking at once.
function lanes.writeLanes()
  for lane, of in pairs(entering) do
    local faced = slots.facedIn(lane)
    spans.write(lane, of.spans)
    if call('HINCRBY', K.lanes, lane, of.n) == of.n then lanes.nameLane(lane, faced) end
    for chunk in pairs(of.chunks) do call('ZADD', K.chunks .. 'f' .. faced.type, chunk, chunk) end
    local key = call('HGET', K.parkedOn, lane)
    if key then
      local max = lanes.parkedMax(faced, key)
      local group = K.parkedLanes .. key .. '\n' .. lanes.groupOf(faced.type, max)
      call('ZADD', group, 'LT', whole(of.head), lane)
      if slots.hasRoom({ key = key, max = max }) then lanes.unpark(lane, key, tonumber(call('ZSCORE', group, lane))) end
    else
      call('ZADD', K.ready .. faced.type, 'LT', whole(of.head), lane)
      fronts[faced.type] = nil
    end
    haveWork(faced.type, of.n)
  end
  entering = {}
end

function lanes.clearDeadline(r)
  if r[R.queueTimeoutMs] > 0 then arrays.setDeadline(r[R.seq], 0) end
end

-- Notes that a pending task leaves wherever it waits; `left` is for `afterAllLeaving`.
function lanes.leaveWaiting(r, left)
  lanes.clearDeadline(r)
  left[#left + 1] = r
end

-- Takes ready tasks out of their lanes.
function lanes.leaveLanes(list)
  local ready, late, gone = {}, {}, {}
  for i = 1, #list do
    local r, type = list[i], list[i][R.type]
    local of, tally = slots.listIn(ready, slots.laneOf(r)), changes.tallyOf(type)
    of[#of + 1] = spans.placeOf(r)
    tally.ready = tally.ready - 1
    if r[R.dueAt] ~= r[R.createdAt] then
      local ofType = slots.listIn(late, type)
      ofType[#ofType + 1] = bytesOf(r[R.seq])
    end
  end
  for type, some in pairs(late) do call('ZREM', K.late .. type, unpack(some)) end
  for lane, places in pairs(ready) do gone[lane] = spans.remove(lane, places) end
  for lane, n in pairs(gone) do lanes.afterLeaving(lane, n) end
end

function lanes.afterAllLeaving(left)
  if #left == 0 then return end
  local members, delayed, ready = {}, {}, {}
  for i = 1, #left do members[i] = bytesOf(left[i][R.seq]) end
  local dueAts = call('ZMSCORE', K.delayed, unpack(members))
  for i = 1, #left do
    if dueAts[i] then
      delayed[#delayed + 1] = members[i]
    else
      ready[#ready + 1] = left[i]
    end
  end
  if #delayed > 0 then call('ZREM', K.delayed, unpack(delayed)) end
  lanes.leaveLanes(ready)
end

-- Makes a pending task wait, from now or from later on; its record must be touched already.
function lanes.waitFrom(r, due)
  r[R.dueAt] = due
  if r[R.queueTimeoutMs] > 0 then
    arrays.setDeadline(r[R.seq], due + r[R.queueTimeoutMs])
    dueAt(due + r[R.queueTimeoutMs])
  end
  if due > now then
    call('ZADD', K.delayed, whole(due), bytesOf(r[R.seq]))
    dueAt(due)
  else
    lanes.enterRecord(r)
  end
end
