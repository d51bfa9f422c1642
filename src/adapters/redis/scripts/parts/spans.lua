-- What waits in a lane: spans of tasks of one priority whose numbers follow each other, so that a thousand tasks that came
-- together are one member (number of the first, how many). A task's place is its priority, larger first, and its number, as one
-- exact number that also compares lanes with each other; a span is sorted by the place of its first. Places say nothing of numbers:
-- once there were more than 2^33 tasks, those of one priority are where older ones of another were.
local spans = {}
local LONGEST = 65535

function spans.placeAt(seq, priority) return seq - priority * 2 ^ 33 end

function spans.placeOf(r) return spans.placeAt(r[R.seq], r[R.priority]) end

function spans.sizeOf(member) return (struct.unpack('>I2', member, 7)) end

-- Collects what enters a lane, `n` tasks from a number on, for `write`.
function spans.new() return { args = {}, place = 0, first = 0, size = 0 } end

function spans.close(list)
  if list.size == 0 then return end
  local args = list.args
  args[#args + 1], args[#args + 2] = whole(list.place), struct.pack('>I6I2', list.first, list.size)
end

function spans.add(list, first, place, n)
  if place == list.place + list.size and first == list.first + list.size and list.size + n <= LONGEST then
    list.size = list.size + n
  else
    spans.close(list)
    list.first, list.place, list.size = first, place, n
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
  local key, seqs, n, members, rest, from, page = K.lane .. lane, {}, 0, 0, spans.new(), 0, 4
  while n < wanted do
    local some = call('ZRANGE', key, whole(from), whole(from + page - 1), 'WITHSCORES')
    for i = 1, #some, 2 do
      local place = tonumber(some[i + 1])
      if n == wanted or place > bound then break end
      local first, size = struct.unpack('>I6I2', some[i])
      local taken = math.min(size, wanted - n)
      for j = 0, taken - 1 do seqs[n + j + 1] = first + j end
      n, members = n + taken, members + 1
      if taken < size then spans.add(rest, first + taken, place + taken, size - taken) end
    end
    if members < from + #some / 2 or #some < 2 * page then break end
    from, page = from + page, wanted
  end
  if members == 1 then seqs.following = n end
  return { seqs = seqs, members = members, rest = rest }
end

function spans.removeHeads(lane, heads)
  call('ZREMRANGEBYRANK', K.lane .. lane, 0, whole(heads.members - 1))
  spans.write(lane, heads.rest)
end

-- Takes tasks out of one span; returns the index after the last that was in it. What stays of the span goes into `left`.
function spans.cut(places, i, span, left)
  local from, til, shift = span.place, span.place + span.size, span.first - span.place
  while i <= #places and places[i] < til do
    if places[i] > from then spans.add(left, from + shift, from, places[i] - from) end
    from, i = places[i] + 1, i + 1
  end
  if from < til then spans.add(left, from + shift, from, til - from) end
  return i
end

-- The span in which a place is; nil when nobody waits there.
function spans.find(lane, place)
  local found = call('ZREVRANGEBYSCORE', K.lane .. lane, whole(place), '-inf', 'WITHSCORES', 'LIMIT', 0, 1)
  if not found[1] then return nil end
  local span = { member = found[1], place = tonumber(found[2]) }
  span.first, span.size = struct.unpack('>I6I2', span.member)
  return place < span.place + span.size and span or nil
end

-- Takes tasks out wherever they are in the lane. Returns how many were there.
function spans.remove(lane, places)
  local i, n = 1, 0
  table.sort(places)
  while i <= #places do
    local span, left, til = spans.find(lane, places[i]), spans.new(), i + 1
    if span then
      til = spans.cut(places, i, span, left)
      n = n + til - i
      call('ZREM', K.lane .. lane, span.member)
      spans.write(lane, left)
    end
    i = til
  end
  return n
end
