-- What is kept per acceptance number, in pieces of 500 tasks: ids, states, types and queue deadlines as arrays of bytes.
-- A directory per state, type and facet names the pieces in which it occurs: `s` and the code, `f` and the type (fresh
-- tasks), `y` and the type, `a` all.
local arrays = {}

-- Changes of a step in the order they happened: lists of numbers, each with one value for all or a list of values.
local stateBlocks, deadlineBlocks = {}, {}
local stateSeqs, states, deadlineSeqs, deadlines = {}, {}, {}, {}

function arrays.setState(seq, code)
  local n = #stateSeqs + 1
  stateSeqs[n], states[n] = seq, code
end

local lastDeadline, lastBytes
function arrays.setDeadline(seq, at)
  local n = #deadlineSeqs + 1
  if at ~= lastDeadline then lastDeadline, lastBytes = at, struct.pack('>I6', at) end
  deadlineSeqs[n], deadlines[n] = seq, lastBytes
end

-- Many at once: one call of `struct` is much cheaper than one for each. The list may have the end in one place more.
function arrays.split(size, n, bytes, at)
  local parts = { struct.unpack('>' .. string.rep('c' .. size, n), bytes, at or 1) }
  parts[n + 1] = nil
  return parts
end

-- Numbers as bytes, 6 of each unless `size` says so.
function arrays.membersOf(seqs, size)
  local n, of = #seqs, size or 6
  return arrays.split(of, n, struct.pack('>' .. string.rep('I' .. of, n), unpack(seqs)))
end

-- The numbers from `first` on, and as bytes.
function arrays.numbersFrom(first, n, size)
  local seqs = { following = n }
  for i = 1, n do seqs[i] = first + i - 1 end
  return seqs, arrays.membersOf(seqs, size)
end

-- Calls back for runs of numbers that follow each other in one piece: first and last index, piece, offset in it. Lists are gone
-- through several times in a step: that one is a single run is noted in `following`.
function arrays.inRuns(seqs, each)
  local i, n = 1, #seqs
  local follows = seqs.following == n
  while i <= n do
    local first = seqs[i]
    local chunk = math.floor(first / C.chunk)
    local last, following, edge = i, first + 1, (chunk + 1) * C.chunk
    if follows then
      last = math.min(n, i + edge - following)
    else
      while last < n and seqs[last + 1] == following and following < edge do
        last = last + 1
        following = following + 1
      end
      if i == 1 and last == n then seqs.following = n end
    end
    each(i, last, whole(chunk), first - chunk * C.chunk)
    i = last + 1
  end
end

-- Values of a run: one for all repeated, or those of a list one after the other.
function arrays.bytesOfRun(value, from, to)
  if type(value) == 'string' then return string.rep(value, to - from + 1) end
  return table.concat(value, '', from, to)
end

-- A string that grows is given twice the room it needs, so each is made in its full size at once.
function arrays.setBytes(key, offset, bytes, size)
  if call('SETRANGE', key, whole(offset), bytes) < size then call('SETRANGE', key, whole(size - 1), '\0') end
end

-- Ids (16 bytes) of numbers, in their order.
function arrays.idsOf(seqs)
  local ids = {}
  arrays.inRuns(seqs, function(from, to, chunk, offset)
    local n = to - from + 1
    local bytes = call('GETRANGE', K.ids .. chunk, whole(offset * 16), whole((offset + n) * 16 - 1))
    -- Asked beyond what there is, Redis answers less.
    if #bytes < n * 16 then bytes = bytes .. string.rep('\0', n * 16 - #bytes) end
    local some = arrays.split(16, n, bytes)
    if n == #seqs then
      ids = some
    else
      for i = 1, n do ids[from + i - 1] = some[i] end
    end
  end)
  return ids
end
