-- Tasks that the log would bring back. A submit writes to the log and then here, so that a task can be over before its record
-- was read: forgotten then, it would be taken in once more. Its specification says where the record lies.
local passing = {}
local readTo = {}

function passing.isBehind(r, topic, tag)
  local at, offset, of = struct.unpack('>I2c0', r[R.raw], r[R.after]):match('^{"o":%[(%d+),(%d+),(%d+)%]')
  if of ~= tag then return false end
  if readTo[at] == nil then readTo[at] = tonumber(call('HGET', K.offsets .. topic, at) or '0') end
  return readTo[at] <= tonumber(offset)
end

-- Those that may be forgotten. The others go back to the log of endings.
function passing.passed(list, topic, tag)
  if topic == '' then return list end
  local gone, kept = {}, {}
  for i = 1, #list do
    local r = list[i]
    local into = passing.isBehind(r, topic, tag) and kept or gone
    into[#into + 1] = r
  end
  for i = #kept, 1, -1 do
    call('LPUSH', K.ended, bytesOf(kept[i][R.completedAt]) .. bytesOf(kept[i][R.seq]))
    forgetting.putBack(kept[i])
  end
  return gone
end
