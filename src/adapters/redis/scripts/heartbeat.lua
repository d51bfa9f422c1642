-- Renews leases of a node: never past the process deadline plus grace, never to an earlier end.
-- A ref is the id (16 bytes) and the token (7).
-- KEYS  shard
-- ARGV  step node refs
-- REPLY now, work, ends of leases (doubles; 0 lost), one letter each (c cancel requested, h held, l lost), the reason of
--       each cancel (2 bytes of length before it; empty for none)
-- FLAGS allow-oom
--@include step
--@include arrays
--@include states
--@include records
--@include values
--@include changes
--@include finish
--@include holding
call('ZADD', K.heard, 'XX', nowText, node)
local ends, letters, reasons, renewed = {}, {}, {}, {}
for i, ref in ipairs(holding.readRefs(refs)) do
  local r = holding.heldBy(ref)
  if r then
    local timeout, endsAt = r[R.processTimeoutMs], now + leaseMs
    if timeout > 0 then endsAt = math.min(endsAt, r[R.startedAt] + timeout + cancelGraceMs) end
    r[R.endsAt] = math.max(r[R.endsAt], endsAt)
    local args = renewed[r[R.type]] or {}
    renewed[r[R.type]] = args
    args[#args + 1] = whole(r[R.endsAt])
    args[#args + 1] = bytesOf(r[R.seq])
  end
  ends[i] = struct.pack('>d', r and r[R.endsAt] or 0)
  letters[i] = r and (records.hasFlag(r, B.cancelRequested) and 'c' or 'h') or 'l'
  if letters[i] == 'c' then
    local reason = call('GET', K.cancelReason .. r[R.id]) or ''
    reasons[#reasons + 1] = struct.pack('>Hc0', #reason, reason)
  end
end
for type, args in pairs(renewed) do call('ZADD', K.leasesOf .. type, unpack(args)) end
return finish({ table.concat(ends), table.concat(letters), table.concat(reasons) })
