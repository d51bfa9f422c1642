-- How submitted tasks are read, and how new ones are made. Columns instead of a table per task: see taking.lua.
local accepting = {}

-- The distinct lanes of a call, by their numbers: what their tasks have in common, ready to be put into a record.
function accepting.readLanes(from, n)
  local named = {}
  for i = 1, n do
    local type, limits = ARGV[from + 2 * i - 2], ARGV[from + 2 * i - 1]
    named[i] = {
      type = type,
      name = limits == '' and type or type .. '\n' .. limits,
      packed = struct.pack('>Bc0I2c0', #type, type, #limits, limits),
    }
  end
  return named
end

-- Runs of submissions with the same head: how many, flags, kind of due, due, priority, queue timeout, lane.
function accepting.readRuns(bytes, named)
  local runs, to = {}, 0
  for at = 1, #bytes, 24 do
    local n, flags, kind, due, priority, timeout, lane = struct.unpack('>I2BBdi4I6I2', bytes, at)
    runs[#runs + 1] = { from = to + 1, to = to + n, flags = flags % 32, hasFacets = flags % 128 >= 64,
      sameFacets = flags % 64 >= 32, hasName = flags >= 128, due = kind == 1 and math.max(now, due) or now + due, priority = priority,
      timeout = timeout, lane = named[lane] }
    to = to + n
  end
  return runs
end

-- Texts that each stand behind their length.
function accepting.splitRests(packed, n)
  local rests = { struct.unpack('>' .. string.rep('I4c0', n), packed) }
  rests[n + 1] = nil
  return rests
end

-- What comes with the submissions of a call besides their heads: the records from `priority` on, and what few have.
function accepting.readRests(runs, packed, place)
  local rests, facets, names, payloads = accepting.splitRests(packed, runs[#runs].to), {}, {}, {}
  for _, run in ipairs(runs) do
    local isPlain = not (run.hasName or run.hasFacets or run.sameFacets or run.flags == B.payloadApart)
    for i = run.from, isPlain and run.from - 1 or run.to do
      if run.hasName then
        names[i] = { key = K.idempotency .. ARGV[place], short = ARGV[place], fingerprint = ARGV[place + 1] }
        place = place + 2
      end
      if run.hasFacets then
        facets[i] = ARGV[place]
        place = place + 1
      elseif run.sameFacets then
        facets[i] = facets[i - 1]
      end
      if run.flags == B.payloadApart then
        payloads[i] = ARGV[place]
        place = place + 1
      end
    end
  end
  return rests, facets, names, payloads
end

-- What the idempotency keys named first, as far as that is remembered.
function accepting.readFirst(names)
  local keys, ids, first = {}, {}, {}
  for _, name in pairs(names) do keys[#keys + 1] = name.key end
  if #keys == 0 then return first end
  local known = call('MGET', unpack(keys))
  for i = 1, #keys do
    if known[i] then
      local expires, id, seq = struct.unpack('>dc16I6', known[i])
      first[keys[i]] = { id = id, seq = seq, expires = expires, fingerprint = known[i]:sub(31) }
      ids[#ids + 1] = id
    end
  end
  records.fetch(ids)
  return first
end

-- The task a key names, while it is remembered. The number tells it from a later task with the same id.
function accepting.firstOf(known)
  local r = known and known.expires > now and tasks[known.id]
  return r and r[R.seq] == known.seq and r or nil
end

-- Forgotten by the store's clock, in the order of time: see forgetting.lua.
function accepting.remember(name, r, first, remembered)
  local known = { id = r[R.id], seq = r[R.seq], expires = now + idempotencyMs, fingerprint = name.fingerprint }
  first[name.key] = known
  call('SET', name.key, struct.pack('>dc16I6', known.expires, known.id, known.seq) .. known.fingerprint)
  remembered[#remembered + 1] = struct.pack('>I2c0', #name.short, name.short)
end

function accepting.noteRemembered(remembered)
  if #remembered > 0 then
    call('RPUSH', K.remembered, struct.pack('>d', now + idempotencyMs) .. table.concat(remembered))
  end
end

function accepting.typeId(type)
  local id = call('HGET', K.types, type)
  if id then return id end
  typeCount = typeCount + 1
  id = struct.pack('>I4', typeCount)
  call('HSET', K.types, type, id)
  return id
end

-- Offsets of new tasks by piece and facet, so that each index is written once: see `writeFacets`.
local newFacets = {}

function accepting.indexFacets(facets, seq)
  local chunk = math.floor(seq / C.chunk)
  local list = slots.listIn(slots.listIn(newFacets, chunk), facets)
  list[#list + 1] = whole(seq - chunk * C.chunk)
end

function accepting.writeFacets()
  for chunk, of in pairs(newFacets) do
    chunk = whole(chunk)
    for facets, offsets in pairs(of) do
      changes.eachFacet(facets, function(name)
        call('SADD', K.facet .. chunk .. '\n' .. name, unpack(offsets))
        call('ZADD', K.chunks .. name, chunk, chunk)
      end)
    end
  end
end

-- Packs the records of submissions `from` to `to` of a run, key and value each, at the end of `into`. `c` has the columns of
-- the call, and the numbers and their bytes from `first` on; `before` = how many new ones there were before these.
function accepting.pack(c, run, from, to, before, into)
  local lane, prefix = run.lane, struct.pack(F.newHead, C.newRecord, run.flags, run.due)
  local members, keys, rests, w = c.members, c.keys, c.rests, #into
  local shift, created = before + 1 - from, bytesOf(now)
  if not run.hasFacets then
    local facets = run.sameFacets and c.facets[from] or ''
    local middle = lane.packed .. struct.pack('>I2c0', #facets, facets) .. created
    for i = from, to do
      into[w + 1], into[w + 2] = keys[i], prefix .. members[i + shift] .. middle .. rests[i]
      w = w + 2
    end
    return
  end
  for i = from, to do
    local facets = c.facets[i]
    local middle = lane.packed .. struct.pack('>I2c0', #facets, facets) .. created
    into[w + 1], into[w + 2] = keys[i], prefix .. members[i + shift] .. middle .. rests[i]
    w = w + 2
  end
end

function accepting.idOf(c, i) return c.idBytes:sub(16 * i - 15, 16 * i) end

function accepting.enterFacets(c, run, from, to)
  local facetsOf = {}
  for i = from, to do
    local facets = c.facets[i]
    if facets then
      accepting.indexFacets(facets, c.first + c.made + i - from)
      facetsOf[facets] = (facetsOf[facets] or 0) + 1
    end
    if c.payloads[i] then call('SET', K.payload .. accepting.idOf(c, i), c.payloads[i]) end
  end
  for facets, times in pairs(facetsOf) do changes.countFacets(facets, run.lane.type, nil, S.pending, times) end
end

-- What new tasks leave behind besides their records.
function accepting.enter(c, run, from, to)
  if next(c.facets) or next(c.payloads) then accepting.enterFacets(c, run, from, to) end
  local n, before = to - from + 1, c.made
  c.made = before + n
  happened('submitted', n)
  changes.groupFor(3, run.lane.type, '', n)
  events[#events + 1] = c.idBytes:sub(16 * from - 15, 16 * to)
  accepting.makeWait(c, run, before + 1, before + n)
end

-- Puts new tasks where they wait. `from` and `to` count the new ones.
function accepting.makeWait(c, run, from, to)
  local lane, first, seqs = run.lane, c.first + from - 1, c.seqs
  if from > 1 or to < #c.seqs then seqs = { unpack(c.seqs, from, to) } end
  local isDelayed = run.due > now
  stateBlocks[#stateBlocks + 1] = { seqs, isDelayed and X.waiting or X.fresh }
  if run.timeout > 0 then
    deadlineBlocks[#deadlineBlocks + 1] = { seqs, bytesOf(run.due + run.timeout) }
    dueAt(run.due + run.timeout)
  end
  if isDelayed then
    local args, due = {}, whole(run.due)
    for i = from, to do args[#args + 1], args[#args + 2] = due, c.members[i] end
    call('ZADD', K.delayed, unpack(args))
    dueAt(run.due)
  else
    lanes.enterRun(lane.name, first, to - from + 1, run.priority)
  end
  local tally = changes.tallyOf(lane.type)
  tally[S.pending] = tally[S.pending] + to - from + 1
  lane.typeId = lane.typeId or accepting.typeId(lane.type)
  c.types[#c.types + 1] = string.rep(lane.typeId, to - from + 1)
  for chunk = math.floor(first / C.chunk), math.floor((first + to - from) / C.chunk) do
    call('ZADD', K.chunks .. 'y' .. lane.type, whole(chunk), whole(chunk))
  end
end

-- Ids and types of all new tasks. `newIds` as text, in order.
function accepting.writeNew(c, newIds)
  local n = c.made
  if n == 0 then return end
  seqNo = c.first + n - 1
  local types = table.concat(c.types)
  local seqs = n == #c.seqs and c.seqs or { unpack(c.seqs, 1, n) }
  arrays.inRuns(seqs, function(a, b, chunk, offset)
    arrays.setBytes(K.ids .. chunk, offset * 16, newIds:sub(16 * a - 15, 16 * b), C.chunk * 16)
    arrays.setBytes(K.typesOf .. chunk, offset * C.typeBytes, types:sub(C.typeBytes * (a - 1) + 1, C.typeBytes * b),
      C.chunk * C.typeBytes)
    call('ZADD', K.chunks .. 'a', chunk, chunk)
  end)
  accepting.writeFacets()
end
