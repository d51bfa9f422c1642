-- Progress, results and errors: what is long lies in a key of its own, what is empty takes no room.
function records.setValue(r, field, flag, family, value)
  if value == '' and not records.hasTail(r) and not records.hasFlag(r, flag) then return end
  records.loadTail(r)
  if #value >= C.apart then
    call('SET', family .. r[R.id], value)
    records.setFlag(r, flag)
    r[field] = ''
    return
  end
  if records.hasFlag(r, flag) then
    call('DEL', family .. r[R.id])
    records.clearFlag(r, flag)
  end
  r[field] = value
end

function records.setProgress(r, value) records.setValue(r, R.progress, B.progressApart, K.progress, value) end
function records.setResult(r, value) records.setValue(r, R.result, B.resultApart, K.result, value) end

function records.setError(r, code, message)
  if code == '' and not records.hasTail(r) then return end
  records.loadTail(r)
  r[R.code], r[R.error] = code, message
end
