-- Brings tasks back that the log knows and the store has lost, or knows only as they were before. `mode` is apply or report.
-- `ids` are 16 bytes each; the arguments are the lanes (type and limits), then for each task its head and its record from
-- `priority` on, and as far as the head says so: attempts, idempotency key and fingerprint, facets, payload, result.
-- KEYS  shard
-- ARGV  step mode ids laneCount args...
-- REPLY now, work, one letter each (c restored, u corrected, e there, r replayed)
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
--@include holding
--@include accepting
--@include restoring
waiting.settleTime()
local list = restoring.read(ids, laneCount, args)
local letters = {}
for i = 1, #list do letters[i] = restoring.fateOf(list[i]) end
if mode == 'apply' then
  -- Tokens of leases from before must never name a lease again.
  token = math.max(token, now * 1000)
  restoring.create(list, letters)
  restoring.correctAll(list, letters)
end
return finish({ table.concat(letters) })
