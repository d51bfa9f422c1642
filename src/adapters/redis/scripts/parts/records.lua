-- Tasks by id, each read and written at most once per step. A record is a list of fields (places `R.name`): notes, the
-- front, and the tail (error, progress, result), which is read only where it matters.
--@include firsts
local records = {}
local tasks, dirty = {}, {}

function records.recordOf(id, raw)
  if raw:byte() ~= C.newRecord then return { id, raw, false, false, struct.unpack(F.front, raw) } end
  local _, flags, due, seq, type, limits, facets, created, priority, queueTimeout, processTimeout, maxRetry, after =
    struct.unpack(F.new, raw)
  return { id, raw, false, false, S.pending, flags, 1, 0, 0, created, 0, 0, 0, 0, 0, due, '', seq, type, limits, facets, created,
    priority, queueTimeout, processTimeout, maxRetry, after }
end

-- Where that begins which never changes.
function records.fixedAt(raw)
  if raw:byte() == C.newRecord then return C.newFixedAt end
  return C.workerAt + 2 + struct.unpack('>I2', raw, C.workerAt)
end

function records.fetch(ids)
  local keys, wanted, n = {}, {}, 0
  for i = 1, #ids do
    local id = ids[i]
    if tasks[id] == nil then
      tasks[id] = false
      n = n + 1
      keys[n] = K.task .. id
      wanted[n] = id
    end
  end
  if n == 0 then return end
  local raws, list = call('MGET', unpack(keys)), {}
  for i = 1, n do
    if raws[i] then
      list[#list + 1] = records.recordOf(wanted[i], raws[i])
      tasks[wanted[i]] = list[#list]
    end
  end
  firsts.putIntoAll(list)
end

function records.fetchNumbers(seqs)
  local ids = arrays.idsOf(seqs)
  records.fetch(ids)
  return ids
end

function records.hasFlag(r, flag) return bit.band(r[R.flags], flag) ~= 0 end
function records.setFlag(r, flag) r[R.flags] = bit.bor(r[R.flags], flag) end
function records.clearFlag(r, flag) r[R.flags] = bit.band(r[R.flags], bit.bnot(flag)) end

-- Specification and payload lie between front and tail.
function records.tailAt(r)
  local raw, at = r[R.raw], r[R.after]
  at = at + 2 + struct.unpack('>I2', raw, at)
  return at + 4 + struct.unpack('>I4', raw, at)
end

function records.hasTail(r) return r[R.code] ~= nil or records.hasFlag(r, B.hasTail) end

function records.loadTail(r)
  if r[R.code] == nil then
    r[R.code], r[R.error], r[R.progress], r[R.result] = struct.unpack(F.tail, r[R.raw], records.tailAt(r))
  end
end

function records.encode(r)
  local raw, worker = r[R.raw], r[R.worker]
  local fixedAt = records.fixedAt(raw)
  local numbers = struct.pack(F.changing, r[R.status], r[R.flags], r[R.version], r[R.retry], r[R.token],
    r[R.updatedAt], r[R.settledToken], r[R.completedAt], r[R.attempt], r[R.startedAt], r[R.recoveries], r[R.dueAt],
    #worker, worker)
  local shift = #numbers + 1 - fixedAt
  if r[R.code] == nil then
    raw = numbers .. raw:sub(fixedAt)
  else
    raw = numbers .. raw:sub(fixedAt, records.tailAt(r) - 1) .. struct.pack(F.tail, #r[R.code], r[R.code], #r[R.error],
      r[R.error], #r[R.progress], r[R.progress], #r[R.result], r[R.result])
  end
  r[R.after] = r[R.after] + shift
  return raw
end

function records.rawOf(r)
  if r[R.touched] then
    if r[R.code] ~= nil then
      if r[R.code] .. r[R.progress] .. r[R.result] == '' then records.clearFlag(r, B.hasTail) else records.setFlag(r, B.hasTail) end
    end
    r[R.raw] = records.encode(r)
    r[R.touched] = false
    firsts.endFor(r)
  end
  return r[R.raw]
end

-- To be called before the first change of a step, so that the record is written at its end.
function records.touch(r)
  if not r[R.touched] then
    r[R.touched] = true
    dirty[#dirty + 1] = r
  end
end

-- Keys and values that were made without a list of fields.
local written = {}

function records.writeRecords()
  local n = #written
  for i = 1, #dirty do
    written[n + 2 * i - 1] = K.task .. dirty[i][R.id]
    written[n + 2 * i] = records.rawOf(dirty[i])
  end
  if #written > 0 then call('MSET', unpack(written)) end
  firsts.clearOver()
  dirty, written = {}, {}
end
