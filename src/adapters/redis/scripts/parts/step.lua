-- One atomic step: its time, the shard's own numbers, and what it collects to write at its end (finish.lua).
local call = redis.call
local fixedNow, leaseMs, cancelGraceMs, drainMs, retentionMs, idempotencyMs, stallMs, origin =
  struct.unpack('>dddddddI2c0', step)
local seqNo, token, high, lastCall, purged, announced, outboxHeard, typeCount
local stored = call('GET', K.state)
if stored then
  seqNo, token, high, lastCall, purged, announced, outboxHeard, typeCount = struct.unpack(F.state, stored)
else
  seqNo, token, high, lastCall, purged, announced, outboxHeard, typeCount = 0, 0, 0, 0, 0, 2 ^ 53, 1, 0
end

-- Whole numbers as text: Redis and Lua both format doubles slowly, and Lua's own way keeps 14 digits only.
local function whole(number) return string.format('%d', number) end

local now = fixedNow
if now == 0 then
  local time = call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
-- Time never goes back, whatever an operator or a failover does to the server's clock.
if now < high then now = high end
local nowText = whole(now)

local work, cancels, tallies, facetTallies, minute = {}, {}, {}, {}, {}
local timerAt = 2 ^ 53

local function bump(tally, name, by) tally[name] = (tally[name] or 0) + by end
local function happened(name, times) minute[name] = (minute[name] or 0) + (times or 1) end
local function dueAt(at) if at < timerAt then timerAt = at end end
local function haveWork(type, n) work[type] = (work[type] or 0) + n end
local function bytesOf(seq) return struct.pack('>I6', seq) end
local function seqOf(bytes) return (struct.unpack('>I6', bytes)) end
--@include stall
@body
