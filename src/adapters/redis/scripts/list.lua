-- A page of tasks by acceptance, or the part of it that one call may look at: walks the pieces of the smallest directory
-- asked for and filters them by the others. `counter` names the tally that knows the total ('' all tasks, else a facet);
-- with two facets or a span of numbers (`from`, `before`) none does, and the matches are counted first (`what` count).
-- KEYS  shard
-- ARGV  step what order total skip take cursor counter ofStatus ofType from before facets...
-- REPLY now, work, total (what page) or matches seen (what count), order, left to skip, left to take, cursor ('' at the
--       end), views
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
--@include matching
if cursor == '' then waiting.settleTime() end
ending.flush()
skip, take = tonumber(skip), tonumber(take)

local function count()
  local n, pieces, last = 0, matching.piecesFrom(cursor), nil
  for i = 1, #pieces do
    last = pieces[i]
    n = n + matching.matchesIn(last)
    if matching.isEnough() then break end
  end
  local isEnd = #pieces < PIECES_MAX and last == pieces[#pieces]
  return finish({ n, order, 0, 0, isEnd and '' or last, views.of({}) })
end

local function page()
  total = tonumber(total) or matching.totalOf()
  if cursor == '' then
    take = math.max(0, math.min(take, total - skip))
    -- The far end of a long list is near the other end.
    if skip + take > total / 2 then
      order = order == 'asc' and 'desc' or 'asc'
      skip = math.max(0, total - skip - take)
    end
  end
  local found, isCut, last, pieces = {}, false, '', take > 0 and matching.piecesFrom(cursor) or {}
  for i = 1, #pieces do
    last = pieces[i]
    local n = skip > 0 and matching.matchesIn(last) or 0
    if skip > 0 and n <= skip then
      skip = skip - n
    else
      local seqs = matching.seqsIn(last)
      local to = math.min(#seqs, skip + C.listed - #found, skip + take - #found)
      for j = skip + 1, to do found[#found + 1] = seqs[j] end
      skip, isCut = 0, to < #seqs and #found < take
      if isCut then
        -- The next call begins with the rest of this piece.
        skip, last = to, whole(last + (order == 'asc' and -1 or 1))
        break
      end
    end
    if #found >= take or matching.isEnough() then break end
  end
  take = take - #found
  local list = {}
  for _, id in ipairs(records.fetchNumbers(found)) do
    if tasks[id] then list[#list + 1] = tasks[id] end
  end
  local isEnd = take == 0 or #pieces < PIECES_MAX and not isCut and last == pieces[#pieces]
  return finish({ total, order, skip, take, isEnd and '' or last, views.of(list) })
end

return what == 'count' and count() or page()
