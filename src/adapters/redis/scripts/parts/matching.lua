-- Which tasks a list asks for: by number, status, type and facets, piece by piece.
local matching = {}
local PIECES_MAX = 60
-- Members of sets of facets that one call looks at: they are what is dear.
local MEMBERS_MAX = 2000
local members = 0
local CODES_OF = { ['0'] = { 1, 7 }, ['1'] = { 2 }, ['2'] = { 3 }, ['3'] = { 4 }, ['4'] = { 5 }, ['5'] = { 6 } }
local pattern, wantedCodes, wantedType = '[^%z]', nil, nil
local firstSeq, endSeq = tonumber(from), tonumber(before)
local firstPiece, lastPiece = math.floor(firstSeq / C.chunk), math.floor((endSeq - 1) / C.chunk)
if ofStatus ~= '' then
  pattern, wantedCodes = '[', {}
  for _, code in ipairs(CODES_OF[ofStatus]) do
    pattern = pattern .. string.char(code)
    wantedCodes[code] = true
  end
  pattern = pattern .. ']'
end
if ofType ~= '' then wantedType = call('HGET', K.types, ofType) end

function matching.totalOf()
  local key = counter == '' and K.counts or K.facetCounts .. counter
  local sum, all = 0, call('HGETALL', key)
  for i = 1, #all, 2 do
    local status, type = all[i]:sub(1, 1), all[i]:sub(2)
    if status:find('%d') and (ofStatus == '' or status == ofStatus) and (ofType == '' or type == ofType) then
      sum = sum + all[i + 1]
    end
  end
  return sum
end

-- Directories whose union is walked: the one with the fewest pieces.
function matching.driver()
  local choices = {}
  if ofStatus ~= '' then
    local names = {}
    for _, code in ipairs(CODES_OF[ofStatus]) do names[#names + 1] = 's' .. code end
    choices[1] = names
  end
  if ofType ~= '' then choices[#choices + 1] = { 'y' .. ofType } end
  for i = facets, #ARGV do choices[#choices + 1] = { ARGV[i] } end
  if #choices == 0 then return { 'a' } end
  local best, fewest = nil, nil
  for _, names in ipairs(choices) do
    local n = 0
    for _, name in ipairs(names) do n = n + call('ZCARD', K.chunks .. name) end
    if not fewest or n < fewest then best, fewest = names, n end
  end
  return best
end

function matching.piecesFrom(after)
  local all, seen = {}, {}
  for _, name in ipairs(matching.driver()) do
    local key, some = K.chunks .. name, nil
    if order == 'asc' then
      local start = after == '' and whole(firstPiece) or '(' .. after
      some = call('ZRANGEBYSCORE', key, start, whole(lastPiece), 'LIMIT', 0, PIECES_MAX)
    else
      local start = after == '' and whole(lastPiece) or '(' .. after
      some = call('ZREVRANGEBYSCORE', key, start, whole(firstPiece), 'LIMIT', 0, PIECES_MAX)
    end
    for _, chunk in ipairs(some) do
      if not seen[chunk] then all[#all + 1] = chunk end
      seen[chunk] = true
    end
  end
  table.sort(all, function(a, b)
    if order == 'asc' then return tonumber(a) < tonumber(b) end
    return tonumber(a) > tonumber(b)
  end)
  while #all > PIECES_MAX do table.remove(all) end
  return all
end

function matching.offsetsOf(chunk, states)
  local offsets = {}
  if facets > #ARGV then
    for at in states:gmatch('()' .. pattern) do offsets[#offsets + 1] = at - 1 end
    return offsets
  end
  local keys = {}
  for i = facets, #ARGV do keys[#keys + 1] = K.facet .. chunk .. '\n' .. ARGV[i] end
  local some, byteAt = call('SINTER', unpack(keys)), string.byte
  members = members + #some
  for _, offset in ipairs(some) do
    offset = tonumber(offset)
    local code = byteAt(states, offset + 1) or 0
    if code > 0 and (not wantedCodes or wantedCodes[code]) then offsets[#offsets + 1] = offset end
  end
  return offsets
end

-- Numbers that match, in any order.
function matching.matchesOf(chunk)
  local states = call('GET', K.states .. chunk) or ''
  local types = wantedType and call('GET', K.typesOf .. chunk)
  local seqs = {}
  for _, offset in ipairs(matching.offsetsOf(chunk, states)) do
    local at = offset * C.typeBytes
    local seq = chunk * C.chunk + offset
    local isIn = seq >= firstSeq and seq < endSeq
    if isIn and (not types or types:sub(at + 1, at + C.typeBytes) == wantedType) then seqs[#seqs + 1] = seq end
  end
  return seqs
end

-- The same in the order of the list. Sorting with a function of ours takes several times as long.
function matching.seqsIn(chunk)
  local seqs = matching.matchesOf(chunk)
  table.sort(seqs)
  if order == 'asc' then return seqs end
  local n, reversed = #seqs, {}
  for i = 1, n do reversed[i] = seqs[n + 1 - i] end
  return reversed
end

function matching.matchesIn(chunk)
  local isWhole = chunk * C.chunk >= firstSeq and (chunk + 1) * C.chunk <= endSeq
  if isWhole and ofType == '' and facets > #ARGV then
    return (select(2, (call('GET', K.states .. chunk) or ''):gsub(pattern, '')))
  end
  return #matching.matchesOf(chunk)
end

function matching.isEnough() return members >= MEMBERS_MAX end
