-- The usual settlement: success of a first attempt, told by its holder, who knows what it claimed: number, type, limits and
-- facets. That the entry of the number has the holder's token says that all of it is true. See taking.lua on why this is as it is.

local NOBODY, NO_ERROR = string.rep('\0', 7), string.rep('\0', C.emptyTail - 4)
-- Where an entry goes on behind the token.
local STARTED_FROM = 10
local WITH_RESULT, OTHER = string.byte('rx', 1, 2)

-- What was claimed, by the numbers that runs have of it: type, limits and facets as they stand in a record.
function settling.readGroups(n, at)
  local groups = {}
  for i = 1, n do
    local type, limits, facets = struct.unpack('>Bc0I2c0I2c0', ARGV[at + i - 1])
    groups[i] = { type = type, faced = slots.facedIn(limits == '' and type or type .. '\n' .. limits), facets = facets }
  end
  return groups
end

-- Frees what tasks of one group held, and notes that they have ended.
function settling.leaveFirsts(c, group, run, from, to, freeing)
  local n, type, tally = to - from + 1, group.type, changes.tallyOf(group.type)
  local seqs, members = arrays.numbersFrom(run.first, n)
  if group.facets ~= '' then changes.countFacets(group.facets, type, S.processing, S.success, n) end
  tally[S.processing], tally[S.success] = tally[S.processing] - n, tally[S.success] + n
  stateBlocks[#stateBlocks + 1] = { seqs, X.success }
  ended[#ended + 1] = table.concat(members)
  happened(S.success, n)
  slots.addAll(slots.listIn(freeing.leases, type), members)
  for _, limit in ipairs(group.faced) do
    freeing.keys[limit.key] = true
    if limit.named then freeing.named[limit.key] = true end
    if not limit.own then slots.addAll(slots.listIn(freeing.slots, limit.key), members) end
  end
end

-- Results go into the records, which are written with all that the first attempt added. Nil when one is not there.
function settling.writeResults(c, run, from, to, results)
  local keys, w = {}, #written
  for i = from, to do keys[i - from + 1] = K.task .. c.ids[i] end
  local raws = call('MGET', unpack(keys))
  local cut, pack = string.sub, struct.pack
  for i = 1, #raws do
    if not raws[i] then return nil end
  end
  local beginning = pack(F.event, S.success, run.flags + B.hasTail, 3, 0) .. NOBODY .. bytesOf(now)
  local ofAttempt = bytesOf(now) .. pack('>I4', 1) .. run.started .. '\0\0'
  local worker = pack('>I2c0', #run.worker, run.worker)
  for i = from, to do
    local raw, result = raws[i - from + 1], results[i]
    written[w + 1] = keys[i - from + 1]
    written[w + 2] = beginning .. c.tokens[i] .. ofAttempt .. cut(raw, 3, C.newFixedAt - 1) .. worker
      .. cut(raw, C.newFixedAt, -C.emptyTail - 1) .. NO_ERROR .. pack('>I4', #result) .. result
    w = w + 2
  end
  firsts.clearRun(run.chunk, run.offset, to - from + 1)
  return run.flags + B.hasTail
end

function settling.writeEntries(c, run, from, to)
  firsts.write(run.chunk, run.offset, struct.pack('BB', 2, run.flags), c.tokens, from, to, run.started .. bytesOf(now) .. run.place)
  return run.flags
end

-- Ends first attempts that began together, of one group and kind. `run` says where their entries are.
function settling.endFirsts(c, group, run, from, to, results, freeing)
  run.worker = firsts.namesIn(run.chunk)[struct.unpack('>I2', run.place)]
  local write = c.kinds:byte(from) == WITH_RESULT and settling.writeResults or settling.writeEntries
  local flags = write(c, run, from, to, results)
  if not flags then return end
  local told = struct.pack(F.event, S.success, flags, 3, 0)
  changes.groupFor(0, group.type, run.worker, to - from + 1)
  events[#events + 1] = table.concat(c.ids, told, from, to) .. told
  settling.leaveFirsts(c, group, run, from, to, freeing)
  for i = from, to do c.letters[i] = '2' end
end

-- How far from `from` on entries differ in the holders' tokens only; `from - 1`: not even the first is of its holder.
function settling.lastAlike(c, entries, from, to)
  local before, behind, cut = entries:sub(1, 2), entries:sub(STARTED_FROM, C.firstBytes), string.sub
  if entries == before .. table.concat(c.tokens, behind .. before, from, to) .. behind then return to, before, behind end
  local last = from - 1
  while last < to do
    local at = (last + 1 - from) * C.firstBytes
    if cut(entries, at + 1, at + C.firstBytes) ~= before .. c.tokens[last + 1] .. behind then break end
    last = last + 1
  end
  return last, before, behind
end

-- Settlements of one group and kind whose numbers follow each other from `first` on, in one piece.
function settling.endRun(c, group, first, from, to, results, freeing)
  local chunk, offset = whole(math.floor(first / C.chunk)), first % C.chunk
  local entries = firsts.read(chunk, offset, to - from + 1)
  while from <= to and #entries > 0 do
    local last, before, behind = settling.lastAlike(c, entries, from, to)
    if last >= from and before:sub(1, 1) == RUNNING then
      settling.endFirsts(c, group, { first = first, chunk = chunk, offset = offset, flags = before:byte(2),
        started = behind:sub(1, 6), place = behind:sub(-2) }, from, last, results, freeing)
    end
    local n = math.max(1, last - from + 1)
    entries, first, offset, from = entries:sub(n * C.firstBytes + 1), first + n, offset + n, from + n
  end
end

-- `c` has ids and tokens in their order, and takes the letters of those that could be settled.
function settling.succeedFirsts(c, runs, groups, results, freeing)
  local from = 1
  for at = 1, #runs, 10 do
    local n, group, first = struct.unpack('>I2I2I6', runs, at)
    local to = from + n - 1
    while group > 0 and c.kinds:byte(from) ~= OTHER and from <= to do
      local last = math.min(to, from + C.chunk - 1 - first % C.chunk)
      settling.endRun(c, groups[group], first, from, last, results, freeing)
      first, from = first + last - from + 1, last + 1
    end
    from = to + 1
  end
end
