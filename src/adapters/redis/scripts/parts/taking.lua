-- How a claim chooses lanes and takes their heads.
local taking = {}

function taking.frontOf(type)
  local front = fronts[type]
  if not front then
    local two = call('ZRANGE', K.ready .. type, 0, 1, 'WITHSCORES')
    front = { lane = two[1], head = tonumber(two[2] or nil), second = tonumber(two[4] or nil) }
    fronts[type] = front
  end
  return front
end

-- The best unparked lane, its head, and the score up to which no other lane is better.
function taking.bestLane(names)
  local best, bound = nil, 2 ^ 60
  for i = 1, #names do
    local front = taking.frontOf(names[i])
    if front.lane then
      if not best or front.head < best.head then
        if best and best.head < bound then bound = best.head end
        best = front
      elseif front.head < bound then
        bound = front.head
      end
    end
  end
  if not best then return nil end
  if best.second and best.second < bound then bound = best.second end
  return best.lane, best.head, bound
end

-- How many more tasks may run now, or the key that is full.
function taking.roomOf(faced)
  local room = 2 ^ 53
  for _, limit in ipairs(faced) do
    local max = slots.maximumOf(limit)
    if max ~= C.noMax then
      local free = max - slots.liveSlots(limit.key)
      if free <= 0 then return 0, limit.key end
      if free < room then room = free end
    end
  end
  return room, nil
end

function taking.othersParked(faced)
  for _, limit in ipairs(faced) do
    if call('EXISTS', K.parkedGroups .. limit.key) == 1 then return true end
  end
  return false
end

-- Tokens only ever grow, also over a restored or failed-over store: they are never below what the clock says.
function taking.firstToken() return math.max(token + 1, (now - 1600000000000) * 1024) end

