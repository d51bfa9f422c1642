-- Accepts the submissions of a call: what submit and ingest do alike.
local submitting = {}

-- Usually no task is there, which the write itself finds out.
function submitting.createAtOnce(c, list)
  local fresh = {}
  for _, run in ipairs(list) do accepting.pack(c, run, run.from, run.to, run.from - 1, fresh) end
  if #fresh == 0 or call('MSETNX', unpack(fresh)) == 0 then return false end
  for _, run in ipairs(list) do accepting.enter(c, run, run.from, run.to) end
  return true
end

-- Returns states, reasons, and views of the tasks that are not new. `place` is where the lists of arguments begin.
function submitting.accept(ids, keys, runs, packed, twice, laneCount, place)
  local n, named = #ids / 16, accepting.readLanes(place, tonumber(laneCount))
  local list = accepting.readRuns(runs, named)
  local c = { idBytes = ids, keys = arrays.split(#K.task + 16, n, keys), first = seqNo + 1, made = 0, types = {} }
  c.rests, c.facets, c.names, c.payloads = accepting.readRests(list, packed, place + 2 * laneCount)
  c.seqs, c.members = arrays.numbersFrom(c.first, n)
  waiting.settleTime()
  if twice == '0' and not next(c.names) and submitting.createAtOnce(c, list) then
    accepting.writeNew(c, ids)
    lanes.writeLanes()
    return string.rep('c', n), accepting.reasonsOf(list, n, {}, {}), views.of({})
  end
  local letters, old, newIds, isOld = accepting.createOneByOne(c, list)
  accepting.writeNew(c, newIds)
  lanes.writeLanes()
  return letters, accepting.reasonsOf(list, n, old, isOld), views.of(old)
end
