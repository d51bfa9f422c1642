-- Records outcomes of attempts, frees their slots and puts each task where it belongs next.
-- `ids` (16 bytes each), `tokens` (7) and `kinds` (1) are columns. Usual is success by the holder whose handler has ended:
-- without (s) or with (r) a result, which is then an argument. For all others (x) two arguments follow: outcome (s succeed,
-- f fail, r retry, l release, v recover, c cancel), who (h holder, s sweeper), handler (e ended, r running), delay (double),
-- attempt outcome, error code, error; and the result, empty for null. `runs` is what the holder knows of them from its claim:
-- how many of one kind have numbers that follow each other (2 bytes), which of the `groupCount` groups that come first in the
-- arguments they belong to (2; type, limits and facets as in a record), and the first number (6); 0 where it knows nothing.
-- `twice` is 1 when a task may be named twice.
-- KEYS  shard
-- ARGV  step ids tokens kinds runs twice groupCount args...
-- REPLY now, work, the status each led to (l lease lost)
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
--@include holding
--@include settling
--@include succeeding
waiting.endLeases()
local n = #kinds
local c = { ids = arrays.split(16, n, ids), tokens = arrays.split(7, n, tokens), kinds = kinds, letters = {} }
groupCount = tonumber(groupCount)
local results, freeing = settling.argsOf(kinds, args + groupCount), slots.newFreeing()
-- Usually no lease at all is over: then none has to be asked for its end.
local noneLost = not isPageFull and call('EXISTS', K.lost) == 0
if noneLost and twice == '0' and next(tasks) == nil then
  settling.succeedFirsts(c, runs, settling.readGroups(groupCount, args), results, freeing)
end
local others = {}
for i = 1, n do
  if not c.letters[i] then others[#others + 1] = c.ids[i] end
end
if #others > 0 then records.fetch(others) end
for i = 1, n do
  if not c.letters[i] then
    local s = settling.readSettlement(kinds:sub(i, i), results[i])
    c.letters[i] = settling.settle(c.ids[i], c.tokens[i], s, noneLost, freeing)
  end
end
slots.freeCollected(freeing)
lanes.writeLanes()
for key in pairs(freeing.keys) do lanes.wake(key) end
return finish({ table.concat(c.letters) })
