-- A page of what there is to look at: `which` is pieces (all), live (pieces in which tasks wait or run), lanes, types.
-- KEYS  shard
-- ARGV  step which cursor
-- REPLY now, work, cursor ('' at the end), names
-- FLAGS allow-oom
--@include step
--@include arrays
--@include states
--@include records
--@include values
--@include changes
--@include finish
local function scanned(page)
  local names = {}
  for i = 1, #page[2], 2 do names[#names + 1] = page[2][i] end
  return finish({ page[1] == '0' and '' or page[1], names })
end

local hash = ({ lanes = K.lanes, types = K.types })[which]
if hash then return scanned(call('HSCAN', hash, cursor == '' and '0' or cursor, 'COUNT', 200)) end

local keys = { K.chunks .. 'a' }
if which == 'live' then keys = { K.chunks .. 's1', K.chunks .. 's2', K.chunks .. 's7' } end
local seen, pieces = {}, {}
for _, key in ipairs(keys) do
  for _, chunk in ipairs(call('ZRANGEBYSCORE', key, cursor == '' and '-inf' or '(' .. cursor, '+inf', 'LIMIT', 0, 300)) do
    if not seen[chunk] then pieces[#pieces + 1] = chunk end
    seen[chunk] = true
  end
end
table.sort(pieces, function(a, b) return tonumber(a) < tonumber(b) end)
while #pieces > 300 do table.remove(pieces) end
return finish({ #pieces < 300 and '' or pieces[300], pieces })
