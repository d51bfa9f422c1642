-- Records outcomes of attempts, frees their slots and puts each task where it belongs next.
-- `ids` (16 bytes each), `tokens` (7) and `kinds` (1) are columns. Usual is success by the holder whose handler has ended:
-- without (s) or with (r) a result, which is then an argument. For all others (x) two arguments follow: outcome (s succeed,
-- f fail, r retry, l release, v recover, c cancel), who (h holder, s sweeper), handler (e ended, r running), delay (double),
-- attempt outcome, error code, error; and the result, empty for null. `twice` is 1 when a task may be named twice.
-- KEYS  shard
-- ARGV  step ids tokens kinds twice settlements...
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
local c = { ids = arrays.split(16, n, ids), tokens = arrays.split(7, n, tokens), kinds = kinds, keys = {} }
for i = 1, n do c.keys[i] = K.task .. c.ids[i] end
local raws = n > 0 and call('MGET', unpack(c.keys)) or {}
local args, freeing = settling.argsOf(kinds, settlements), slots.newFreeing()
-- Usually no lease at all is over: then none has to be asked for its end.
local noneLost = not isPageFull and call('EXISTS', K.lost) == 0
local letters = {}
if noneLost and twice == '0' and next(tasks) == nil then letters = settling.succeedUsual(c, raws, args, freeing) end
for i = 1, n do
  if not letters[i] then
    local id = c.ids[i]
    if raws[i] and not tasks[id] then tasks[id] = records.recordOf(id, raws[i]) end
    local s = settling.readSettlement(kinds:sub(i, i), args[i])
    letters[i] = settling.settle(id, c.tokens[i], s, noneLost, freeing)
  end
end
slots.freeCollected(freeing)
lanes.writeLanes()
for key in pairs(freeing.keys) do lanes.wake(key) end
return finish({ table.concat(letters) })
