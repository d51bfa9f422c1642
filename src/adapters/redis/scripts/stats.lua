-- Counts and the last hour by minutes; and of each named type its oldest wait. Without names (`what` counts) there are only the
-- counts, with them (`what` types) only what is said of the types.
-- KEYS  shard
-- ARGV  step what names...
-- REPLY now, work, accepted, purged, counts, minutes, per type (name, oldest)
-- FLAGS allow-oom
--@include step
--@include arrays
--@include states
--@include records
--@include values
--@include changes
--@include slots
--@include lanes
--@include entering
--@include waiting
--@include finish
if what == 'counts' then waiting.settleTime() end
ending.flush()

-- The first task of the type that was due when it came: in order of numbers. Pieces that have none any more are dropped
-- from the directory here.
local function firstFresh(type)
  local id = call('HGET', K.types, type)
  for _, chunk in ipairs(call('ZRANGE', K.chunks .. 'f' .. type, 0, 49)) do
    local states, types = call('GET', K.states .. chunk) or '', call('GET', K.typesOf .. chunk) or ''
    for at in states:gmatch('()' .. X.fresh) do
      if types:sub((at - 1) * C.typeBytes + 1, at * C.typeBytes) == id then return chunk * C.chunk + at - 1 end
    end
    call('ZREM', K.chunks .. 'f' .. type, chunk)
  end
  return nil
end

local function oldestOf(type)
  local oldest = tonumber(call('ZRANGE', K.late .. type, 0, 0, 'WITHSCORES')[2] or nil) or now
  local seq = firstFresh(type)
  local r = seq and tasks[records.fetchNumbers({ seq })[1]]
  if r and r[R.dueAt] < oldest then oldest = r[R.dueAt] end
  return now - oldest
end

local types, minutes = {}, {}
for i = names, #ARGV do types[#types + 1] = { ARGV[i], oldestOf(ARGV[i]) } end
if what == 'types' then return finish({ seqNo, purged, {}, {}, types }) end
for back = 59, 0, -1 do
  local of = call('HGETALL', K.minute .. whole(math.floor(now / 60000) - back))
  if #of > 0 then minutes[#minutes + 1] = of end
end
return finish({ seqNo, purged, call('HGETALL', K.counts), minutes, types })
