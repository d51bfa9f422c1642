-- What waits in a lane: spans of tasks of one priority whose numbers follow each other, so that a thousand tasks that came
-- together are one member (number of the first, how many). A task's place is its priority, larger first, and its number, as one
-- exact number that also compares lanes with each other; a span is sorted by the place of its first.
local spans = {}
local LONGEST = 65535

function spans.placeOf(r) return r[R.seq] - r[R.priority] * 2 ^ 33 end

function spans.memberOf(place, n) return struct.pack('>I6I2', place % 2 ^ 33, n) end

function spans.sizeOf(member) return (struct.unpack('>I2', member, 7)) end

-- Collects what enters a lane, `n` tasks from `place` on, for `write`.
function spans.new() return { args = {}, place = 0, size = 0 } end

function spans.close(list)
  if list.size == 0 then return end
  local args = list.args
  args[#args + 1], args[#args + 2] = whole(list.place), spans.memberOf(list.place, list.size)
end

function spans.add(list, place, n)
  if place == list.place + list.size and list.size + n <= LONGEST then
    list.size = list.size + n
  else
    spans.close(list)
    list.place, list.size = place, n
  end
end

function spans.write(lane, list)
  spans.close(list)
  if #list.args > 0 then call('ZADD', K.lane .. lane, unpack(list.args)) end
end

-- The place of the best task of a lane; nil when nobody waits in it.
function spans.headOf(lane) return tonumber(call('ZRANGE', K.lane .. lane, 0, 0, 'WITHSCORES')[2] or nil) end

-- Numbers of the best tasks of a lane, at most `wanted`, none later than `bound`, which is the place of a task of another lane and so
-- never within a span; for `removeHeads` of how many spans they are, and what is left of the last.
function spans.heads(lane, wanted, bound)
  local key, seqs, n, members, rest, from, page = K.lane .. lane, {}, 0, 0, nil, 0, 4
  while n < wanted do
    local some = call('ZRANGE', key, whole(from), whole(from + page - 1), 'WITHSCORES')
    for i = 1, #some, 2 do
      local place = tonumber(some[i + 1])
      if n == wanted or place > bound then break end
      local first, size = struct.unpack('>I6I2', some[i])
      local taken = math.min(size, wanted - n)
      for j = 0, taken - 1 do seqs[n + j + 1] = first + j end
      n, members = n + taken, members + 1
      if taken < size then rest = { place + taken, size - taken } end
    end
    if rest or members < from + #some / 2 or #some < 2 * page then break end
    from, page = from + page, wanted
  end
  if members == 1 then seqs.following = n end
  return { seqs = seqs, members = members, rest = rest }
end

function spans.removeHeads(lane, heads)
  call('ZREMRANGEBYRANK', K.lane .. lane, 0, whole(heads.members - 1))
  if heads.rest then call('ZADD', K.lane .. lane, whole(heads.rest[1]), spans.memberOf(heads.rest[1], heads.rest[2])) end
end

-- Takes tasks out of one span; returns the index after the last that was in it. What stays of the span goes into `left`.
function spans.cut(places, i, from, size, left)
  local til = from + size
  while i <= #places and places[i] < til do
    if places[i] > from then spans.add(left, from, places[i] - from) end
    from, i = places[i] + 1, i + 1
  end
  if from < til then spans.add(left, from, til - from) end
  return i
end

-- The span in which a place is: its member, its first place, how many.
function spans.find(lane, place)
  local found = call('ZREVRANGEBYSCORE', K.lane .. lane, whole(place), '-inf', 'WITHSCORES', 'LIMIT', 0, 1)
  if not found[1] then return nil end
  local first, size = tonumber(found[2]), spans.sizeOf(found[1])
  if place >= first + size then return nil end
  return found[1], first, size
end

-- Takes tasks out wherever they are in the lane. Returns how many were there.
function spans.remove(lane, places)
  local i, n = 1, 0
  table.sort(places)
  while i <= #places do
    local member, first, size = spans.find(lane, places[i])
    local left, til = spans.new(), i + 1
    if member then
      til = spans.cut(places, i, first, size, left)
      n = n + til - i
      call('ZREM', K.lane .. lane, member)
      spans.write(lane, left)
    end
    i = til
  end
  return n
end
