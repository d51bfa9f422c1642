-- What each outcome does to a task.
local settling = {}

-- Gives each settlement its arguments.
function settling.argsOf(kinds, at)
  local args = {}
  if not kinds:find('[rx]') then return args end
  for i = 1, #kinds do
    local kind = kinds:sub(i, i)
    if kind == 'r' then
      args[i] = ARGV[at]
      at = at + 1
    elseif kind == 'x' then
      args[i] = { ARGV[at], ARGV[at + 1] }
      at = at + 2
    end
  end
  return args
end

function settling.readSettlement(kind, args)
  if kind ~= 'x' then return { outcome = 's', by = 'h', handler = 'e', result = args or '' } end
  local s = { result = args[2] }
  s.outcome, s.by, s.handler, s.delay, s.attempt, s.code, s.error = struct.unpack('>c1c1c1dBBc0I2c0', args[1])
  return s
end

-- A successful attempt is told by the task itself; every other one is kept in a list of the last 50.
function settling.recordAttempt(r, attempt, code, message)
  call('RPUSH', K.attempts .. r[R.id], struct.pack('>I4I6I6BI2c0Bc0I2c0', r[R.attempt], r[R.startedAt], now, attempt,
    #r[R.worker], r[R.worker], #code, code, #message, message))
  records.setFlag(r, B.hasAttempts)
  if r[R.attempt] > C.attemptsKept then call('LTRIM', K.attempts .. r[R.id], -C.attemptsKept, -1) end
end

function settling.waitAgain(r, delay)
  changes.moveTo(r, S.pending)
  records.clearFlag(r, B.cancelRequested)
  lanes.waitFrom(r, now + delay)
  changes.tell(r, 'status')
end

-- Why the cancel was asked for, as it goes into the error. It is needed once.
function settling.takeReason(r)
  local reason = records.hasFlag(r, B.cancelRequested) and call('GET', K.cancelReason .. r[R.id])
  if not reason then return '' end
  call('DEL', K.cancelReason .. r[R.id])
  return ': ' .. reason
end

-- Numbers of attempt outcomes, as the reader knows them.
local APPLY = {
  s = function(r, s)
    records.setResult(r, s.result)
    changes.endTask(r, S.success, '', '')
  end,
  f = function(r, s)
    settling.recordAttempt(r, s.attempt, s.code, s.error)
    changes.endTask(r, S.failed, s.error, s.code)
  end,
  r = function(r, s)
    settling.recordAttempt(r, s.attempt, s.code, s.error)
    r[R.retry] = r[R.retry] + 1
    records.setError(r, s.code, s.error)
    happened('retried')
    settling.waitAgain(r, s.delay)
  end,
  l = function(r)
    settling.recordAttempt(r, 5, '', '')
    settling.waitAgain(r, 0)
  end,
  v = function(r, s)
    settling.recordAttempt(r, 4, 'worker_lost', s.error)
    r[R.recoveries] = r[R.recoveries] + 1
    records.setError(r, 'worker_lost', s.error)
    settling.waitAgain(r, 0)
  end,
  c = function(r)
    local message = 'Canceled while running' .. settling.takeReason(r)
    settling.recordAttempt(r, 3, 'canceled', message)
    changes.endTask(r, S.canceled, message, 'canceled')
  end,
}

-- The handler goes on: its slots stay until it has stopped, or the lease would have ended, at the latest. The slot of its
-- type's key, which was the lease itself, becomes one of its own; the others are those of this attempt from now on.
function settling.leaveSlots(r, freeing)
  local til, member = math.min(holding.endOf(r), now + drainMs), slots.drainOf(r[R.seq], r[R.token])
  call('ZADD', K.drains, whole(til), member)
  call('HSET', K.drainWorkers, member, r[R.worker])
  for _, limit in ipairs(slots.facedIn(slots.laneOf(r))) do
    call('SADD', K.slots .. limit.key, member)
    if not limit.own then call('SREM', K.slots .. limit.key, bytesOf(r[R.seq])) end
  end
  local list = slots.listIn(freeing.leases, r[R.type])
  list[#list + 1] = bytesOf(r[R.seq])
  records.setFlag(r, B.hasDrained)
  dueAt(til)
end

-- @param isLost whether the lease is over: its slots are gone already
function settling.settleOne(r, s, isLost, freeing)
  records.touch(r)
  if isLost then
    call('ZREM', K.lost, bytesOf(r[R.seq]))
  elseif s.handler == 'r' then
    settling.leaveSlots(r, freeing)
  else
    slots.free(freeing, slots.laneOf(r), r[R.seq], r[R.token], 'lease')
  end
  r[R.settledToken] = isLost and 0 or r[R.token]
  APPLY[records.hasFlag(r, B.cancelRequested) and 'c' or s.outcome](r, s)
  r[R.token] = 0
  r[R.endsAt] = nil
  return tostring(r[R.status])
end

function settling.settle(id, tokenBytes, s, noneLost, freeing)
  local of, r = struct.unpack('>I7', tokenBytes), tasks[id]
  if not r then return 'l' end
  if s.by == 'h' and of > 0 and r[R.settledToken] == of then return tostring(r[R.status]) end
  if r[R.status] ~= S.processing or r[R.token] ~= of then return 'l' end
  local isLost = not noneLost and holding.endOf(r) <= now
  if isLost ~= (s.by == 's') then return 'l' end
  return settling.settleOne(r, s, isLost, freeing)
end
