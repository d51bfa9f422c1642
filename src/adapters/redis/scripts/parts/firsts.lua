-- What most tasks do: they are claimed once and succeed. Their records are not written anew for that; what the first attempt
-- adds is in an array of the piece, one entry per number, and in a list of the names of the workers. Records are read together
-- with it. Whoever changes a task in another way writes its record and clears its entry.
local firsts = {}
local namesOf, entryOf, over = {}, {}, {}
local NO_ENTRY, RUNNING = string.rep('\0', C.firstBytes), '\1'

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

function firsts.putInto(r, entry, chunk)
  local state, flags, of, started, completed, place = struct.unpack(F.first, entry)
  local isOver = state == 2
  r[R.status], r[R.version], r[R.flags] = isOver and S.success or S.processing, isOver and 3 or 2, flags
  r[R.token], r[R.settledToken] = isOver and 0 or of, isOver and of or 0
  r[R.updatedAt], r[R.completedAt] = isOver and completed or started, completed
  r[R.attempt], r[R.startedAt], r[R.worker] = 1, started, firsts.namesIn(chunk)[place]
  entryOf[r[R.id]] = entry
end

-- Puts into tasks that were just read what their first attempt adds.
function firsts.putIntoAll(list)
  local seqs, mine = {}, {}
  for i = 1, #list do
    local r = list[i]
    -- Nothing has happened to it, as far as its record goes.
    if r[R.version] == 1 and r[R.status] == S.pending then seqs[#seqs + 1], mine[#mine + 1] = r[R.seq], r end
  end
  local size, cut = C.firstBytes, string.sub
  arrays.inRuns(seqs, function(from, to, chunk, offset)
    local entries = firsts.read(chunk, offset, to - from + 1)
    for i = from, #entries > 0 and to or from - 1 do
      local entry = cut(entries, (i - from) * size + 1, (i - from + 1) * size)
      if entry ~= NO_ENTRY and entry ~= '' then firsts.putInto(mine[i], entry, chunk) end
    end
  end)
end

-- What the first attempt adds to the record, as long as that is as it was read; nil where there is nothing to add.
function firsts.missingIn(r) return not r[R.touched] and entryOf[r[R.id]] or nil end

-- The record says it all from now on.
function firsts.endFor(r)
  if entryOf[r[R.id]] then
    entryOf[r[R.id]] = nil
    over[#over + 1] = r[R.seq]
  end
end
