-- The number from which on tasks were accepted at `instant` or later. Numbers are given in the order of acceptance and
-- time never goes back, so the pieces are halved, and then the piece.
-- KEYS  shard
-- ARGV  step instant
-- REPLY now, work, number, first number there can be, number behind the last
-- FLAGS allow-oom
--@include step
--@include arrays
--@include states
--@include records
--@include values
--@include changes
--@include finish
instant = tonumber(instant)

local function isSince(seq)
  local id = records.fetchNumbers({ seq })[1]
  return tasks[id] and tasks[id][R.createdAt] >= instant
end

-- How many of `n`, of which those that are since come last, are not.
local function countBefore(n, isSinceAt)
  local low, high = 0, n
  while low < high do
    local middle = math.floor((low + high) / 2)
    if isSinceAt(middle) then high = middle else low = middle + 1 end
  end
  return low
end

local function firstOf(chunk)
  return chunk * C.chunk + ((call('GET', K.states .. chunk) or ''):find('[^%z]') or 1) - 1
end

local function pieceAt(rank) return call('ZRANGE', K.chunks .. 'a', whole(rank), whole(rank))[1] end

local n = call('ZCARD', K.chunks .. 'a')
local first = n > 0 and pieceAt(0) * C.chunk or seqNo + 1
local before = countBefore(n, function(rank) return isSince(firstOf(pieceAt(rank))) end)
if before == 0 then return finish({ first, first, seqNo + 1 }) end

local chunk, offsets = pieceAt(before - 1), {}
for at in (call('GET', K.states .. chunk) or ''):gmatch('()[^%z]') do offsets[#offsets + 1] = at - 1 end
local earlier = countBefore(#offsets, function(i) return isSince(chunk * C.chunk + offsets[i + 1]) end)
local offset = earlier < #offsets and offsets[earlier + 1] or C.chunk
return finish({ chunk * C.chunk + offset, first, seqNo + 1 })
