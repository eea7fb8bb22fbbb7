--- @include new_result
-- Closes messages: the writes that every final state needs, shared by all scripts. Writes.

-- The result replaces the record, and the change goes to the outbox. `ending`: id, msg (its key), known (its value), letter,
-- resultSuffix, history, reason; former: how it had ended before, and former_code; list: `resolved` or `failed` if it is or was
-- a failure; keeps_record: a status may say otherwise later;
-- status and status_at of a receipt. Returns the new value of the key, and whether it is this result.
local function close_message(sender, record, ending, now_ms)
  local id = ending.id
  local suffix = ending.resultSuffix
  -- A receipt finds there that the caller is counted.
  if record.caller and string.sub(suffix, 1, 1) ~= '~' then suffix = '~' .. suffix end
  local result, life = new_result(ending.letter, id, ending.known, now_ms, record, suffix, ending.keeps_record)
  if ending.status then
    --- @include result
    result = append_status(read_result(result), ending.status, ending.status_at) or result
  end
  if life then redis.call('SET', ending.msg, result, 'PX', life) end
  if record.template or record.caller then
    --- @include counts
    count_closed(record, ending.former or 'w', string.sub(result, 1, 1), now_ms, ending.former_code)
  end
  if sender.callbacks then
    --- @include outbox
    append_change(sender, outbox_item(id, now_ms, result, ending.history))
  end
  if ending.list or ending.keeps_record then
    --- @include record
    redis.call('HSET', key.failure_records, id, format_record(record))
  end
  if ending.list then redis.call('ZADD', ending.list, int(now_ms), id) end
  if ending.list == key.failed then
    --- @include unacknowledged
    redis.call('ZADD', key.unacknowledged, unacknowledged_score(ending.reason, now_ms), id)
  end
  return life and result or ending.known, life ~= nil
end

-- Removes closed messages from the backlog. `ids` must not be empty.
local function leave_backlog(ids)
  redis.call('HDEL', key.backlog, unpack(ids))
  redis.call('ZREM', key.expiry, unpack(ids))
end
