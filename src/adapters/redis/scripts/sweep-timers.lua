-- Ends leases and waits that are over, makes due tasks ready, and names the next instant something is due.
-- KEYS  shard
-- ARGV  step limit
-- REPLY now, work, promoted, timed out, time left (-1 nothing)
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
waiting.endLeases()
local timedOut = waiting.expireWaits(tonumber(limit))
-- Not while others wait whose time is over: they might be among those that are due.
local promoted = moreWaitsOver and 0 or waiting.promoteDue(tonumber(limit))
ending.flush()

-- Directory entries may be too early: the first is made true until it is the earliest.
local function firstDeadline()
  for _ = 1, 20 do
    local first = call('ZRANGE', K.deadlines, 0, 0, 'WITHSCORES')
    if not first[1] then return nil end
    local earliest = waiting.readDeadlines(tonumber(first[1]), nil)
    if earliest == tonumber(first[2]) then return earliest end
    waiting.setEarliest(first[1], earliest)
  end
  return tonumber(call('ZRANGE', K.deadlines, 0, 0, 'WITHSCORES')[2] or nil)
end

local function firstOf(key) return tonumber(call('ZRANGE', key, 0, 0, 'WITHSCORES')[2] or nil) end

local function firstLease()
  for _ = 1, 50 do
    local first = call('ZRANGE', K.leases, 0, 0, 'WITHSCORES')
    if not first[1] then return nil end
    local earliest = firstOf(K.leasesOf .. first[1])
    if earliest == tonumber(first[2]) then return earliest end
    if earliest then call('ZADD', K.leases, whole(earliest), first[1]) else call('ZREM', K.leases, first[1]) end
  end
  return firstOf(K.leases)
end

local nextAt = 2 ^ 53
for _, first in ipairs({ firstOf(K.delayed) or 2 ^ 53, firstDeadline() or 2 ^ 53, firstLease() or 2 ^ 53,
  firstOf(K.drains) or 2 ^ 53 }) do
  nextAt = math.min(nextAt, first)
end
announced = nextAt
return finish({ promoted, timedOut, nextAt == 2 ^ 53 and -1 or math.max(0, nextAt - now) })
