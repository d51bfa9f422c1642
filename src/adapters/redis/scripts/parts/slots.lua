-- Slots: who occupies room of a key right now. The slot of a type's key is the lease itself. For other keys the number of the
-- task that runs is a member; of a handler that outlives its attempt, number and token are, since the task may run again
-- meanwhile. Nothing counts up or down.
-- A lane's name is its type, and for tasks with limits a newline and the packed limits: (length, key, maximum) each.
local slots = {}
local facedBy, limitKnown, anyLimit = {}, {}, nil

function slots.laneOf(r)
  if r[R.limits] == '' then return r[R.type] end
  return r[R.type] .. '\n' .. r[R.limits]
end

-- The limits a lane faces: those it names and its type's, which limits nobody unless an operator says so.
function slots.facedIn(lane)
  local known = facedBy[lane]
  if known then return known end
  local newline = lane:find('\n', 1, true)
  local type = newline and lane:sub(1, newline - 1) or lane
  local faced, namesType, at = { type = type }, false, newline and newline + 1 or #lane + 1
  while at <= #lane do
    local key, max
    key, max, at = struct.unpack('>I2c0I4', lane, at)
    local isOwn = key == C.typeKey .. type
    faced[#faced + 1] = { key = key, max = max, named = true, own = isOwn }
    namesType = namesType or isOwn
  end
  if not namesType then faced[#faced + 1] = { key = C.typeKey .. type, max = C.noMax, named = false, own = true } end
  facedBy[lane] = faced
  return faced
end

function slots.operatorLimit(key)
  if anyLimit == nil then anyLimit = call('EXISTS', K.limits) == 1 end
  if not anyLimit then return nil end
  local known = limitKnown[key]
  if known == nil then
    known = tonumber(call('HGET', K.limits, key) or nil) or false
    limitKnown[key] = known
  end
  return known or nil
end

-- The operator's limit wins over what the task asks.
function slots.maximumOf(limit)
  return slots.operatorLimit(limit.key) or limit.max
end

function slots.typeNamedBy(key)
  return key:sub(1, #C.typeKey) == C.typeKey and key:sub(#C.typeKey + 1) or nil
end

function slots.liveSlots(key)
  local type = slots.typeNamedBy(key)
  local live = call('SCARD', K.slots .. key)
  return type and live + call('ZCARD', K.leasesOf .. type) or live
end

function slots.hasRoom(limit)
  local max = slots.maximumOf(limit)
  return max == C.noMax or slots.liveSlots(limit.key) < max
end

-- The slot of a handler that has outlived its attempt, also in the list of those.
function slots.drainOf(seq, of) return struct.pack('>I6I7', seq, of) end

-- A key is listed as long as somebody who names it waits or holds a slot.
function slots.forgetKeyIfUnused(key)
  local type = slots.typeNamedBy(key)
  if call('EXISTS', K.slots .. key, K.keyLanes .. key, type and K.leasesOf .. type or K.slots .. key) == 0 then
    call('SREM', K.keys, key)
  end
end

-- Longer than what Redis keeps in a sorted set that is a list (`zset-max-listpack-value`, 64 unless set higher).
local LONG_MEMBER = string.rep('-', 65)

-- Redis keeps a small sorted set as a list and searches all of it for each member that is added: for a hundred leases that was
-- a tenth of all a server did. A long member makes it a set with an index, which it stays for as long as it lives.
function slots.addLeases(type, args, earliest)
  local key = K.leasesOf .. type
  local isList = #args > 2 * C.listedLeases and call('OBJECT', 'ENCODING', key) ~= 'skiplist'
  if isList then call('ZADD', key, args[1], LONG_MEMBER) end
  call('ZADD', key, unpack(args))
  if isList then call('ZREM', key, LONG_MEMBER) end
  -- Never later than the first end of the type; leases that are renewed make it too early, which is found out in time.
  call('ZADD', K.leases, 'LT', whole(earliest), type)
end

function slots.removeLeases(type, members)
  call('ZREM', K.leasesOf .. type, unpack(members))
  if call('EXISTS', K.leasesOf .. type) == 0 then call('ZREM', K.leases, type) end
end

-- Takes slots for tasks whose leases are new. Numbers are bytes.
function slots.takeSlots(faced, numbers)
  for _, limit in ipairs(faced) do
    if not limit.own then call('SADD', K.slots .. limit.key, unpack(numbers)) end
    if limit.named then call('SADD', K.keys, limit.key) end
  end
end

-- Collects slots to free, so that each key is touched once: `leases` by type, `slots` by key, `keys` to wake.
function slots.newFreeing() return { leases = {}, slots = {}, keys = {}, named = {} } end

function slots.listIn(of, name)
  local list = of[name]
  if not list then
    list = {}
    of[name] = list
  end
  return list
end

function slots.addAll(list, more)
  local n = #list
  for i = 1, #more do list[n + i] = more[i] end
end

-- @param how 'lease' the slots of the running lease; 'drain' those that outlived it; 'lost' those of a lease that is over
function slots.free(freeing, lane, seq, of, how)
  local faced = slots.facedIn(lane)
  for i = 1, #faced do
    local limit = faced[i]
    if limit.own and how == 'lease' then
      local list = slots.listIn(freeing.leases, faced.type)
      list[#list + 1] = bytesOf(seq)
    elseif not (limit.own and how == 'lost') then
      local list = slots.listIn(freeing.slots, limit.key)
      list[#list + 1] = how == 'drain' and slots.drainOf(seq, of) or bytesOf(seq)
    end
    freeing.keys[limit.key] = true
    if limit.named then freeing.named[limit.key] = true end
  end
end

function slots.freeCollected(freeing)
  for type, members in pairs(freeing.leases) do slots.removeLeases(type, members) end
  for key, members in pairs(freeing.slots) do call('SREM', K.slots .. key, unpack(members)) end
  for key in pairs(freeing.named) do slots.forgetKeyIfUnused(key) end
end
