-- Whether a lease is held: the token is that of the running attempt, and its end is not over.
local holding = {}

-- Reads the tasks that refs name. A ref is the id (16 bytes) and the token (7).
function holding.readRefs(bytes)
  local list, ids = {}, {}
  for i = 1, #bytes / 23 do
    local id, of = struct.unpack('>c16I7', bytes, (i - 1) * 23 + 1)
    list[i] = { id = id, token = of }
    ids[i] = id
  end
  records.fetch(ids)
  return list
end

-- The end of the lease of a running task, whether it is held or over and not yet settled.
function holding.endOf(r)
  if not r[R.endsAt] then
    local seq = bytesOf(r[R.seq])
    r[R.endsAt] = tonumber(call('ZSCORE', K.leasesOf .. r[R.type], seq) or call('ZSCORE', K.lost, seq) or 0)
  end
  return r[R.endsAt]
end

function holding.isRunning(ref)
  local r = tasks[ref.id]
  return r and r[R.status] == S.processing and r[R.token] == ref.token and r or nil
end

function holding.heldBy(ref)
  local r = holding.isRunning(ref)
  return r and holding.endOf(r) > now and r or nil
end
