-- Limit, holders and number of waiting tasks of each key.
-- KEYS  shard
-- ARGV  step keys...
-- REPLY now, work, per key (key, limit or -1, largest own maximum or -1, waiting, holders as (id, worker, end as double))
-- FLAGS allow-oom
--@include step
--@include arrays
--@include states
--@include records
--@include values
--@include changes
--@include slots
--@include lanes
--@include finish
local function ownMaximum(r, key)
  for _, limit in ipairs(slots.facedIn(slots.laneOf(r))) do
    if limit.key == key then return limit.max end
  end
  return C.noMax
end

-- The slot of a type's key is the lease itself.
local function membersOf(key)
  local members, type = call('SMEMBERS', K.slots .. key), slots.typeNamedBy(key)
  if type then slots.addAll(members, call('ZRANGE', K.leasesOf .. type, 0, -1)) end
  return members
end

local function slotsOf(key, operator)
  local members, seqs, held = membersOf(key), {}, {}
  for i = 1, #members do seqs[i] = seqOf(members[i]) end
  for i, id in ipairs(records.fetchNumbers(seqs)) do
    local r, isDrain = tasks[id], #members[i] > 6
    local max = r and ownMaximum(r, key)
    if r and (operator or max ~= C.noMax) then
      held[#held + 1] = { seq = seqs[i], token = isDrain and struct.unpack('>I7', members[i], 7) or r[R.token], max = max,
        drain = isDrain and members[i] }
    end
  end
  table.sort(held, function(a, b)
    if a.seq ~= b.seq then return a.seq < b.seq end
    return a.token < b.token
  end)
  return held
end

local function leaseEndOf(slot, r)
  if slot.drain then return tonumber(call('ZSCORE', K.drains, slot.drain) or 0) end
  return tonumber(call('ZSCORE', K.leasesOf .. r[R.type], bytesOf(slot.seq)) or 0)
end

-- A task whose slot drains may run elsewhere meanwhile.
local function workerOf(r, slot) return slot.drain and call('HGET', K.drainWorkers, slot.drain) or r[R.worker] end

local function holdersOf(held)
  local seqs, holders = {}, {}
  for i = 1, #held do seqs[i] = held[i].seq end
  for i, id in ipairs(records.fetchNumbers(seqs)) do
    local r, n = tasks[id], #holders
    if r then
      holders[n + 1] = id
      holders[n + 2] = workerOf(r, held[i])
      holders[n + 3] = struct.pack('>d', leaseEndOf(held[i], r))
    end
  end
  return holders
end

local function largestOf(held)
  local most = -1
  for i = 1, #held do
    if held[i].max ~= C.noMax then most = math.max(most, held[i].max) end
  end
  return most
end

local function stateOf(key)
  local operator = slots.operatorLimit(key)
  local held = slotsOf(key, operator)
  local most, waiting = largestOf(held), 0
  -- With an operator's limit every ready task of the type faces its type's key, named or not.
  local ofType = operator and slots.typeNamedBy(key)
  if ofType then waiting = tonumber(call('HGET', K.counts, 'r' .. ofType) or 0) end
  for _, lane in ipairs(call('SMEMBERS', K.keyLanes .. key)) do
    local faced = slots.facedIn(lane)
    most = math.max(most, lanes.parkedMax(faced, key))
    if faced.type ~= ofType then waiting = waiting + (call('HGET', K.lanes, lane) or 0) end
  end
  -- The last who named a type's key may have left while others of the type still run.
  if most < 0 then call('SREM', K.keys, key) end
  return { key, operator or -1, most, waiting, holdersOf(held) }
end

local states = {}
for i = keys, #ARGV do states[#states + 1] = stateOf(ARGV[i]) end
return finish({ states })
