-- Tasks on their way out: their ids, records, one letter each for why they wait, and the values that lie apart.
local views = {}
local APART = {
  { flag = B.payloadApart, family = K.payload, letter = 'p' },
  { flag = B.progressApart, family = K.progress, letter = 'g' },
  { flag = B.resultApart, family = K.result, letter = 'r' },
}

-- Returns ids, records, letters, triples of (place in the list, letter of the field, value), and of first attempts that are
-- not in their records triples of (place, entry, worker).
function views.of(list)
  local ids, raws, letters, apart, beside = {}, {}, {}, {}, {}
  for i = 1, #list do
    local r = list[i]
    local entry = firsts.missingIn(r)
    if entry then
      local n = #beside
      beside[n + 1], beside[n + 2], beside[n + 3] = i - 1, entry, r[R.worker]
    end
    ids[i] = r[R.id]
    raws[i] = records.rawOf(r)
    letters[i] = reasons.reasonOf(r)
    if r[R.flags] > 1 then
      for _, one in ipairs(APART) do
        if records.hasFlag(r, one.flag) then
          local n = #apart
          apart[n + 1] = i - 1
          apart[n + 2] = one.letter
          apart[n + 3] = call('GET', one.family .. r[R.id]) or ''
        end
      end
    end
  end
  return { table.concat(ids), raws, table.concat(letters), apart, beside }
end

-- The same for tasks that were just taken: mostly their records as they were read.
function views.claimed(batches)
  local ids, raws, apart = {}, {}, {}
  for _, batch in ipairs(batches) do
    local before = #raws
    ids[#ids + 1] = table.concat(batch.ids)
    if before == 0 and not batch.hasUnusual then raws = batch.raws else views.addClaimed(batch, raws) end
    for _, i in ipairs(batch.apart) do
      local n = #apart
      apart[n + 1], apart[n + 2], apart[n + 3] = before + i - 1, 'p', call('GET', K.payload .. batch.ids[i]) or ''
    end
  end
  return { table.concat(ids), raws, string.rep('-', #raws), apart, {} }
end

function views.addClaimed(batch, raws)
  local before = #raws
  for i = 1, #batch.raws do
    local raw = batch.raws[i]
    raws[before + i] = type(raw) == 'table' and records.rawOf(raw) or raw
  end
end
