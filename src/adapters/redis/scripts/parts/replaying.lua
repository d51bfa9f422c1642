-- Submissions of which some may not be new: each is looked at by itself, in order.

function accepting.createOneByOne(c, runs)
  local first = accepting.readFirst(c.names)
  local ids = arrays.split(16, #c.keys, c.idBytes)
  records.fetch(ids)
  local letters, old, newIds, isOld, remembered = {}, {}, {}, {}, {}
  for _, run in ipairs(runs) do
    for i = run.from, run.to do
      local id, name = ids[i], c.names[i]
      local known = name and first[name.key]
      local before = accepting.firstOf(known)
      if before and known.fingerprint ~= name.fingerprint then
        letters[i] = 'x'
      elseif before or tasks[id] then
        letters[i] = before and 'r' or 'e'
        old[#old + 1] = before or tasks[id]
        isOld[i] = #old
      else
        letters[i] = 'c'
        newIds[#newIds + 1] = id
        accepting.pack(c, run, i, i, c.made, written)
        accepting.enter(c, run, i, i)
        tasks[id] = records.recordOf(id, written[#written])
        if name then accepting.remember(name, tasks[id], first, remembered) end
      end
    end
  end
  accepting.noteRemembered(remembered)
  -- Why a conflict waits is nobody's question.
  for i = 1, #letters do
    if letters[i] == 'x' then isOld[i] = 0 end
  end
  return table.concat(letters), old, table.concat(newIds), isOld
end

-- Why each of the tasks waits.
function accepting.reasonsOf(runs, n, old, isOld)
  local why = {}
  for _, run in ipairs(runs) do
    local letter = reasons.reasonAt(run.lane.name, run.due, 0)
    if next(isOld) == nil then
      why[#why + 1] = string.rep(letter, run.to - run.from + 1)
    else
      for i = run.from, run.to do
        local at = isOld[i]
        why[i] = at == nil and letter or at == 0 and '-' or reasons.reasonOf(old[at])
      end
    end
  end
  return table.concat(why)
end
