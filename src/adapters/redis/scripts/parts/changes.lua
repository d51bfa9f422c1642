-- What every change of a task leaves behind besides its record: counts, its state, and its event.
local changes = {}
local events, group, ended = {}, nil, {}
local CODES = { [0] = X.waiting, X.processing, X.success, X.failed, X.canceled, X.timeout }

function changes.tallyOf(type)
  local tally = tallies[type]
  if not tally then
    tally = { [0] = 0, 0, 0, 0, 0, 0, ready = 0 }
    tallies[type] = tally
  end
  return tally
end

function changes.eachFacet(facets, each)
  local at, name = 1, nil
  while at <= #facets do
    name, at = struct.unpack('>I2c0', facets, at)
    each(name)
  end
end

function changes.countFacets(facets, type, from, to, times)
  local n = times or 1
  changes.eachFacet(facets, function(name)
    local of = facetTallies[name] or {}
    facetTallies[name] = of
    if from then bump(of, from .. type, -n) end
    if to then bump(of, to .. type, n) end
  end)
end

-- `from` and `to` are statuses; nil = did not or will not exist.
function changes.countMove(r, from, to)
  local tally = changes.tallyOf(r[R.type])
  if from then tally[from] = tally[from] - 1 end
  if to then tally[to] = tally[to] + 1 end
  if r[R.facets] ~= '' then changes.countFacets(r[R.facets], r[R.type], from, to) end
end

-- To be called after `touch` and before the event.
function changes.moveTo(r, status)
  changes.countMove(r, r[R.status], status)
  arrays.setState(r[R.seq], CODES[status])
  r[R.status] = status
  r[R.version] = r[R.version] + 1
  r[R.updatedAt] = now
end

-- Events of one kind, type and worker that follow each other are a group. Kinds: 0 usual, 1 with error and progress, 2
-- progress reports (with them as well), 3 new tasks. A group is its kind, how many, type and worker; then each id, the
-- beginning of its record (3: only the id), and for kinds 1 and 2 code, error and progress.
function changes.closeGroup()
  if group then
    events[group.at] = struct.pack('>BI2Bc0I2c0', group.kind, group.n, #group.type, group.type, #group.worker,
      group.worker)
    group = nil
  end
end

-- Opens or goes on with the group that `n` events are to be added to.
function changes.groupFor(kind, type, worker, n)
  if not group or group.kind ~= kind or group.type ~= type or group.worker ~= worker or group.n + n > 65535 then
    changes.closeGroup()
    events[#events + 1] = ''
    group = { at = #events, kind = kind, type = type, worker = worker, n = 0 }
  end
  group.n = group.n + n
end

function changes.tell(r, kind)
  local beginning = struct.pack(F.event, r[R.status], r[R.flags], r[R.version], r[R.retry])
  if kind == 'status' and not records.hasTail(r) then
    changes.groupFor(0, r[R.type], r[R.worker], 1)
    events[#events + 1] = r[R.id] .. beginning
    return
  end
  records.loadTail(r)
  local progress = r[R.progress]
  if records.hasFlag(r, B.progressApart) then progress = call('GET', K.progress .. r[R.id]) or '' end
  changes.groupFor(kind == 'progress' and 2 or 1, r[R.type], r[R.worker], 1)
  events[#events + 1] = r[R.id] .. beginning .. struct.pack('>Bc0I2c0I4c0', #r[R.code], r[R.code], #r[R.error],
    r[R.error], #progress, progress)
end

-- Makes a task final, wherever it comes from. Its slots, lane and lease are the caller's business.
function changes.endTask(r, status, message, code)
  changes.moveTo(r, status)
  r[R.completedAt] = now
  records.setError(r, code, message)
  records.clearFlag(r, B.cancelRequested)
  ended[#ended + 1] = bytesOf(r[R.seq])
  happened(status)
  changes.tell(r, 'status')
end