-- What a claim does with the usual task, one that nothing has happened to: its record is only looked at. This loop and that
-- of succeeding.lua decide how many tasks a store can run in a second: no call of ours, no table per task, as few calls at all
-- as can be.
function taking.takeEach(batch, lane, type, node)
  local raws, members, seqs = batch.raws, batch.members, batch.seqs
  local unpackAs, cut = struct.unpack, string.sub
  local timed, late, leases, others = {}, {}, {}, nil
  local made = { told = {}, unusual = {}, facetsOf = {} }
  local facetsOf, lastTimeout, lease, leaseText, shortest = made.facetsOf, nil, leaseMs, nil, leaseMs
  -- Mark and flags; due; number and what its lane says; facets; the rest.
  local laneBytes = 7 + #type + 2 + math.max(0, #lane - #type - 1)
  local format = '>c2c6c' .. laneBytes .. 'I2' .. F.fresh
  local facetsAt, restFormat = C.newFixedAt + laneBytes + 2, '>' .. F.fresh
  local plain, apart = struct.pack('BB', C.newRecord, 0), struct.pack('BB', C.newRecord, B.payloadApart)
  for i = 1, #raws do
    local raw, isLate = raws[i], nil
    local head, due, _, facets, created, _, queueTimeout, processTimeout = unpackAs(format, raw)
    if head == plain or head == apart then
      if facets > 0 then
        created, _, queueTimeout, processTimeout = unpackAs(restFormat, raw, facetsAt + facets)
        local named = cut(raw, facetsAt, facetsAt + facets - 1)
        facetsOf[named] = (facetsOf[named] or 0) + 1
      end
      isLate = due ~= created
    else
      isLate, queueTimeout, processTimeout = taking.rewriteOne(batch, i, batch.token + i - 1, node, made)
    end
    if head ~= plain then
      others = others or {}
      others[i] = head == apart and 'apart' or 'rewritten'
    end
    if isLate then late[#late + 1] = members[i] end
    if queueTimeout > 0 then timed[#timed + 1] = seqs[i] end
    if processTimeout ~= lastTimeout then
      lastTimeout, lease = processTimeout, leaseMs
      if processTimeout > 0 and processTimeout + cancelGraceMs < lease then lease = processTimeout + cancelGraceMs end
      if lease < shortest then shortest = lease end
      leaseText = whole(now + lease)
    end
    leases[2 * i - 1], leases[2 * i] = leaseText, members[i]
  end
  made.timed, made.late, made.leases, made.earliest, made.others = timed, late, leases, now + shortest, others
  return made
end

-- First attempts begin: notes their entries, and tells of them.
function taking.beginFirsts(of, flags, type, node)
  if #of.ids == 0 then return end
  local before, started = struct.pack('BB', 1, flags), bytesOf(now) .. bytesOf(0)
  arrays.inRuns(of.seqs, function(from, to, chunk, offset)
    firsts.write(chunk, offset, before, of.tokens, from, to, started .. firsts.placeOf(chunk, node))
  end)
  local told = struct.pack(F.event, S.processing, flags, 2, 0)
  changes.groupFor(0, type, node, #of.ids)
  events[#events + 1] = table.concat(of.ids, told) .. told
end

-- Takes tasks of one lane: `ids`, `keys`, `raws`, `seqs` and `members` of the lane in their order.
function taking.takeAll(lane, batch, node)
  local faced, n = slots.facedIn(lane), #batch.ids
  local type, tally = faced.type, changes.tallyOf(faced.type)
  batch.token, batch.apart = taking.firstToken(), {}
  token = batch.token + n - 1
  batch.tokens = select(2, arrays.numbersFrom(batch.token, n, 7))
  local made = taking.takeEach(batch, lane, type, node)
  if made.others then taking.beginSome(batch, made.others, type, node) else taking.beginFirsts(batch, 0, type, node) end
  if #made.told > 0 then
    changes.groupFor(0, type, node, #made.told / 2)
    events[#events + 1] = table.concat(made.told)
  end
  batch.hasUnusual = #made.unusual > 0
  for _, one in ipairs(made.unusual) do
    batch.raws[one[1]] = taking.takeUnusual(batch.ids[one[1]], batch.raws[one[1]], one[2], node)
  end
  for facets, times in pairs(made.facetsOf) do changes.countFacets(facets, type, S.pending, S.processing, times) end
  tally[S.pending], tally[S.processing] = tally[S.pending] - n, tally[S.processing] + n
  tally.ready = tally.ready - n
  stateBlocks[#stateBlocks + 1] = { batch.seqs, X.processing }
  if #made.timed > 0 then deadlineBlocks[#deadlineBlocks + 1] = { made.timed, '\0\0\0\0\0\0' } end
  if #made.late > 0 then call('ZREM', K.late .. type, unpack(made.late)) end
  happened('started', n)
  dueAt(made.earliest)
  slots.addLeases(type, made.leases, made.earliest)
  slots.takeSlots(faced, batch.members)
end

function taking.readBatch(seqs)
  local ids, keys = arrays.idsOf(seqs), {}
  for i = 1, #ids do keys[i] = K.task .. ids[i] end
  return { ids = ids, keys = keys, raws = call('MGET', unpack(keys)), members = arrays.membersOf(seqs), seqs = seqs }
end

-- Waits that are over are in the way of a lane until a sweeper has been there. Returns the batch without them, and the places of
-- what is left of it.
function taking.withoutWaitsOver(batch)
  local fresh, places = { ids = {}, keys = {}, raws = {}, members = {}, seqs = {} }, {}
  for i = 1, #batch.raws do
    local r = records.recordOf('', batch.raws[i])
    if not taking.isWaitOver(r) then
      places[#places + 1] = spans.placeOf(r)
      for column, list in pairs(fresh) do list[#list + 1] = batch[column][i] end
    end
  end
  return fresh, places
end

-- Returns whether waits that are over are in the way.
function taking.takeHeads(lane, wanted, bound, node, batches)
  local heads, n = spans.heads(lane, wanted, bound), 0
  if #heads.seqs > 0 then
    local batch, places = taking.readBatch(heads.seqs), nil
    if moreWaitsOver then batch, places = taking.withoutWaitsOver(batch) end
    n = #batch.ids
    if n == 0 then return true end
    if n == #heads.seqs then spans.removeHeads(lane, heads) else spans.remove(lane, places) end
    taking.takeAll(lane, batch, node)
    batches[#batches + 1] = batch
    batches.n = batches.n + n
  end
  lanes.afterLeaving(lane, n)
  return n < #heads.seqs
end

-- A claim that is asked again answers what it took, as far as it is still held. Tokens of a batch follow each other.
-- @param isCut whether there may have been more
function taking.rememberClaim(request, batches, isCut)
  local parts = { isCut and '1' or '0' }
  for _, batch in ipairs(batches) do
    parts[#parts + 1] = struct.pack('>I7I2', batch.token, #batch.ids) .. table.concat(batch.members)
  end
  if #parts > 1 then call('SET', K.request .. request, table.concat(parts), 'PX', whole(math.max(60000, leaseMs))) end
end

-- Tokens of a batch follow each other: the first, and how many.
function taking.tokensOf(batches)
  local parts = {}
  for i, batch in ipairs(batches) do parts[i] = struct.pack('>I7I2', batch.token, #batch.ids) end
  return table.concat(parts)
end

-- A node that got less than it asked for waits for more: it is told when there is some.
function taking.noteIdle(names, node, isIdle)
  for i = 1, #names do
    if isIdle then
      local key = K.idle .. names[i]
      -- Not each time: it would be the only write of a claim that found nothing, once for every type.
      if call('SADD', key, node) == 1 or call('TTL', key) < 1800 then call('EXPIRE', key, 3600) end
    else
      call('SREM', K.idle .. names[i], node)
    end
  end
end

function taking.isWaitOver(r)
  return r[R.queueTimeoutMs] > 0 and r[R.dueAt] + r[R.queueTimeoutMs] <= now
end

-- Takes one task whose record has a tail: its error is told, its progress is forgotten.
function taking.takeUnusual(id, raw, of, node)
  local r = records.recordOf(id, raw)
  tasks[id] = r
  records.touch(r)
  r[R.status], r[R.version], r[R.updatedAt] = S.processing, r[R.version] + 1, now
  r[R.attempt] = r[R.attempt] + 1
  r[R.startedAt], r[R.token], r[R.worker] = now, of, node
  records.setProgress(r, '')
  changes.tell(r, 'status')
  return r
end

-- Changes one record whose task has run before, or has a tail; adds it to `made`, and where it belongs.
function taking.rewriteOne(batch, i, of, node, made)
  local raw = batch.raws[i]
  local _, flags, version, retry, _, _, settled, _, attempt, _, recoveries, due, worker, _, _, _, facets, created, _,
    queueTimeout, processTimeout = struct.unpack(F.waiting, raw)
  if bit.band(flags, C.unusual) == 0 then
    local beginning = struct.pack(F.changing, S.processing, flags, version + 1, retry, of, now, settled, 0, attempt + 1, now,
      recoveries, due, #node, node)
    local new, w, n = beginning .. raw:sub(C.workerAt + 2 + #worker), #written, #made.told
    written[w + 1], written[w + 2] = batch.keys[i], new
    made.told[n + 1], made.told[n + 2] = batch.ids[i], beginning:sub(1, C.tokenAt - 1)
    batch.raws[i] = new
  else
    made.unusual[#made.unusual + 1] = { i, of }
  end
  if facets ~= '' then made.facetsOf[facets] = (made.facetsOf[facets] or 0) + 1 end
  if bit.band(flags, B.payloadApart) ~= 0 then batch.apart[#batch.apart + 1] = i end
  return due ~= created, queueTimeout, processTimeout
end

-- Returns those that are held and the ends of their leases, how many there were, and whether there may have been more.
function taking.stillHeld(before)
  local seqs, tokens, held, ends = {}, {}, {}, {}
  local at = 2
  while at <= #before do
    local of, n = struct.unpack('>I7I2', before, at)
    for i = 1, n do
      seqs[#seqs + 1] = struct.unpack('>I6', before, at + 9 + (i - 1) * 6)
      tokens[#tokens + 1] = of + i - 1
    end
    at = at + 9 + 6 * n
  end
  for i, id in ipairs(records.fetchNumbers(seqs)) do
    local r = tasks[id]
    if r and r[R.status] == S.processing and r[R.token] == tokens[i] then
      local endsAt = tonumber(call('ZSCORE', K.leasesOf .. r[R.type], bytesOf(seqs[i])) or 0)
      if endsAt > now then
        held[#held + 1] = r
        ends[#ends + 1] = struct.pack('>d', endsAt)
      end
    end
  end
  return held, table.concat(ends), #seqs, tonumber(before:sub(1, 1))
end

-- The same where not all are plain: `others` says which are not.
function taking.beginSome(batch, others, type, node)
  local plain, apart = { ids = {}, seqs = {}, tokens = {} }, { ids = {}, seqs = {}, tokens = {} }
  for i = 1, #batch.ids do
    local of = not others[i] and plain or others[i] == 'apart' and apart
    if of then
      local n = #of.ids + 1
      of.ids[n], of.seqs[n], of.tokens[n] = batch.ids[i], batch.seqs[i], batch.tokens[i]
    end
    if of == apart then batch.apart[#batch.apart + 1] = i end
  end
  taking.beginFirsts(plain, 0, type, node)
  taking.beginFirsts(apart, B.payloadApart, type, node)
end
