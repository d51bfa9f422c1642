-- How tasks come back: new ones as they were, known ones as they became after the store knew them last.
local restoring = { first = {}, seen = {} }
-- Bits of a head's extras, in the order of their arguments.
local HAS = { attempts = 1, name = 2, facets = 4, payload = 8, result = 16 }
local HEAD = '>BI4I4I2I4I2I6I6I6I6I6BI2BI2c0'

local function isFinal(status) return status >= S.success end

-- Specification and payload lie in front of the tail.
function restoring.readTail(t)
  local at = 19 + 2 + struct.unpack('>I2', t.rest, 19)
  at = at + 4 + struct.unpack('>I4', t.rest, at)
  t.code, t.error, t.progress, t.result = struct.unpack(F.tail, t.rest, at)
end

function restoring.readOne(id, named, at)
  local t, lane, extras = { id = id, key = K.task .. id }, nil, nil
  t.status, t.version, t.lastVersion, t.retry, t.attempt, t.recoveries, t.updatedAt, t.completedAt, t.startedAt,
    t.createdAt, t.due, t.flags, lane, extras, t.worker = struct.unpack(HEAD, ARGV[at])
  t.lane, t.rest = named[lane], ARGV[at + 1]
  -- By the clock of a node, which may be ahead of the store's.
  t.createdAt, t.completedAt, t.updatedAt = math.min(t.createdAt, now), math.min(t.completedAt, now), math.min(t.updatedAt, now)
  if t.version ~= t.lastVersion then t.updatedAt = now end
  at = at + 2
  local function next(name)
    if bit.band(extras, HAS[name]) == 0 then return nil end
    at = at + 1
    return ARGV[at - 1]
  end
  t.attempts = next('attempts')
  local key = next('name')
  if key then
    at = at + 1
    t.name = { key = K.idempotency .. key, short = key, fingerprint = ARGV[at - 1] }
  end
  t.facets, t.payload, t.resultApart = next('facets') or '', next('payload'), next('result')
  return t, at
end

