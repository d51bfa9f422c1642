-- The usual settlement: success of a first attempt, told by its holder, who knows what it claimed: number, type, limits and
-- facets. That the entry of the number has the holder's token says that all of it is true. See taking.lua on why this is as it is.

local NOBODY, NO_ERROR = string.rep('\0', 7), string.rep('\0', C.emptyTail - 4)
-- Where an entry goes on behind the token.
local STARTED_FROM = 10
local WITH_RESULT, OTHER = string.byte('rx', 1, 2)

-- What was claimed, by the numbers that `c.groups` has of it: type, limits and facets as they stand in a record.
function settling.readGroups(n, at)
  local groups = {}
  for i = 1, n do
    local type, limits, facets = struct.unpack('>Bc0I2c0I2c0', ARGV[at + i - 1])
    groups[i] = { type = type, faced = slots.facedIn(limits == '' and type or type .. '\n' .. limits), facets = facets }
  end
  return groups
end

-- Frees what tasks of one group held, and notes that they have ended.
function settling.leaveFirsts(c, group, from, to, freeing)
  local n, type, tally = to - from + 1, group.type, changes.tallyOf(group.type)
  if group.facets ~= '' then changes.countFacets(group.facets, type, S.processing, S.success, n) end
  tally[S.processing], tally[S.success] = tally[S.processing] - n, tally[S.success] + n
  stateBlocks[#stateBlocks + 1] = { { unpack(c.seqs, from, to) }, X.success }
  ended[#ended + 1] = table.concat(c.members, '', from, to)
  happened(S.success, n)
  local leases = slots.listIn(freeing.leases, type)
  local before = #leases - from + 1
  for i = from, to do leases[before + i] = c.members[i] end
  for _, limit in ipairs(group.faced) do
    freeing.keys[limit.key] = true
    if limit.named then freeing.named[limit.key] = true end
    if not limit.own then
      local list, max = slots.listIn(freeing.slots, limit.key), struct.pack('>I4', limit.max)
      local last = #list - from + 1
      for i = from, to do list[last + i] = c.members[i] .. c.tokens[i] .. max end
    end
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
    written[w + 2] = beginning .. c.tokens[i] .. ofAttempt .. cut(raw, C.dueAt, C.workerAt - 1) .. worker
      .. cut(raw, C.workerAt + 2, -C.emptyTail - 1) .. NO_ERROR .. pack('>I4', #result) .. result
    w = w + 2
  end
  firsts.clearRun(run.chunk, run.offset, to - from + 1)
  return run.flags + B.hasTail
end

function settling.writeEntries(c, run, from, to)
  firsts.write(run.chunk, run.offset, struct.pack('BB', 2, run.flags), c.tokens, from, to, run.started .. bytesOf(now) .. run.place)
  return run.flags
end

-- Ends first attempts that began together, in one group, with or without results. `run` says where their entries are.
function settling.endFirsts(c, run, from, to, results, freeing)
  run.worker = firsts.namesIn(run.chunk)[struct.unpack('>I2', run.place)]
  local write = c.kinds:byte(from) == WITH_RESULT and settling.writeResults or settling.writeEntries
  local flags = write(c, run, from, to, results)
  if not flags then return end
  local told = struct.pack(F.event, S.success, flags, 3, 0)
  changes.groupFor(0, run.group.type, run.worker, to - from + 1)
  events[#events + 1] = table.concat(c.ids, told, from, to) .. told
  settling.leaveFirsts(c, run.group, from, to, freeing)
  for i = from, to do c.letters[i] = '2' end
end

-- Numbers that follow each other: those whose entries differ only in the holders' tokens are ended at once.
function settling.endRun(c, group, from, to, results, freeing)
  local first, size, cut = c.seqs[from], C.firstBytes, string.sub
  local chunk, offset = whole(math.floor(first / C.chunk)), first % C.chunk
  local entries = firsts.read(chunk, offset, to - from + 1)
  while from <= to do
    local before, behind = cut(entries, 1, 2), cut(entries, STARTED_FROM, size)
    local last = to
    if entries ~= before .. table.concat(c.tokens, behind .. before, from, to) .. behind then
      last = from - 1
      while last < to do
        local at = (last + 1 - from) * size
        if cut(entries, at + 1, at + size) ~= before .. c.tokens[last + 1] .. behind then break end
        last = last + 1
      end
    end
    if last >= from and cut(before, 1, 1) == '\1' then
      settling.endFirsts(c, { chunk = chunk, offset = offset, group = group, flags = before:byte(2), started = cut(behind, 1, 6),
        place = cut(behind, -2) }, from, last, results, freeing)
    end
    local n = math.max(1, last - from + 1)
    entries, offset, from = cut(entries, n * size + 1), offset + n, from + n
  end
end

-- `c` has ids, tokens, seqs, members and groups (0 not known) in their order, and the letters of those it could settle.
function settling.succeedFirsts(c, groups, results, freeing)
  local i, n, byte = 1, #c.ids, string.byte
  while i <= n do
    local group, first, kind, last = c.groups[i], c.seqs[i], byte(c.kinds, i), i
    if group > 0 and kind ~= OTHER then
      local edge = (math.floor(first / C.chunk) + 1) * C.chunk
      while last < n and c.seqs[last + 1] == first + last + 1 - i and first + last + 1 - i < edge
        and c.groups[last + 1] == group and byte(c.kinds, last + 1) == kind do
        last = last + 1
      end
      settling.endRun(c, groups[group], i, last, results, freeing)
    end
    i = last + 1
  end
end
