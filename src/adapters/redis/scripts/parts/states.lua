-- Writes the states and deadlines that a step has changed, and keeps the directories true.
local STATE_BYTES = { '\1', '\2', '\3', '\4', '\5', '\6', '\7' }

-- `types` are those of the tasks that changed in this step. Returns whether somebody waited in the piece, and still does.
function arrays.nameStates(chunk, old, new, types)
  local waited, waits, find = false, false, string.find
  for code, byte in ipairs(STATE_BYTES) do
    local had, has = find(old, byte, 1, true), find(new, byte, 1, true)
    if byte == X.fresh or byte == X.waiting then
      waited, waits = waited or had ~= nil, waits or has ~= nil
    end
    if has and not had then
      call('ZADD', K.chunks .. 's' .. code, chunk, chunk)
    elseif had and not has then
      call('ZREM', K.chunks .. 's' .. code, chunk)
      if byte == X.fresh then
        for type in pairs(types) do call('ZREM', K.chunks .. 'f' .. type, chunk) end
      end
    end
  end
  return waited, waits
end

-- Returns the pieces in which somebody still waits, by name.
function arrays.writeStates(types)
  local before, waits = {}, {}
  if #stateSeqs > 0 then table.insert(stateBlocks, 1, { stateSeqs, states }) end
  for _, block in ipairs(stateBlocks) do
    arrays.inRuns(block[1], function(from, to, chunk, offset)
      if not before[chunk] then before[chunk] = call('GET', K.states .. chunk) or '' end
      arrays.setBytes(K.states .. chunk, offset, arrays.bytesOfRun(block[2], from, to), C.chunk)
    end)
  end
  for chunk, old in pairs(before) do
    local waited
    waited, waits[chunk] = arrays.nameStates(chunk, old, call('GET', K.states .. chunk), types)
    if waited and not waits[chunk] then
      call('DEL', K.deadlineChunk .. chunk)
      call('ZREM', K.deadlines, chunk)
    end
  end
  stateBlocks, stateSeqs, states = {}, {}, {}
  return waits
end

function arrays.earliestOf(times)
  local earliest = nil
  if type(times) == 'string' then times = { times } end
  for i = 1, #times do
    -- As bytes they compare as the numbers do.
    if times[i] ~= '\0\0\0\0\0\0' and (not earliest or times[i] < earliest) then earliest = times[i] end
  end
  return earliest and struct.unpack('>I6', earliest)
end

function arrays.writeDeadlines(waits)
  if #deadlineSeqs > 0 then table.insert(deadlineBlocks, 1, { deadlineSeqs, deadlines }) end
  for _, block in ipairs(deadlineBlocks) do
    local seqs, times = block[1], block[2]
    arrays.inRuns(seqs, function(from, to, chunk, offset)
      if waits[chunk] == false then return end
      arrays.setBytes(K.deadlineChunk .. chunk, offset * 6, arrays.bytesOfRun(times, from, to), C.chunk * 6)
      local run = times
      if type(times) ~= 'string' then run = { unpack(times, from, to) } end
      local earliest = arrays.earliestOf(run)
      if earliest then call('ZADD', K.deadlines, 'LT', whole(earliest), chunk) end
    end)
  end
  deadlineBlocks, deadlineSeqs, deadlines = {}, {}, {}
end
