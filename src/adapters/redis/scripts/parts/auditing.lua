-- What should be impossible: whether tasks and the places that name them agree. Findings are told as text, the invariant
-- first; with `mode` repair the places are mended, tasks are the truth.
local auditing = { findings = {} }
local isRepair = mode == 'repair'
-- What is put back may be due earlier than anything that was announced.
if isRepair then dueAt(now) end

function auditing.found(invariant, ...)
  auditing.findings[#auditing.findings + 1] = invariant .. '\n' .. table.concat({ ... })
end

function auditing.idText(id)
  local hex = id:gsub('.', function(byte) return string.format('%02x', byte:byte()) end)
  return (hex:gsub('^(........)(....)(....)(....)(.*)$', '%1-%2-%3-%4-%5'))
end

-- Scores of members asked for by key: each key is asked once.
local Scores = {}
Scores.__index = Scores

function auditing.newScores() return setmetatable({ members = {}, scores = {} }, Scores) end

function Scores:want(key, member) table.insert(slots.listIn(self.members, key), member) end

function Scores:read()
  for key, members in pairs(self.members) do
    local of, answers = {}, call('ZMSCORE', key, unpack(members))
    for i = 1, #members do of[members[i]] = tonumber(answers[i] or nil) end
    self.scores[key] = of
  end
end

function Scores:of(key, member) return (self.scores[key] or {})[member] end

-- Numbers of a piece that some task has, and their bytes of state.
function auditing.numbersIn(chunk, pattern)
  local seqs, codes = {}, {}
  for at, code in (call('GET', K.states .. chunk) or ''):gmatch('()(' .. pattern .. ')') do
    seqs[#seqs + 1], codes[#codes + 1] = chunk * C.chunk + at - 1, code
  end
  return seqs, codes
end

function auditing.partOf(seqs, codes, part, parts)
  local some, codesOfSome = {}, {}
  for i = part + 1, #seqs, parts do some[#some + 1], codesOfSome[#codesOfSome + 1] = seqs[i], codes[i] end
  return some, codesOfSome
end

function auditing.deadlinesOf(chunk)
  local bytes, times = call('GET', K.deadlineChunk .. chunk) or '', {}
  for at = 1, #bytes, 6 do times[chunk * C.chunk + (at - 1) / 6] = struct.unpack('>I6', bytes, at) end
  return times
end

-- Places that each task of a piece could be in.
function auditing.scoresFor(list)
  local scores = auditing.newScores()
  for _, r in ipairs(list) do
    local member = bytesOf(r[R.seq])
    if r[R.status] == S.pending then
      scores:want(K.delayed, member)
      scores:want(K.late .. r[R.type], member)
    else
      scores:want(K.leasesOf .. r[R.type], member)
      scores:want(K.lost, member)
    end
  end
  scores:read()
  return scores
end

function auditing.checkDeadline(r, at, name)
  local timeout = r[R.queueTimeoutMs]
  local should = timeout > 0 and r[R.dueAt] + timeout or 0
  if (at or 0) == should then return end
  auditing.found('I12', 'pending task ', name, ' has queue deadline ', whole(at or 0), ', not ', whole(should))
  if isRepair then arrays.setDeadline(r[R.seq], should) end
end

function auditing.checkPending(r, code, scores, deadline)
  local member, name = bytesOf(r[R.seq]), auditing.idText(r[R.id])
  local delayed, waiting = scores:of(K.delayed, member), spans.find(slots.laneOf(r), spans.placeOf(r))
  local late = scores:of(K.late .. r[R.type], member)
  auditing.checkDeadline(r, deadline, name)
  if not delayed and not waiting then
    auditing.found('I1', 'pending task ', name, ' waits nowhere')
    if isRepair then lanes.waitFrom(r, r[R.dueAt]) end
    return
  end
  if delayed and waiting then
    auditing.found('I1', 'pending task ', name, ' is delayed and ready')
    if isRepair then call('ZREM', K.delayed, member) end
  elseif delayed and delayed ~= r[R.dueAt] then
    auditing.found('I16', 'delayed task ', name, ' is noted for ', whole(delayed), ', due ', whole(r[R.dueAt]))
    if isRepair then call('ZADD', K.delayed, whole(r[R.dueAt]), member) end
  end
  local isFresh = waiting and r[R.dueAt] == r[R.createdAt]
  if code ~= (isFresh and X.fresh or X.waiting) then
    auditing.found('I1', 'pending task ', name, ' has the wrong kind of wait')
    if isRepair then arrays.setState(r[R.seq], isFresh and X.fresh or X.waiting) end
  end
  if (waiting and not isFresh and r[R.dueAt] or nil) ~= late then
    auditing.found('I1', 'ready task ', name, ' is not where late tasks wait')
    if isRepair and late then call('ZREM', K.late .. r[R.type], member) end
    if isRepair and waiting and not isFresh then call('ZADD', K.late .. r[R.type], whole(r[R.dueAt]), member) end
  end
end

function auditing.lackedSlot(r)
  for _, limit in ipairs(slots.facedIn(slots.laneOf(r))) do
    if not limit.own and call('SISMEMBER', K.slots .. limit.key, bytesOf(r[R.seq])) == 0 then return limit.key end
  end
  return nil
end

-- A lease that cannot be trusted is taken back; its task runs again under the rules.
function auditing.takeBack(r, freeing)
  call('ZREM', K.leasesOf .. r[R.type], bytesOf(r[R.seq]))
  call('ZADD', K.lost, nowText, bytesOf(r[R.seq]))
  slots.free(freeing, slots.laneOf(r), r[R.seq], r[R.token], 'lost')
end

function auditing.checkRunning(r, code, scores, freeing)
  local member, name = bytesOf(r[R.seq]), auditing.idText(r[R.id])
  local held, lost = scores:of(K.leasesOf .. r[R.type], member), scores:of(K.lost, member)
  if code ~= X.processing then auditing.found('I1', 'running task ', name, ' is listed as another status') end
  if held and lost or not held and not lost or r[R.token] == 0 then
    auditing.found('I7', 'running task ', name, held and ' has a lease that is lost' or ' has no lease')
    if isRepair then auditing.takeBack(r, freeing) end
    return
  end
  local lacked = held and auditing.lackedSlot(r)
  if lacked then
    auditing.found('S4', 'running task ', name, ' holds no slot of ', lacked)
    if isRepair then auditing.takeBack(r, freeing) end
  end
end

-- Whether a member of an index stands for what it says.
local BELONGS = {
  delayed = function(r) return r[R.status] == S.pending end,
  late = function(r) return r[R.status] == S.pending and r[R.type] == name end,
  leases = function(r) return r[R.status] == S.processing and r[R.type] == name end,
  lost = function(r) return r[R.status] == S.processing end,
  drains = function() return true end,
  slots = function(r, member)
    if #member > 6 then return call('ZSCORE', K.drains, member) ~= false end
    return r[R.status] == S.processing
  end,
}

function auditing.belongs(which, r, member) return r and BELONGS[which](r, member) end

-- Places and numbers of tasks of a lane behind the place `last`, at most a page, and places that are there twice.
function auditing.placesBehind(lane, last)
  local key, places, seqs, twice, highest = K.lane .. lane, {}, {}, {}, tonumber(last)
  local some = call('ZREVRANGEBYSCORE', key, last, '-inf', 'WITHSCORES', 'LIMIT', 0, 1)
  for _, one in ipairs(call('ZRANGEBYSCORE', key, '(' .. last, '+inf', 'WITHSCORES', 'LIMIT', 0, 300)) do some[#some + 1] = one end
  for i = 1, #some, 2 do
    local from, first, size = tonumber(some[i + 1]), struct.unpack('>I6I2', some[i])
    for place = i == 1 and math.max(from, highest + 1) or from, from + size - 1 do
      if #places == 300 then return places, seqs, twice end
      if place > highest then
        places[#places + 1], seqs[#seqs + 1], highest = place, first + place - from, place
      else
        twice[#twice + 1] = place
      end
    end
  end
  return places, seqs, twice
end
