-- Locks and semaphores of users: per key, owners with (fence, end). What is over is dropped when somebody looks.
local holds = {}
function holds.liveHolds(key)
  local all, live = call('HGETALL', K.hold .. key), { n = 0, of = {} }
  for i = 1, #all, 2 do
    local fence, endsAt = struct.unpack('>dd', all[i + 1])
    if endsAt > now then
      live.n = live.n + 1
      live.of[all[i]] = { fence = fence, endsAt = endsAt, bytes = all[i + 1] }
    else
      call('HDEL', K.hold .. key, all[i])
    end
  end
  return live
end

function holds.keepHold(key, owner, fence, endsAt)
  local bytes = struct.pack('>dd', fence, endsAt)
  call('HSET', K.hold .. key, owner, bytes)
  -- When the last hold of the key can be forgotten.
  call('ZADD', K.holds, 'GT', endsAt, key)
  return bytes
end
