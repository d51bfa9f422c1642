-- What submits with these idempotency keys would answer, without submitting anything: key and fingerprint in turn.
-- KEYS  shard
-- ARGV  step names...
-- REPLY now, work, states (r replayed, x conflict, - not known), views of the tasks that are replayed
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
--@include reasons
--@include views
--@include finish
--@include accepting
--@include replaying
waiting.settleTime()
local named, letters, old = {}, {}, {}
for i = names, #ARGV, 2 do named[#named + 1] = { key = K.idempotency .. ARGV[i], fingerprint = ARGV[i + 1] } end
local first = accepting.readFirst(named)
for i, name in ipairs(named) do
  local known = first[name.key]
  local r = accepting.firstOf(known)
  letters[i] = not r and '-' or known.fingerprint ~= name.fingerprint and 'x' or 'r'
  if letters[i] == 'r' then old[#old + 1] = r end
end
return finish({ table.concat(letters), views.of(old) })
