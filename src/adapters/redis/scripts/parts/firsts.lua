-- What most tasks do: they are claimed once and succeed. Their records are not written anew for that; what the first attempt
-- adds is in an array of the piece, one entry per number, and in a list of the names of the workers. Records are read together
-- with it. Whoever changes a task in another way writes its record and clears its entry.
local firsts = {}
local namesOf, isFirst, over = {}, {}, {}
local NO_ENTRY, RUNNING, SUCCEEDED = string.rep('\0', C.firstBytes), '\1', '\2'
-- Version and retry of a task that nothing has happened to.
local NEW = struct.pack('>I4I2', 1, 0)

function firsts.namesIn(chunk)
  local names = namesOf[chunk]
  if not names then
    names = { n = 0, places = {} }
    local packed, at, name = call('GET', K.firstWorkers .. chunk) or '', 1, nil
    while at <= #packed do
      name, at = struct.unpack('>I2c0', packed, at)
      names.n = names.n + 1
      names[names.n], names.places[name] = name, names.n
    end
    namesOf[chunk] = names
  end
  return names
end

-- The place of a worker among the names of a piece. There are no more than tasks: each comes with one that is new to it.
function firsts.placeOf(chunk, worker)
  local names = firsts.namesIn(chunk)
  if not names.places[worker] then
    call('APPEND', K.firstWorkers .. chunk, struct.pack('>I2c0', #worker, worker))
    names.n = names.n + 1
    names[names.n], names.places[worker] = worker, names.n
  end
  return struct.pack('>I2', names.places[worker])
end

-- Entries of a run that differ in the token only.
function firsts.write(chunk, offset, before, tokens, from, to, behind)
  arrays.setBytes(K.firsts .. chunk, offset * C.firstBytes,
    before .. table.concat(tokens, behind .. before, from, to) .. behind, C.chunk * C.firstBytes)
end

function firsts.read(chunk, offset, n)
  return call('GETRANGE', K.firsts .. chunk, whole(offset * C.firstBytes), whole((offset + n) * C.firstBytes - 1))
end

function firsts.clearOver()
  if #over == 0 then return end
  arrays.inRuns(over, function(from, to, chunk, offset) firsts.clearRun(chunk, offset, to - from + 1) end)
  over = {}
end

function firsts.clearRun(chunk, offset, n)
  call('SETRANGE', K.firsts .. chunk, whole(offset * C.firstBytes), string.rep(NO_ENTRY, n))
end

-- The record as it would have been written.
function firsts.recordWith(raw, entry, chunk)
  local state, flags, of, started, completed, place = struct.unpack(F.first, entry)
  local worker = firsts.namesIn(chunk)[place]
  local isOver = state == 2
  return struct.pack(F.event, isOver and S.success or S.processing, flags, isOver and 3 or 2, 0)
    .. struct.pack('>I7I6I7I6I4I6I2', isOver and 0 or of, isOver and completed or started, isOver and of or 0, completed, 1,
      started, 0) .. raw:sub(C.dueAt, C.workerAt - 1) .. struct.pack('>I2c0', #worker, worker) .. raw:sub(C.workerAt + 2)
end

-- Puts into records that were just read what their first attempt adds.
function firsts.addTo(ids, raws)
  local seqs, places = {}, {}
  for i = 1, #ids do
    local raw = raws[i]
    if raw and raw:sub(1, 1) == '\0' and raw:sub(3, C.tokenAt - 1) == NEW then
      seqs[#seqs + 1], places[#places + 1] = seqOf(raw:sub(C.workerAt + 2, C.workerAt + 7)), i
    end
  end
  arrays.inRuns(seqs, function(from, to, chunk, offset)
    local entries = firsts.read(chunk, offset, to - from + 1)
    for i = from, to do
      local at = (i - from) * C.firstBytes
      local state = entries:sub(at + 1, at + 1)
      if state == RUNNING or state == SUCCEEDED then
        local place = places[i]
        raws[place] = firsts.recordWith(raws[place], entries:sub(at + 1, at + C.firstBytes), chunk)
        isFirst[ids[place]] = true
      end
    end
  end)
end

-- The record of a task is written: its entry is over.
function firsts.endFor(r)
  if isFirst[r[R.id]] then
    isFirst[r[R.id]] = nil
    over[#over + 1] = r[R.seq]
  end
end
