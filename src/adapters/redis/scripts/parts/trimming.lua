-- How far the outbox may be trimmed: not beyond what was written to the log, as long as somebody says that more will be.
local trimming = {}

function trimming.isBefore(one, other)
  local ms, n = one:match('^(%d+)-(%d+)$')
  local otherMs, otherN = other:match('^(%d+)-(%d+)$')
  if tonumber(ms) ~= tonumber(otherMs) then return tonumber(ms) < tonumber(otherMs) end
  return tonumber(n) < tonumber(otherN)
end

-- Returns the position that may be trimmed to; nil = nothing may. What must wait is noted for when the log has it.
function trimming.allowed(position)
  local events, heldAt, wanted = unpack(call('HMGET', K.relay, 'events', 'eventsAt', 'wanted'))
  if not heldAt then return position end
  if now - heldAt > C.eventsHeldMs then
    call('HDEL', K.relay, 'events', 'eventsAt', 'eventsFence', 'wanted')
    return position
  end
  if events ~= '' and not trimming.isBefore(events, position) then
    if wanted and not trimming.isBefore(position, wanted) then call('HDEL', K.relay, 'wanted') end
    return position
  end
  if not wanted or trimming.isBefore(wanted, position) then call('HSET', K.relay, 'wanted', position) end
  return events ~= '' and events or nil
end
