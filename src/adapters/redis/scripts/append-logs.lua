-- Keeps what handlers say, under their leases: the last lines of a task, and of those what fits in so many bytes. Asked
-- again with the same request id it answers again and adds nothing. Without memory it is refused: lines may be lost, ends of
-- tasks may not.
-- `counts` (4 bytes each) says how many of the lines belong to each ref. A line is how long ago (double), level, bytes that
-- count, message and fields; it is kept with its number, time, attempt and the bytes of all lines before it in front.
-- KEYS  shard
-- ARGV  step request refs counts lines...
-- REPLY now, work, one letter each (r recorded, l lease lost)
--@include step
--@include arrays
--@include states
--@include records
--@include values
--@include changes
--@include finish
--@include holding
local done = call('GET', K.request .. request)
if done then return finish({ done }) end

-- Number of a kept line, bytes before it, its own.
local function placeOf(line)
  local number, _, _, before, _, size = struct.unpack('>I4I6I4I6BI4', line)
  return number, before, size
end

-- `total`: bytes of all lines that were ever said. The last line is never cut, so that numbers and bytes go on from it.
local function cutFront(key, total)
  call('LTRIM', key, -C.linesKept, -1)
  for _ = 2, call('LLEN', key) do
    local _, before = placeOf(call('LINDEX', key, 0))
    if total - before <= C.lineBytesKept then return end
    call('LPOP', key)
  end
end

local function append(r, from, n)
  local key, packed = K.logs .. r[R.id], {}
  local number, total, size = 0, 0, 0
  local last = call('LINDEX', key, -1)
  if last then number, total, size = placeOf(last) end
  total = total + size
  for i = from, from + n - 1 do
    local ago, _, bytes = struct.unpack('>dBI4', ARGV[i])
    number = number + 1
    packed[#packed + 1] = struct.pack('>I4I6I4I6', number, now - ago, r[R.attempt], total) .. ARGV[i]:sub(9)
    total = total + bytes
  end
  for at = 1, n, 1000 do call('RPUSH', key, unpack(packed, at, math.min(at + 999, n))) end
  cutFront(key, total)
  if not records.hasFlag(r, B.hasLines) then
    records.touch(r)
    records.setFlag(r, B.hasLines)
  end
end

local letters, place = {}, lines
for i, ref in ipairs(holding.readRefs(refs)) do
  local n, r = struct.unpack('>I4', counts, 4 * i - 3), holding.heldBy(ref)
  if r and n > 0 then append(r, place, n) end
  place = place + n
  letters[i] = r and 'r' or 'l'
end
local answer = table.concat(letters)
call('SET', K.request .. request, answer, 'PX', 60000)
return finish({ answer })
