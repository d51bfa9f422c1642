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
local function addLeasesOf(type, key, held)
  if not type then return end
  local seqs, leases = {}, call('ZRANGE', K.leasesOf .. type, 0, -1, 'WITHSCORES')
  for i = 1, #leases, 2 do seqs[#seqs + 1] = seqOf(leases[i]) end
  for i, id in ipairs(records.fetchNumbers(seqs)) do
    local r = tasks[id]
    if r then
      held[#held + 1] = { seq = seqs[i], token = r[R.token], max = ownMaximum(r, key), endsAt = tonumber(leases[2 * i]) }
    end
  end
end

local function slotsOf(key, operator)
  local all, held = {}, {}
  for _, member in ipairs(call('SMEMBERS', K.slots .. key)) do
    local seq, of, max = struct.unpack('>I6I7I4', member)
    all[#all + 1] = { seq = seq, token = of, max = max }
  end
  addLeasesOf(slots.typeNamedBy(key), key, all)
  for _, slot in ipairs(all) do
    if operator or slot.max ~= C.noMax then held[#held + 1] = slot end
  end
  table.sort(held, function(a, b)
    if a.seq ~= b.seq then return a.seq < b.seq end
    return a.token < b.token
  end)
  return held
end

local function leaseEndOf(slot, r)
  if slot.endsAt then return slot.endsAt end
  local draining = call('ZSCORE', K.drains, struct.pack('>I6I7', slot.seq, slot.token))
  return tonumber(draining or call('ZSCORE', K.leasesOf .. r[R.type], bytesOf(slot.seq)) or 0)
end

-- A task whose slot drains may run elsewhere meanwhile.
local function workerOf(r, slot)
  if r[R.token] == slot.token then return r[R.worker] end
  return call('HGET', K.drainWorkers, struct.pack('>I6I7', slot.seq, slot.token)) or r[R.worker]
end

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
