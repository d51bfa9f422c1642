-- The usual settlement: success of a task that has no error, progress or request to cancel, told by its holder. See
-- taking.lua on why this loop is as it is.

local NOBODY, NO_ERROR = string.rep('\0', 7), string.rep('\0', C.emptyTail - 4)

-- Notes what tasks of one type, limits and worker have in common.
function settling.closeRun(run, freeing)
  local n, tally = #run.members, changes.tallyOf(run.type)
  changes.groupFor(0, run.type, run.worker, n)
  events[#events + 1] = table.concat(run.told)
  for facets, times in pairs(run.facetsOf) do changes.countFacets(facets, run.type, S.processing, S.success, times) end
  tally[S.processing], tally[S.success] = tally[S.processing] - n, tally[S.success] + n
  stateBlocks[#stateBlocks + 1] = { arrays.numbersOf(run.members), X.success }
  ended[#ended + 1] = table.concat(run.members)
  happened(S.success, n)
  local leases = slots.listIn(freeing.leases, run.type)
  local before = #leases
  for i = 1, n do leases[before + i] = run.members[i] end
  for _, limit in ipairs(slots.facedIn(run.limits == '' and run.type or run.type .. '\n' .. run.limits)) do
    freeing.keys[limit.key] = true
    if limit.named then freeing.named[limit.key] = true end
    if not limit.own then
      local list = slots.listIn(freeing.slots, limit.key)
      local max, from = struct.pack('>I4', limit.max), #list
      for i = 1, n do list[from + i] = run.members[i] .. run.tokens[i] .. max end
    end
  end
end

-- What all tasks with the same beginning (status, flags, version, retry) get in its place; nil for those that are not usual.
function settling.beginningsFor(head)
  local status, flags, version, retry = struct.unpack(F.event, head)
  if status ~= S.processing or bit.band(flags, C.unusual) ~= 0 then return nil, nil end
  return struct.pack(F.event, S.success, flags, version + 1, retry),
    struct.pack(F.event, S.success, flags + B.hasTail, version + 1, retry)
end

function settling.newRun(type, limits, worker)
  return { type = type, limits = limits, worker = worker, members = {}, tokens = {}, told = {}, facetsOf = {},
    workerBytes = struct.pack('>I2c0', #worker, worker),
    laneBytes = struct.pack('>Bc0I2c0', #type, type, #limits, limits) }
end

-- `ids`, `keys`, `tokens` (7 bytes), `raws` in their order, `kinds` as one text; `results` of those of kind r. Returns the
-- letters of those it could settle.
function settling.succeedUsual(c, raws, results, freeing)
  local ids, keys, tokens, kinds = c.ids, c.keys, c.tokens, c.kinds
  local unpackAs, pack, cut, nowBytes = struct.unpack, struct.pack, string.sub, bytesOf(now)
  local letters, run, format, n, w, behindToken = {}, nil, nil, 0, #written, NOBODY .. nowBytes
  local lastHead, plain, tailed = nil, nil, nil
  for i = 1, #ids do
    local raw, kind = raws[i], cut(kinds, i, i)
    if raw and kind ~= 'x' then
      local head, holder = cut(raw, 1, C.tokenAt - 1), cut(raw, C.tokenAt, C.tokenAt + 6)
      if head ~= lastHead then
        lastHead = head
        plain, tailed = settling.beginningsFor(head)
      end
      if plain and holder == tokens[i] then
        -- Mostly as the one before: then its lane is compared and not taken apart.
        local workerBytes, member, laneBytes, named, facets = nil, nil, nil, 0, nil
        if run and #raw >= run.bytes then workerBytes, member, laneBytes, named = unpackAs(format, raw, C.workerAt) end
        if run and workerBytes == run.workerBytes and laneBytes == run.laneBytes then
          facets = named > 0 and cut(raw, run.bytes, run.bytes + named - 1) or ''
        else
          local worker, type, limits
          worker, member, type, limits, facets = unpackAs(F.lane, raw, C.workerAt)
          if not run or run.type ~= type or run.limits ~= limits or run.worker ~= worker then
            if run then settling.closeRun(run, freeing) end
            run, n = settling.newRun(type, limits, worker), 0
            format = '>c' .. #run.workerBytes .. 'c6c' .. #run.laneBytes .. 'I2'
            run.bytes = C.workerAt + #run.workerBytes + 6 + #run.laneBytes + 2
          end
        end
        if facets ~= '' then run.facetsOf[facets] = (run.facetsOf[facets] or 0) + 1 end
        local told = plain
        if kind == 's' then
          call('SETRANGE', keys[i], '0', plain .. behindToken .. holder .. nowBytes)
        else
          told, written[w + 1] = tailed, keys[i]
          written[w + 2] = tailed .. behindToken .. holder .. nowBytes .. cut(raw, C.attemptAt, -C.emptyTail - 1) .. NO_ERROR
            .. pack('>I4', #results[i]) .. results[i]
          w = w + 2
        end
        n = n + 1
        run.members[n], run.tokens[n] = member, holder
        run.told[2 * n - 1], run.told[2 * n] = ids[i], told
        letters[i] = '2'
      end
    end
  end
  if run then settling.closeRun(run, freeing) end
  return letters
end
