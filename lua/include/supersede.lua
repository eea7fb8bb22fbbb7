--- @include history
--- @include record
--- @include result
-- Settles an attempt of a message that was settled as sent meanwhile, since an earlier attempt turned out to have been accepted. Whatever its
-- outcome, the message stays sent. Writes. Returns `double` if this attempt was accepted, too, else `superseded`.
local function supersede(message, settlement, now_ms)
  local id, is_sent, is_attempt = message.id, settlement == 'sent', settlement ~= 'wait' and settlement ~= 'stop'
  local wamid = is_sent and string.match(message.resultSuffix, '^%S+ (%S+)')
  local result, text = read_result(redis.call('GET', message.msg)), redis.call('HGET', key.failure_records, id)
  local record = text and read_record(text)
  if record and is_attempt then
    record.attempts = math.max(record.attempts, tonumber(message.attempt))
    if message.history ~= '' then append_history(record, now_ms, message.history, is_sent and 'accepted=' .. wamid) end
    redis.call('HSET', key.failure_records, id, format_record(record))
  end
  -- An erased result has no recipient.
  if result.recipient and result.recipient ~= '-' and result.generation == generation_of(id) and is_attempt then
    result.attempts = math.max(result.attempts, tonumber(message.attempt))
    local changed = is_sent and not record and append_status(result, double_mark(wamid), '') or format_result(result)
    redis.call('SET', message.msg, changed, 'KEEPTTL')
  end
  return is_sent and 'double' or 'superseded'
end