function restoring.read(ids, laneCount, place)
  local n, named = #ids / 16, accepting.readLanes(place, tonumber(laneCount))
  local list, names, split = {}, {}, arrays.split(16, n, ids)
  local at = place + 2 * laneCount
  for i = 1, n do
    list[i], at = restoring.readOne(split[i], named, at)
    if list[i].name then names[#names + 1] = list[i].name end
  end
  restoring.first = accepting.readFirst(names)
  records.fetch(split)
  return list
end

function restoring.fateOf(t)
  local r = tasks[t.id]
  if r then return r[R.version] < t.lastVersion and 'u' or 'e' end
  if restoring.seen[t.id] then return 'e' end
  local known = t.name and restoring.first[t.name.key]
  if known and t.lastVersion == 0 and (restoring.seen[known.id] or accepting.firstOf(known)) then return 'r' end
  restoring.seen[t.id] = true
  if t.name and not known then restoring.first[t.name.key] = { id = t.id } end
  return 'c'
end

-- Remembered as long as it would have been.
function restoring.remember(t, seq)
  local expires = t.createdAt + idempotencyMs
  if not t.name or expires <= now then return end
  call('SET', t.name.key, struct.pack('>dc16I6', expires, t.id, seq) .. t.name.fingerprint)
  call('RPUSH', K.remembered, struct.pack('>dI2c0', expires, #t.name.short, t.name.short))
end

-- Each packed attempt behind its length.
function restoring.keepAttempts(t)
  local at, one = 1, nil
  while t.attempts and at <= #t.attempts do
    one, at = struct.unpack('>I2c0', t.attempts, at)
    call('RPUSH', K.attempts .. t.id, one)
  end
end

-- Their places in the log of endings; what ended at one instant is one entry.
function restoring.noteEndings(list)
  local entries, at = {}, nil
  for _, one in ipairs(list) do
    if one.completedAt ~= at then entries[#entries + 1] = { bytesOf(one.completedAt) } end
    at = one.completedAt
    table.insert(entries[#entries], bytesOf(one.seq))
  end
  for _, entry in ipairs(entries) do call('RPUSH', K.ended, table.concat(entry)) end
end

function restoring.createOne(t, seq, typesOf)
  local lane, due = t.lane, isFinal(t.status) and t.due or math.max(now, t.due)
  local raw = struct.pack(F.changing, t.status, t.flags, t.version, t.retry, 0, t.updatedAt, 0, t.completedAt, t.attempt,
    t.startedAt, t.recoveries, due, #t.worker, t.worker) .. bytesOf(seq) .. lane.packed ..
    struct.pack('>I2', #t.facets) .. t.facets .. bytesOf(t.createdAt) .. t.rest
  written[#written + 1], written[#written + 2] = t.key, raw
  local r = records.recordOf(t.id, raw)
  tasks[t.id] = r
  if t.payload then call('SET', K.payload .. t.id, t.payload) end
  if t.resultApart then call('SET', K.result .. t.id, t.resultApart) end
  if t.facets ~= '' then accepting.indexFacets(t.facets, seq) end
  lane.typeId = lane.typeId or accepting.typeId(lane.type)
  typesOf[#typesOf + 1] = lane.typeId
  local chunk = whole(math.floor(seq / C.chunk))
  call('ZADD', K.chunks .. 'y' .. lane.type, chunk, chunk)
  changes.countMove(r, nil, t.status)
  arrays.setState(seq, CODES[t.status])
  restoring.keepAttempts(t)
  restoring.remember(t, seq)
  if isFinal(t.status) then return r end
  lanes.waitFrom(r, due)
  -- What the log has told already is not told again.
  if t.version ~= t.lastVersion then changes.tell(r, 'status') end
  return r
end

function restoring.create(list, letters)
  local c, newIds, endings = { first = seqNo + 1, made = 0, types = {} }, {}, {}
  for i, t in ipairs(list) do
    if letters[i] == 'c' then
      local seq = c.first + c.made
      c.made = c.made + 1
      newIds[c.made] = t.id
      restoring.createOne(t, seq, c.types)
      if isFinal(t.status) then endings[#endings + 1] = { completedAt = t.completedAt, seq = seq } end
    end
  end
  c.seqs = arrays.numbersFrom(c.first, c.made)
  accepting.writeNew(c, table.concat(newIds))
  restoring.noteEndings(endings)
  lanes.writeLanes()
end

-- Takes a task out of wherever it waits or runs.
function restoring.leave(r, freeing)
  local left = {}
  if r[R.status] == S.pending then
    lanes.leaveWaiting(r, left)
    lanes.afterAllLeaving(left)
  elseif r[R.status] == S.processing then
    if call('ZREM', K.lost, bytesOf(r[R.seq])) == 0 then
      slots.free(freeing, slots.laneOf(r), r[R.seq], r[R.token], 'lease')
    end
    call('DEL', K.cancelReason .. r[R.id])
    r[R.token], r[R.endsAt] = 0, nil
  end
end

function restoring.correct(r, t, freeing)
  restoring.readTail(t)
  records.touch(r)
  restoring.leave(r, freeing)
  records.clearFlag(r, B.cancelRequested)
  records.setProgress(r, t.progress)
  records.setResult(r, t.resultApart or t.result)
  records.setError(r, t.code, t.error)
  r[R.version], r[R.retry], r[R.attempt], r[R.recoveries] = t.version - 1, t.retry, t.attempt, t.recoveries
  r[R.startedAt], r[R.completedAt], r[R.worker], r[R.settledToken] = t.startedAt, t.completedAt, t.worker, 0
  call('DEL', K.attempts .. t.id)
  restoring.keepAttempts(t)
  if t.attempts then records.setFlag(r, B.hasAttempts) else records.clearFlag(r, B.hasAttempts) end
  changes.moveTo(r, t.status)
  if isFinal(t.status) then
    restoring.noteEndings({ { completedAt = t.completedAt, seq = r[R.seq] } })
  else
    lanes.waitFrom(r, math.max(now, t.due))
  end
  changes.tell(r, 'status')
end

function restoring.correctAll(list, letters)
  local freeing = slots.newFreeing()
  for i, t in ipairs(list) do
    if letters[i] == 'u' then restoring.correct(tasks[t.id], t, freeing) end
  end
  slots.freeCollected(freeing)
  lanes.writeLanes()
  for key in pairs(freeing.keys) do lanes.wake(key) end
end
