-- How a task is forgotten with everything it has.
local forgetting = {}

-- What is behind the instant of an entry of the log: numbers of 6 bytes.
function forgetting.addNumbers(numbers, seqs)
  local from = #seqs
  for at = 1, #numbers, 600 do
    local n = math.min(100, (#numbers - at + 1) / 6)
    local some = { struct.unpack('>' .. string.rep('I6', n), numbers, at) }
    for i = 1, n do seqs[from + i] = some[i] end
    from = from + n
  end
end

function forgetting.entryOf(at, seqs, from)
  local parts = { bytesOf(at) }
  for i = from, #seqs do parts[#parts + 1] = bytesOf(seqs[i]) end
  return table.concat(parts)
end

-- Takes the entries of the first instant out of the log, or so many of them that a call can bear: their numbers in order.
function forgetting.takeInstant(entry, at)
  local seqs = {}
  repeat
    forgetting.addNumbers(entry:sub(7), seqs)
    call('LPOP', K.ended)
    entry = call('LINDEX', K.ended, 0)
  until not entry or struct.unpack('>I6', entry) ~= at or #seqs > 1000
  for i = 2, #seqs do
    if seqs[i] < seqs[i - 1] then
      table.sort(seqs)
      break
    end
  end
  return seqs
end

local isAdded = {}

-- Adds those of some numbers whose tasks are final since `at`. What was revived is passed over; what ended twice in one
-- instant is named twice.
function forgetting.addEnded(seqs, from, to, at, old)
  for _, id in ipairs(records.fetchNumbers({ unpack(seqs, from, to) })) do
    local r = tasks[id]
    if r and r[R.status] >= S.success and r[R.completedAt] == at and not isAdded[r] then
      isAdded[r] = true
      old[#old + 1] = r
    end
  end
end

function forgetting.putBack(r) isAdded[r] = nil end

-- At most `limit` tasks that ended up to `cutoff`, earliest first; those of one instant by their numbers. Returns whether
-- there may be more as well.
function forgetting.oldEndings(cutoff, limit)
  local old, looked = {}, 0
  while #old < limit and looked < 4 * limit do
    local entry = call('LINDEX', K.ended, 0)
    local at = entry and struct.unpack('>I6', entry)
    if not entry or at > cutoff then return old, false end
    local seqs, next = forgetting.takeInstant(entry, at), 1
    while next <= #seqs and #old < limit and looked < 4 * limit do
      local last = math.min(#seqs, next + limit - #old - 1)
      forgetting.addEnded(seqs, next, last, at, old)
      looked = looked + last - next + 1
      next = last + 1
    end
    if next <= #seqs then call('LPUSH', K.ended, forgetting.entryOf(at, seqs, next)) end
  end
  return old, true
end

-- When the first task ended that is still there. Nearly always the first number of the log names it.
function forgetting.firstEnding()
  for _ = 1, 50 do
    local entry = call('LINDEX', K.ended, 0)
    if not entry then return nil end
    local at, seqs, found = struct.unpack('>I6', entry), {}, {}
    forgetting.addNumbers(entry:sub(7, 12), seqs)
    forgetting.addEnded(seqs, 1, 1, at, found)
    if #found > 0 then return at end
    forgetting.addNumbers(entry:sub(13, 606), seqs)
    forgetting.addEnded(seqs, 1, #seqs, at, found)
    if #found > 0 then return at end
    -- What is no longer there is in the way only once.
    call('LPOP', K.ended)
    if #entry > 606 then call('LPUSH', K.ended, entry:sub(1, 6) .. entry:sub(607)) end
  end
  return now
end

function forgetting.forgetDrains(r)
  local mine, freeing = {}, slots.newFreeing()
  for _, member in ipairs(call('ZRANGE', K.drains, 0, -1)) do
    if seqOf(member) == r[R.seq] then mine[#mine + 1] = member end
  end
  if #mine == 0 then return end
  call('ZREM', K.drains, unpack(mine))
  waiting.freeDrained(mine, freeing)
  slots.freeCollected(freeing)
  for key in pairs(freeing.keys) do lanes.wake(key) end
end

-- Pieces and types of forgotten tasks, to be looked at when their states are written.
local touchedChunks = {}

-- Tasks of a piece that have the same facets, so that each index and count is written once for all of them.
local facetsLeft = {}

function forgetting.noteFacets(r, chunk)
  local of = slots.listIn(slots.listIn(facetsLeft, chunk), r[R.facets])
  of[#of + 1] = r
end

function forgetting.forgetFacets()
  for chunk, byFacets in pairs(facetsLeft) do
    for facets, list in pairs(byFacets) do
      local offsets, fields = {}, {}
      for i = 1, #list do
        offsets[i] = whole(list[i][R.seq] % C.chunk)
        bump(fields, list[i][R.status] .. list[i][R.type], -1)
      end
      changes.eachFacet(facets, function(name)
        local key, of = K.facet .. chunk .. '\n' .. name, slots.listIn(facetTallies, name)
        call('SREM', key, unpack(offsets))
        if call('EXISTS', key) == 0 then call('ZREM', K.chunks .. name, chunk) end
        for field, n in pairs(fields) do bump(of, field, n) end
      end)
    end
  end
end

-- Keys of a task, as far as there are some.
function forgetting.addKeys(r, keys)
  local id, flags, n = r[R.id], r[R.flags], #keys
  keys[n + 1] = K.task .. id
  if flags == 0 or flags == B.hasTail then return end
  keys[n + 2], keys[n + 3], keys[n + 4], keys[n + 5] = K.payload .. id, K.progress .. id, K.result .. id, K.attempts .. id
  keys[n + 6] = K.logs .. id
end

function forgetting.forgetTasks(list)
  local keys, lastChunk, chunk, types = {}, nil, nil, nil
  for i = 1, #list do
    local r = list[i]
    local seq = r[R.seq]
    if records.hasFlag(r, B.hasDrained) then forgetting.forgetDrains(r) end
    forgetting.addKeys(r, keys)
    local tally = changes.tallyOf(r[R.type])
    tally[r[R.status]] = tally[r[R.status]] - 1
    arrays.setState(seq, '\0')
    local of = math.floor(seq / C.chunk)
    if of ~= lastChunk then
      lastChunk, chunk = of, whole(of)
      types = slots.listIn(touchedChunks, chunk)
    end
    types[r[R.type]] = true
    if r[R.facets] ~= '' then forgetting.noteFacets(r, chunk) end
    tasks[r[R.id]] = false
  end
  forgetting.forgetFacets()
  for from = 1, #keys, 2000 do call('UNLINK', unpack(keys, from, math.min(from + 1999, #keys))) end
end

-- Numbers of the types that tasks of a piece have.
function forgetting.typesIn(states, types)
  local seen = {}
  for at in states:gmatch('()[^%z]') do seen[types:sub((at - 1) * C.typeBytes + 1, at * C.typeBytes)] = true end
  return seen
end

-- Pieces nobody is left in, and types nobody is left of.
function forgetting.forgetPieces()
  for chunk, of in pairs(touchedChunks) do
    local states = call('GET', K.states .. chunk) or ''
    local isEmpty = not states:find('[^%z]')
    local left = isEmpty and {} or forgetting.typesIn(states, call('GET', K.typesOf .. chunk))
    for type in pairs(of) do
      local id = call('HGET', K.types, type)
      if not (id and left[id]) then
        call('ZREM', K.chunks .. 'y' .. type, chunk)
        call('ZREM', K.chunks .. 'f' .. type, chunk)
        if call('EXISTS', K.chunks .. 'y' .. type) == 0 then call('HDEL', K.types, type) end
      end
    end
    if isEmpty then
      call('ZREM', K.chunks .. 'a', chunk)
      call('UNLINK', K.ids .. chunk, K.states .. chunk, K.typesOf .. chunk)
    end
    -- A few that wait for long do not keep what the others needed.
    if not states:find('[' .. X.processing .. X.success .. ']') then call('UNLINK', K.firsts .. chunk, K.firstWorkers .. chunk) end
  end
end

function forgetting.forgetNode(node)
  local types = call('HGET', K.nodeTypes, node) or ''
  for type in types:gmatch('[^\n]+') do call('SREM', K.handlers .. type, node) end
  call('HDEL', K.nodeTypes, node)
  call('SREM', K.drainedNodes, node)
  call('HDEL', K.nodes, node)
  call('ZREM', K.heard, node)
end

function forgetting.forgetNodes()
  for _, node in ipairs(call('ZRANGEBYSCORE', K.heard, '-inf', now - 3600000, 'LIMIT', 0, 100)) do forgetting.forgetNode(node) end
end

function forgetting.forgetHolds()
  for _, key in ipairs(call('ZRANGEBYSCORE', K.holds, '-inf', now, 'LIMIT', 0, 100)) do
    call('DEL', K.hold .. key)
    call('ZREM', K.holds, key)
  end
end

-- Idempotency keys that are over, at most `limit` and those that came in the same call. A key that has been taken anew
-- since says so by its own time.
function forgetting.forgetRemembered(limit)
  while limit > 0 do
    local entry = call('LINDEX', K.remembered, 0)
    local expires = entry and struct.unpack('>d', entry)
    if not entry or expires > now then return end
    call('LPOP', K.remembered)
    local at, name = 9, nil
    while at <= #entry do
      name, at = struct.unpack('>I2c0', entry, at)
      local known = call('GET', K.idempotency .. name)
      if known and struct.unpack('>d', known) == expires then call('DEL', K.idempotency .. name) end
      limit = limit - 1
    end
  end
end
